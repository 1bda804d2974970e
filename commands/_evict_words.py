"""Names for completion of `evict`: the ids of drains that are kept, and gangs as NAMESPACE/NAME.

Only metadata is asked for, in the process that no key press waits for: see `_objects`.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from k8sai.errors import Forbidden

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection

SOURCES: Final = ("drains", "gangs")
_SEVERAL: Final = ("workloads.kueue.x-k8s.io", "leaderworkersets.leaderworkerset.x-k8s.io")  # no gang has their name
List = Callable[..., list[Any]]  # of a path, and labels: its objects' metadata


def words(source: str, connection: "Connection", listed: List) -> list[str]:
    """Of all namespaces. Raises what connecting raises."""
    return list(dict.fromkeys(_drains(listed) if source == "drains" else _gangs(connection, listed)))


def _drains(listed: List) -> Iterator[str]:
    """Else of the namespace where they are kept by default."""
    from k8sai.evict.keeping import names

    labels = f"{names.LABEL}=1,{names.PART}=state"
    try:
        found = listed("/api/v1/configmaps", labels)
    except Forbidden:
        found = listed(f"/api/v1/namespaces/{names.NAMESPACE}/configmaps", labels)
    yield from (meta["labels"][names.OF] for meta in found if names.OF in meta.get("labels", {}))


def _gangs(connection: "Connection", listed: List) -> Iterator[str]:
    """What owns a gang and is owned by nobody; what is not served or may not be read has no names."""
    from k8sai.cluster.discovery import served
    from k8sai.evict.switches.parked import PARKABLE

    known = served(connection)
    for kind in PARKABLE:
        plural, _, group = kind.partition(".")
        resource = known.find(group, plural)
        if resource is None or kind in _SEVERAL:
            continue
        try:
            metas = listed(resource.path())
        except Forbidden:
            continue
        tops = (one for one in metas if not any(owner.get("controller") for owner in one.get("ownerReferences") or ()))
        yield from (f"{one['namespace']}/{one['name']}" for one in tops)
