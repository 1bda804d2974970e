"""What `w` says: why the object under the cursor does not run, and every layer that was looked at."""

from typing import Protocol, runtime_checkable

from k8sai.errors import Usage
from k8sai.tui.desk import Desk
from k8sai.tui.ink import Line
from k8sai.tui.page import Page
from k8sai.tui.queues_why import knows, why_queued
from k8sai.tui.subject import Subject
from k8sai.view import Table
from k8sai.why.answer import explain
from k8sai.why.document import page, tone
from k8sai.why.kinds import OWNERS, POD, WORKLOAD
from k8sai.why.scene import Scene


@runtime_checkable
class Explaining(Protocol):
    """A feed that can show all that the scheduler sees."""

    def scene(self) -> Scene:
        """Read now, all of it: may take seconds. Raises what reading raises."""


def why_lines(desk: Desk, subject: Subject, width: int = 100) -> list[Line]:
    """The answer, the next command, and the evidence. May take seconds. Raises what `explain` raises."""
    if knows(subject):
        return why_queued(desk, subject, width)
    kind = next((each for each in (POD, WORKLOAD, *OWNERS) if each.resource == subject.kind), None)
    if kind is None:
        raise Usage(f"Why is asked of pods and of what makes them; {subject} is neither.")
    if not isinstance(desk.feed, Explaining):
        raise Usage("Why needs the whole cluster, and this screen has only what it counts.")
    why = explain(desk.feed.scene(), kind, subject.namespace, subject.name)
    told = Page()
    told.lines.append(((why.sentence, tone(why)),))
    if why.next:
        told.lines.append(((f"{desk.glyphs.arrow} ", "dim"), (why.next, "key")))
    for part in page(why).parts:
        if isinstance(part, Table):
            told.lines.append(())
            titles = [column.title for column in part.columns]
            told.table(titles, [[(cell.text, cell.tone) for cell in row.cells] for row in part.rows])
    if why.hidden:
        told.head("Not to be seen")
        told.facts("", (f"{gap.what}: {gap.why}" for gap in why.hidden), "warn")
    return told.lines
