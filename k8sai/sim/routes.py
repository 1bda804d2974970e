"""From a URL path and a method to what is asked of which kind."""

from dataclasses import dataclass

from k8sai.sim import status
from k8sai.sim.kinds import Catalog, Resource

_OF_NAMESPACES = ("status", "finalize")
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch"}


@dataclass(frozen=True, slots=True)
class Target:
    """What a path names. `name` is empty for a collection; `rest` is the tail of a proxied path."""

    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    rest: str = ""


def locate(catalog: Catalog, path: str) -> Target:
    """The kind, namespace, name and subresource of a path. ApiFailure 404 where nothing is served there."""
    parts = [part for part in path.split("/") if part]
    group, version, tail = _group(parts)
    if not tail:
        raise status.no_such_path()
    namespace = ""
    if tail[0] == "namespaces" and len(tail) > 2 and not (tail[2] in _OF_NAMESPACES and len(tail) == 3):
        namespace, tail = tail[1], tail[2:]
    resource = catalog.served(group, version, tail[0])
    if resource is None:
        raise status.no_such_path()
    if namespace and not resource.namespaced:
        raise status.no_such_path()
    name = tail[1] if len(tail) > 1 else ""
    subresource = tail[2] if len(tail) > 2 else ""
    if subresource not in resource.subresources if subresource else not resource.verbs:
        raise status.no_such_path()
    if len(tail) > 3 and subresource != "proxy":
        raise status.no_such_path()
    if name and resource.namespaced and not namespace:
        raise status.no_such_path()
    return Target(resource, namespace, name, subresource, "/".join(tail[3:]))


def _group(parts: list[str]) -> tuple[str, str, list[str]]:
    if len(parts) > 2 and parts[0] == "api":
        return "", parts[1], parts[2:]
    if len(parts) > 3 and parts[0] == "apis":
        return parts[1], parts[2], parts[3:]
    return "", "", []


def verb_of(method: str, target: Target, watching: bool) -> str:
    """The RBAC verb of a request. ApiFailure 405 where the kind does not offer it."""
    if method in ("GET", "HEAD"):
        verb = "get" if target.name else "watch" if watching else "list"
    elif method == "DELETE":
        verb = "delete" if target.name else "deletecollection"
    else:
        verb = _VERBS.get(method, "")
    allowed = target.subresource or verb in target.resource.verbs
    if not verb or not allowed or (method in ("PUT", "PATCH") and not target.name):
        raise status.not_allowed()
    if target.name and not target.subresource and method == "POST":
        raise status.not_allowed()
    return verb
