"""Nodes that are alike become a flavor: the same GPUs in the same layout behind the same taints.

Taints named after a GPU resource keep other pods away, so the flavor tolerates them for its pods. All other taints are
kept as nodeTaints: Kueue gives the flavor only to workloads that tolerate them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count

from k8sai.fleet.resources import classify
from k8sai.queues.setup.from_nodes import Machine
from k8sai.queues.setup.labels import MARK, Labels, parts

_Taint = tuple[str, str, str]
_VENDOR = re.compile(r"^(nvidia|tesla|amd|instinct|intel|quadro|google|aws)[-_ ]+", re.IGNORECASE)
_DEVICE_TAINTS = ("google.com/tpu", "habana.ai/gaudi", "aws.amazon.com/neuron")
_LONGEST = 63


@dataclass(frozen=True, slots=True)
class Pool:
    """A flavor to be: its nodes, and the labels that select them and no others."""

    name: str
    nodes: tuple[Machine, ...]
    labels: tuple[tuple[str, str], ...]
    taints: tuple[_Taint, ...] = ()  # workloads must tolerate them themselves
    tolerated: tuple[_Taint, ...] = ()  # taints of GPUs, which the flavor tolerates for them

    @property
    def counting(self) -> tuple[Machine, ...]:
        """Nodes that pods can be put on now: quota is made of these."""
        return tuple(node for node in self.nodes if node.counts)

    @property
    def dra(self) -> bool:
        """Some of its nodes give out GPUs by DRA."""
        return any(node.drivers for node in self.nodes)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Nodes that are in no flavor, and why; `fix` is what would let them in."""

    nodes: tuple[str, ...]
    why: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Sorted:
    """Every node is in one flavor or left out."""

    pools: tuple[Pool, ...]
    left_out: tuple[LeftOut, ...] = ()


def sort(nodes: Sequence[Machine]) -> Sorted:
    """Flavors by name; the same nodes give the same, in whatever order they come."""
    nodes = sorted(nodes, key=lambda one: one.name)
    control = [one for one in nodes if one.control_plane]
    look = _Look(nodes)
    found: list[Pool] = []
    alike: list[list[Machine]] = []
    for group in _groups(one for one in nodes if not one.control_plane):
        pools, rest = look.pools(group)
        found += pools
        alike += [rest] if rest else []
    left = [LeftOut(_names(control), "control plane")] if control else []
    for group in _joined(alike):
        pool = look.pool(group)
        if pool is not None:
            found.append(pool)
        else:
            left.append(_unselectable(group))
    return Sorted(tuple(sorted(_named(found), key=_order)), tuple(left))


# --- groups -----------------------------------------------------------------------------------------------------------


def _groups(nodes: Iterable[Machine]) -> list[list[Machine]]:
    found: dict[tuple[object, ...], list[Machine]] = {}
    for one in nodes:
        found.setdefault((_own_taints(one), *_kind(one)), []).append(one)
    return list(found.values())


def _kind(node: Machine) -> tuple[object, ...]:
    """What nodes of a flavor have in common; a person's word goes before what we see."""
    if node.labels.get(MARK):
        return (node.labels[MARK],)
    devices = tuple((device.resource, device.kind, device.share) for device in node.devices)
    return node.product, devices, bool(node.drivers) and not devices


def _joined(groups: Iterable[list[Machine]]) -> list[list[Machine]]:
    """Groups that no label tells from one another, by their taints: they become one flavor if that can be selected."""
    found: dict[tuple[_Taint, ...], list[Machine]] = {}
    for group in groups:
        found.setdefault(_own_taints(group[0]), []).extend(group)
    return list(found.values())


class _Look:
    """Groups of nodes as flavors, among all nodes."""

    def __init__(self, nodes: Sequence[Machine]) -> None:
        self._labels = Labels(nodes)
        self._taints = sorted({taint for one in nodes for taint in one.taints})

    def pools(self, group: list[Machine]) -> tuple[list[Pool], list[Machine]]:
        """One flavor; else those that a label divides the group into, and the nodes that are in none: the fewest."""
        whole = self.pool(group)
        if whole is not None:
            return [whole], []
        best: tuple[list[Pool], list[Machine]] = [], group
        for divided in parts(group):
            pools = [pool for part in divided if (pool := self.pool(part)) is not None]
            inside = {node.name for pool in pools for node in pool.nodes}
            rest = [one for one in group if one.name not in inside]
            if len(rest) < len(best[1]):
                best = pools, rest
        return best

    def pool(self, group: Sequence[Machine]) -> Pool | None:
        """None where labels cannot select it."""
        taints = _own_taints(group[0])
        tolerated = tuple(sorted({taint for one in group for taint in one.taints if _of_device(taint)}))
        alike = [taint for taint in self._taints if any(_same(taint, one) for one in tolerated)]
        labels = self._labels.choose(group, (*taints, *alike))
        if labels is None:
            return None
        return Pool("", tuple(sorted(group, key=lambda one: one.name)), tuple(labels.items()), taints, tolerated)


def _of_device(taint: _Taint) -> bool:
    return classify(taint[0]) is not None or taint[0] in _DEVICE_TAINTS


def _same(taint: _Taint, tolerated: _Taint) -> bool:
    """The toleration is by key and effect, with any value."""
    return (taint[0], taint[2]) == (tolerated[0], tolerated[2])


def _own_taints(node: Machine) -> tuple[_Taint, ...]:
    return tuple(taint for taint in node.taints if not _of_device(taint))


def _unselectable(group: Sequence[Machine]) -> LeftOut:
    names = _names(group)
    fix = f"`kubectl label nodes {' '.join(names)} {MARK}={_base(group)}`"
    return LeftOut(names, "no label tells them from nodes of another flavor", fix)


def _names(nodes: Iterable[Machine]) -> tuple[str, ...]:
    return tuple(sorted(one.name for one in nodes))


def _order(pool: Pool) -> tuple[int, int, str]:
    """As Kueue tries them: nodes without GPUs first, so that no CPU job sits beside idle GPUs; then whole cards, the
    small before the large; slices and shared cards after them, so that only who wants one gets one; DRA last."""
    node = pool.nodes[0]
    kinds = {device.kind for one in pool.nodes for device in one.devices}
    rank = 0 if not any(one.accelerated for one in pool.nodes) else 3 if not kinds else 1 if kinds == {"card"} else 2
    memory = node.labels.get("nvidia.com/gpu.memory", "")
    return rank, int(memory) if memory.isdigit() else 0, pool.name


# --- names ------------------------------------------------------------------------------------------------------------


def _named(pools: Sequence[Pool]) -> Iterator[Pool]:
    """A name for each: product, layout, taints; where two would be the same, the label that differs too."""
    names = [_base(pool.nodes) for pool in pools]
    for suffix in (_by_labels, _by_first_node):
        names = [
            _joined_name(name, slug(suffix(pool))) if names.count(name) > 1 and suffix(pool) else name
            for name, pool in zip(names, pools, strict=True)
        ]
    taken: set[str] = set()
    for name, pool in zip(names, pools, strict=True):
        free = next(one for one in chain([name], (f"{name[:58]}-{n}" for n in count(2))) if one not in taken)
        taken.add(free)
        yield replace(pool, name=free)


def _joined_name(name: str, suffix: str) -> str:
    """`h100-dra` and `dra-mig` are `h100-dra-mig`."""
    first, _, rest = suffix.partition("-")
    return slug(f"{name}-{rest if name.endswith(f'-{first}') else suffix}")


def _base(nodes: Sequence[Machine]) -> str:
    named = next((one.labels[MARK] for one in nodes if one.labels.get(MARK)), "")
    if named:
        return slug(named)
    first = max(nodes, key=lambda one: (len(one.devices), one.product))
    if not first.accelerated:
        return slug("-".join(["cpu", *_words(_own_taints(first))]))
    unnamed = [device.resource for device in first.devices] or sorted(first.drivers)
    return slug("-".join([_bare(first.product or unnamed[0]), *_layout(first), *_words(_own_taints(first))]))


def _bare(product: str) -> str:
    """`H100-80GB-HBM3` of `NVIDIA-H100-80GB-HBM3`."""
    while (shorter := _VENDOR.sub("", product)) != product:
        product = shorter
    return product


def _layout(node: Machine) -> list[str]:
    kinds = {device.kind for device in node.devices}
    if not node.devices:
        return ["dra"] if node.drivers else ["no-plugin"]
    if "slice" in kinds:
        single = [device for device in node.devices if device.resource.endswith("/gpu") and device.kind == "slice"]
        profile = str(node.labels.get("nvidia.com/gpu.product", "")).partition("-MIG-")[2]
        return ["mig", profile] if single and profile else ["mig"]
    if "replica" in kinds:
        return ["shared"]
    return []


def _words(taints: Iterable[_Taint]) -> list[str]:
    return [f"{key.rpartition('/')[2]}-{value}" if value else key.rpartition("/")[2] for key, value, _ in taints]


def _by_labels(pool: Pool) -> str:
    return "-".join(value for _, value in pool.labels[1:] or pool.labels)


def _by_first_node(pool: Pool) -> str:
    return pool.nodes[0].name


def slug(text: str) -> str:
    """A DNS label of it: small letters, digits and dashes, at most 63."""
    flat = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return flat[:_LONGEST].rstrip("-") or "nodes"
