"""The rules of a pod's spec, and what of it may change afterwards.

Source: `pkg/apis/core/validation/validation.go`.
"""

from collections.abc import Iterator
from typing import Any

from k8sai import quantity
from k8sai.sim.naming import LABEL, LABEL_RULE
from k8sai.sim.objects import Obj
from k8sai.sim.status import Cause, duplicate_value, forbidden_value, invalid_value, required, unsupported_value

_POLICIES = ("Always", "Never", "OnFailure")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_OPERATORS = ("Equal", "Exists")
_MUTABLE = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)
_FREE = ("containers", "initContainers", "activeDeadlineSeconds", "tolerations", "schedulingGates")


def spec_causes(spec: Obj, path: str, more_volumes: bool = False) -> Iterator[Cause]:
    """The broken rules of a pod spec at a path; with `more_volumes` pods get some that the spec does not list."""
    if not spec.get("containers"):
        yield required(f"{path}.containers")
    seen: set[str] = set()
    for group in ("initContainers", "containers"):
        for at, container in enumerate(spec.get(group) or ()):
            place = f"{path}.{group}[{at}]"
            name = container.get("name")
            if name and name in seen:
                yield duplicate_value(f"{place}.name", name)
            seen.add(name or "")
            yield from _container(container, place)
            if not more_volumes:
                yield from _mounts(container, spec, place)
    if spec.get("restartPolicy", "Always") not in _POLICIES:
        yield unsupported_value(f"{path}.restartPolicy", spec["restartPolicy"], _POLICIES)
    for at, toleration in enumerate(spec.get("tolerations") or ()):
        operator = toleration.get("operator")
        if operator and operator not in _OPERATORS:
            yield unsupported_value(f"{path}.tolerations[{at}].operator", operator, _OPERATORS)
        effect = toleration.get("effect")
        if effect and effect not in _EFFECTS:
            yield unsupported_value(f"{path}.tolerations[{at}].effect", effect, _EFFECTS)
    for at, spread in enumerate(spec.get("topologySpreadConstraints") or ()):
        skew = spread.get("maxSkew", 0)
        if skew <= 0:
            yield invalid_value(f"{path}.topologySpreadConstraints[{at}].maxSkew", skew, "must be greater than zero")
    yield from _claims(spec, path)


def _mounts(container: Obj, spec: Obj, path: str) -> Iterator[Cause]:
    """Containers may mount only volumes that the pod has, and no two at one place."""
    volumes = {volume.get("name") for volume in spec.get("volumes") or ()}
    taken: set[str] = set()
    for at, mount in enumerate(container.get("volumeMounts") or ()):
        place = f"{path}.volumeMounts[{at}]"
        if mount.get("name") not in volumes:
            yield Cause(f"{place}.name", "FieldValueNotFound", f'Not found: "{mount.get("name")}"')
        if mount.get("mountPath") in taken:
            yield invalid_value(f"{place}.mountPath", mount["mountPath"], "must be unique")
        taken.add(mount.get("mountPath", ""))


def _claims(spec: Obj, path: str) -> Iterator[Cause]:
    """Containers may use only claims that the pod names."""
    known = [str(claim.get("name")) for claim in spec.get("resourceClaims") or ()]
    for at, container in enumerate(spec.get("containers") or ()):
        for index, claim in enumerate((container.get("resources") or {}).get("claims") or ()):
            if claim.get("name") not in known:
                place = f"{path}.containers[{at}].resources.claims[{index}]"
                names = "which is empty" if not known else "[" + " ".join(known) + "]"
                rule = f"must be one of the names in pod.spec.resourceClaims {names}"
                yield Cause(place, "FieldValueNotFound", f'Not found: "{claim.get("name")}": {rule}')


def _container(container: Obj, path: str) -> Iterator[Cause]:
    name = container.get("name")
    if not name:
        yield required(f"{path}.name")
    elif not LABEL.fullmatch(str(name)):
        yield invalid_value(f"{path}.name", name, LABEL_RULE)
    if not container.get("image"):
        yield required(f"{path}.image")
    for at, variable in enumerate(container.get("env") or ()):
        if not variable.get("name"):
            yield required(f"{path}.env[{at}].name")
        if variable.get("value") and variable.get("valueFrom"):
            text = "may not be specified when `value` is not empty"
            yield Cause(f"{path}.env[{at}].valueFrom", "FieldValueInvalid", f'Invalid value: "": {text}')
    named = [port.get("name") for port in container.get("ports") or ()]
    for at, port in enumerate(named):
        if port and port in named[:at]:
            yield duplicate_value(f"{path}.ports[{at}].name", port)
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        get = (container.get(probe) or {}).get("httpGet")
        if get and not get.get("port"):
            yield invalid_value(f"{path}.{probe}.httpGet.port", 0, "must be between 1 and 65535, inclusive")
    resources = container.get("resources") or {}
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for side, amounts in (("limits", limits), ("requests", requests)):
        for resource, amount in amounts.items():
            yield from _amount(resource, amount, f"{path}.resources.{side}")
    for resource, amount in requests.items():
        yield from _request(resource, amount, limits.get(resource), f"{path}.resources")


def _amount(resource: str, amount: Any, path: str) -> Iterator[Cause]:
    value = quantity.parse(amount)
    if value < 0:
        yield invalid_value(f"{path}[{resource}]", amount, "must be greater than or equal to 0")
    if extended(resource) and value != int(value):
        yield invalid_value(f"{path}[{resource}]", amount, "must be an integer")
    if "/" not in resource and resource not in ("cpu", "memory", "ephemeral-storage") and "hugepages-" not in resource:
        yield invalid_value(f"{path}[{resource}]", resource, "must be a standard resource for containers")


def _request(resource: str, amount: Any, limit: Any, path: str) -> Iterator[Cause]:
    if limit is None:
        if extended(resource):
            yield required(f"{path}.limits", "Limit must be set for non overcommitable resources")
        return
    if extended(resource) and quantity.parse(amount) != quantity.parse(limit):
        yield invalid_value(f"{path}.requests", str(amount), f"must be equal to {resource} limit of {limit}")
    elif quantity.parse(amount) > quantity.parse(limit):
        yield invalid_value(
            f"{path}.requests", str(amount), f"must be less than or equal to {resource} limit of {limit}"
        )


def extended(resource: str) -> bool:
    """Whether it is a device resource: whole numbers, never overcommitted."""
    return "/" in resource and not resource.startswith(("kubernetes.io/", "requests."))


def update_causes(spec: Obj, was: Obj) -> Iterator[Cause]:
    """What an update changed that must stay."""
    gates = {gate.get("name") for gate in was.get("schedulingGates") or ()}
    if any(gate.get("name") not in gates for gate in spec.get("schedulingGates") or ()):
        text = "only deletion is allowed, but found new scheduling gate"
        yield forbidden_value("spec.schedulingGates", text)
    free = {*_FREE, "nodeSelector", "affinity"} if gates else {*_FREE}
    grace = was.get("terminationGracePeriodSeconds")
    if isinstance(grace, int) and grace < 0:
        free.add("terminationGracePeriodSeconds")
    fixed = {key: spec.get(key) for key in {*spec, *was} if key not in free}
    if fixed != {key: was.get(key) for key in {*spec, *was} if key not in free}:
        yield forbidden_value("spec", _MUTABLE)
        return
    for group in ("containers", "initContainers"):
        if _without_image(spec.get(group)) != _without_image(was.get(group)):
            yield forbidden_value("spec", _MUTABLE)
            return
    kept = spec.get("tolerations") or []
    if any(toleration not in kept for toleration in was.get("tolerations") or ()):
        text = "existing toleration can not be modified except its tolerationSeconds"
        if not _seconds_only(kept, was.get("tolerations") or []):
            yield forbidden_value("spec.tolerations", text)


def _without_image(containers: Any) -> list[Obj]:
    return [{k: v for k, v in one.items() if k not in ("image", "imagePullPolicy")} for one in containers or ()]


def _seconds_only(now: list[Obj], before: list[Obj]) -> bool:
    def bare(toleration: Obj) -> Obj:
        return {key: value for key, value in toleration.items() if key != "tolerationSeconds"}

    shapes = [bare(one) for one in now]
    return all(bare(one) in shapes for one in before)
