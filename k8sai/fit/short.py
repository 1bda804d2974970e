"""What is short, per group of nodes: the filters that refuse, in words, and what is missing on the nearest of them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from k8sai.quantity import binary
from k8sai.scheduling.claims import NO_DEVICES
from k8sai.scheduling.filters import Refusal
from k8sai.scheduling.nodes import Amounts, NodeInfo
from k8sai.scheduling.trial import Verdict

_LIFE: Final = {
    "node.kubernetes.io/not-ready": "not ready",
    "node.kubernetes.io/unreachable": "unreachable",
    "node.kubernetes.io/out-of-service": "out of service",
    "node.kubernetes.io/memory-pressure": "memory pressure",
    "node.kubernetes.io/disk-pressure": "disk pressure",
    "node.kubernetes.io/pid-pressure": "PID pressure",
    "node.kubernetes.io/network-unavailable": "no network",
    "node.cloudprovider.kubernetes.io/uninitialized": "not initialised yet",
}
# By plugin of the scheduler: the machine word, and what is said.
_WORDS: Final = {
    "NodeUnschedulable": ("Cordoned", "cordoned"),
    "NodeAffinity": ("Selector", "the pod's node selector or affinity excludes them"),
    "NodePorts": ("HostPort", "the host port is taken"),
    "InterPodAffinity": ("PodAffinity", "pod affinity or anti-affinity"),
    "PodTopologySpread": ("TopologySpread", "topology spread"),
    "DynamicResources": ("Devices", "no set of devices satisfies the claim"),
}
_ORDINARY: Final = ("cpu", "memory", "ephemeral-storage", "pods")


@dataclass(frozen=True, slots=True)
class Short:
    """Nodes that take no such pod for the same reasons. `missing` is per resource, on the nearest of them."""

    code: str
    reason: str
    nodes: tuple[str, ...]
    missing: Mapping[str, int]
    nearest: str


def shorts(
    verdicts: Iterable[Verdict], nodes: Mapping[str, NodeInfo], drivers: Callable[[str], bool] = lambda _: True
) -> tuple[Short, ...]:
    """The groups, those nearest to fitting first; nodes without the resource at all last.

    `drivers` says of a node whether a DRA driver publishes anything for it.
    """
    groups: dict[tuple[tuple[str, str], ...], list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.refusals:
            groups[reasons(verdict, nodes[verdict.node], drivers)].append(verdict)
    found = [_short(key, members) for key, members in groups.items()]
    return tuple(sorted(found, key=lambda one: (one.code == "NoSuchResource", _distance(one.missing), one.reason)))


def reasons(verdict: Verdict, node: NodeInfo, drivers: Callable[[str], bool]) -> tuple[tuple[str, str], ...]:
    """(machine word, words) of each reason; where a resource is not there at all, that alone."""
    found: list[tuple[str, str]] = []
    for refusal in verdict.refusals:
        if refusal.plugin == "DynamicResources" and refusal.reasons == (NO_DEVICES,) and not drivers(node.name):
            name = next((one for one in refusal.detail.split(", ") if "/" in one), "")
            found.append(("NoSuchResource", f"no {name or 'devices'} there"))
        else:
            found += _said(refusal, verdict.short, node)
    absent = [one for one in found if one[0] == "NoSuchResource"]
    return tuple(dict.fromkeys(absent or found))


def _said(refusal: Refusal, short: Mapping[str, int], node: NodeInfo) -> list[tuple[str, str]]:
    if refusal.plugin == "NodeResourcesFit":
        return [_lacking(name, node) for name in short]
    if refusal.plugin == "TaintToleration":
        key = refusal.detail.partition(":")[0].partition("=")[0]
        if key == "node.kubernetes.io/unschedulable":
            return [_WORDS["NodeUnschedulable"]]
        return [("NotReady", _LIFE[key])] if key in _LIFE else [("Tainted", f"taint {refusal.detail}")]
    if refusal.plugin in _WORDS:
        return [_WORDS[refusal.plugin]]
    detail = f": {refusal.detail}" if refusal.detail else ""
    return [("Volume" if "Volume" in refusal.plugin else refusal.plugin, f"{refusal.reasons[0]}{detail}")]


def _lacking(name: str, node: NodeInfo) -> tuple[str, str]:
    if name == "pods":
        return "TooManyPods", "no room for more pods"
    if not node.allocatable.get(name) and name not in _ORDINARY:
        return "NoSuchResource", f"no {name} there"
    return "Insufficient", f"short of {name}"


def _short(key: tuple[tuple[str, str], ...], members: list[Verdict]) -> Short:
    nearest = min(members, key=lambda verdict: (_distance(verdict.short), verdict.node))
    return Short(
        code=key[0][0],
        reason=" and ".join(words for _, words in key),
        nodes=tuple(sorted(verdict.node for verdict in members)),
        missing=dict(nearest.short) if key[0][0] != "NoSuchResource" else {},
        nearest=nearest.node,
    )


def _distance(missing: Mapping[str, int]) -> tuple[int, int, int]:
    """Devices first: what is hardest to come by."""
    devices = sum(amount for name, amount in missing.items() if name not in _ORDINARY)
    return devices, missing.get("cpu", 0), missing.get("memory", 0)


def amount(name: str, value: int) -> str:
    """ "2 nvidia.com/gpu", "1.5 cpu", "64Gi memory"."""
    if name == "cpu":
        return f"{value / 1000:g} cpu"
    if name in ("memory", "ephemeral-storage"):
        return f"{_rounded(value)} {name}"
    return f"{value} {name}"


def amounts(missing: Amounts | Mapping[str, int]) -> str:
    """All of them, with commas."""
    return ", ".join(amount(name, value) for name, value in missing.items())


def _rounded(size: int) -> str:
    """Bytes with the largest suffix that leaves at most one decimal worth saying, rounded up."""
    for power, suffix in ((4, "Ti"), (3, "Gi"), (2, "Mi")):
        unit = 1 << (10 * power)
        if size >= unit:
            tenths = -(-size * 10 // unit)
            return f"{tenths // 10}{suffix}" if tenths % 10 == 0 else f"{tenths / 10:.1f}{suffix}"
    return binary(size)
