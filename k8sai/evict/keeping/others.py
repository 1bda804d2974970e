"""Who else drains the same nodes and gangs: their Leases, in whichever namespace their drain is kept."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from k8sai.errors import Locked
from k8sai.evict.keeping import names
from k8sai.evict.keeping.find import LEASES
from k8sai.holding.holder import holder_of

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading


def held(read: "Reading", drain: str, now: float) -> dict[str, tuple[str, str]]:
    """Of other drains than this one, by the name of the Lease: who holds it and for which drain, in words, and the
    drain's id. What may not be read is in `read.hidden`.
    """
    found: dict[str, tuple[str, str]] = {}
    for one in read.list(LEASES, labels=f"{names.LABEL}=1,{names.PART}=lease"):
        meta = one["metadata"]
        other = str((meta.get("labels") or {}).get(names.OF) or "")
        holder = holder_of(one, now)
        if holder is not None and not holder.expired and other != drain:
            found[str(meta["name"])] = f"{holder.who} holds it for drain {other}", other
    return found


def places(nodes: Iterable[str], gangs: Iterable[str]) -> Iterator[tuple[str, str]]:
    """What it is, in words, and the name of its Lease."""
    yield from ((f"node {one}", names.node_lease("", one).name) for one in nodes)
    yield from ((f"gang {one}", names.gang_lease("", one).name) for one in gangs)


def insist_on_none(theirs: Mapping[str, tuple[str, str]], nodes: Iterable[str], gangs: Iterable[str]) -> None:
    """Raises Locked where another drain holds one of these. Everybody looks after they have taken their own Leases, so
    that of two who begin at once at least one sees the other.
    """
    for what, lease in places(nodes, gangs):
        if lease in theirs:
            words, drain = theirs[lease]
            raise Locked(f"{what}: {words}: nothing was written", f"`k8sai evict status {drain}` shows what it does")
