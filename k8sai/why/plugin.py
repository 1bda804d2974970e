"""Device plugins: does any node offer what the pod asks for, and if none does, which link of the chain is broken."""

import re
from typing import Final

from k8sai.cluster.reading import Json, holds
from k8sai.fleet.resources import classify
from k8sai.view import several
from k8sai.why.case import Case, be, have, listed
from k8sai.why.survey import Seen, survey
from k8sai.why.verdict import Layer, fine, no_matter, reason

LAYER: Final = "devicePlugin"
_MIG: Final = re.compile(r"nvidia\.com/mig-(\d+g\.\d+gb.*)")
# What has to run on a node before it offers GPUs, in order: a word of the pod's name or app label, and what it is.
_LINKS: Final = (
    ("nvidia-driver", "driver"),
    ("nvidia-container-toolkit", "container toolkit"),
    ("nvidia-mig-manager", "MIG manager"),
    ("nvidia-device-plugin", "device plugin"),
    ("nvidia-operator-validator", "operator validator"),
    ("gpu-feature-discovery", "feature discovery"),
    ("amdgpu-device-plugin", "device plugin"),
    ("amd-gpu-device-plugin", "device plugin"),
    ("intel-gpu-plugin", "device plugin"),
)
_LABELS: Final = (
    "nvidia.com/gpu.present",
    "nvidia.com/gpu.product",
    "amd.com/gpu.product-name",
    "gpu.intel.com/product",
)


def check(case: Case) -> Layer:
    if not case.unbound or not survey(case).seen:
        return no_matter(LAYER)
    asked = survey(case).devices
    if not asked:
        return no_matter(LAYER, "it asks for no devices of a plugin")
    for resource in asked:
        wanted = [one for one in survey(case).seen if not one.has("selector")] or survey(case).seen
        offering = [one for one in wanted if one.node.allocatable.get(resource, 0) > 0]
        if not offering and any(one.has("absent", resource) for one in wanted):
            layer = _silent(case, resource, wanted) or _nobody(case, resource)
            if layer is not None:
                return layer
    return fine(LAYER, f"{listed(asked)} {be(len(asked))} offered by some node")


def _silent(case: Case, resource: str, wanted: list[Seen]) -> Layer | None:
    """Nodes that have such devices, or ought to, and offer none."""
    had = _had(case, resource, wanted)
    where = "no node that it selects" if len(wanted) < len(survey(case).seen) else "no node"
    if had:
        message = f"{where} offers {resource} now; {listed(had)} {have(len(had))} such devices and may use none"
        return reason(LAYER, "DevicePluginDown", message + _broken(case, had[0]), next=_look(had[0]))
    labelled = sorted(one.name for one in wanted if any(one.node.labels.get(key) for key in _LABELS))
    vendor = resource.partition("/")[0]
    if labelled and not any(name.partition("/")[0] == vendor for name in _offered(wanted)):
        marked = f"{listed(labelled)} {be(len(labelled))} labelled as having GPUs"
        message = f"{where} offers {resource}, although {marked}"
        return reason(LAYER, "NotAdvertised", message + _broken(case, labelled[0]), next=_look(labelled[0]))
    return None


def _nobody(case: Case, resource: str) -> Layer | None:
    """None where nodes that the pod does not select offer it."""
    others = _offered(survey(case).seen)
    if resource in others:
        return None
    profile = _MIG.fullmatch(resource)
    if profile and any(name.startswith("nvidia.com/") for name in others):
        there = listed(sorted(f"{name} on {several(count, 'node')}" for name, count in others.items()))
        message = f"no node has the MIG profile {profile[1]}; there is {there}"
        return reason(
            LAYER, "MigProfileAbsent", message, next="kubectl get nodes -L nvidia.com/mig.config,nvidia.com/gpu.product"
        )
    known = f"; what is offered: {listed(sorted(others))}" if others else "; no node offers any device"
    return reason(LAYER, "NotAdvertised", f"no node offers {resource}{known}", next="k8sai top --all-nodes")


def _had(case: Case, resource: str, wanted: list[Seen]) -> list[str]:
    """Nodes whose capacity says that they have some, while nothing of it may be used."""
    found = []
    for one in wanted:
        try:
            row = case.scene.fleet.node(one.name)
        except KeyError:
            continue
        if any(r.resource == resource and r.capacity > 0 for r in row.resources):
            found.append(one.name)
    return sorted(found)


def _offered(seen: list[Seen]) -> dict[str, int]:
    """GPU resources by the number of nodes that offer them."""
    counted: dict[str, int] = {}
    for one in seen:
        for name, amount in one.node.allocatable.items():
            if amount > 0 and classify(name) is not None:
                counted[name] = counted.get(name, 0) + 1
    return counted


def _look(node: str) -> str:
    return f"kubectl get pods -A -o wide --field-selector spec.nodeName={node}"


def _broken(case: Case, node: str) -> str:
    """The first link of the chain on that node that does not run."""
    pods = case.reading.list("pods", "", fields=f"spec.nodeName={node}")
    here = [pod for pod in pods if pod["spec"].get("nodeName") == node]
    known = [(what, pod) for word, what in _LINKS for pod in here if word in _called(pod)]
    sick = next(((what, pod) for what, pod in known if holds(pod, "Ready") is None), None)
    if sick is not None:
        meta = sick[1]["metadata"]
        return f"; its {sick[0]} does not run on {node}: {meta['namespace']}/{meta['name']} {_state(sick[1])}"
    if case.reading.blind("pods"):
        return ""
    if not any(what == "device plugin" for what, _ in known):
        return f"; no device plugin runs on {node}"
    return ""


def _called(pod: Json) -> str:
    meta = pod["metadata"]
    labels = meta.get("labels") or {}
    return f"{meta['name']} {labels.get('app', '')} {labels.get('app.kubernetes.io/name', '')} {labels.get('name', '')}"


def _state(pod: Json) -> str:
    status = pod.get("status") or {}
    for one in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        word = ((one.get("state") or {}).get("waiting") or {}).get("reason")
        if word:
            return f"({word})"
    return f"({status.get('phase', 'unknown')})"
