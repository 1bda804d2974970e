"""The rules an object must keep, with the API server's words for each broken one. All broken rules are told at once.

Source: `pkg/apis/*/validation`, apimachinery `pkg/api/validation` and `pkg/util/validation`.
"""

from collections.abc import Callable, Iterator

from k8sai.sim import customs, definition_rules, lifecycle, podrules, status
from k8sai.sim.kinds import Resource, find
from k8sai.sim.memory import Memory
from k8sai.sim.naming import LABEL, LABEL_RULE, SUBDOMAIN, SUBDOMAIN_RULE, key_problems, value_problems
from k8sai.sim.objects import Obj, deleting, name_of
from k8sai.sim.status import Cause, forbidden_value, invalid_value, required, unsupported_value

NAMESPACES = find("", "namespaces")

_SERVICE_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_SHORT_NAMES = ("Namespace", "Service")
_WORKLOADS = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet")
_ANY_NAME = "rbac.authorization.k8s.io"
_REFERENCE = (("APIGroup", "apiGroup"), ("Kind", "kind"), ("Name", "name"))


def check_new(store: Memory, resource: Resource, obj: Obj) -> None:
    """ApiFailure 422 with every broken rule of a new object."""
    causes = [*_metadata(resource, obj), *_kind(resource, obj), *customs.causes(resource, obj)]
    causes += lifecycle.problems(resource, obj, None)
    if causes:
        raise status.invalid(resource, name_of(obj), causes)


def check_changed(resource: Resource, new: Obj, old: Obj, subresource: str) -> None:
    """ApiFailure 422 with every broken rule of an update, changes to what must not change among them."""
    causes = [*_metadata(resource, new), *_finalizers(new, old)]
    if new.get("spec") != old.get("spec") or "spec" not in new:
        causes += [*_kind(resource, new), *_unchangeable(resource, new, old, subresource)]
    causes += [*customs.causes(resource, new, old), *lifecycle.problems(resource, new, old)]
    if causes:
        raise status.invalid(resource, name_of(new), causes)


def check_status(resource: Resource, new: Obj) -> None:
    """ApiFailure 422 for a status that cannot be."""
    causes = list(_budget_status(new)) if resource.kind == "PodDisruptionBudget" else []
    if causes:
        raise status.invalid(resource, name_of(new), causes)


def _budget_status(obj: Obj) -> Iterator[Cause]:
    for key in ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"):
        yield from _not_negative(obj["status"], key, "status")


def _metadata(resource: Resource, obj: Obj) -> Iterator[Cause]:
    meta = obj["metadata"]
    name = meta.get("name")
    if not name:
        yield required("metadata.name", "name or generateName is required")
    elif resource.group == _ANY_NAME:
        if name in (".", "..") or "/" in name or "%" in name:
            yield invalid_value("metadata.name", name, "may not contain '/'")
    elif not isinstance(name, str):
        yield invalid_value("metadata.name", name, "must be a string")
    elif resource.kind in _SHORT_NAMES:
        if len(name) > 63:
            yield invalid_value("metadata.name", name, "must be no more than 63 bytes")
        if resource.kind == "Namespace" and "." in name:
            yield invalid_value("metadata.name", name, "must not contain dots")
        elif not LABEL.fullmatch(name):
            yield invalid_value("metadata.name", name, LABEL_RULE)
    else:
        if len(name) > 253:
            yield invalid_value("metadata.name", name, "must be no more than 253 bytes")
        if not SUBDOMAIN.fullmatch(name):
            yield invalid_value("metadata.name", name, SUBDOMAIN_RULE)
    yield from labels(meta.get("labels"), "metadata.labels")
    for key in meta.get("annotations") or ():
        yield from _key(key.lower(), key, "metadata.annotations")
    for at, owner in enumerate(meta.get("ownerReferences") or ()):
        for part in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(part):
                path = f"metadata.ownerReferences[{at}].{part}"
                yield invalid_value(path, "", "must not be empty")


def labels(found: object, path: str) -> Iterator[Cause]:
    """The broken rules of a label map."""
    if not isinstance(found, dict):
        return
    for key, value in found.items():
        yield from _key(key, key, path)
        text = value if isinstance(value, str) else str(value)
        for problem in value_problems(text):
            yield invalid_value(path, text, problem)


def _key(tested: str, shown: str, path: str) -> Iterator[Cause]:
    for problem in key_problems(tested):
        yield invalid_value(path, shown, problem)


def _finalizers(new: Obj, old: Obj) -> Iterator[Cause]:
    if not deleting(old):
        return
    before = old["metadata"].get("finalizers") or ()
    added = [one for one in new["metadata"].get("finalizers") or () if one not in before]
    if added:
        shown = ", ".join(f'"{one}"' for one in added)
        text = "no new finalizers can be added if the object is being deleted, found new finalizers "
        yield forbidden_value("metadata.finalizers", f"{text}[]string{{{shown}}}")


def _kind(resource: Resource, obj: Obj) -> Iterator[Cause]:
    rule = _KINDS.get((resource.group, resource.kind))
    if rule is not None:
        yield from rule(obj)


def _pod(obj: Obj) -> Iterator[Cause]:
    spec = obj.get("spec") or {}
    yield from lifecycle.pod_problems(spec)
    yield from labels(spec.get("nodeSelector"), "spec.nodeSelector")
    yield from podrules.spec_causes(spec, "spec")


def _lease(obj: Obj) -> Iterator[Cause]:
    seconds = (obj.get("spec") or {}).get("leaseDurationSeconds")
    if seconds is not None and int(seconds) <= 0:
        yield invalid_value("spec.leaseDurationSeconds", seconds, "must be greater than 0")


def _workload(obj: Obj) -> Iterator[Cause]:
    spec = obj.get("spec", {})
    if "replicas" in spec:
        yield from _not_negative(spec, "replicas")
    selector = spec.get("selector")
    if not selector:
        yield required("spec.selector")
    template = spec.get("template") or {}
    found = template.get("metadata", {}).get("labels") or {}
    wanted = (selector or {}).get("matchLabels") or {} if isinstance(selector, dict) else {}
    if not selector or any(found.get(key) != value for key, value in wanted.items()):
        yield invalid_value(
            "spec.template.metadata.labels", found or None, "`selector` does not match template `labels`"
        )
    claims = bool(spec.get("volumeClaimTemplates"))
    yield from podrules.spec_causes(template.get("spec") or {}, "spec.template.spec", more_volumes=claims)
    policy = (template.get("spec") or {}).get("restartPolicy", "Always")
    if policy != "Always":
        yield status.unsupported_value("spec.template.spec.restartPolicy", policy, ("Always",))


def _job(obj: Obj) -> Iterator[Cause]:
    spec = obj.get("spec", {})
    for key in ("parallelism", "completions", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished"):
        yield from _not_negative(spec, key)
    if spec.get("completionMode") == "Indexed" and spec.get("completions") is None:
        yield required("spec.completions", "when completion mode is Indexed")
    template = (spec.get("template") or {}).get("spec") or {}
    yield from podrules.spec_causes(template, "spec.template.spec")
    if template.get("restartPolicy") == "Always":
        text = 'Required value: valid values: "OnFailure", "Never"'
        yield Cause("spec.template.spec.restartPolicy", "FieldValueRequired", text)


def _pod_template(obj: Obj) -> Iterator[Cause]:
    yield from podrules.spec_causes((obj.get("template") or {}).get("spec") or {}, "template.spec")


def _budget(obj: Obj) -> Iterator[Cause]:
    spec = obj.get("spec", {})
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        yield invalid_value("spec", {}, "minAvailable and maxUnavailable cannot be both set")


def _service(obj: Obj) -> Iterator[Cause]:
    spec = obj.get("spec", {})
    if not spec.get("ports") and spec.get("type") != "ExternalName" and spec.get("clusterIP") != "None":
        yield required("spec.ports")
    if spec.get("type", "ClusterIP") not in _SERVICE_TYPES:
        yield unsupported_value("spec.type", spec["type"], _SERVICE_TYPES)


def _priority_class(obj: Obj) -> Iterator[Cause]:
    value, name = obj.get("value", 0), name_of(obj)
    if isinstance(value, int) and value > 1_000_000_000 and not name.startswith("system-"):
        text = "maximum allowed value of a user defined priority is 1000000000"
        yield forbidden_value("value", text)


def _not_negative(spec: Obj, key: str, part: str = "spec") -> Iterator[Cause]:
    value = spec.get(key)
    if isinstance(value, int) and value < 0:
        yield invalid_value(f"{part}.{key}", value, "must be greater than or equal to 0")


def _unchangeable(resource: Resource, new: Obj, old: Obj, subresource: str) -> Iterator[Cause]:
    spec, was = new.get("spec") or {}, old.get("spec") or {}
    if resource.kind == "Pod" and not subresource:
        yield from podrules.update_causes(spec, was)
    elif resource.kind == "Job":
        gated = bool(was.get("suspend"))
        mutable_completions = spec.get("completionMode") == "Indexed"
        fixed = ("selector", "completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy")
        for key in (*fixed, *(() if gated else ("template",)), *(() if mutable_completions else ("completions",))):
            if spec.get(key) != was.get(key):
                yield invalid_value(f"spec.{key}", spec.get(key), "field is immutable")
    elif resource.kind in _WORKLOADS and spec.get("selector") != was.get("selector"):
        yield invalid_value("spec.selector", spec.get("selector"), "field is immutable")
    elif resource.kind == "PriorityClass" and new.get("value") != old.get("value"):
        yield forbidden_value("value", "may not be changed in an update.")
    elif resource.group == _ANY_NAME and new.get("roleRef") != old.get("roleRef"):
        found = new.get("roleRef") or {}
        shown = {name: found.get(key, "") for name, key in _REFERENCE}
        yield invalid_value("roleRef", shown, "field is immutable")
    elif resource.kind == "CustomResourceDefinition":
        yield from definition_rules.unchangeable(spec, was)
    elif resource.group == "" and resource.kind in ("ConfigMap", "Secret") and old.get("immutable"):
        yield from _sealed(new, old)
    elif resource.kind == "ResourceClaim" and spec != was:
        yield invalid_value("spec", spec, "field is immutable")
    if resource.kind == "StatefulSet" and spec.get("serviceName") != was.get("serviceName"):
        allowed = "'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', "
        allowed += "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds'"
        yield forbidden_value("spec", f"updates to statefulset spec for fields other than {allowed} are forbidden")


def _sealed(new: Obj, old: Obj) -> Iterator[Cause]:
    """ValidateConfigMapUpdate, ValidateSecretUpdate: once immutable, always."""
    said = "field is immutable when `immutable` is set"
    if not new.get("immutable"):
        yield forbidden_value("immutable", said)
    for key in ("data", "binaryData"):
        if (new.get(key) or {}) != (old.get(key) or {}):
            yield forbidden_value(key, said)


_KINDS: dict[tuple[str, str], Callable[[Obj], Iterator[Cause]]] = {
    ("", "Pod"): _pod,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): definition_rules.causes,
    ("", "PodTemplate"): _pod_template,
    ("", "Service"): _service,
    ("apps", "DaemonSet"): _workload,
    ("apps", "Deployment"): _workload,
    ("apps", "ReplicaSet"): _workload,
    ("apps", "StatefulSet"): _workload,
    ("batch", "Job"): _job,
    ("coordination.k8s.io", "Lease"): _lease,
    ("policy", "PodDisruptionBudget"): _budget,
    ("scheduling.k8s.io", "PriorityClass"): _priority_class,
}
