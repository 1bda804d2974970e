"""What the pods of the set refer to by name: is it there. Of Secrets only whether they exist, never what is in them."""

from collections.abc import Iterator
from dataclasses import dataclass

from k8sai.cluster.writing import Target
from k8sai.deploy.check import Check, Look
from k8sai.deploy.paths import Json
from k8sai.errors import ClusterError, Forbidden
from k8sai.pod_specs import pod_specs

_BOUND_LATER = "WaitForFirstConsumer"


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """Something named by a pod; without `namespace` it is of the whole cluster."""

    group: str
    version: str
    kind: str
    namespace: str
    name: str


def references(look: Look) -> Iterator[Check]:
    """Secrets, ConfigMaps, service accounts, priority and runtime classes: there, or brought by the set."""
    wanted: dict[Reference, str] = {}
    for item in look.placed.items:
        for pod in pod_specs(item.manifest.object):
            for one in _named(pod.spec, item.target.namespace):
                wanted.setdefault(one, item.target.ref)
    missing = hidden = 0
    for one, user in sorted(wanted.items()):
        there = _there(look, one)
        hidden += there is None
        if there is False:
            missing += 1
            place = f" in namespace {one.namespace}" if one.namespace else ""
            yield Check(
                "references",
                "warn",
                f"{user} names {one.kind} {one.name}, and there is none{place}",
                "its pods wait until there is one",
            )
    if hidden:
        yield Check("references", "warn", f"{hidden} of {len(wanted)} objects that pods name may not be looked at")
    elif wanted and not missing:
        yield Check("references", "ok", f"{len(wanted)} objects that pods name are there")


def _there(look: Look, one: Reference) -> bool | None:
    """None: nobody may say."""
    if look.brings(one.group, one.kind, one.namespace, one.name):
        return True
    if one.namespace in look.placed.namespaces and one.kind == "ServiceAccount" and one.name == "default":
        return True  # every namespace gets one
    resource = look.writer.resource(one.group, one.version, one.kind)
    if resource is None:
        return None
    try:
        return look.metadata(Target(resource, one.namespace, one.name)) is not None
    except (Forbidden, ClusterError):
        return None


def _named(spec: Json, namespace: str) -> Iterator[Reference]:
    def core(kind: str, name: object) -> Iterator[Reference]:
        if isinstance(name, str) and name:
            yield Reference("", "v1", kind, namespace, name)

    yield from core("ServiceAccount", spec.get("serviceAccountName"))
    for pull in spec.get("imagePullSecrets") or ():
        yield from core("Secret", pull.get("name"))
    for volume in spec.get("volumes") or ():
        for source in (volume, *((volume.get("projected") or {}).get("sources") or ())):
            for key, kind, name in (("secret", "Secret", "secretName"), ("configMap", "ConfigMap", "name")):
                given = source.get(key) or {}
                if not given.get("optional"):
                    yield from core(kind, given.get(name) or given.get("name"))
    for container in [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]:
        sources = [each.get("valueFrom") or {} for each in container.get("env") or ()]
        for source in [*sources, *(container.get("envFrom") or ())]:
            for key, kind in (
                ("secretKeyRef", "Secret"),
                ("configMapKeyRef", "ConfigMap"),
                ("secretRef", "Secret"),
                ("configMapRef", "ConfigMap"),
            ):
                given = source.get(key) or {}
                if not given.get("optional"):
                    yield from core(kind, given.get("name"))
    for key, group, kind in (
        ("priorityClassName", "scheduling.k8s.io", "PriorityClass"),
        ("runtimeClassName", "node.k8s.io", "RuntimeClass"),
    ):
        if spec.get(key):
            yield Reference(group, "v1", kind, "", spec[key])


# --- claims -----------------------------------------------------------------------------------------------------------


def volumes(look: Look) -> Iterator[Check]:
    """Claims that pods mount are there and bound, or will be when the first pod comes."""
    wanted: dict[tuple[str, str], str] = {}
    for item in look.placed.items:
        for pod in pod_specs(item.manifest.object):
            for volume in pod.spec.get("volumes") or ():
                name = (volume.get("persistentVolumeClaim") or {}).get("claimName")
                if name and not look.brings("", "PersistentVolumeClaim", item.target.namespace, name):
                    wanted.setdefault((item.target.namespace, name), item.target.ref)
    bad = False
    for (namespace, name), user in sorted(wanted.items()):
        claim = look.object("persistentvolumeclaims", namespace, name)
        if claim is None:
            bad = True
            text = f"{user} mounts PersistentVolumeClaim {name}, and there is none in namespace {namespace}"
            yield Check("volumes", "warn", text, "its pods wait until there is one")
            continue
        phase = (claim.get("status") or {}).get("phase", "Pending")
        if phase == "Lost" or (phase != "Bound" and not _bound_later(look, claim)):
            bad = True
            text = f"PersistentVolumeClaim {name} in namespace {namespace}, which {user} mounts, is {phase.lower()}"
            yield Check("volumes", "warn", text, f"`kubectl describe pvc {name} -n {namespace}`")
    if wanted and not bad:
        yield Check("volumes", "ok", f"{len(wanted)} {'claims are' if len(wanted) > 1 else 'claim is'} there")


def _bound_later(look: Look, claim: Json) -> bool:
    name = (claim.get("spec") or {}).get("storageClassName")
    storage = look.object("storageclasses.storage.k8s.io", "", name) if name else None
    return (storage or {}).get("volumeBindingMode") == _BOUND_LATER
