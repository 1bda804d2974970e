"""What can be asked about the object under the cursor, each on a screen of its own."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from textual.screen import Screen

from k8sai.errors import K8saiError
from k8sai.tui.background import in_thread
from k8sai.tui.describe import describe
from k8sai.tui.desk import Desk
from k8sai.tui.ink import Line
from k8sai.tui.kin import owner_of, whole
from k8sai.tui.log_screen import Logs
from k8sai.tui.object_events import events_of
from k8sai.tui.panes import PANES
from k8sai.tui.reader import Reader
from k8sai.tui.subject import Subject
from k8sai.tui.yaml_text import shown, yaml_lines

if TYPE_CHECKING:
    from k8sai.tui.frame import Frame

What = Literal["describe", "yaml", "logs", "events", "why"]


def screen(app: "Frame", what: What, subject: Subject) -> Screen[None]:
    """The screen that answers; it asks by itself, in a thread."""
    desk = app.desk
    if what == "logs":
        return Logs(app, subject)

    def read() -> Sequence[Line]:
        if what == "why":
            from k8sai.tui.canaries_why import rollout_lines, rollout_of
            from k8sai.tui.why_text import why_lines  # a room of its own: not for every start

            if (rollout := rollout_of(desk, subject)) is not None:
                return rollout_lines(desk, rollout, app.size.width - 2)
            return why_lines(desk, subject, app.size.width - 2)
        seen = desk.queue_watch().look
        if what == "describe" and seen is not None:
            from k8sai.tui.queues_describe import key_of, queue_lines  # the same

            if key_of(subject):
                return queue_lines(desk, seen, subject, app.size.width - 2)
        objects = whole(desk)
        if what == "describe":
            return describe(objects, subject, desk.now())
        if what == "events":
            return events_of(objects, subject, desk.now())
        return yaml_lines(shown(objects.get(subject.kind, subject.namespace, subject.name)))

    title = {"describe": "", "yaml": "YAML of ", "events": "Events of ", "why": "Why "}[what] + str(subject)
    name = f"{what}-{subject.kind.partition('.')[0]}-{subject.namespace or 'cluster'}-{subject.name}"
    return Reader(app, title[0].upper() + title[1:], name, read, suffix="yaml" if what == "yaml" else "txt")


def node_of(desk: Desk, subject: Subject) -> str:
    """The node an object is, runs on, or is reserved for; "" where it is none."""
    if subject.kind == "nodes":
        return subject.name
    if subject.kind != "pods":
        return ""
    try:
        pod = desk.fleet.pod(subject.namespace, subject.name)
    except KeyError:
        return ""
    return pod.node or pod.nominated


async def to_owner(app: "Frame", subject: Subject) -> None:
    """Its line in the pane of workloads where there is one; else what describe says of it."""
    try:
        owner = await in_thread(lambda: owner_of(app.desk, subject))
    except K8saiError as error:
        app.say(error.message)
        return
    if owner is None:
        app.say(f"Nothing owns {subject}.")
        return
    if any(pane.stem == "workloads" for pane in PANES):
        await app.show("workloads")
        key = app.current.find(owner)
        if key is not None:
            app.current.point_at(key)
            return
    app.push_screen(screen(app, "describe", owner))
