"""Defaults of a pod's spec, and of the pod templates inside workloads.

Source: `pkg/apis/core/v1/defaults.go`, and the admission plugins Priority and DefaultTolerationSeconds.
"""

from decimal import Decimal
from typing import Any

from k8sai import quantity
from k8sai.sim import status
from k8sai.sim.kinds import find
from k8sai.sim.memory import Memory
from k8sai.sim.objects import Obj
from k8sai.sim.podparts import fill_container_parts, fill_volumes

PRIORITY_CLASSES = find("scheduling.k8s.io", "priorityclasses")
_PODS = find("", "pods")
_ACCOUNTS = find("", "serviceaccounts")
_EVICTING = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_BINARY = ("Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL = (("E", 18), ("P", 15), ("T", 12), ("G", 9), ("M", 6), ("k", 3), ("", 0), ("m", -3), ("u", -6), ("n", -9))


def canonical(raw: str | int | float) -> str:
    """The quantity as the API server writes it back: `0.5` is `500m`, `1024Mi` is `1Gi`. Raises BadQuantity."""
    value = quantity.parse(raw)
    if value == 0:
        return "0"
    if str(raw).endswith("i") and abs(value) >= 1024 and value == int(value):
        number, unit = int(value), ""
        for suffix in _BINARY:
            if number % 1024:
                break
            number, unit = number // 1024, suffix
        return f"{number}{unit}"
    for suffix, power in _DECIMAL:
        scaled = value / (Decimal(10) ** power)
        if scaled == scaled.to_integral_value():
            return f"{int(scaled)}{suffix}"
    return str(raw)


def canonical_amounts(amounts: Obj | None, kind: str, version: str) -> None:
    """Rewrite the quantities of a resource list in place. ApiFailure 400 where one is none."""
    for name, raw in (amounts or {}).items():
        try:
            amounts[name] = canonical(raw)  # type: ignore[index]
        except quantity.BadQuantity:
            rule = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
            raise status.bad_request(f'{kind} in version "{version}" cannot be handled as a {kind}: {rule}') from None


def fill_pod(store: Memory, pod: Obj) -> None:
    """Defaults and admission of a new pod."""
    spec = pod.setdefault("spec", {})
    fill_spec(spec, "Pod", "v1")
    for container in containers(spec):
        _requests_from_limits(container)
    spec.setdefault("enableServiceLinks", True)
    spec.setdefault("serviceAccountName", "default")
    spec["serviceAccount"] = spec["serviceAccountName"]
    if int(spec["terminationGracePeriodSeconds"]) < 0:
        spec["terminationGracePeriodSeconds"] = 1
    _check_account(store, pod)
    _set_priority(store, pod)
    _set_tolerations(spec)
    phase: Obj = {"phase": "Pending", "qosClass": qos_class(spec)}
    if spec.get("schedulingGates"):
        gate = "Scheduling is blocked due to non-empty scheduling gates"
        condition = {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated", "message": gate}
        phase["conditions"] = [
            {**condition, "lastProbeTime": None, "lastTransitionTime": pod["metadata"]["creationTimestamp"]}
        ]
    pod["status"] = phase


def fill_template(template: Obj | None, kind: str, version: str) -> None:
    """Defaults of a pod template inside a workload."""
    if isinstance(template, dict) and isinstance(template.get("spec"), dict):
        template.setdefault("metadata", {})
        fill_spec(template["spec"], kind, version)


def fill_spec(spec: Obj, kind: str, version: str) -> None:
    """What pods and pod templates share."""
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("schedulerName", "default-scheduler")
    spec.setdefault("securityContext", {})
    spec.setdefault("terminationGracePeriodSeconds", 30)
    fill_volumes(spec)
    for container in containers(spec):
        _fill_container(container)
        fill_container_parts(container)
        resources = container.setdefault("resources", {})
        canonical_amounts(resources.get("limits"), kind, version)
        canonical_amounts(resources.get("requests"), kind, version)
    canonical_amounts(spec.get("overhead"), kind, version)


def containers(spec: Obj) -> list[Obj]:
    """Init containers and containers."""
    found = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    return [one for one in found if isinstance(one, dict)]


def qos_class(spec: Obj) -> str:
    """Guaranteed, Burstable or BestEffort."""
    asked = [one.get("resources", {}) for one in containers(spec)]
    kinds = ("cpu", "memory")
    if not any(
        r.get(side, {}).get(kind, "0") != "0" for r in asked for side in ("requests", "limits") for kind in kinds
    ):
        return "BestEffort"
    full = all(
        r.get("limits", {}).get(kind) and r.get("requests", {}).get(kind) == r["limits"][kind]
        for r in asked
        for kind in kinds
    )
    return "Guaranteed" if full else "Burstable"


def _fill_container(container: Obj) -> None:
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    if "imagePullPolicy" not in container and container.get("image"):
        name = str(container["image"]).rpartition("/")[2]
        latest = "@" not in name and (":" not in name or name.endswith(":latest"))
        container["imagePullPolicy"] = "Always" if latest else "IfNotPresent"
    for port in container.get("ports") or ():
        port.setdefault("protocol", "TCP")


def _requests_from_limits(container: Obj) -> None:
    limits = container["resources"].get("limits")
    if limits:
        requests = container["resources"].setdefault("requests", {})
        for name, amount in limits.items():
            requests.setdefault(name, amount)


def _check_account(store: Memory, pod: Obj) -> None:
    meta, account = pod["metadata"], pod["spec"]["serviceAccountName"]
    if store.find(_ACCOUNTS, meta["namespace"], account) is None:
        why = f'error looking up service account {meta["namespace"]}/{account}: serviceaccount "{account}" not found'
        raise status.refused(_PODS, meta.get("name", ""), why)


def _set_priority(store: Memory, pod: Obj) -> None:
    spec = pod["spec"]
    name = spec.get("priorityClassName") or ""
    chosen: Obj | None = None
    if name:
        chosen = store.find(PRIORITY_CLASSES, "", name)
        if chosen is None:
            raise status.refused(_PODS, pod["metadata"].get("name", ""), f"no PriorityClass with name {name} was found")
    else:
        defaults = [one for one in store.list(PRIORITY_CLASSES) if one.get("globalDefault")]
        if defaults:
            chosen = min(defaults, key=lambda one: int(one["value"]))
            spec["priorityClassName"] = chosen["metadata"]["name"]
    value = int(chosen["value"]) if chosen else 0
    if spec.get("priority") not in (None, value):
        why = f"the integer value of priority ({spec['priority']}) must not be provided in pod spec; "
        why += f"priority admission controller computed {value} from the given PriorityClass name"
        raise status.refused(_PODS, pod["metadata"].get("name", ""), why)
    spec["priority"] = value
    policy = (chosen or {}).get("preemptionPolicy", "PreemptLowerPriority")
    spec.setdefault("preemptionPolicy", policy)


def _set_tolerations(spec: Obj) -> None:
    tolerations: list[dict[str, Any]] = spec.setdefault("tolerations", [])
    for key in _EVICTING:
        covers = (
            t
            for t in tolerations
            if t.get("key", key) in (key, "") and t.get("effect", "NoExecute") in ("NoExecute", "")
        )
        if not any(covers):
            tolerations.append({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300})
