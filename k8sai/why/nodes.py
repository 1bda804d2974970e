"""The nodes: which come closest to taking the pod, what they lack, and what keeps the others away."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from k8sai.view import several
from k8sai.why.case import Case, amount, be, have, listed
from k8sai.why.gangs import at_once
from k8sai.why.groups import groups, rest
from k8sai.why.said import from_message
from k8sai.why.survey import CLASS, Kind, Seen, Survey, names, survey
from k8sai.why.verdict import Layer, fine, no_matter, reason

LAYER: Final = "nodes"
_TOP: Final = "k8sai top --sort-by free"


def check(case: Case) -> Layer:
    if not case.unbound:
        return no_matter(LAYER)
    if not case.moment.trial.view.nodes:
        return _blind(case)
    found = survey(case)
    if found.fits:
        return _fits(case, found)
    layer = _speak(found)
    evidence = (*groups(found), str(case.scheduled.get("message") or ""))
    return reason(LAYER, layer.code, layer.message + rest(found), *evidence, next=layer.next)


def _blind(case: Case) -> Layer:
    if case.scene.hides("nodes"):
        return from_message(LAYER, case, "the nodes may not be read")
    return reason(LAYER, "NoNodes", "the cluster has no nodes", str(case.scheduled.get("message") or ""))


def _fits(case: Case, found: Survey) -> Layer:
    gang = at_once(case)
    if gang:
        each = "1 node" if len(found.fits) == 1 else f"each of {len(found.fits)} nodes"
        return fine(LAYER, f"{each} could take one pod now: {listed(names(found.fits))}; the gang needs {gang} at once")
    where = f"{several(len(found.fits), 'node')} could take it now: {listed(names(found.fits))}"
    if not case.scheduled or case.spec.get("schedulingGates"):
        return fine(LAYER, where)
    unseen = case.scene.hides("pods")  # nodes look emptier than they are
    seen = "by the pods that may be read" if unseen else "by all that can be seen"
    message = f"{where}, {seen}; the scheduler said otherwise when it looked last"
    return reason(
        LAYER,
        "Fits",
        message,
        str(case.scheduled.get("message") or ""),
        next=case.kubectl("get", f"pod/{case.name}", "-w"),
        partial=bool(unseen),
    )


def _speak(found: Survey) -> Layer:
    """By what the closest nodes have against the pod."""
    match found.hardness:
        case 0:
            return _short(found)
        case 1:
            return _away(found)
        case 2:
            return _tainted(found)
        case 3:
            return _unreachable(found)
        case 4 | 5:
            return _never(found)
    return _unwanted(found)


# --- 0: when somebody leaves ------------------------------------------------------------------------------------------


def _short(found: Survey) -> Layer:
    """GPUs first; where some node has enough of them, what those nodes lack instead."""
    near = found.closest
    for resource in found.devices:
        enough = [one for one in near if not one.has("short", resource)]
        if not enough:
            return _gpus_short(found, near, resource)
        near = enough
    near = [one for one in near if one.has("short")] or near
    best = min(near, key=lambda one: (len(one.findings), one.name))
    return _other_short(found, near, best)


def _gpus_short(found: Survey, near: list[Seen], resource: str) -> Layer:
    best = max(near, key=lambda one: (found.free(one, resource), [-ord(c) for c in one.name]))
    need = found.pod.requests[resource]
    message = f"it needs {need} {resource} on one node, the best node {best.name} {_holds(found, best, resource)}"
    return reason(LAYER, "GpusShort", message, next=_TOP)


def _holds(found: Survey, best: Seen, resource: str) -> str:
    free = best.node.allocatable.get(resource, 0) - best.node.used.get(resource, 0)
    reserved = free - found.free(best, resource)
    if free < 0:
        return f"holds {-free} more than it has"
    has = f"has {free} free" if free else "has none free"
    return f"{has}, and {reserved} are reserved there for a pod that comes first" if reserved else has


def _other_short(found: Survey, near: list[Seen], best: Seen) -> Layer:
    """Nodes that have the GPUs and lack something else."""
    which = f"with enough {found.devices[0]} free" if found.devices else "that it could use"
    who = _the_nodes(near, which)
    finding = next((f for f in best.findings if f.kind == "short"), best.findings[0])
    describe = f"kubectl describe node {best.name}"
    match finding.kind:
        case "short":
            return _resource_short(found, near, finding.detail, which)
        case "pods":
            most = best.node.allocatable.get("pods", 0)
            does = "runs as many pods as it may" if len(near) == 1 else "run as many pods as they may"
            return reason(LAYER, "PodsPerNode", f"{who} {does} ({most} on {best.name})", next=describe)
        case "port":
            ports = listed(str(port) for _, port, _ in sorted(found.pod.ports))
            message = f"its host port {ports} is taken on {who.rstrip(',')}"
            return reason(LAYER, "HostPortTaken", message, next=describe)
        case "antiAffinity":
            message = f"pods that it must not run beside are on {who.rstrip(',')}"
            return reason(LAYER, "AntiAffinity", message, next=describe)
        case "spread":
            keys = listed(c["topologyKey"] for c in found.pod.spec.get("topologySpreadConstraints") or ())
            message = f"its spread over {keys} forbids {who.rstrip(',')}"
            return reason(LAYER, "SpreadUnmet", message, next=found.case.kubectl("get", "pods", "-o", "wide"))
    return reason(LAYER, "DevicesTaken", f"the devices it claims are not free on {who.rstrip(',')}", next=_TOP)


def _resource_short(found: Survey, near: list[Seen], resource: str, which: str) -> Layer:
    top = max(near, key=lambda one: (found.free(one, resource), [-ord(c) for c in one.name]))
    has, need = amount(resource, max(found.free(top, resource), 0)), amount(resource, found.pod.requests[resource])
    if len(near) == 1:
        where = f"the only node {which}, {top.name}, has {has} free"
    else:
        where = f"of the {len(near)} nodes {which} the best, {top.name}, has {has} free"
    message = f"it needs {need} {resource}, and {where}"
    return reason(LAYER, "ResourceShort", message, next=f"kubectl describe node {top.name}")


# --- 1 to 4: when somebody changes something --------------------------------------------------------------------------


def _away(found: Survey) -> Layer:
    would = [one for one in found.closest if one.only("cordoned")]
    ready = would or [one for one in found.closest if not one.has("notReady")]
    if ready:
        who = _the_nodes(ready, "that could take it" if would else "that it could use")
        message = f"{who} {be(len(ready))} cordoned"
        return reason(LAYER, "Cordoned", message, next=f"kubectl uncordon {names(ready)[0]}")
    who = _the_nodes(found.closest, "that it could use")
    message = f"{who} {be(len(found.closest))} not ready"
    return reason(LAYER, "NodesNotReady", message, next=f"kubectl describe node {names(found.closest)[0]}")


def _tainted(found: Survey) -> Layer:
    would = [one for one in found.closest if one.only("taint")]
    near = would or found.closest
    taints = Counter(f.detail for one in near for f in one.findings if f.kind == "taint")
    who = _the_nodes(near, "that could take it" if would else "that it could use")
    marks = listed(name for name, _ in taints.most_common())
    message = f"{who} {have(len(near))} the taint {marks}, which it does not tolerate"
    return reason(LAYER, "Taint", message, next=f"kubectl describe node {names(near)[0]}")


def _unreachable(found: Survey) -> Layer:
    near = found.closest
    describe = found.case.kubectl("get", f"pod/{found.case.name}", "-o", "yaml")
    first = next(f for f in near[0].findings if f.kind in ("affinity", "volume", "claimElsewhere", "other"))
    where = _the_nodes(near, "that it could use").rstrip(",")
    match first.kind:
        case "affinity":
            message = "it wants to run beside pods that run on no node it could use"
            return reason(LAYER, "Affinity", message, next=describe)
        case "claimElsewhere":
            return reason(LAYER, "ClaimElsewhere", "the devices of its claim are on another node", next=describe)
        case "volume":
            return reason(
                LAYER, "VolumeElsewhere", f"its volume cannot be used on {where}", first.detail, next=describe
            )
    return reason(LAYER, "NoNodeFits", f"{several(len(near), 'node')} refuse it: {first.detail}", next=describe)


def _unwanted(found: Survey) -> Layer:
    wishes = Counter(f.detail for one in found.closest for f in one.findings if f.kind == "selector")
    message = f"it wants a node with {listed(wish for wish, _ in wishes.most_common())}, and none is such"
    return reason(LAYER, "NodeSelector", message, next="kubectl get nodes --show-labels")


def _never(found: Survey) -> Layer:
    kind: Kind = "never" if found.hardness == 4 else "absent"
    near = [one for one in found.closest if one.has(kind)]
    resource = next(f.detail for f in near[0].findings if f.kind == kind)
    if resource.startswith(CLASS):
        message = f"no node that it could use has a device of class {resource.removeprefix(CLASS)}"
        return reason(LAYER, "DevicesNever", message, next="kubectl get resourceslices")
    largest = max(near, key=lambda one: (one.node.allocatable.get(resource, 0), [-ord(c) for c in one.name]))
    has, need = largest.node.allocatable.get(resource, 0), found.pod.requests[resource]
    picky = any(one.has("selector") for one in found.seen)
    which = "the largest of those it selects" if picky else "the largest node"
    owns = f"{which}, {largest.name}, has {amount(resource, has)} in all"
    if not has:
        owns = f"{_the_nodes(near, 'that it selects' if picky else 'that it could use')} {have(len(near))} none"
    message = f"it needs {amount(resource, need)} {resource} on one node, and {owns}"
    return reason(LAYER, "NeverFits", message, next=_TOP)


def _the_nodes(seen: Iterable[Seen], which: str) -> str:
    found = names(seen)
    if len(found) == 1:
        return f"the only node {which}, {found[0]},"
    return f"the {len(found)} nodes {which} ({listed(found)})"
