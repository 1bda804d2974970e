"""What changed between two files: nodes, pods that hold GPUs, and the sums before and after."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import isnan
from typing import Literal

from k8sai.fleet.answers import Figures, NodeRow, PodRow, Total
from k8sai.fleet.picture import Picture

What = Literal["added", "gone", "changed"]
Fate = Literal["started", "ended", "moved", "resized"]


@dataclass(frozen=True, slots=True)
class NodeChange:
    """`fields` are what differs: name, before, after."""

    name: str
    what: What
    product: str
    fields: tuple[tuple[str, object, object], ...] = ()


@dataclass(frozen=True, slots=True)
class PodChange:
    """A pod that holds cards in one file or in both. `before` and `after` are nodes, empty where it held none."""

    namespace: str
    name: str
    owner: str
    what: Fate
    before: str
    after: str
    cards: float


@dataclass(frozen=True, slots=True)
class GroupChange:
    """Figures of a namespace; of one that was not there they are zero."""

    name: str
    before: Figures
    after: Figures


@dataclass(frozen=True, slots=True)
class Difference:
    """`waits` and `waited` are the pods that began and ceased to wait."""

    before: Picture
    after: Picture
    nodes: tuple[NodeChange, ...]
    pods: tuple[PodChange, ...]
    waits: tuple[PodRow, ...]
    waited: tuple[PodRow, ...]
    namespaces: tuple[GroupChange, ...]

    @property
    def differs(self) -> bool:
        """Whether anything about GPUs is not as it was."""
        found = self.nodes or self.pods or self.waits or self.waited or self.namespaces
        return bool(found) or not same(self.before.totals, self.after.totals)


def compare(before: Picture, after: Picture) -> Difference:
    """All differences, by name."""
    old, new = {pod.uid: pod for pod in before.pending}, {pod.uid: pod for pod in after.pending}
    return Difference(
        before=before,
        after=after,
        nodes=tuple(_nodes(before, after)),
        pods=tuple(sorted(_pods(before.pods, after.pods), key=lambda pod: (pod.namespace, pod.name, pod.what))),
        waits=tuple(pod for uid, pod in new.items() if uid not in old),
        waited=tuple(pod for uid, pod in old.items() if uid not in new),
        namespaces=tuple(_groups(before.namespaces, after.namespaces)),
    )


def same(one: Figures, other: Figures) -> bool:
    """Two unknown figures are alike."""
    return all(equal(getattr(one, name), getattr(other, name)) for name in Figures.__struct_fields__)


def equal(one: object, other: object) -> bool:
    """The same value, or nobody knows either."""
    both = isinstance(one, float) and isinstance(other, float)
    return one == other or (both and isnan(one) and isnan(other))  # type: ignore[arg-type]


def _nodes(before: Picture, after: Picture) -> Iterator[NodeChange]:
    old = {node.name: node for node in before.nodes if not node.gone}
    new = {node.name: node for node in after.nodes if not node.gone}
    for name in sorted(old.keys() | new.keys()):
        was, now = old.get(name), new.get(name)
        if was is None and now is not None:
            yield NodeChange(name, "added", now.product, (("capacity", 0.0, now.figures.capacity),))
        elif was is not None and now is None:
            yield NodeChange(name, "gone", was.product, (("capacity", was.figures.capacity, 0.0),))
        elif was is not None and now is not None and (fields := tuple(_fields(was, now))):
            yield NodeChange(name, "changed", now.product, fields)


def _fields(was: NodeRow, now: NodeRow) -> Iterator[tuple[str, object, object]]:
    """What an operator did to the node or what became of it; who holds its cards is told of pods."""
    facts: tuple[tuple[str, object, object], ...] = (
        ("ready", was.ready, now.ready),
        ("schedulable", was.schedulable, now.schedulable),
        ("capacity", was.figures.capacity, now.figures.capacity),
        ("allocatable", was.figures.allocatable, now.figures.allocatable),
        ("product", was.product, now.product),
        ("taints", ",".join(sorted(was.taints)), ",".join(sorted(now.taints))),
    )
    yield from (fact for fact in facts if not equal(fact[1], fact[2]))


def _pods(before: Iterable[PodRow], after: Iterable[PodRow]) -> Iterator[PodChange]:
    """A pod is the same by its uid; one made anew under the same name, as sets and jobs do, has moved."""
    old, new = {pod.uid: pod for pod in before}, {pod.uid: pod for pod in after}
    ended = {(pod.namespace, pod.name): pod for uid, pod in old.items() if uid not in new}
    for uid, now in new.items():
        was = old.get(uid) or ended.pop((now.namespace, now.name), None)
        if was is None:
            yield _change(now, "started", "", now.node)
        elif was.node != now.node:
            yield _change(now, "moved", was.node, now.node)
        elif not equal(was.cards, now.cards):
            yield _change(now, "resized", was.node, now.node)
    for was in ended.values():
        yield _change(was, "ended", was.node, "")


def _change(pod: PodRow, what: Fate, before: str, after: str) -> PodChange:
    return PodChange(pod.namespace, pod.name, pod.owner, what, before, after, pod.cards)


def _groups(before: Iterable[Total], after: Iterable[Total]) -> Iterator[GroupChange]:
    old, new = {one.name: one.figures for one in before}, {one.name: one.figures for one in after}
    for name in sorted(old.keys() | new.keys()):
        was, now = old.get(name, Figures()), new.get(name, Figures())
        if not same(was, now):
            yield GroupChange(name, was, now)
