"""The drill-down into one node: its resources, its cards one by one, and the pods that hold or reserve them."""

from collections.abc import Mapping, Sequence
from itertools import islice

from textual.app import ComposeResult

from k8sai.errors import Usage
from k8sai.fleet.answers import Gauge, NodeRow, PodRow, Slot
from k8sai.fleet.tables import amount, percent, status
from k8sai.tui import evictions_drain
from k8sai.tui.columns import Field, fit
from k8sai.tui.desk import Desk
from k8sai.tui.glyphs import slot_run
from k8sai.tui.ink import Line, Run, plain
from k8sai.tui.lines import Lines
from k8sai.tui.matching import matcher
from k8sai.tui.pods import cards, requests
from k8sai.tui.status import pod_status
from k8sai.tui.table_pane import TablePane
from k8sai.tui.words import age, clean

_CARD_WIDTH = 38  # cells one card needs to be told in
_MOST_CARD_LINES = 8


class NodePane(TablePane):
    """Above, the node; below, its pods."""

    stem = "node"
    title = "Node"
    home = "nodes"
    about = "one node: resources, cards, pods"
    own_keys = (evictions_drain.KEY,)
    sorts_first = "age"
    fields = (
        Field("NAMESPACE", rank=1, least=9, most=24, stretch=True, sort="namespace", letter="M"),
        Field("POD", least=16, most=52, stretch=True, sort="name", letter="N", middle=True),
        Field("CARDS", "right", least=5, sort="cards", letter="C", falling=True),
        Field("STATUS", rank=2, most=14),
        Field("DEVICES", rank=3, least=8, most=60, stretch=True),
        Field("OWNER", rank=5, least=12, most=36, stretch=True, sort="owner", letter="O"),
        Field("QUEUE", rank=6, most=24, sort="queue", letter="Q"),
        Field("REQUESTS", rank=7, least=12, most=48, stretch=True),
        Field("AGE", "right", rank=4, least=5, sort="age", letter="A", falling=True),
    )

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.pods: dict[str, PodRow] = {}
        self.devices: dict[str, list[str]] = {}
        self.facts = NodeFacts(desk, self)

    def compose(self) -> ComposeResult:
        yield self.heading
        yield self.facts
        yield self.table

    @property
    def name_of_node(self) -> str:
        return self.subject.get("node", "")

    def row(self) -> NodeRow | None:
        """The node as it is now; None once nothing knows it any more."""
        try:
            return self.desk.node(self.name_of_node)
        except KeyError:
            return None

    def arrive(self, subject: Mapping[str, str]) -> None:
        super().arrive(subject)
        if pod := subject.get("_pod"):
            self.table.point_at(pod)

    def paint_rest(self) -> None:
        super().paint_rest()
        if not self.table.paused:
            self.facts.resize_and_paint()

    def order(self) -> Sequence[str]:
        if self.filter.labels:
            raise Usage("these pods are all on one node: filter them by name")
        matches = matcher(self.filter.text)
        pods = self.desk.fleet.pods_on(self.name_of_node)
        found = [p for p in pods if matches(p.namespace, p.name, p.owner, p.queue)]
        self.pods = {
            f"{pod.namespace}/{pod.name}": pod for pod in sorted(found, key=_ORDERS[self.sort], reverse=self.reverse)
        }
        row = self.row()
        self.devices = devices_by_pod(row) if row else {}
        return list(self.pods)

    def pod(self, key: str) -> PodRow | None:
        return self.pods.get(key)

    def cells(self, key: str) -> tuple[Line, ...]:
        pod = self.pods[key]
        return (
            ((pod.namespace, self.desk.namespace_ink(pod.namespace)),),
            plain(pod.name),
            cards(pod, self.desk),
            pod_status(pod),
            plain(clean(" ".join(self.devices.get(pod.uid, ())))),
            plain(clean(pod.owner)),
            plain(clean(pod.queue)),
            ((requests(pod), "dim"),),
            ((age(pod.since, self.desk.now()), "plain"),),
        )

    def subject_line(self) -> Line:
        many = "1 pod" if self.count() == 1 else f"{self.count()} pods"
        return (("Node ", "strong"), (self.name_of_node, "accent"), (f" {self.desk.glyphs.dot} {many}", "dim"))

    def action_drain(self) -> None:
        """Plan a drain of this node."""
        evictions_drain.ask(self, [self.name_of_node])

    def choose(self, key: str) -> None:
        self.post_message(self.Go("pod", _pod=key))

    def missing(self, width: int, height: int) -> Sequence[Line]:
        from k8sai.tui.blank import centred

        return centred("No pod holds a GPU here", "", "", width, height)


class NodeFacts(Lines):
    """The node in a few lines, as tall as it needs."""

    def __init__(self, desk: Desk, pane: NodePane) -> None:
        super().__init__(desk, classes="facts")
        self.pane = pane
        self._tall = 0

    def resize_and_paint(self) -> None:
        """Say it again; take another height when the node has other cards than the one before."""
        self.repaint()
        tall = len(self.lines(self.app.size.width, 0))
        if tall != self._tall:
            self._tall = tall
            self.styles.height = tall

    def lines(self, width: int, height: int) -> Sequence[Line]:
        row = self.pane.row()
        if row is None:
            return [((f" {self.pane.name_of_node} is gone: it was deleted, and no pod names it", "bad"),)]
        return [*self._about(row, width), *self._resources(row), *self._cards(row, width)]

    def _about(self, row: NodeRow, width: int) -> list[Line]:
        state = status(row)
        runs: list[Run] = [(" ", "plain"), (state.text, state.tone)]
        for word, value in (
            ("product", clean(row.product)),
            ("zone", row.zone),
            ("clique", clean(row.clique)),
            ("age", age(row.created, self.desk.now())),
            ("taints", " ".join(row.taints)),
        ):
            if value:
                runs += [(f"  {word} ", "dim"), (value, "plain")]
        return _folded(runs, width)

    def _resources(self, row: NodeRow) -> list[Line]:
        lines: list[Line] = []
        for r in row.resources:
            runs: list[Run] = [(f" {r.resource} ", "strong"), (r.kind, "dim")]
            runs += [("  used ", "dim"), (amount(r.used), "plain"), (f"/{amount(r.allocatable)}", "dim")]
            runs += [("  free ", "dim"), (amount(r.free), "good" if r.free > 0 else "plain")]
            if r.unhealthy:
                runs += [("  unhealthy ", "dim"), (amount(r.unhealthy), "bad")]
            if r.reserved:
                runs += [("  reserved ", "dim"), (amount(r.reserved), "warn")]
            if r.kind != "card" and r.cards_each:
                runs += [(f"  {_of_a_card(r.cards_each)}", "dim")]
            lines.append(tuple(runs))
        return lines

    def _cards(self, row: NodeRow, width: int) -> list[Line]:
        """Each card with its sign and holder, in as many columns as fit, numbered downwards."""
        across = max(1, min(4, width // _CARD_WIDTH))
        each = (width - 1) // across
        down = -(-len(row.slots) // across)
        hidden = 0
        if down > _MOST_CARD_LINES:
            down = _MOST_CARD_LINES
            hidden = len(row.slots) - down * across
        gauges = gauges_of(row)
        shown = enumerate(islice(row.slots, down * across))
        told = [self._card(n, slot, each, gauges.get(slot.device)) for n, slot in shown]
        lines: list[Line] = []
        for y in range(down):
            runs: list[Run] = [(" ", "plain")]
            for told_card in told[y::down]:
                runs += told_card
            lines.append(tuple(runs))
        if hidden:
            lines.append(((f" {hidden} more cards", "dim"),))
        return lines

    def _card(self, number_: int, slot: Slot, width: int, gauge: Gauge | None) -> Line:
        sign, ink = slot_run(slot, self.desk.glyphs, self.desk.slot_ink)
        runs: list[Run] = [(f"{number_:>2} ", "dim"), (sign, ink), (" ", "plain")]
        if slot.holder is not None:
            name, who = self.desk.holder_name(slot.holder)
            runs += [(name, who), (f"/{slot.holder.name}", "plain")]
            if slot.holders > 1:
                runs.append((f" +{slot.holders - 1}", "dim"))
        else:
            runs.append((slot.state, "dim"))
        if slot.device:
            runs.append((f" {clean(slot.device)}", "dim"))
        work = worked(gauge) if gauge is not None else ""
        room = width - 1 - (len(work) + 1 if work else 0)
        tail: Line = ((f" {work}", "accent"),) if work else ()
        return (*fit(tuple(runs), room, Field(""), self.desk.glyphs.dots), *tail, (" ", "plain"))


def _folded(runs: list[Run], width: int) -> list[Line]:
    """Words and their values on as many lines as they need."""
    lines: list[Line] = []
    line: list[Run] = runs[:2]
    for word, value in zip(runs[2::2], runs[3::2], strict=True):
        if sum(len(text) for text, _ in (*line, word, value)) > width and len(line) > 1:
            lines.append(tuple(line))
            line = [(" ", "plain"), (word[0].lstrip(), word[1]), value]
        else:
            line += [word, value]
    return [*lines, tuple(line)]


def devices_by_pod(row: NodeRow) -> dict[str, list[str]]:
    """The device ids each pod holds, where they are known."""
    found: dict[str, list[str]] = {}
    for slot in row.slots:
        if slot.holder is not None and slot.device:
            found.setdefault(slot.holder.uid, []).append(slot.device)
    return found


def gauges_of(row: NodeRow) -> dict[str, Gauge]:
    """What is known of the work of each card, by the id its slot has; a replica tells its card's."""
    found: dict[str, Gauge] = {}
    for device in row.devices:
        if device.gauge is not None and (device.kind in ("card", "replica") or not device.parent):
            found.setdefault(device.parent or device.id, device.gauge)
    return found


def worked(gauge: Gauge) -> str:
    """How busy a card is, its memory and its power, as far as it tells: "87% 68/80G 612W"."""
    used, total = gauge.memory_used, gauge.memory_total
    memory = f"{used / 1024:.0f}/{total / 1024:.0f}G" if used is not None and total is not None else ""
    power = f"{gauge.power:.0f}W" if gauge.power is not None else ""
    return " ".join(filter(None, (percent(gauge.utilization), memory, power)))


def _of_a_card(cards_each: float) -> str:
    """ "1/7 card each" where it is a plain part, else a decimal."""
    parts = 1 / cards_each
    return f"1/{round(parts)} card each" if abs(parts - round(parts)) < 0.001 else f"{amount(cards_each)} card each"


_ORDERS = {
    "namespace": lambda pod: (pod.namespace, pod.name),
    "name": lambda pod: (pod.name, pod.namespace),
    "cards": lambda pod: (-pod.cards, pod.name),
    "owner": lambda pod: (pod.owner, pod.name),
    "queue": lambda pod: (pod.queue, pod.name),
    "age": lambda pod: (pod.since, pod.name),
}
