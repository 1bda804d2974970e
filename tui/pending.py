"""The Pending pane: pods that ask for GPUs and have none, and why."""

from collections.abc import Sequence

from textual.app import ComposeResult

from k8sai.errors import Usage
from k8sai.fit.sizes import SIZES, Size
from k8sai.fleet.answers import PodRow
from k8sai.tui.blank import pods_missing
from k8sai.tui.columns import Field, fit
from k8sai.tui.desk import Desk
from k8sai.tui.filter import Filter
from k8sai.tui.ink import Line, Run, plain
from k8sai.tui.lines import Lines, wrap
from k8sai.tui.matching import matcher
from k8sai.tui.opening import Opening
from k8sai.tui.pods import cards
from k8sai.tui.table_pane import TablePane
from k8sai.tui.words import age, clean, without_vendor

_ROOMY = 34  # lines of a screen that has room for the sizes too
_MOST_SIZES = 4


class Pending(TablePane):
    """Every pod that waits for GPUs, and the scheduler's reason."""

    stem = "pending"
    title = "Pending"
    words = ("pend", "pe")
    about = "pods that ask for GPUs and wait, with the reason"
    namespaced = True
    sorts_first = "age"
    fields = (
        Field("NAMESPACE", rank=1, least=9, most=24, stretch=True, sort="namespace", letter="M"),
        Field("WAITING POD", least=16, most=44, stretch=True, sort="name", letter="N", middle=True),
        Field("CARDS", "right", least=5, sort="cards", letter="C", falling=True),
        Field("AGE", "right", least=5, sort="age", letter="A", falling=True),
        Field("OWNER", rank=6, least=12, most=32, stretch=True, sort="owner", letter="O"),
        Field("QUEUE", rank=5, most=24, sort="queue", letter="Q"),
        Field("REASON", rank=2, most=20, sort="reason", letter="T"),
        Field("MESSAGE", rank=3, least=16, most=60, stretch=True),
    )

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.pods: dict[str, PodRow] = {}
        self.reason = Reason(desk, self)
        self.room = Room(desk)

    def compose(self) -> ComposeResult:
        yield self.heading
        yield self.room
        yield self.table
        yield self.reason

    def pointed(self, key: str) -> None:
        self.reason.repaint()

    def paint_rest(self) -> None:
        super().paint_rest()
        self.reason.repaint()
        self.room.update()

    def order(self) -> Sequence[str]:
        if self.filter.labels:
            raise Usage("pods that wait are on no node whose labels could be asked for")
        matches = matcher(self.filter.text)
        only = self.desk.namespace
        found = [
            p
            for p in self.desk.fleet.pending()
            if only in ("", p.namespace) and matches(p.namespace, p.name, p.owner, p.queue, p.reason, p.message)
        ]
        self.pods = {
            f"{pod.namespace}/{pod.name}": pod for pod in sorted(found, key=_ORDERS[self.sort], reverse=self.reverse)
        }
        return list(self.pods)

    def pod(self, key: str) -> PodRow | None:
        return self.pods.get(key)

    def cells(self, key: str) -> tuple[Line, ...]:
        pod = self.pods[key]
        return (
            ((pod.namespace, self.desk.namespace_ink(pod.namespace)),),
            plain(pod.name),
            cards(pod, self.desk),
            ((age(pod.since, self.desk.now()), "plain"),),
            plain(clean(pod.owner)),
            plain(clean(pod.queue)),
            ((pod.reason, "warn"),),
            ((clean(pod.message), "dim"),),
        )

    def choose(self, key: str) -> None:
        self.post_message(self.Go("pod", _pod=key))

    def open(self, opening: Opening) -> None:
        if opening.pods:
            self.filter = Filter(opening.pods)

    def missing(self, width: int, height: int) -> Sequence[Line]:
        return pods_missing(self.desk, "No pod waits for a GPU", width, height)


class Room(Lines):
    """Above the table, what is free for those who wait: how much of it is stranded, and which sizes would start."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, classes="room")
        self.styles.height = 0

    def update(self) -> None:
        """Say it again, as tall as it is: nothing while nobody knows."""
        self.repaint()
        self.styles.height = len(self.lines(self.app.size.width, 0))

    def lines(self, width: int, height: int) -> Sequence[Line]:
        found = self.desk.stranded()
        if found is None:
            return []
        ink = "warn" if found.stranded else "plain"
        said: list[Line] = [((" " + part, ink),) for part in wrap(found.sentence, width - 2, 2)]
        if self.app.size.height >= _ROOMY:
            lines = starts(found.sizes[:_MOST_SIZES])
            said += [fit(line, width, Field(""), self.desk.glyphs.dots) for line in lines]
        return said


def starts(found: Sequence[Size]) -> list[Line]:
    """A line per product: how many pods of 1, 2, 4 and 8 would start now; of slices and replicas, so many of those."""
    names = [clean(without_vendor(size.product or size.resource)) + _unit(size) for size in found]
    widest = max(map(len, names), default=0)
    titles = "".join(f"of {each}".rjust(7) for each in SIZES)
    lines: list[Line] = [((" " + "pods that would start now".ljust(widest) + titles, "dim"),)] if found else []
    for name, size in zip(names, found, strict=True):
        runs: list[Run] = [(" " + name.ljust(max(widest, len("pods that would start now"))), "dim")]
        runs += [(str(pods).rjust(7), "plain" if pods else "dim") for pods in size.pods]
        lines.append(tuple(runs))
    return lines


def _unit(size: Size) -> str:
    return "" if size.kind == "card" else f" {clean(size.resource.rpartition('/')[2])}"


class Reason(Lines):
    """Below the table, the whole message of the pod under the cursor."""

    def __init__(self, desk: Desk, pane: Pending) -> None:
        super().__init__(desk, classes="reason")
        self.pane = pane

    def lines(self, width: int, height: int) -> Sequence[Line]:
        pod = self.pane.pods.get(self.pane.table.cursor_key or "")
        if pod is None:
            return []
        said = clean(pod.message) or "The scheduler has said nothing about this pod."
        rule: Line = ((self.desk.glyphs.rule * 2 + " ", "dim"), (pod.name, "strong"), (f" {pod.reason} ", "warn"))
        used = sum(len(text) for text, _ in rule)
        rule += ((self.desk.glyphs.rule * max(0, width - used), "dim"),)
        return [rule, *(((" " + part, "plain"),) for part in wrap(said, width - 2, max(1, height - 1)))]


_ORDERS = {
    "namespace": lambda pod: (pod.namespace, pod.name),
    "name": lambda pod: (pod.name, pod.namespace),
    "cards": lambda pod: (-pod.cards, pod.name),
    "age": lambda pod: (pod.since, pod.name),
    "owner": lambda pod: (pod.owner, pod.name),
    "queue": lambda pod: (pod.queue, pod.name),
    "reason": lambda pod: (pod.reason, pod.name),
}
