"""What may be taken away: the state of drains that are over for long, pieces of a state that is gone, and Leases that
nobody holds or needs.

Each is deleted as it was seen and no other way: who has taken a Lease or a drain since keeps it.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from k8sai.ages import epoch
from k8sai.cluster.api_errors import ApiConflict
from k8sai.cluster.writing import Target
from k8sai.evict.facts import Json, Phase
from k8sai.evict.keeping import names
from k8sai.evict.keeping.find import CONFIG_MAPS, LEASES, Listed
from k8sai.evict.keeping.kept import Kept
from k8sai.evict.state import OVER, GangState, State
from k8sai.holding.holder import holder_of

if TYPE_CHECKING:
    from k8sai.cluster.objects import Objects
    from k8sai.cluster.reading import Reading
    from k8sai.cluster.writing import Writer


def old_drains(drains: Iterable[Listed], before: float) -> Iterator[Listed]:
    """That ended before this time (epoch seconds), and that nobody holds."""
    for one in drains:
        state = one.state
        held = one.holder is not None and not one.holder.expired
        if state is not None and state.stage in OVER and not held and state.ended and epoch(state.ended) <= before:
            yield one


def left_parked(read: "Reading", state: State) -> tuple[str, ...]:
    """Its gangs that are still stopped by it, or of which that may not be read: its journal says how they start."""
    return tuple(
        one.ref.title for one in state.gangs if one.phase is Phase.PARKED and _still_parked(read, one, state.id)
    )


def _still_parked(read: "Reading", gang: GangState, drain: str) -> bool:
    on = gang.switch.on or gang.ref
    found = read.get(on.kind, on.namespace, on.name)
    if found is None:
        return read.refusal(on.kind) is not None
    return (found["metadata"].get("annotations") or {}).get(names.PARKED) == drain


def old_leases(
    objects: "Objects", namespace: str, now: float, drains: Iterable[Listed]
) -> Iterator[tuple[Target, Json]]:
    """With their metadata. Of drains that go on, all stay: their epochs fence."""
    needed = {one.id for one in drains if one.state is None or one.state.stage not in OVER}
    for one in objects.list(LEASES, namespace, labels=f"{names.LABEL}=1"):
        meta, holder = one["metadata"], holder_of(one, now)
        if _drain(meta) not in needed and (holder is None or holder.expired):
            yield Target(names.LEASES, str(meta["namespace"]), str(meta["name"])), meta


def old_pieces(
    objects: "Objects", namespace: str, now: float, drains: Iterable[Listed]
) -> Iterator[tuple[Target, Json]]:
    """Of states that are gone, with their metadata. They come before their state: while its Lease is held they stay."""
    pieces = objects.list(CONFIG_MAPS, namespace, labels=f"{names.LABEL}=1,{names.PART}=shard")
    needed = {one.id for one in drains}
    if pieces:
        leases = objects.list(LEASES, namespace, labels=f"{names.LABEL}=1")
        held = (one for one in leases if (who := holder_of(one, now)) is not None and not who.expired)
        needed |= {_drain(one["metadata"]) for one in held}
    for one in pieces:
        meta = one["metadata"]
        if _drain(meta) not in needed:
            yield Target(names.CONFIG_MAPS, str(meta["namespace"]), str(meta["name"])), meta


def _drain(meta: Json) -> str:
    return str((meta.get("labels") or {}).get(names.OF) or "")


def sweep_state(writer: "Writer", one: Listed) -> bool:
    """False where it is not over any more, or somebody has written it since. Raises Forbidden, ClusterError."""
    kept = Kept(writer, one.namespace, one.id)
    held = kept.read()
    if held is None or held.state.stage not in OVER:
        return False
    try:
        kept.forget(held)
    except ApiConflict:
        return False
    return True


def sweep(writer: "Writer", place: Target, meta: Json) -> bool:
    """False where somebody has written it since it was seen. Raises Forbidden, ClusterError."""
    try:
        writer.delete(place, uid=str(meta["uid"]), version=str(meta["resourceVersion"]))
    except ApiConflict:
        return False
    return True
