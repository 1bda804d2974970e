"""Names for completion of `canary`, as KIND/NAME: what could be rolled out, and the rollouts that are kept.

Only metadata is asked for, in the process that no key press waits for: see `_objects`.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from k8sai.errors import Forbidden

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection

SOURCES: Final = ("rollouts", "targets")
List = Callable[..., list[Any]]  # of a path, and labels: its objects' metadata


def words(source: str, connection: "Connection", listed: List) -> list[str]:
    """What is not served or may not be read has no names. Raises what connecting raises."""
    found = _kept(connection, listed) if source == "rollouts" else _there(connection, listed)
    return list(dict.fromkeys(found))


def _kept(connection: "Connection", listed: List) -> Iterator[str]:
    """Found by the names that rollouts wrote beside what they keep."""
    from k8sai.canary.backends.all import BACKENDS
    from k8sai.canary.keeping import names

    short = {kind: one.words[0] for one in BACKENDS for kind in one.kinds}
    for meta in listed(f"/api/v1/namespaces/{connection.namespace}/configmaps", f"{names.LABEL}=1"):
        kind, _, name = (meta.get("annotations") or {}).get(names.TARGET, "").partition("/")
        if kind in short:
            yield f"{short[kind]}/{name}"


def _there(connection: "Connection", listed: List) -> Iterator[str]:
    from k8sai.canary.backends.all import BACKENDS
    from k8sai.cluster.discovery import served

    known = served(connection)
    for word, kind in dict.fromkeys((one.words[0], kind) for one in BACKENDS for kind in one.kinds):
        plural, _, group = kind.partition(".")
        resource = known.find(group, plural)
        try:
            metas = listed(resource.path(connection.namespace)) if resource is not None else []
        except Forbidden:
            continue
        yield from (f"{word}/{meta['name']}" for meta in metas)
