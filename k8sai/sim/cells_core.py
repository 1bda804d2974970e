"""Table cells of the core kinds, of leases, of RBAC and of classes.

Source: `pkg/printers/internalversion/printers.go`.
"""

from collections.abc import Iterable
from typing import Any

from k8sai.ages import epoch, human
from k8sai.sim.objects import Obj, name_of

Cells = list[Any]
_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
_ROLE = "node-role.kubernetes.io/"


def since(stamp: Any, now: float) -> str:
    """How long ago an RFC 3339 time was."""
    return human(now - epoch(str(stamp))) if stamp else "<unknown>"


def age(obj: Obj, now: float) -> str:
    """Time since creation."""
    return since(obj["metadata"].get("creationTimestamp"), now)


def pairs(labels: dict[str, str] | None) -> str:
    """`a=b,c=d`, or <none>."""
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())) or "<none>"


def created(obj: Obj, now: float) -> Cells:
    """Name and creation time."""
    return [name_of(obj), obj["metadata"].get("creationTimestamp")]


def namespace(obj: Obj, now: float) -> Cells:
    """A Namespace."""
    return [name_of(obj), obj.get("status", {}).get("phase", ""), age(obj, now)]


def node(obj: Obj, now: float) -> Cells:
    """A Node."""
    status, spec = obj.get("status", {}), obj.get("spec", {})
    ready = [c for c in status.get("conditions") or () if c.get("type") == "Ready"]
    words = [("Ready" if c.get("status") == "True" else "NotReady") for c in ready] or ["Unknown"]
    if spec.get("unschedulable"):
        words.append("SchedulingDisabled")
    info = status.get("nodeInfo", {})
    return [
        name_of(obj),
        ",".join(words),
        ",".join(_roles(obj["metadata"].get("labels") or {})) or "<none>",
        age(obj, now),
        info.get("kubeletVersion", ""),
        _address(status, "InternalIP"),
        _address(status, "ExternalIP"),
        info.get("osImage") or "<unknown>",
        _kernel(info),
        info.get("containerRuntimeVersion") or "<unknown>",
    ]


def _kernel(info: Obj) -> str:
    version, machine = info.get("kernelVersion") or "<unknown>", info.get("architecture")
    return f"{version} ({machine})" if machine else str(version)


def _roles(labels: dict[str, str]) -> list[str]:
    found = {key.removeprefix(_ROLE) for key in labels if key.startswith(_ROLE) and key != _ROLE}
    if labels.get("kubernetes.io/role"):
        found.add(labels["kubernetes.io/role"])
    return sorted(found)


def _address(status: Obj, kind: str) -> str:
    found = [one["address"] for one in status.get("addresses") or () if one.get("type") == kind]
    return found[0] if found else "<none>"


def config_map(obj: Obj, now: float) -> Cells:
    """A ConfigMap."""
    return [name_of(obj), len(obj.get("data") or ()) + len(obj.get("binaryData") or ()), age(obj, now)]


def secret(obj: Obj, now: float) -> Cells:
    """A Secret; its data is only counted."""
    return [name_of(obj), obj.get("type", ""), len(obj.get("data") or ()), age(obj, now)]


def service(obj: Obj, now: float) -> Cells:
    """A Service."""
    spec = obj.get("spec", {})
    ports = [_service_port(port) for port in spec.get("ports") or ()]
    external = ",".join(spec.get("externalIPs") or ()) or "<none>"
    if spec.get("type") == "ExternalName":
        external = spec.get("externalName", "")
    elif spec.get("type") == "LoadBalancer":
        ingress = obj.get("status", {}).get("loadBalancer", {}).get("ingress") or ()
        external = ",".join(one.get("ip") or one.get("hostname", "") for one in ingress) or "<pending>"
    cluster_ip = spec.get("clusterIP") or "<none>"
    shown = ",".join(ports) or "<none>"
    return [name_of(obj), spec.get("type", ""), cluster_ip, external, shown, age(obj, now), pairs(spec.get("selector"))]


def _service_port(port: Obj) -> str:
    outside = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port.get('port')}{outside}/{port.get('protocol', 'TCP')}"


def event(obj: Obj, now: float) -> Cells:
    """An Event of either API group."""
    first, last = obj.get("firstTimestamp"), obj.get("lastTimestamp")
    seen = since(last, now) if last else since(first or obj.get("eventTime"), now)
    begun = since(first or obj.get("eventTime"), now)
    series = obj.get("series") or {}
    if series.get("lastObservedTime"):
        seen = since(series["lastObservedTime"], now)
    about = obj.get("involvedObject") or obj.get("regarding") or {}
    source = obj.get("source") or obj.get("deprecatedSource") or {}
    parts = [source.get("component") or obj.get("reportingComponent") or obj.get("reportingController") or ""]
    host = source.get("host") or obj.get("reportingInstance")
    if host:
        parts.append(host)
    return [
        seen,
        obj.get("type", ""),
        obj.get("reason", ""),
        f"{about.get('kind', '').lower()}/{about.get('name', '')}",
        about.get("fieldPath", ""),
        ", ".join(parts),
        (obj.get("message") or obj.get("note") or "").strip(),
        begun,
        series.get("count") or obj.get("count") or obj.get("deprecatedCount") or 1,
        name_of(obj),
    ]


def endpoints(obj: Obj, now: float) -> Cells:
    """An Endpoints."""
    found = [
        f"{address['ip']}:{port['port']}"
        for subset in obj.get("subsets") or ()
        for port in subset.get("ports") or ()
        for address in subset.get("addresses") or ()
    ]
    return [name_of(obj), _first(found, 3, "<none>"), age(obj, now)]


def endpoint_slice(obj: Obj, now: float) -> Cells:
    """An EndpointSlice."""
    ports = [str(port.get("port", "*")) for port in obj.get("ports") or ()]
    found = [address for one in obj.get("endpoints") or () for address in one.get("addresses") or ()]
    return [
        name_of(obj),
        obj.get("addressType", ""),
        _first(ports, 3, "<unset>"),
        _first(found, 3, "<unset>"),
        age(obj, now),
    ]


def _first(found: list[str], most: int, none: str) -> str:
    more = f" + {len(found) - most} more..." if len(found) > most else ""
    return ",".join(found[:most]) + more or none


def _modes(modes: Iterable[str]) -> str:
    return ",".join(_MODES.get(mode, mode) for mode in modes)


def volume(obj: Obj, now: float) -> Cells:
    """A PersistentVolume."""
    spec, status = obj.get("spec", {}), obj.get("status", {})
    bound = spec.get("claimRef") or {}
    return [
        name_of(obj),
        spec.get("capacity", {}).get("storage", "0"),
        _modes(spec.get("accessModes") or ()),
        spec.get("persistentVolumeReclaimPolicy", ""),
        "Terminating" if "deletionTimestamp" in obj["metadata"] else status.get("phase", ""),
        f"{bound['namespace']}/{bound['name']}" if bound else "",
        spec.get("storageClassName", ""),
        spec.get("volumeAttributesClassName") or "<unset>",
        status.get("reason", ""),
        age(obj, now),
        spec.get("volumeMode") or "<unset>",
    ]


def volume_claim(obj: Obj, now: float) -> Cells:
    """A PersistentVolumeClaim."""
    spec, status = obj.get("spec", {}), obj.get("status", {})
    bound = spec.get("volumeName", "")
    return [
        name_of(obj),
        "Terminating" if "deletionTimestamp" in obj["metadata"] else status.get("phase", ""),
        bound,
        status.get("capacity", {}).get("storage", "0") if bound else "",
        _modes(status.get("accessModes") or ()) if bound else "",
        spec.get("storageClassName", ""),
        spec.get("volumeAttributesClassName") or "<unset>",
        age(obj, now),
        spec.get("volumeMode") or "<unset>",
    ]


def quota(obj: Obj, now: float) -> Cells:
    """A ResourceQuota."""
    hard, used = obj.get("spec", {}).get("hard") or {}, obj.get("status", {}).get("used") or {}
    requests = [f"{key}: {used.get(key, '0')}/{hard[key]}" for key in sorted(hard) if not key.startswith("limits.")]
    limits = [f"{key}: {used.get(key, '0')}/{hard[key]}" for key in sorted(hard) if key.startswith("limits.")]
    return [name_of(obj), ", ".join(requests), ", ".join(limits), age(obj, now)]


def lease(obj: Obj, now: float) -> Cells:
    """A Lease."""
    return [name_of(obj), obj.get("spec", {}).get("holderIdentity", ""), age(obj, now)]


def priority_class(obj: Obj, now: float) -> Cells:
    """A PriorityClass."""
    policy = obj.get("preemptionPolicy", "")
    return [name_of(obj), obj.get("value", 0), bool(obj.get("globalDefault")), age(obj, now), policy]


def storage_class(obj: Obj, now: float) -> Cells:
    """A StorageClass, the default one marked."""
    marks = obj["metadata"].get("annotations") or {}
    default = marks.get("storageclass.kubernetes.io/is-default-class") == "true"
    return [
        name_of(obj) + (" (default)" if default else ""),
        obj.get("provisioner", ""),
        obj.get("reclaimPolicy", ""),
        obj.get("volumeBindingMode", ""),
        bool(obj.get("allowVolumeExpansion")),
        age(obj, now),
    ]


def role_binding(obj: Obj, now: float) -> Cells:
    """A RoleBinding or ClusterRoleBinding."""
    role = obj.get("roleRef", {})
    subjects = obj.get("subjects") or ()
    users = ", ".join(one.get("name", "") for one in subjects if one.get("kind") == "User")
    groups = ", ".join(one.get("name", "") for one in subjects if one.get("kind") == "Group")
    accounts = [one for one in subjects if one.get("kind") == "ServiceAccount"]
    named = ", ".join(f"{one.get('namespace', '')}/{one.get('name', '')}" for one in accounts)
    return [name_of(obj), f"{role.get('kind')}/{role.get('name')}", age(obj, now), users, groups, named]
