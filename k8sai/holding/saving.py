"""A state over the one that it follows in its ConfigMap, bound to what was read. A lost answer is found by reading."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from k8sai.cluster.api_errors import ApiConflict, ApiNotFound, Unavailable
from k8sai.cluster.patching import Stale
from k8sai.errors import K8saiError, Locked

if TYPE_CHECKING:
    from k8sai.cluster.writing import Target, Writer

Json = dict[str, Any]
T = TypeVar("T")


def saved(
    writer: "Writer",
    place: "Target",
    data: Mapping[str, str | None],
    *,
    uid: str,
    version: str,
    fence: Callable[[Json], None],
    hint: str,
    dry_run: bool = False,
) -> Json:
    """The ConfigMap with this data, None for a key that goes. `uid` and `version` are of what was read.

    `fence` is asked of what another one wrote and raises Locked where that was a later holder. Raises Stale where it is
    gone (`hint` is the next command then) or written by somebody else, Forbidden, ClusterError.
    """
    try:
        return writer.merge(place, {"data": dict(data)}, uid=uid, version=version, dry_run=dry_run).object
    except (ApiConflict, ApiNotFound, Unavailable) as error:
        live = _again(writer, place, error)
        if live is None or live["metadata"].get("uid") != uid:
            raise Stale(f"{place.ref} was taken away meanwhile", hint) from error
        kept = live.get("data") or {}
        if all(kept.get(key) == value for key, value in data.items()):
            return live
        fence(live)
        if version_of(live) == version:
            raise
        raise Stale(f"somebody else wrote {place.ref} meanwhile: nothing was written", "look, then repeat") from error


def _again(writer: "Writer", place: "Target", error: K8saiError) -> Json | None:
    try:
        return writer.live(place)
    except K8saiError:
        raise error from None


def insist_on_epoch(kept: int, ours: int, what: str, hint: str) -> None:
    """The fence: raises Locked where what is kept is of a later holder of the Lease."""
    if kept > ours:
        message = f"another operator has taken {what} over (epoch {kept}, ours is {ours}): nothing was written"
        raise Locked(message, hint)


def version_of(live: Json) -> str:
    """Its resourceVersion."""
    return str(live["metadata"].get("resourceVersion") or "")


def quietly(work: Callable[[], T]) -> T | None:
    """None where it fails: what it is for can be done without."""
    try:
        return work()
    except K8saiError:
        return None
