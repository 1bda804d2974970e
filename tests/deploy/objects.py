"""Objects, kinds and places that these tests share, and a server in memory that says what it is told to say."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from k8sai.cluster.discovery import Resource
from k8sai.cluster.writing import Target, Written
from k8sai.manifests import Manifest

Json = dict[str, Any]

_VERBS = ("get", "patch")
RESOURCES = {
    one.kind: one
    for one in (
        Resource("", "v1", "namespaces", "Namespace", False, _VERBS),
        Resource("", "v1", "configmaps", "ConfigMap", True, _VERBS),
        Resource("", "v1", "secrets", "Secret", True, _VERBS),
        Resource("", "v1", "services", "Service", True, _VERBS),
        Resource("", "v1", "pods", "Pod", True, _VERBS),
        Resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", True, _VERBS),
        Resource("", "v1", "serviceaccounts", "ServiceAccount", True, _VERBS),
        Resource("apps", "v1", "deployments", "Deployment", True, _VERBS),
        Resource("batch", "v1", "jobs", "Job", True, _VERBS),
        Resource("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", False, _VERBS),
    )
}


def target(kind: str = "Deployment", name: str = "web", namespace: str = "ml") -> Target:
    resource = RESOURCES[kind]
    return Target(resource, namespace if resource.namespaced else "", name)


def manifest(kind: str = "Deployment", name: str = "web", namespace: str = "", **more: Any) -> Manifest:
    resource = RESOURCES[kind]
    version = f"{resource.group}/{resource.version}" if resource.group else resource.version
    meta = {"name": name, **({"namespace": namespace} if namespace else {}), **more.pop("metadata", {})}
    return Manifest({"apiVersion": version, "kind": kind, "metadata": meta, **more}, f"{name}.yaml", 1)


def managed(name: str, fields: Json, *, operation: str = "Apply", time: str = "", subresource: str = "") -> Json:
    """An entry of managedFields."""
    entry: Json = {"manager": name, "operation": operation, "apiVersion": "apps/v1", "fieldsType": "FieldsV1"}
    entry |= {"time": time} if time else {}
    entry |= {"subresource": subresource} if subresource else {}
    return {**entry, "fieldsV1": fields}


@dataclass
class Server:
    """Objects by path. `apply` merges maps key by key and replaces everything else; `refuse` raises what it likes."""

    objects: dict[str, Json] = field(default_factory=dict)
    writes: list[tuple[str, str]] = field(default_factory=list)
    refuse: Callable[[str, Target, Json], None] = lambda _verb, _target, _body: None
    dry: list[str] = field(default_factory=list)
    manager: str = "k8sai"
    server: str = "https://server"
    served: dict[str, Resource] = field(default_factory=lambda: dict(RESOURCES))
    denied: set[tuple[str, str]] = field(default_factory=set)  # verb, plural; also verb, plural/name
    version: str = "v1.34.2"

    def server_version(self) -> str:
        return self.version

    def may(self, verb: str, resource: Resource, namespace: str = "", name: str = "") -> bool:
        return (verb, resource.plural) not in self.denied or (bool(name) and (verb, name) in self.denied)

    def can_i(self, verb: str, plural: str, namespace: str) -> str:
        return f"kubectl auth can-i {verb} {plural} -n {namespace}"

    def resource(self, group: str, version: str, kind: str) -> Resource | None:
        found = self.served.get(kind)
        return found if found and (found.group, found.version) == (group, version) else None

    def versions(self, group: str, kind: str) -> tuple[str, ...]:
        found = self.served.get(kind)
        return (found.version,) if found and found.group == group else ()

    def preferred(self, group: str, kind: str) -> Resource | None:
        found = self.served.get(kind)
        return found if found and found.group == group else None

    def learn(self) -> None:
        """Everything is known."""

    def live(self, one: Target) -> Json | None:
        found = self.objects.get(one.path)
        return copy.deepcopy(found) if found is not None else None

    metadata = live

    def members(self, resource: Resource, namespace: str, labels: str) -> list[Json]:
        key, _, value = labels.partition("=")
        inside = resource.path(namespace) + "/"
        found = [one for path, one in self.objects.items() if path.startswith(inside)]
        return [copy.deepcopy(one) for one in found if one["metadata"].get("labels", {}).get(key) == value]

    def apply(self, one: Target, body: Json, *, force: bool = False, dry_run: bool = False) -> Written:
        self.refuse("dry" if dry_run else "force" if force else "apply", one, body)
        before = self.objects.get(one.path, {"metadata": {"uid": f"uid-{one.name}", "resourceVersion": "0"}})
        after = _merged(before, body)
        if dry_run:
            self.dry.append(one.ref)
        else:
            after["metadata"]["resourceVersion"] = str(len(self.writes) + 1)
            self.writes.append(("force" if force else "apply", one.ref))
            self.objects[one.path] = after
        return Written(copy.deepcopy(after))

    def replace(self, one: Target, body: Json) -> Written:
        self.refuse("replace", one, body)
        self.writes.append(("replace", one.ref))
        self.objects[one.path] = copy.deepcopy(body)
        return Written(copy.deepcopy(body))

    def delete(self, one: Target, *, uid: str, **_: Any) -> bool:
        self.refuse("delete", one, {})
        self.writes.append(("delete", one.ref))
        found = self.objects.get(one.path)
        if found is None or found["metadata"]["uid"] != uid:
            return False
        del self.objects[one.path]
        return True


def _merged(before: Any, over: Any) -> Any:
    if isinstance(before, dict) and isinstance(over, dict):
        return {**copy.deepcopy(before), **{key: _merged(before.get(key), value) for key, value in over.items()}}
    return copy.deepcopy(over)
