"""What `d` says of a queue or cohort: all that `queue describe` says, then the object's own labels and events."""

from typing import Final

from k8sai.errors import K8saiError, NotFound
from k8sai.queues.describe import describe
from k8sai.queues.setting import CLUSTER_QUEUES, COHORTS, LOCAL_QUEUES
from k8sai.queues.shown.describe import page
from k8sai.queues.shown.named import Named
from k8sai.tui.describe import describe as describe_object
from k8sai.tui.desk import Desk
from k8sai.tui.ink import Line
from k8sai.tui.page import Page
from k8sai.tui.queues_look import Look
from k8sai.tui.subject import Subject
from k8sai.tui.view_lines import add

_KINDS: Final = {CLUSTER_QUEUES: "cq", LOCAL_QUEUES: "lq", COHORTS: "cohort"}


def key_of(subject: Subject) -> str:
    """Of the row that shows it; "" where no row does."""
    kind = _KINDS.get(subject.kind)
    place = f"{subject.namespace}/" if subject.namespace else ""
    return f"{kind}/{place}{subject.name}" if kind else ""


def queue_lines(desk: Desk, look: Look, subject: Subject, width: int) -> list[Line]:
    """May take a second. Raises NotFound where it is gone."""
    row = look.row(key_of(subject))
    if row is None:
        raise NotFound(f"There is no {subject} any more.")
    told = Page()
    found = describe(look.setting, Named(row.kind, row.name))
    add(told, page(found, desk.queue_watch().clock(), bars=True).parts, width)
    if desk.objects is not None:
        told.lines.append(())
        try:
            told.lines += describe_object(desk.objects, subject, desk.now())
        except K8saiError as error:  # a cohort that is only named, or a server that is gone meanwhile
            told.lines.append(((error.message, "dim"),))
    return told.lines
