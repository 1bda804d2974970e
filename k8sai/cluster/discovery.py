"""What a server serves: groups, versions and resources, asked for when first needed, known while a connection lives.

One request for all groups where the server aggregates discovery (Kubernetes 1.26 and later), else the old form of one
request for each group and version. A group whose own server is down is reported as such and hinders no other.
https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from k8sai.cluster.api_errors import ApiError, ApiForbidden, ApiNotFound, Unavailable
from k8sai.cluster.connection import Connection
from k8sai.cluster.typed import typed

_AGGREGATED = ",".join(
    f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList" for version in ("v2", "v2beta1")
)
_ACCEPT = f"{_AGGREGATED},application/json"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource in one version of its group ("" is the core group)."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool
    verbs: tuple[str, ...]

    def path(self, namespace: str = "") -> str:
        """Where it is listed: in `namespace`, or in the whole cluster."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        return (
            f"{root}/namespaces/{namespace}/{self.plural}" if namespace and self.namespaced else f"{root}/{self.plural}"
        )


@dataclass(frozen=True, slots=True)
class _Group:
    """`versions` in the server's order, its preferred one first; None for one whose resources are not known yet."""

    versions: Mapping[str, tuple[Resource, ...] | None]
    broken: str = ""  # why something of it could not be learned


class Served:
    """What one server serves. Asks it at the first question about a group; threads may share it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def version(self, group: str, resource: str) -> str | None:
        """The version to use of a resource (plural): the server's most preferred that has it; None: not served."""
        return next(iter(self.versions(group, resource)), None)

    def versions(self, group: str, resource: str) -> tuple[str, ...]:
        """All versions that have the resource, preferred first."""
        return tuple(each.version for each in self.resources(group) if each.plural == resource)

    def find(self, group: str, resource: str, version: str = "") -> Resource | None:
        """The resource in `version`, or in the preferred one."""
        found = (each for each in self.resources(group) if each.plural == resource and version in ("", each.version))
        return next(found, None)

    def resources(self, group: str) -> tuple[Resource, ...]:
        """Everything in a group, preferred versions first; empty where the group is unknown."""
        return tuple(each for listed in self._group(group).versions.values() for each in listed or ())

    def broken(self, group: str) -> str:
        """Why the group could not be read whole ("" where it could): its server is down, or discovery is forbidden."""
        return self._group(group).broken

    def groups(self) -> tuple[str, ...]:
        """The names of all groups beside the core one; empty where listing them is forbidden."""
        return tuple(self._all("/apis") or ())

    def forget(self) -> None:
        """Ask anew: a definition or an API service has come since."""
        self._connection.forget("discovery of ")

    def _group(self, name: str) -> _Group:
        return self._connection.remember(f"discovery of group {name!r}", lambda: self._learn(name))

    def _learn(self, name: str) -> _Group:
        everything = self._all("/apis" if name else "/api")
        known = self._alone(name) if everything is None else everything.get(name, _Group({}))
        versions: dict[str, tuple[Resource, ...] | None] = {}
        broken = known.broken
        for version, listed in known.versions.items():
            if listed is None:
                listed, why = self._version(name, version)
                broken = broken or why
            versions[version] = listed
        return _Group(versions, broken)

    def _all(self, path: str) -> Mapping[str, _Group] | None:
        """Every group below `path`; None where that may not be asked."""

        def ask() -> Mapping[str, _Group] | None:
            try:
                answer = self._connection.request("GET", path, accept=_ACCEPT)
            except (ApiForbidden, ApiNotFound):
                return None
            if "g=apidiscovery.k8s.io" in answer.headers.get("Content-Type", ""):
                return _aggregated(_decoded(answer.body, _GroupDiscoveryList, self._connection.server))
            if path == "/api":
                core = _decoded(answer.body, _CoreVersions, self._connection.server)
                return {"": _Group(dict.fromkeys(core.versions))}
            listed = _decoded(answer.body, _GroupList, self._connection.server)
            return {group.name: _unread(group) for group in listed.groups}

        return self._connection.remember(f"discovery of {path}", ask)

    def _alone(self, name: str) -> _Group:
        """One group by its own path, for those who may not list all."""
        if not name:
            return _Group({"v1": None})

        def ask() -> _Group:
            answer = self._connection.request("GET", f"/apis/{name}", retry=False)
            return _unread(_decoded(answer.body, _GroupVersions, self._connection.server))

        found, why = _unless_broken(ask)
        return found or _Group({}, why)

    def _version(self, group: str, version: str) -> tuple[tuple[Resource, ...], str]:
        def ask() -> tuple[Resource, ...]:
            path = f"/apis/{group}/{version}" if group else f"/api/{version}"
            answer = self._connection.request("GET", path, retry=False)
            listed = _decoded(answer.body, _ResourceList, self._connection.server).resources
            return tuple(
                Resource(group, version, each.name, each.kind, each.namespaced, each.verbs)
                for each in listed
                if "/" not in each.name
            )

        found, why = _unless_broken(ask)
        return found or (), why


def served(connection: Connection) -> Served:
    """What the connection's server serves; nothing is asked yet."""
    return Served(connection)


def _unless_broken(ask: Callable[[], T]) -> tuple[T | None, str]:
    """The answer, or why there is none: one group that cannot be read must not hinder the others."""
    try:
        return ask(), ""
    except ApiNotFound:
        return None, ""
    except (ApiForbidden, Unavailable) as error:
        if isinstance(error, Unavailable) and not error.status:  # no answer at all: that is not about one group
            raise
        return None, error.message


def _aggregated(listed: "_GroupDiscoveryList") -> Mapping[str, _Group]:
    groups: dict[str, _Group] = {}
    for group in listed.items:
        name = group.metadata.name
        versions: dict[str, tuple[Resource, ...] | None] = {}
        stale = ""
        for version in group.versions:
            if version.freshness == "Stale":
                stale = f"the server of {name}/{version.version} does not answer"
            versions[version.version] = tuple(
                Resource(
                    name,
                    version.version,
                    each.resource,
                    each.response_kind.kind,
                    each.scope == "Namespaced",
                    each.verbs,
                )
                for each in version.resources
            )
        groups[name] = _Group(versions, stale)
    return groups


def _unread(group: "_GroupVersions") -> _Group:
    names = [each.version for each in group.versions]
    preferred = group.preferred_version.version
    ordered = [preferred, *names] if preferred in names else names
    return _Group(dict.fromkeys(ordered))


def _decoded(body: bytes, form: type[T], server: str) -> T:
    try:
        return typed(form).decode(body)
    except msgspec.DecodeError as error:
        raise ApiError(
            f"{server} describes its API in a way that is not understood: {error}",
            "is it an API server? Check the address",
        ) from None


# --- the two forms on the wire ----------------------------------------------------------------------------------------


class _Form(msgspec.Struct, frozen=True, rename="camel"):
    """The settings all forms share."""


class _Kind(_Form, frozen=True):
    kind: str = ""


class _ResourceDiscovery(_Form, frozen=True):
    resource: str
    response_kind: _Kind = _Kind()
    scope: str = ""
    verbs: tuple[str, ...] = ()


class _VersionDiscovery(_Form, frozen=True):
    version: str
    resources: tuple[_ResourceDiscovery, ...] = ()
    freshness: str = ""  # Current, or Stale where the group's own server did not answer


class _Name(_Form, frozen=True):
    name: str = ""


class _GroupDiscovery(_Form, frozen=True):
    metadata: _Name = _Name()
    versions: tuple[_VersionDiscovery, ...] = ()


class _GroupDiscoveryList(_Form, frozen=True):
    items: tuple[_GroupDiscovery, ...] = ()


class _CoreVersions(_Form, frozen=True):
    versions: tuple[str, ...] = ()


class _Version(_Form, frozen=True):
    version: str = ""


class _GroupVersions(_Form, frozen=True):
    name: str = ""
    versions: tuple[_Version, ...] = ()
    preferred_version: _Version = _Version()


class _GroupList(_Form, frozen=True):
    groups: tuple[_GroupVersions, ...] = ()


class _ResourceEntry(_Form, frozen=True):
    name: str
    kind: str = ""
    namespaced: bool = False
    verbs: tuple[str, ...] = ()


class _ResourceList(_Form, frozen=True):
    resources: tuple[_ResourceEntry, ...] = ()
