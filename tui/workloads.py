"""The Workloads pane: gangs and jobs with their GPUs, a line per owner of pods."""

from collections.abc import Sequence

from textual.app import ComposeResult

from k8sai.fleet.answers import Workload
from k8sai.fleet.glance import Who
from k8sai.fleet.tables import amount, percent
from k8sai.fleet.workload_list import TONES, cliques
from k8sai.fleet.workloads import WorkloadQuery
from k8sai.tui.blank import pods_missing
from k8sai.tui.columns import Field
from k8sai.tui.desk import Desk
from k8sai.tui.filter import Filter
from k8sai.tui.ink import Line, plain
from k8sai.tui.kin import KINDS
from k8sai.tui.lines import Lines, wrap
from k8sai.tui.opening import Opening
from k8sai.tui.subject import Subject
from k8sai.tui.table_pane import TablePane
from k8sai.tui.words import age, blank_zero, clean, without_vendor


class Workloads(TablePane):
    """Every owner of pods with GPUs: what it holds and asks for, where, and how far it has come."""

    stem = "workloads"
    title = "Workloads"
    words = ("workload", "wl", "jobs", "gangs")
    about = "gangs and jobs with their GPUs"
    sorts_first = "cards"
    finds_trouble = True
    namespaced = True
    fields = (
        Field("NAMESPACE", rank=1, least=9, most=24, stretch=True, sort="namespace", letter="M"),
        Field("WORKLOAD", least=14, most=44, stretch=True, sort="name", letter="N", middle=True),
        Field("KIND", rank=4, most=18, sort="kind", letter="K"),
        Field("CARDS", "right", least=5, sort="cards", letter="C", falling=True),
        Field("ASKS", "right", rank=1, most=8, sort="pending", letter="E", falling=True),
        Field("PODS", "right", rank=2, most=11, sort="pods", letter="P", falling=True),
        Field("STATE", rank=1, most=14, sort="state", letter="T"),
        Field("NODES", "right", rank=5, most=6, sort="nodes", letter="D", falling=True),
        Field("CLIQUES", rank=6, most=22),
        Field("WAITS", "right", rank=3, most=7, sort="waiting", letter="W", falling=True),
        Field("AGE", "right", rank=2, least=4, sort="age", letter="A", falling=True),
        Field("IDLE", "right", rank=6, most=6),
        Field("QUEUE", rank=6, most=24, sort="queue", letter="Q"),
        Field("ZONES", rank=8, least=10, most=30, stretch=True),
        Field("PRODUCTS", rank=8, least=12, most=36, stretch=True),
        Field("PRIORITY", "right", rank=9, most=12, sort="priority", letter="R", falling=True),
    )

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.more = More(desk, self)

    def compose(self) -> ComposeResult:
        yield self.heading
        yield self.table
        yield self.more

    def order(self) -> Sequence[str]:
        query = WorkloadQuery(
            namespace=self.subject.get("namespace") or self.desk.namespace,
            queue=self.subject.get("queue", ""),
            text=self.filter.text,
            labels=self.filter.labels,
            sort=self.sort,
            reverse=self.reverse,
            troubled=self.only_trouble,
        )
        return [f"{namespace}/{owner}" for namespace, owner in self.desk.fleet.workload_names(query)]

    def workload(self, key: str) -> Workload | None:
        """The workload of a row; None when it is gone."""
        namespace, _, owner = key.partition("/")
        try:
            return self.desk.fleet.workload(namespace, owner)
        except KeyError:
            return None

    def cells(self, key: str) -> tuple[Line, ...]:
        one = self.workload(key)
        if one is None:  # its last pod went away since the rows were ordered
            namespace, kind, name = key.split("/", 2)
            return plain(namespace), plain(name), plain(kind), (), (), (), (("gone", "dim"),), *[()] * 9
        now = self.desk.now()
        where, tone = cliques(one)
        return (
            ((one.namespace, self.desk.namespace_ink(one.namespace)),),
            plain(one.name),
            ((clean(one.kind), "dim"),),
            ((amount(one.used), self._ink(one) if one.used else "dim"),),
            ((blank_zero(one.pending), "warn"),),
            pods(one),
            ((one.state, "dim" if one.state == "running" else TONES[one.state]),),
            ((blank_zero(len(one.nodes)), "plain"),),
            ((clean(where), tone),),
            ((age(one.waiting_since, now), "warn"),),
            ((age(one.created, now), "plain"),),
            (("" if one.idle is None else percent(one.idle), "warn" if one.idle else "dim"),),
            plain(clean(one.queue)),
            ((clean(" ".join(one.zones)), "dim"),),
            ((clean(" ".join(map(without_vendor, one.products))), "dim"),),
            ((str(one.priority), "dim"),),
        )

    def _ink(self, one: Workload) -> str:
        owner = "" if one.kind == "Pod" else one.owner
        return self.desk.tints.of(self.desk.tint, Who(one.namespace, owner, one.queue, one.priority))

    def subject_at(self, key: str) -> Subject | None:
        namespace, kind, name = key.split("/", 2)
        return Subject(KINDS[kind], namespace, name) if kind in KINDS else None

    def choose(self, key: str) -> None:
        namespace, _, owner = key.partition("/")
        self.post_message(self.Go("pods", namespace=namespace, workload=owner))

    def pointed(self, key: str) -> None:
        self.more.repaint()

    def paint_rest(self) -> None:
        super().paint_rest()
        self.more.repaint()

    def open(self, opening: Opening) -> None:
        if opening.pods:
            self.filter = Filter(opening.pods)

    def missing(self, width: int, height: int) -> Sequence[Line]:
        return pods_missing(self.desk, "No workload holds or asks for a GPU", width, height)


def pods(one: Workload) -> Line:
    """How many run of how many there are."""
    every = one.pods + one.pending_pods
    return ((str(one.running), "plain" if one.running == every else "warn"), (f"/{every}", "dim"))


class More(Lines):
    """Below the table, of the workload under the cursor: why it waits, and the nodes it is on."""

    def __init__(self, desk: Desk, pane: Workloads) -> None:
        super().__init__(desk, classes="reason")
        self.pane = pane

    def lines(self, width: int, height: int) -> Sequence[Line]:
        key = self.pane.table.cursor_key
        one = self.pane.workload(key) if key else None
        if one is None:
            return []
        rule: Line = ((self.desk.glyphs.rule * 2 + " ", "dim"), (clean(one.owner), "strong"), (f" {one.state} ", "dim"))
        used = sum(len(text) for text, _ in rule)
        said: list[Line] = [(*rule, (self.desk.glyphs.rule * max(0, width - used), "dim"))]
        room = max(1, height - 1)
        if one.reason:
            why = f"{one.reason}: {clean(one.message)}" if one.message else one.reason
            said += [((" " + part, "warn"),) for part in wrap(why, width - 2, room - bool(one.nodes))]
        if one.nodes and len(said) <= room:
            where = f"on {', '.join(one.nodes)}"
            said += [((" " + part, "plain"),) for part in wrap(where, width - 2, room + 1 - len(said))]
        return said
