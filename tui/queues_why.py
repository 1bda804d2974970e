"""What `w` says in the panes of queues: all of `queue why` of a workload, and of a queue what its head waits for."""

from k8sai.cluster.reading import Reading
from k8sai.errors import NotFound
from k8sai.queues.positions import read
from k8sai.queues.rows import Row
from k8sai.queues.setting import WORKLOADS, read_by
from k8sai.queues.why.answer import explain
from k8sai.queues.why.look import Look as Case
from k8sai.queues.why.page import lines
from k8sai.queues.why.result import Why
from k8sai.tui.desk import Desk
from k8sai.tui.ink import Line
from k8sai.tui.kin import whole
from k8sai.tui.page import Page
from k8sai.tui.queues_below import matter
from k8sai.tui.queues_describe import key_of
from k8sai.tui.queues_look import Look, look
from k8sai.tui.subject import Subject
from k8sai.why.kinds import WORKLOAD
from k8sai.why.queueing import asked_of
from k8sai.why.subject import find

_WIDE = 100  # columns; longer lines are hard to read


def knows(subject: Subject) -> bool:
    """Whether the question is about queues."""
    return subject.kind == WORKLOADS or bool(key_of(subject))


def why_queued(desk: Desk, subject: Subject, width: int = _WIDE) -> list[Line]:
    """May take seconds. Raises NotFound, Usage where only facts were kept, and what reading raises."""
    reading = Reading(whole(desk))
    now = desk.queue_watch().look or look(read_by(reading))
    told = Page()
    if subject.kind == WORKLOADS:
        _workload(told, desk, reading, now, subject, width)
        return told.lines
    row = now.row(key_of(subject))
    if row is None:
        raise NotFound(f"There is no {subject} any more.")
    _node(told, desk, reading, now, row, width)
    return told.lines


def _workload(told: Page, desk: Desk, reading: Reading, now: Look, subject: Subject, width: int) -> None:
    found = find(reading, WORKLOAD, subject.namespace, subject.name)
    case = Case(now.setting, reading, asked_of(found, subject.name))
    position = None
    if case.waits and case.workload is not None and case.queue_title:
        queues = desk.feed.queues
        ask = queues.ask if queues is not None else None
        position = read(ask, now.setting, [case.queue_title]).of(case.workload)
    _say(told, explain(case, position), width)


def _say(told: Page, answer: Why, width: int) -> None:
    """Without the exit code: there is none here."""
    cells = lines(answer, min(width, _WIDE))
    told.lines += [((cell.text, cell.tone),) for cell in cells if cell.text.split() != ["exit", str(int(answer.exit))]]
    if answer.hidden:
        told.head("Not to be seen")
        told.facts("", (f"{gap.what}: {gap.why}" for gap in answer.hidden), "warn")


def _node(told: Page, desk: Desk, reading: Reading, now: Look, row: Row, width: int) -> None:
    """What is the matter with it, and with its head; of a cohort that of each queue below in a line."""
    said = matter(row)
    told.lines.append(((said or f"{row.key} admits.", "bad" if said else "good"),))
    if row.kind == "cohort":
        _members(told, now, row)
        return
    waiting = now.lists.get(row.key) or now.waiting(row.key)
    if not waiting:
        told.lines += [(), (("Nothing waits here.", "plain"),)]
        return
    told.head(f"The first of {len(waiting):,} that wait")
    head = waiting[0].workload
    _workload(told, desk, reading, now, Subject(WORKLOADS, head.namespace, head.name), width)


def _members(told: Page, now: Look, row: Row) -> None:
    queues = [one for one in now.below(row.key) if one.kind == "cq"]
    told.head("Its queues")
    rows = []
    for one in queues:
        head = next(iter(now.lists.get(one.key) or now.waiting(one.key)), None)
        first = f"{head.workload.title}: {head.code} {head.blocker}".strip() if head is not None else ""
        state = one.reason if one.active is False else "active" if one.active else "?"
        rows.append((one.name, (state, "bad" if one.active is False else "plain"), str(one.counts.pending), first))
    told.table(("QUEUE", "STATE", "PENDING", "FIRST IN LINE"), rows)
