"""Whose end would make room: on the nodes nearest to fitting, the pods with the fewest devices that suffice."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from k8sai.scheduling.nodes import NodeInfo, PodInfo
from k8sai.scheduling.trial import Candidate, Trial, Verdict

_HELPS: Final = ("NodeResourcesFit", "NodePorts", "DynamicResources")  # filters that an ending pod may change
_MOST_NODES: Final = 200
_MOST_SETS: Final = 4000  # of one node's pods; beyond that the smallest are taken one by one


@dataclass(frozen=True, slots=True)
class Ended:
    """Pods whose end would make room for enough, where, and what they hold of devices, in words."""

    uids: tuple[str, ...]
    names: tuple[str, ...]
    nodes: tuple[str, ...]
    held: str


@dataclass(frozen=True, slots=True)
class _Option:
    """On one node: room for so many more once these have ended."""

    node: str
    gain: int
    victims: tuple[PodInfo, ...]


@dataclass(frozen=True, slots=True)
class _Scale:
    """What the end of pods costs: the devices they hold, by request or by claim."""

    claimed: Mapping[str, int]

    def devices(self, pods: Sequence[PodInfo]) -> int:
        return sum(
            self.claimed.get(pod.uid, 0) + sum(count for name, count in pod.requests.items() if "/" in name)
            for pod in pods
        )

    def cost(self, option: _Option) -> tuple[float, float, str]:
        """Devices per pod gained first, then pods."""
        return self.devices(option.victims) / option.gain, len(option.victims) / option.gain, option.node


def enough(
    trial: Trial,
    pod: Candidate,
    verdicts: Sequence[Verdict],
    lacking: int,
    placed: Mapping[str, str],
    daemons: frozenset[str],
    claimed: Mapping[str, int],
) -> Ended | None:
    """Who would have to end so that `lacking` more such pods start; None where no end helps.

    `placed` are the pods that have a place already, by uid; `daemons` are pods that every node has, whoever ends;
    `claimed` are the devices that pods hold by claims.
    """
    there = Counter(placed.values())
    scale = _Scale(claimed)
    near = [one for one in verdicts if all(refusal.plugin in _HELPS for refusal in one.refusals)]
    near.sort(key=lambda one: (sum(n for name, n in one.short.items() if "/" in name), one.node))
    options: list[_Option] = []
    for verdict in near[: max(_MOST_NODES, 2 * lacking)]:
        options += _options(trial, pod, trial.view.nodes[verdict.node], lacking, there[verdict.node], daemons, scale)
    chosen: list[_Option] = []
    nodes: set[str] = set()
    for option in sorted(options, key=scale.cost):
        if lacking <= 0:
            break
        if option.node not in nodes:
            chosen.append(option)
            nodes.add(option.node)
            lacking -= option.gain
    if lacking > 0 or not chosen:
        return None
    victims = [victim for option in chosen for victim in option.victims]
    held = Counter[str]()
    for victim in victims:
        held.update({name: count for name, count in victim.requests.items() if "/" in name})
        held["devices"] += claimed.get(victim.uid, 0)
    return Ended(
        tuple(victim.uid for victim in victims),
        tuple(f"{victim.namespace}/{victim.name}" for victim in victims),
        tuple(option.node for option in chosen),
        ", ".join(_held(name, count) for name, count in held.items() if count),
    )


def _options(
    trial: Trial, pod: Candidate, node: NodeInfo, lacking: int, there: int, daemons: frozenset[str], scale: _Scale
) -> list[_Option]:
    """Room for one more, and room for as many as the node ever takes."""
    asked = pod.info.requests
    if any(amount > node.allocatable.get(name, 0) for name, amount in asked.items() if not _bridged(name, node)):
        return []
    movable = [one for one in node.pods.values() if one.uid not in daemons and not one.terminating]
    movable.sort(key=lambda one: (scale.devices((one,)), one.namespace, one.name))
    ever = min([lacking + there, *(node.allocatable.get(n, 0) // a for n, a in asked.items() if not _bridged(n, node))])
    found = []
    for gain in sorted({1, max(1, ever - there)}):
        missing = {
            name: lack
            for name, amount in asked.items()
            if not _bridged(name, node)
            and (lack := amount * (gain + there) - node.allocatable.get(name, 0) + node.used.get(name, 0)) > 0
        }
        victims = _fewest(movable, missing, scale) if missing else _one_by_one(trial, pod, node, movable, gain + there)
        if victims:
            found.append(_Option(node.name, gain, victims))
    return found


def _bridged(name: str, node: NodeInfo) -> bool:
    """Claims serve it here, or nothing does."""
    return "/" in name and not node.allocatable.get(name)


def _fewest(pods: Sequence[PodInfo], missing: Mapping[str, int], scale: _Scale) -> tuple[PodInfo, ...]:
    """Of the pods that hold something of what is missing those whose end gives enough, with the fewest devices."""
    holders = [pod for pod in pods if any(pod.requests.get(name) for name in missing)]
    if not _gives(holders, missing):
        return ()
    best: tuple[PodInfo, ...] = ()
    tries = 0
    for size in range(1, len(holders) + 1):
        for some in combinations(holders, size):
            tries += 1
            if tries > _MOST_SETS:
                return best or _greedy(holders, missing)
            if _gives(some, missing) and (not best or scale.devices(some) < scale.devices(best)):
                best = some
    return best


def _greedy(holders: Sequence[PodInfo], missing: Mapping[str, int]) -> tuple[PodInfo, ...]:
    """One after the other until it is enough, then without those that were not needed."""
    chosen: list[PodInfo] = []
    for pod in holders:
        chosen.append(pod)
        if _gives(chosen, missing):
            break
    for pod in reversed(list(chosen)):
        rest = [one for one in chosen if one is not pod]
        if _gives(rest, missing):
            chosen = rest
    return tuple(chosen)


def _one_by_one(
    trial: Trial, pod: Candidate, node: NodeInfo, movable: Sequence[PodInfo], wanted: int
) -> tuple[PodInfo, ...]:
    """Where devices or ports are what is short: pods leave until there is room, then those that need not come back."""
    chosen: list[PodInfo] = []

    def room(gone: Sequence[PodInfo]) -> int:
        return trial.without(pods=[one.uid for one in gone]).room(pod, node.name, wanted)

    for one in movable[:32]:
        chosen.append(one)
        if room(chosen) >= wanted:
            break
    else:
        return ()
    for one in list(chosen):
        rest = [other for other in chosen if other is not one]
        if rest and room(rest) >= wanted:
            chosen = rest
    return tuple(chosen)


def _held(name: str, count: int) -> str:
    if name == "devices" and count == 1:
        return "1 device"
    return f"{count} {name}"


def _gives(pods: Sequence[PodInfo], missing: Mapping[str, int]) -> bool:
    return all(sum(pod.requests.get(name, 0) for pod in pods) >= lack for name, lack in missing.items())
