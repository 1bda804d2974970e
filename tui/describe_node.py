"""What `d` says of a node."""

from collections.abc import Mapping
from typing import Any, Final

from k8sai.tui.page import Page

Json = Mapping[str, Any]
_ROLE: Final = "node-role.kubernetes.io/"


def node(page: Page, thing: Json, now: float) -> None:
    """Whether it takes pods, what it has, and what it is."""
    meta, spec, status = thing.get("metadata") or {}, thing.get("spec") or {}, thing.get("status") or {}
    page.head("Node")
    page.fact("Roles", " ".join(sorted(k.removeprefix(_ROLE) for k in meta.get("labels") or {} if k.startswith(_ROLE))))
    page.fact("Cordoned", "yes: no new pod starts here" if spec.get("unschedulable") else "no", _warn(spec))
    taints = spec.get("taints") or ()
    page.facts("Taints", map(_taint, taints), "warn")
    page.facts("Addresses", (f"{a.get('type')} {a.get('address')}" for a in status.get("addresses") or ()))
    page.fact("Pod network", " ".join(spec.get("podCIDRs") or ()))
    page.fact("Provider", spec.get("providerID"))
    _resources(page, status)
    info = status.get("nodeInfo") or {}
    if info:
        page.head("System")
        for word, key in (
            ("Kubelet", "kubeletVersion"),
            ("Runtime", "containerRuntimeVersion"),
            ("Kernel", "kernelVersion"),
            ("Image", "osImage"),
            ("Architecture", "architecture"),
        ):
            page.fact(word, info.get(key))


def _taint(taint: Json) -> str:
    value = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint.get('key')}{value}:{taint.get('effect')}"


def _warn(spec: Json) -> str:
    return "warn" if spec.get("unschedulable") else "plain"


def _resources(page: Page, status: Json) -> None:
    """Capacity beside what pods may have of it: a device plugin takes unhealthy devices out of the second only."""
    capacity, allocatable = status.get("capacity") or {}, status.get("allocatable") or {}
    if not capacity and not allocatable:
        return
    page.head("Resources")
    rows = []
    for name in sorted({*capacity, *allocatable}, key=lambda name: ("/" not in name, name)):
        has, gives = str(capacity.get(name, "")), str(allocatable.get(name, ""))
        less = "/" in name and has != gives
        rows.append((name, has, (gives, "bad" if less else "plain")))
    page.table(("RESOURCE", "CAPACITY", "ALLOCATABLE"), rows)
