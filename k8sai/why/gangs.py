"""Gangs: pods that start together or not at all, whoever groups them, and what the group lacks."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from k8sai.cluster.reading import Json, condition
from k8sai.view import several
from k8sai.why.asking import fit_command
from k8sai.why.case import Case, be, listed
from k8sai.why.podgroups import CORE, COSCHEDULING, KAI, NAMED, VOLCANO, belongs
from k8sai.why.survey import survey
from k8sai.why.verdict import Layer, fine, no_matter, reason, unseen

LAYER: Final = "gang"
_TOLD: Final = re.compile(r"pod group is unschedulable, minCount \((\d+)\) cannot be satisfied: (\d+) scheduled")


@dataclass(frozen=True, slots=True)
class Gang:
    """Its group object, where one is named, and how its pods are told; `minimum` 0 where nobody says it."""

    name: str
    resource: str  # of the group object; "" where the group is a label alone
    belongs: Callable[[Json], bool]
    minimum: int = 0
    group: Json | None = None
    said: str = ""


def check(case: Case) -> Layer:
    """Whether a gang keeps it waiting: what the nodes mean depends on it."""
    return case.once(_look)


def at_once(case: Case) -> int:
    """With how many pods the gang starts that keeps this one waiting; 0 where none does."""
    if case.pod is None or check(case).code not in ("GangShort", "GangIncomplete"):
        return 0
    gang, told = gang_of(case, case.pod), _told(case)
    return gang.minimum if gang is not None else int(told[1]) if told else 0


def _look(case: Case) -> Layer:
    if not case.unbound or case.pod is None:
        return no_matter(LAYER)
    gang = gang_of(case, case.pod)
    if gang is None:
        return _as_said(case)
    if gang.resource and gang.group is None:
        return _no_group(case, gang)
    members = [pod for pod in case.reading.list("pods", case.namespace) if gang.belongs(pod) and not _over(pod)]
    gated = [pod["metadata"]["name"] for pod in members if pod["spec"].get("schedulingGates")]
    ready = len(members) - len(gated)
    describe = case.kubectl("describe", f"{gang.resource}/{gang.name}" if gang.resource else f"pod/{case.name}")
    if ready < gang.minimum:
        return _incomplete(case, gang, len(members), gated, describe)
    if not gang.minimum:
        return fine(LAYER, f"gang {gang.name}: {several(len(members), 'pod')}", gang.said)
    return _placed(case, gang, members, describe)


def _as_said(case: Case) -> Layer:
    """A gang that only the scheduler knows."""
    told = _told(case)
    if told is None:
        return no_matter(LAYER, "it belongs to no gang")
    message = f"its gang starts with {told[1]} pods at once, and {told[2]} of them fit, says the scheduler"
    describe = case.kubectl("describe", f"pod/{case.name}")
    return reason(LAYER, "GangShort", message, told.string, next=fit_command(case, int(told[1])) or describe)


def _told(case: Case) -> re.Match[str] | None:
    return _TOLD.search(str(case.scheduled.get("message") or ""))


def _over(pod: Json) -> bool:
    """It counts for no gang any more."""
    return bool(pod["metadata"].get("deletionTimestamp")) or (pod.get("status") or {}).get("phase") in (
        "Succeeded",
        "Failed",
    )


def _no_group(case: Case, gang: Gang) -> Layer:
    if case.reading.blind(gang.resource):
        return unseen(LAYER, f"its PodGroup {gang.name} may not be read")
    message = f"it belongs to the PodGroup {gang.name}, which does not exist in namespace {case.namespace}"
    return reason(LAYER, "PodGroupMissing", message, next=case.kubectl("get", gang.resource or "podgroups"))


def _incomplete(case: Case, gang: Gang, members: int, gated: list[str], describe: str) -> Layer:
    message = f"gang {gang.name} starts with {several(gang.minimum, 'pod')} at once"
    if gated:
        message += f", and {listed(sorted(gated))} {be(len(gated))} held by scheduling gates"
    if members < gang.minimum:
        message += f"{' and' if gated else ', and'} only {members} {'exists' if members == 1 else 'exist'}"
    return reason(LAYER, "GangIncomplete", message, gang.said, next=describe)


def _placed(case: Case, gang: Gang, members: list[Json], describe: str) -> Layer:
    """The gang is complete: would enough of it fit at once. Where this pod alone does not, its nodes say why."""
    if not survey(case).fits:
        return fine(LAYER, f"gang {gang.name} is complete: {len(members)} of {gang.minimum}", gang.said)
    bound = [pod for pod in members if pod["spec"].get("nodeName")]
    waiting = [pod for pod in members if not pod["spec"].get("nodeName") and not pod["spec"].get("schedulingGates")]
    fitting = case.places(waiting)
    if len(bound) + fitting >= gang.minimum:
        return fine(
            LAYER, f"gang {gang.name}: {fitting} of {several(len(waiting), 'waiting pod')} fit at once", gang.said
        )
    message = (
        f"gang {gang.name} starts with {several(gang.minimum, 'pod')} at once, and only "
        f"{len(bound) + fitting} of them {'fits' if len(bound) + fitting == 1 else 'fit'} now"
    )
    told = (
        condition(gang.group or {}, "PodGroupInitiallyScheduled") or condition(gang.group or {}, "Unschedulable") or {}
    )
    return reason(
        LAYER,
        "GangShort",
        message,
        gang.said,
        told.get("message", ""),
        case.scheduled.get("message", ""),
        next=fit_command(case, gang.minimum - len(bound)) or describe,
    )


# --- who groups -------------------------------------------------------------------------------------------------------


def gang_of(case: Case, pod: Json) -> Gang | None:
    """The gang of a pod, by whichever grouping it names first."""
    return next(
        (gang for find in (_core, _core_workload, _labelled, _kueue) for gang in find(case, pod)),
        None,
    )


def _core(case: Case, pod: Json) -> Iterator[Gang]:
    """scheduling.k8s.io PodGroup, Kubernetes 1.36 and later."""
    name = NAMED[CORE](pod)
    if not name:
        return
    group = case.reading.get(CORE, case.namespace, name)
    policy = ((group or {}).get("spec") or {}).get("schedulingPolicy") or {}
    minimum = int((policy.get("gang") or {}).get("minCount", 0))
    yield Gang(name, CORE, belongs(CORE, name), minimum, group, _said(group, minimum))


def _core_workload(case: Case, pod: Json) -> Iterator[Gang]:
    """The Workload API of Kubernetes 1.35: a pod names a group inside a Workload."""
    ref = pod["spec"].get("workloadRef")
    if not ref:
        return
    resource = "workloads.scheduling.k8s.io"
    workload = case.reading.get(resource, case.namespace, ref["name"])
    groups = ((workload or {}).get("spec") or {}).get("podGroups") or ()
    policy: Json = next((group.get("policy") or {} for group in groups if group.get("name") == ref.get("podGroup")), {})
    minimum = int((policy.get("gang") or {}).get("minCount", 0))
    yield Gang(ref["name"], resource, lambda other: other["spec"].get("workloadRef") == ref, minimum, workload)


def _labelled(case: Case, pod: Json) -> Iterator[Gang]:
    """PodGroups of other schedulers, which labels and annotations name: coscheduling, Volcano, KAI."""
    for resource in (COSCHEDULING, VOLCANO, KAI):
        name = NAMED[resource](pod)
        if name:
            group = case.reading.get(resource, case.namespace, name)
            minimum = int(((group or {}).get("spec") or {}).get("minMember") or 0)
            yield Gang(name, resource, belongs(resource, name), minimum, group, _said(group, minimum))


def _kueue(case: Case, pod: Json) -> Iterator[Gang]:
    """Kueue's group of plain pods: complete when so many exist."""
    name = _labels(pod).get("kueue.x-k8s.io/pod-group-name")
    total = _annotations(pod).get("kueue.x-k8s.io/pod-group-total-count", "")
    if (
        name
        and total.isdigit()
        and not any(g["name"].startswith("kueue") for g in pod["spec"].get("schedulingGates") or ())
    ):
        yield Gang(name, "", lambda other: _labels(other).get("kueue.x-k8s.io/pod-group-name") == name, int(total))


def _said(group: Json | None, minimum: int) -> str:
    if group is None:
        return ""
    status = group.get("status") or {}
    phase = f", {status['phase']}" if status.get("phase") else ""
    explained = status.get("schedulingConditions") or ()
    told = next((f": {c['message']}" for c in explained if c.get("message")), "")
    return f"PodGroup {group['metadata']['name']}: at least {minimum} at once{phase}{told}"


def _labels(pod: Json) -> dict[str, str]:
    return pod["metadata"].get("labels") or {}


def _annotations(pod: Json) -> dict[str, str]:
    return pod["metadata"].get("annotations") or {}
