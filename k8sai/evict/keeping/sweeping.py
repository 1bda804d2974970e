"""What may be taken away: the state of drains that are over for long, and Leases that nobody holds or needs."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from k8sai.ages import epoch
from k8sai.cluster.api_errors import ApiConflict
from k8sai.cluster.writing import Target
from k8sai.evict.keeping import names
from k8sai.evict.keeping.find import LEASES, Listed
from k8sai.evict.keeping.kept import Kept
from k8sai.evict.state import OVER
from k8sai.holding.holder import holder_of

if TYPE_CHECKING:
    from k8sai.cluster.objects import Objects
    from k8sai.cluster.writing import Writer


def old_drains(drains: Iterable[Listed], before: float) -> Iterator[Listed]:
    """That ended before this time (epoch seconds), and that nobody holds."""
    for one in drains:
        state = one.state
        held = one.holder is not None and not one.holder.expired
        if state is not None and state.stage in OVER and not held and state.ended and epoch(state.ended) <= before:
            yield one


def old_leases(
    objects: "Objects", namespace: str, now: float, drains: Iterable[Listed]
) -> "Iterator[tuple[Target, str]]":
    """With its uid. Of drains that go on, all stay: their epochs fence."""
    needed = {one.id for one in drains if one.state is None or one.state.stage not in OVER}
    for one in objects.list(LEASES, namespace, labels=f"{names.LABEL}=1"):
        meta, holder = one["metadata"], holder_of(one, now)
        drain = (meta.get("labels") or {}).get(names.OF)
        if drain not in needed and (holder is None or holder.expired):
            yield Target(names.LEASES, str(meta["namespace"]), str(meta["name"])), str(meta["uid"])


def sweep_state(writer: "Writer", one: Listed) -> None:
    """Raises Forbidden, ClusterError."""
    kept = Kept(writer, one.namespace, one.id)
    held = kept.read()
    if held is not None and held.state.stage in OVER:
        with suppress(ApiConflict):
            kept.forget(held)


def sweep_lease(writer: "Writer", place: Target, uid: str) -> None:
    """Raises Forbidden, ClusterError."""
    with suppress(ApiConflict):
        writer.delete(place, uid=uid)
