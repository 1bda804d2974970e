"""Topologies from the labels that nodes have: from wide to narrow, the host name last.

A queue in which only some flavors have a topology refuses jobs that ask for none on those that have one ("supports only
TopologyAwareScheduling"), so that it is all flavors or none.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from k8sai.errors import Usage
from k8sai.queues.setup.flavors import Pool, slug
from k8sai.queues.setup.wish import HOSTNAME

# What clouds and people call the levels, the widest first.
_LEVELS = tuple(
    re.compile(pattern)
    for pattern in (
        r"topology\.kubernetes\.io/zone",
        r".*/(topology-)?(datacenter|room|hall|row|pod|superpod|spine)",
        r".*/(gce-)?(topology-)?block|.*rdma\.network_block_id",
        r".*/network-node-layer-1",
        r".*/(gce-)?(topology-)?sub-?block|.*rdma\.local_block_id",
        r".*/network-node-layer-2",
        r".*/(topology-)?(rack|leaf|chassis)",
        r".*/network-node-layer-3",
        r"nvidia\.com/gpu\.clique",
    )
)


@dataclass(frozen=True, slots=True)
class Topologies:
    """Levels by the name of the topology, and its name by that of the flavor; `why_not` where there are none."""

    levels: Mapping[str, tuple[str, ...]]
    of: Mapping[str, str]
    why_not: str = ""


def topologies(pools: Sequence[Pool], wanted: tuple[str, ...] | None) -> Topologies:
    """`wanted` None: whatever every node of a flavor has. Raises Usage where wanted labels are not on all nodes."""
    if wanted == ():
        return Topologies({}, {})
    if wanted:
        _insist(pools, wanted)
    of = {pool.name: wanted or _found(pool) for pool in pools}
    without = [name for name, levels in of.items() if not levels]
    if without:
        return Topologies({}, {}, f"no topology: nodes of {', '.join(without)} have no label {HOSTNAME}")
    named = {levels: slug("-".join(_short(level) for level in levels)) for levels in of.values()}
    if len(set(named.values())) < len(named):  # two labels with the same last word
        named = {levels: slug("-".join(levels)) for levels in named}
    return Topologies({named[levels]: levels for levels in of.values()}, {name: named[of[name]] for name in of})


def _insist(pools: Sequence[Pool], wanted: tuple[str, ...]) -> None:
    for level in wanted:
        bare = [node.name for pool in pools for node in pool.nodes if level not in node.labels]
        if bare:
            few = ", ".join(bare[:3]) + (f" and {len(bare) - 3} more" if len(bare) > 3 else "")
            raise Usage(f"--topology: {few} have no label {level}: nothing would ever run there", "--topology auto")


def _found(pool: Pool) -> tuple[str, ...]:
    shared = set.intersection(*(set(node.labels) for node in pool.nodes))
    if HOSTNAME not in shared:
        return ()
    levels = [key for pattern in _LEVELS for key in sorted(shared) if pattern.fullmatch(key)]
    return (*dict.fromkeys(levels), HOSTNAME)


def _short(level: str) -> str:
    """`zone`, `clique`, `hostname`."""
    return re.split(r"[/.]", level)[-1]
