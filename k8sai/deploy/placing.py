"""Where each object of a set goes in this cluster: its kind as the server calls it, its namespace."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from k8sai.cluster.discovery import Resource
from k8sai.cluster.writing import Target, Writer
from k8sai.deploy.order import ordered
from k8sai.deploy.plan import Item
from k8sai.errors import NotFound, Usage
from k8sai.manifests import Manifest

_CRD = ("apiextensions.k8s.io", "CustomResourceDefinition")


@dataclass(frozen=True, slots=True)
class Unserved:
    """A kind the server does not have; `versions` are those it has it in instead."""

    manifest: Manifest
    versions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """The set in the order of writing."""

    items: tuple[Item, ...]
    unserved: tuple[Unserved, ...] = ()
    brought: frozenset[tuple[str, str, str]] = field(
        default_factory=frozenset
    )  # group, version, kind: new with the set

    @property
    def namespaces(self) -> frozenset[str]:
        """The namespaces that the set itself makes or keeps."""
        return frozenset(item.target.name for item in self.items if item.target.ref.startswith("namespace/"))


def place(manifests: Iterable[Manifest], writer: Writer, namespace: str, *, insisted: bool = False) -> Placed:
    """Every object's target. `namespace` is for those that name none; `insisted`: others may not be named (-n).

    A kind that the set itself defines counts as served. Raises Usage for what no server could take, and for one object
    written twice.
    """
    listed = ordered(manifests)
    defined = _defined(listed)
    items: list[Item] = []
    unserved: list[Unserved] = []
    brought: set[tuple[str, str, str]] = set()
    for one in listed:
        _insist_on_name(one)
        _insist_on_segments(one)
        version = one.api_version.rpartition("/")[2]
        resource = writer.resource(one.group, version, one.kind)
        if resource is None:
            resource = defined.get((one.group, version, one.kind))
            if resource is None:
                unserved.append(Unserved(one, writer.versions(one.group, one.kind)))
                continue
            brought.add((one.group, version, one.kind))
        items.append(Item(one, Target(resource, _namespace(one, resource, namespace, insisted), one.name)))
    _insist_on_once(items)
    return Placed(tuple(items), tuple(unserved), frozenset(brought))


def unserved(one: Unserved) -> NotFound:
    """The sentence about a kind that is not there."""
    manifest = one.manifest
    if one.versions:
        return NotFound(
            f"{manifest.place}: the cluster has {manifest.kind} in {', '.join(one.versions)}, not in "
            f"{manifest.api_version}",
            "write another apiVersion",
        )
    return NotFound(
        f"{manifest.place}: the cluster has no {manifest.kind} of {manifest.api_version}",
        f"its CustomResourceDefinition must come first: {manifest.group or 'a group'} is not installed",
    )


def _namespace(one: Manifest, resource: Resource, namespace: str, insisted: bool) -> str:
    if not resource.namespaced:
        return ""
    if insisted and one.namespace and one.namespace != namespace:
        raise Usage(
            f"{one.place}: {one.ref} is for namespace {one.namespace}, and -n says {namespace}", "leave out one of them"
        )
    return one.namespace or namespace


def _insist_on_name(one: Manifest) -> None:
    if not (one.object.get("metadata") or {}).get("name"):
        raise Usage(
            f"{one.place}: {one.kind} has generateName, which makes another object each time it is applied",
            "give it a name; `kubectl create -f` makes a new one each time",
        )


def _insist_on_segments(one: Manifest) -> None:
    """The server would look elsewhere: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/"""
    for key, value in (("name", one.name), ("namespace", one.namespace)):
        if value in (".", "..") or "/" in value or "%" in value:
            raise Usage(f"{one.place}: the {key} {value!r} of this {one.kind} is no name: it is part of a path")


def _insist_on_once(items: Iterable[Item]) -> None:
    seen: dict[tuple[str, str, str, str], Manifest] = {}
    for item in items:
        target = item.target
        key = (target.resource.group, target.resource.kind, target.namespace, target.name)
        if key in seen:
            raise Usage(
                f"{target.ref} is there twice: {seen[key].place} and {item.manifest.place}", "leave one of them out"
            )
        seen[key] = item.manifest


def _defined(manifests: Iterable[Manifest]) -> Mapping[tuple[str, str, str], Resource]:
    """The kinds that CustomResourceDefinitions among these define."""
    found = {}
    for one in manifests:
        if (one.group, one.kind) != _CRD:
            continue
        spec = one.object.get("spec") or {}
        for version in _listed(spec.get("versions")):
            resource = _resource(spec, str(version.get("name", "")))
            if resource.kind and version.get("served"):
                found[resource.group, resource.version, resource.kind] = resource
    return found


def _resource(spec: Mapping[str, Any], version: str) -> Resource:
    names = spec.get("names") or {}
    group, plural, kind = (str(each or "") for each in (spec.get("group"), names.get("plural"), names.get("kind")))
    return Resource(group, version, plural, kind, spec.get("scope") != "Cluster", ())


def _listed(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
