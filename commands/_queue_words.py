"""Names for completion of `queue`: cq/NAME, lq/NAME, cohort/NAME, workload/NAME and the jobs that Workloads stand for.

Only metadata is asked for, in the process that no key press waits for: see `_objects`.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from k8sai.errors import Forbidden

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection

_GROUP: Final = "kueue.x-k8s.io"
_QUEUES: Final = {"cq": "clusterqueues", "lq": "localqueues", "cohort": "cohorts"}
_JOBS: Final = "workloads"
# What the words of each source stand for.
SOURCES: Final[dict[str, tuple[str, ...]]] = {
    "queues": ("cq", "lq"),
    "quotas": ("cq", "lq", "cohort"),
    "queued": (_JOBS,),
    "stoppable": ("cq", "lq", _JOBS),
    "local queues": ("localqueues",),
}
List = Callable[[str], list[Any]]  # of a path: its objects' metadata


def words(source: str, connection: "Connection", listed: List) -> list[str]:
    """What is not served or may not be read has no names. Raises what connecting raises."""
    from k8sai.cluster.discovery import served

    known = served(connection)

    def items(plural: str) -> list[Any]:
        resource = known.find(_GROUP, plural)
        if resource is None:
            return []
        try:
            return listed(resource.path(connection.namespace if resource.namespaced else ""))
        except Forbidden:
            return []

    return [word for part in SOURCES[source] for word in _of(part, items)]


def _of(part: str, items: Callable[[str], list[Any]]) -> list[str]:
    if part == _JOBS:
        return _jobs(items(part))
    prefix = f"{part}/" if part in _QUEUES else ""
    return [f"{prefix}{meta['name']}" for meta in items(_QUEUES.get(part, part))]


def _jobs(workloads: Iterable[Any]) -> list[str]:
    """The jobs before their Workloads."""
    metas = list(workloads)
    owners = dict.fromkeys(word for meta in metas for word in _owners(meta))
    return [*owners, *(f"workload/{meta['name']}" for meta in metas)]


def _owners(meta: Any) -> Iterator[str]:
    from k8sai.why.kinds import KINDS

    known = {kind.word for kind in KINDS}
    for owner in meta.get("ownerReferences") or ():
        if owner["kind"].lower() in known:
            yield f"{owner['kind'].lower()}/{owner['name']}"
