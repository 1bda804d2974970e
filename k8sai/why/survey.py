"""What every node says to a pod, in the words of those who run GPUs, and which nodes come closest to taking it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal

from k8sai.cluster.reading import Json
from k8sai.scheduling import claims, domains, filters
from k8sai.scheduling.nodes import NodeInfo, PodInfo
from k8sai.scheduling.selectors import pod_wants, tolerates
from k8sai.why.case import AWAY, Case
from k8sai.why.wishes import bodies, bridged_on

if TYPE_CHECKING:
    from k8sai.scheduling.trial import Verdict

Kind = Literal[
    "short", "pods", "port", "antiAffinity", "spread", "devices",
    "cordoned", "notReady",
    "taint",
    "affinity", "volume", "claimElsewhere", "other",
    "never",
    "absent",
    "selector",
]  # fmt: skip
# How far a node is from taking the pod: 0 when somebody leaves, 1 when it comes back, 2 and 3 when somebody changes
# the pod or the node, 4 it is too small, 5 it has nothing of the kind, 6 the pod does not want it.
HARDNESS: Final[dict[Kind, int]] = {
    "short": 0, "pods": 0, "port": 0, "antiAffinity": 0, "spread": 0, "devices": 0,
    "cordoned": 1, "notReady": 1,
    "taint": 2,
    "affinity": 3, "volume": 3, "claimElsewhere": 3, "other": 3,
    "never": 4,
    "absent": 5,
    "selector": 6,
}  # fmt: skip
_TEXTS: Final[dict[str, Kind]] = {
    filters.CORDONED: "cordoned",
    filters.PORTS: "port",
    filters.TOO_MANY: "pods",
    domains.SEEKS: "affinity",
    domains.REPELS: "antiAffinity",
    domains.REPELLED: "antiAffinity",
    domains.SPREAD: "spread",
    domains.SPREAD_LABEL: "spread",
    claims.NO_DEVICES: "devices",
    claims.ELSEWHERE: "claimElsewhere",
}
CLASS: Final = "devices of class "
_DRA: Final = "DynamicResources"
_CORDON: Final = "node.kubernetes.io/unschedulable"  # says what a cordon says
_ORDINARY: Final = ("cpu", "memory", "ephemeral-storage", "pods")
_BLOCKING: Final = ("NoSchedule", "NoExecute")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a node has against the pod; `detail` is the resource, the taint or what was not matched."""

    kind: Kind
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """A node and all it has against the pod; `missing` amounts by resource."""

    node: NodeInfo
    findings: tuple[Finding, ...]
    missing: dict[str, int]

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def hardness(self) -> int:
        """-1 where it takes the pod."""
        return max((HARDNESS[finding.kind] for finding in self.findings), default=-1)

    def has(self, kind: Kind, detail: str = "") -> bool:
        return any(f.kind == kind and (not detail or f.detail == detail) for f in self.findings)

    def only(self, *kinds: Kind) -> bool:
        """It would take the pod but for these."""
        return all(finding.kind in kinds for finding in self.findings)


class Survey:
    """All nodes."""

    def __init__(self, case: Case, pod: PodInfo, seen: list[Seen]) -> None:
        self.case, self.pod, self.seen = case, pod, seen

    @cached_property
    def fits(self) -> list[Seen]:
        """The nodes that take it now."""
        return [one for one in self.seen if not one.findings]

    @cached_property
    def closest(self) -> list[Seen]:
        """The nodes that are least far from taking it."""
        least = min((one.hardness for one in self.seen), default=-1)
        return [one for one in self.seen if one.hardness == least]

    @property
    def hardness(self) -> int:
        """Of the closest; -1 where the pod fits or there is no node."""
        return self.closest[0].hardness if self.closest else -1

    @cached_property
    def devices(self) -> list[str]:
        """The extended resources the pod asks for: GPUs before the rest."""
        asked = [name for name in self.pod.requests if name not in _ORDINARY and not name.startswith("hugepages-")]
        return sorted(asked, key=lambda name: ("gpu" not in name and "mig" not in name, name))

    def free(self, one: Seen, resource: str) -> int:
        """What the pod finds there: allocatable without what is held and what is reserved for others."""
        node = one.node
        others = self.case.moment.trial.view.reserved_for(self.pod, node.name)
        reserved = sum(other.requests.get(resource, 0) for other in others)
        return node.allocatable.get(resource, 0) - node.used.get(resource, 0) - reserved

    def all_against(self, kind: Kind) -> bool:
        """Each of the closest nodes has at least this against the pod."""
        return bool(self.closest) and all(one.has(kind) for one in self.closest)

    @property
    def concerns_devices(self) -> bool:
        """Some node would serve what it asks for by DRA."""
        return any(one.has("devices") or one.has("claimElsewhere") for one in self.seen) or self._no_devices

    @property
    def blames_devices(self) -> bool:
        """DRA is what keeps it from the nodes that come closest.

        The scheduler asks for devices last: of a node that lacks something else too it never says so.
        """
        last = any(one.only("devices") for one in self.closest)
        taken = self.hardness == HARDNESS["devices"] and self.all_against("devices") and last
        elsewhere = self.hardness == HARDNESS["claimElsewhere"] and self.all_against("claimElsewhere")
        return taken or elsewhere or self._no_devices

    @property
    def _no_devices(self) -> bool:
        """No node that it could use has devices of the class at all."""
        return self.hardness == HARDNESS["absent"] and all(
            any(f.kind == "absent" and f.detail.startswith(CLASS) for f in one.findings) for one in self.closest
        )

    def volumes(self) -> str:
        """What volumes have against the nodes that come closest, if that is what keeps it away; else ""."""
        texts = [f.detail for one in self.closest for f in one.findings if f.kind == "volume"]
        return texts[0] if self.hardness == HARDNESS["volume"] and self.all_against("volume") else ""

    def others(self) -> list[Seen]:
        """The nodes that are further away."""
        return [one for one in self.seen if one.hardness > self.hardness]


def survey(case: Case) -> Survey:
    """What every node says to it; they are asked once. Raises BadQuantity."""
    return case.once(_asked)


def _asked(case: Case) -> Survey:
    trial, candidate = case.moment.trial, case.candidate
    nodes = trial.view.nodes
    seen = [
        Seen(nodes[v.node], tuple(_findings(candidate.info, nodes[v.node], v)), dict(v.short))
        for v in trial.verdicts(candidate)
    ]
    if any(one.has("devices") for one in seen):
        seen = _without_devices(case, candidate.info, seen)
    return Survey(case, candidate.info, seen)


def _without_devices(case: Case, pod: PodInfo, seen: list[Seen]) -> list[Seen]:
    """Nodes that have no device which could match are told apart from those whose devices are taken."""
    stock, wishes = case.stock, bodies(case, pod)

    def absent(one: Seen) -> str:
        for wish in wishes:
            if not any(stock.shelf(one.node, body).matching for body in wish):
                return f"{CLASS}{wish[0]['deviceClassName']}"
        served = bridged_on(case, pod, one.node)
        return next((resource for resource, body in served if not stock.shelf(one.node, body).matching), "")

    return [
        replace(one, findings=tuple(Finding("absent", name) if f.kind == "devices" else f for f in one.findings))
        if one.has("devices") and (name := absent(one))
        else one
        for one in seen
    ]


def _findings(pod: PodInfo, node: NodeInfo, verdict: "Verdict") -> Iterator[Finding]:
    for number, refusal in enumerate(verdict.refusals):
        for text in refusal.reasons:
            if number and refusal.plugin == _DRA and text not in _TEXTS:
                yield Finding("devices")  # the allocator would fail there, had the node not been refused before
            else:
                yield from _finding(pod, node, text)


def _finding(pod: PodInfo, node: NodeInfo, text: str) -> Iterator[Finding]:
    if text in _TEXTS:
        yield Finding(_TEXTS[text])
    elif text.startswith("Insufficient "):
        resource = text.removeprefix("Insufficient ")
        has = node.allocatable.get(resource, 0)
        if resource not in _ORDINARY and not has:
            yield Finding("absent", resource)
        else:
            yield Finding("never" if pod.requests.get(resource, 0) > has else "short", resource)
    elif text == filters.TAINTED:
        for taint in untolerated_all(pod, node):
            yield Finding("notReady" if taint["key"] in AWAY else "taint", written(taint))
    elif text == filters.UNWANTED:
        yield Finding("selector", unmatched(pod.spec, node))
    elif "olume" in text:
        yield Finding("volume", text)
    else:
        yield Finding("other", text)


def untolerated_all(pod: PodInfo, node: NodeInfo) -> list[Json]:
    """Every taint that keeps the pod away, not only the first."""
    tolerations = pod.spec.get("tolerations") or ()
    return [
        t for t in node.taints if t.get("effect") in _BLOCKING and t["key"] != _CORDON and not tolerates(tolerations, t)
    ]


def written(taint: Json) -> str:
    """As kubectl writes it: `key=value:Effect`."""
    value = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint['key']}{value}:{taint.get('effect', '')}"


def unmatched(spec: Json, node: NodeInfo) -> str:
    """Which part of the pod's wish the node does not meet."""
    for key, value in (spec.get("nodeSelector") or {}).items():
        if node.labels.get(key) != value:
            return f"{key}={value}"
    wanted = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    ) or {}
    for term in wanted.get("nodeSelectorTerms") or ():
        for rule in (*(term.get("matchExpressions") or ()), *(term.get("matchFields") or ())):
            alone = {"nodeSelectorTerms": [{"matchExpressions": [rule]}]}
            only = {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": alone}}}
            if not pod_wants(only, node.name, {**node.labels, "metadata.name": node.name}):
                values = ",".join(rule.get("values") or ())
                return f"{rule['key']} {rule['operator']}" + (f" {values}" if values else "")
    return "its node affinity"


def names(seen: Iterable[Seen]) -> list[str]:
    """Of the nodes, in order."""
    return sorted(one.name for one in seen)
