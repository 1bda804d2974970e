"""What the server says it serves: the version, groups and resources, in the old form and in the aggregated one."""

import hashlib
from collections.abc import Iterable
from typing import Any

from k8sai.sim.kinds import Catalog, Resource
from k8sai.sim.objects import encode
from k8sai.sim.versions import priority

VERSION = {
    "major": "1",
    "minor": "37",
    "emulationMajor": "1",
    "emulationMinor": "37",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "36",
    "gitVersion": "v1.37.0+k8sai-sim",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "python",
}
AGGREGATED = "APIGroupDiscoveryList"
AGGREGATED_TYPE = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

_CRUD = ["get", "patch", "update"]
_PROXIED = ["create", "delete", "get", "patch", "update"]
_STREAMED = ["create", "get"]
# Subresources that speak another kind than their parent, and their verbs.
_SUBRESOURCES: dict[str, tuple[str, str, str, list[str]]] = {
    "attach": ("", "", "PodAttachOptions", _STREAMED),
    "binding": ("", "", "Binding", ["create"]),
    "eviction": ("policy", "v1", "Eviction", ["create"]),
    "exec": ("", "", "PodExecOptions", _STREAMED),
    "finalize": ("", "", "", ["update"]),
    "log": ("", "", "", ["get"]),
    "pendingworkloads": ("", "", "", ["get"]),
    "portforward": ("", "", "PodPortForwardOptions", _STREAMED),
    "scale": ("autoscaling", "v1", "Scale", _CRUD),
}


def core_versions() -> dict[str, Any]:
    """The answer of /api."""
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def groups(catalog: Catalog) -> dict[str, Any]:
    """The answer of /apis."""
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(*one) for one in _versions(catalog)]}


def group(catalog: Catalog, name: str) -> dict[str, Any] | None:
    """The answer of /apis/<group>; None where it is not served."""
    for found, versions in _versions(catalog):
        if found == name:
            return {"kind": "APIGroup", "apiVersion": "v1", **_group(found, versions)}
    return None


def _group(name: str, versions: list[str]) -> dict[str, Any]:
    served = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": served, "preferredVersion": served[0]}


def _versions(catalog: Catalog) -> list[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for resource in catalog:
        if resource.group and resource.version not in found.setdefault(resource.group, []):
            found[resource.group].append(resource.version)
    return [(group, sorted(served, key=priority)) for group, served in found.items()]


def resources(catalog: Catalog, api_version: str) -> dict[str, Any] | None:
    """The answer of /api/v1 and /apis/<group>/<version>; None where it is not served."""
    listed = [line for one in catalog if one.api_version == api_version for line in _lines(one)]
    if not listed:
        return None
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api_version, "resources": listed}


def _lines(resource: Resource) -> Iterable[dict[str, Any]]:
    line: dict[str, Any] = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short:
        line["shortNames"] = list(resource.short)
    if resource.categories:
        line["categories"] = list(resource.categories)
    yield line
    for name in resource.subresources:
        group, version, kind, verbs = _subresource(resource, name)
        sub = {"name": f"{resource.plural}/{name}", "singularName": "", "namespaced": resource.namespaced}
        more = {"group": group, "version": version} if group else {}
        yield {**sub, **more, "kind": kind, "verbs": verbs}


def _subresource(resource: Resource, name: str) -> tuple[str, str, str, list[str]]:
    if name == "proxy":
        return "", "", f"{resource.kind}ProxyOptions", _PROXIED
    group, version, kind, verbs = _SUBRESOURCES.get(name, ("", "", "", _CRUD))
    return group, version, kind or resource.kind, verbs


def aggregated(catalog: Catalog, core: bool) -> dict[str, Any]:
    """The answer of /api or /apis to a client that takes everything at once."""
    names = [""] if core else [name for name, _ in _versions(catalog)]
    items = []
    for name in names:
        served = sorted({one.version for one in catalog if one.group == name}, key=priority)
        versions = [_aggregated_version(catalog, name, version) for version in served]
        items.append({"metadata": {"name": name} if name else {}, "versions": versions})
    return {"kind": AGGREGATED, "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _aggregated_version(catalog: Catalog, group: str, version: str) -> dict[str, Any]:
    found = [_aggregated(one) for one in catalog if one.group == group and one.version == version]
    return {"version": version, "resources": found, "freshness": "Current"}


def _aggregated(resource: Resource) -> dict[str, Any]:
    line: dict[str, Any] = {
        "resource": resource.plural,
        "responseKind": _kind(resource.group, resource.version if resource.group else "", resource.kind),
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
    }
    if resource.short:
        line["shortNames"] = list(resource.short)
    if resource.categories:
        line["categories"] = list(resource.categories)
    if resource.subresources:
        line["subresources"] = [
            {"subresource": name, "responseKind": _kind(group, version, kind), "verbs": verbs}
            for name in resource.subresources
            for group, version, kind, verbs in (_subresource(resource, name),)
        ]
    return line


def _kind(group: str, version: str, kind: str) -> dict[str, str]:
    return {"group": group, "version": version, "kind": kind}


def etag(document: Any) -> str:
    """The quoted hash by which a client recognises a document it has."""
    return f'"{hashlib.sha512(encode(document)).hexdigest().upper()}"'
