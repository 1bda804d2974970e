"""Stranded GPUs: free, yet none of those who wait for such nodes can use them.

A node's free GPUs are stranded when no pod that waits for this kind of node could start there now: they are too few
together, or CPU or memory is gone, or a taint or cordon is in the way. A gang counts only where all of it would start.
Where nobody waits for a kind of node, the smallest useful pod is the measure: one GPU, 1 CPU, 1 GiB.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from k8sai.fit.sizes import Size, repels, sizes
from k8sai.fit.waiting import Shape, shapes_of
from k8sai.fleet.index import Fleet
from k8sai.fleet.resources import Rules
from k8sai.fleet.rule_file import configured
from k8sai.fleet.spare import Spare, SpareLine
from k8sai.fleet.way import Way
from k8sai.scheduling.board import Board
from k8sai.scheduling.filters import cordoned, tainted, unwanted
from k8sai.scheduling.nodes import NodeInfo, PodInfo, View

Meaning = Literal["waiting", "smallest", "both"]
_LEAST: Final = {"cpu": 1000, "memory": 1 << 30}


@dataclass(frozen=True, slots=True)
class Block:
    """The stranded part of a node's free cards, and why."""

    node: str
    product: str
    free: float
    stranded: float
    why: str


@dataclass(frozen=True, slots=True)
class Stranded:
    """In cards: free = reserved + usable + stranded. `largest` is the most one new pod could get, on `largest_on`."""

    free: float
    reserved: float
    usable: float
    stranded: float
    largest: float
    largest_on: str
    meaning: Meaning
    waiting: int  # pods that wait for GPUs and were looked at
    blocks: tuple[Block, ...]  # nodes with something stranded, the most first
    sizes: tuple[Size, ...]

    @property
    def sentence(self) -> str:
        """ "37 free, 21 stranded: no waiting pod fits them; the largest block is 6 on h100-03"."""
        free, lost = _amount(self.free), _amount(self.stranded)
        if not self.free:
            return "nothing is free"
        largest = f"the largest block is {_amount(self.largest)} on {self.largest_on}" if self.largest_on else ""
        said = f"{free} free, {lost} stranded: {self.reason}" if self.stranded else f"{free} free, none stranded"
        return f"{said}; {largest}" if largest else said

    @property
    def reason(self) -> str:
        """What stranded means here."""
        return {
            "waiting": "no waiting pod or gang fits them",
            "smallest": "not even a pod of one GPU starts there",
            "both": "no waiting pod or gang fits them, or not even a pod of one GPU starts there",
        }[self.meaning]


def summary(board: Board, fleet: Fleet, rules: Rules | None = None) -> Stranded:
    """Everything at once; safe in any thread. For 10,000 nodes it takes about a tenth of a second."""
    rules = rules or configured()
    spares = fleet.spares()
    shapes, waiting = shapes_of(board.waiting(), rules)
    with board.lock:
        view = board.view.snapshot()
    startable = _startable(shapes, spares, view, fleet.way)
    blocks: list[Block] = []
    free = reserved = lost = 0.0
    largest, largest_on = (False, 0.0), ""
    meanings: set[bool] = set()
    for spare in spares:
        fleet.way.give()
        node = view.nodes.get(spare.node)
        held = min(spare.reserved, spare.free)
        free += spare.free
        reserved += held
        if node is None:
            continue
        block = _block(spare) if spare.usable else (False, 0.0)
        if block > largest:
            largest, largest_on = block, spare.node
        judged = _judge(spare, node, startable, view, rules)
        gone = max(0.0, spare.free - held - judged.cards)
        if gone > 1e-6:
            lost += gone
            meanings.add(judged.by_waiting)
            blocks.append(Block(spare.node, spare.product, spare.free, round(gone, 6), judged.why))
    blocks.sort(key=lambda one: (-one.stranded, one.node))
    meaning: Meaning = "both" if len(meanings) > 1 else "waiting" if meanings == {True} else "smallest"
    return Stranded(
        free=round(free, 6),
        reserved=round(reserved, 6),
        usable=round(free - reserved - lost, 6),
        stranded=round(lost, 6),
        largest=round(largest[1], 6),
        largest_on=largest_on,
        meaning=meaning,
        waiting=waiting,
        blocks=tuple(blocks),
        sizes=sizes(spares, view, rules, fleet.way),
    )


def _block(spare: Spare) -> tuple[bool, float]:
    """The most cards one new pod could get on the node: whole ones before slices and replicas."""
    return max(((line.kind == "card", line.largest * line.cards_each) for line in spare.lines), default=(False, 0.0))


# --- gangs ------------------------------------------------------------------------------------------------------------


def _startable(
    shapes: list[Shape], spares: Iterable[Spare], view: View, way: Way
) -> dict[str, list[tuple[Shape, bool]]]:
    """By resource the shapes that ask for it, and whether they may count: not those of a gang that cannot start."""
    gangs: dict[str, bool] = {}
    nodes = [(spare, view.nodes[spare.node]) for spare in spares if spare.usable and spare.node in view.nodes]
    for shape in shapes:
        if shape.gang:
            room = 0
            for spare, node in nodes:
                if room >= shape.count:
                    break
                way.give()
                room += _room(shape.info, shape.gpus, spare, node, view)
            gangs[shape.gang] = gangs.get(shape.gang, True) and room >= shape.count
    by_resource: dict[str, list[tuple[Shape, bool]]] = defaultdict(list)
    for shape in shapes:
        for name in shape.gpus:
            by_resource[name].append((shape, gangs.get(shape.gang, True)))
    return by_resource


# --- one node ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Judged:
    """The cards that somebody could use, why not more, and whether those who wait were the measure."""

    cards: float
    why: str
    by_waiting: bool


def _judge(
    spare: Spare, node: NodeInfo, waiting: Mapping[str, list[tuple[Shape, bool]]], view: View, rules: Rules
) -> _Judged:
    usable, whys, by_waiting = 0.0, [], False
    for line in spare.lines:
        shapes = [(s, ok) for s, ok in waiting.get(line.resource, ()) if s.wants(node)]
        by_waiting = by_waiting or bool(shapes)
        if not spare.usable:
            whys.append("cordoned" if spare.ready else "not ready")
        elif shapes:
            best, why = _by_shapes(shapes, spare, line, node, view)
            usable += best
            whys.append(why)
        else:
            best, why = _by_smallest(line, node, rules)
            usable += best
            whys.append(why)
    return _Judged(usable, next(filter(None, whys), ""), by_waiting)


def _by_shapes(
    shapes: Iterable[tuple[Shape, bool]], spare: Spare, line: SpareLine, node: NodeInfo, view: View
) -> tuple[float, str]:
    """The most cards of the line that pods of one waiting shape would take, and what keeps the rest."""
    best, why = 0.0, ""
    for shape, counts in shapes:
        room = _room(shape.info, shape.gpus, spare, node, view) if counts else 0
        taken = room * shape.gpus[line.resource]
        if taken > best:
            best = float(taken)
            if best >= line.free:
                return line.free * line.cards_each, ""
        elif not best:
            why = why or _why(shape, counts, line, node)
    left = line.free - best
    return best * line.cards_each, why if not best else f"{_amount(left)} left over" if left else ""


def _room(info: PodInfo, gpus: Mapping[str, int], spare: Spare, node: NodeInfo, view: View) -> int:
    """How many such pods the node takes now."""
    free = {line.resource: line.free for line in spare.lines}
    if any(free.get(name, 0) < amount for name, amount in gpus.items()):
        return 0
    if cordoned(info, node) or tainted(info, node) or unwanted(info, node):
        return 0
    room = node.allocatable.get("pods", 0) - len(node.pods)
    others = view.reserved_for(info, node.name)
    for name, amount in info.requests.items():
        if name in gpus:
            room = min(room, int(free[name]) // amount)
        else:
            kept = sum(other.requests.get(name, 0) for other in others)
            room = min(room, (node.allocatable.get(name, 0) - node.used.get(name, 0) - kept) // amount)
    return max(0, room)


def _why(shape: Shape, counts: bool, line: SpareLine, node: NodeInfo) -> str:
    """Why no pod of the shape starts here."""
    refusal = cordoned(shape.info, node) or tainted(shape.info, node)
    if refusal is not None:
        return f"taint {refusal.detail}" if refusal.detail else "cordoned"
    if shape.gpus[line.resource] > line.free:
        return f"fewer than the {shape.gpus[line.resource]} that are asked for"
    lacking = [name for name in ("cpu", "memory") if shape.info.requests.get(name, 0) > _left(node, name)]
    if lacking:
        return f"{' and '.join(lacking)} short"
    return "too little for the whole gang" if not counts else "no room"


def _by_smallest(line: SpareLine, node: NodeInfo, rules: Rules) -> tuple[float, str]:
    """Cards that pods of one GPU, 1 CPU and 1 GiB could use."""
    taint = repels(node, rules)
    if taint:
        return 0.0, taint
    if node.allocatable.get("pods", 0) <= len(node.pods):
        return 0.0, "no room for more pods"
    room = min(line.free, *(_left(node, name) // least for name, least in _LEAST.items()))
    lacking = [name for name, least in _LEAST.items() if _left(node, name) // least < line.free]
    return max(0.0, room) * line.cards_each, f"{' and '.join(lacking)} short" if lacking else ""


def _left(node: NodeInfo, name: str) -> int:
    return node.allocatable.get(name, 0) - node.used.get(name, 0)


def _amount(cards: float) -> str:
    return str(int(cards)) if cards == int(cards) else f"{cards:.2f}".rstrip("0").rstrip(".")
