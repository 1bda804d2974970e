"""Drains in a cluster: by the label on what is kept, and by the marks on what they have stopped or cordoned.

What stands parked or cordoned is found without any journal.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from k8sai.errors import K8saiError, NotFound
from k8sai.evict.facts import Json, Ref
from k8sai.evict.keeping import names
from k8sai.evict.keeping.kept import Kept
from k8sai.evict.state import OVER, State
from k8sai.evict.switches.parked import PARKABLE
from k8sai.holding.holder import Holder, holder_of

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading
    from k8sai.cluster.writing import Writer

CONFIG_MAPS: Final = "configmaps"
LEASES: Final = "leases.coordination.k8s.io"


@dataclass(frozen=True, slots=True)
class Listed:
    """Without a state, `trouble` says why. `blind`: who holds it may not be read."""

    namespace: str
    id: str
    state: State | None
    holder: Holder | None
    trouble: str = ""
    blind: bool = False

    @property
    def orphaned(self) -> bool:
        """It is not over, and nobody is at it, as far as that may be read."""
        alone = not self.blind and (self.holder is None or self.holder.expired)
        return alone and self.state is not None and self.state.stage not in OVER


@dataclass(frozen=True, slots=True)
class Marked:
    """An object with a mark of ours; `drain` is whose."""

    ref: Ref
    object: Json
    drain: str


def drains(
    read: "Reading", writer: "Writer", namespace: str, now: float, known: dict[str, State] | None = None
) -> tuple[Listed, ...]:
    """Of one namespace, or of all where it is "". What may not be read is in `read.hidden`.

    `known` are states by the version of their ConfigMap, from one look to the next: only what has changed is read.
    """
    labels = f"{names.LABEL}=1"
    leases = {_key(one): one for one in read.list(LEASES, namespace, labels=labels)}
    states = read.list(CONFIG_MAPS, namespace, labels=f"{labels},{names.PART}=state")
    known = {} if known is None else known
    for gone in known.keys() - {_version(one) for one in states}:
        del known[gone]
    found = [replace(_listed(one, leases, writer, now, known), blind=read.blind(LEASES)) for one in states]
    return tuple(sorted(found, key=lambda one: (one.state.begun if one.state else "", one.id)))


def _listed(
    one: Json, leases: dict[tuple[str, str], Json], writer: "Writer", now: float, known: dict[str, State]
) -> Listed:
    namespace, name = _key(one)
    drain = str((one["metadata"].get("labels") or {}).get(names.OF) or name.rpartition("-")[2])
    holder = holder_of(leases.get((namespace, name), {}), now)
    if (state := known.get(_version(one))) is not None:
        return Listed(namespace, drain, state, holder)
    try:
        held = Kept(writer, namespace, drain).read()
    except K8saiError as error:
        return Listed(namespace, drain, None, holder, error.message)
    if held is not None:
        known[f"{held.uid}/{held.version}"] = held.state
    return Listed(namespace, drain, held.state if held else None, holder, "" if held else "it is gone")


def the_drain(read: "Reading", writer: "Writer", drain: str, namespace: str, now: float) -> Listed:
    """The one of this id, wherever it is kept; of id "" the only one that is not over, else the newest.

    Raises NotFound, and what the cluster refused with where nothing could be read.
    """
    found = drains(read, writer, namespace, now)
    if not found and (error := read.refusal(CONFIG_MAPS)) is not None:
        raise error
    if not drain:
        return _only(found)
    for one in found:
        if one.id == drain:
            return one
    known = ", ".join(one.id for one in found[-5:])
    raise NotFound(f"there is no drain {drain}", f"there are {known}" if known else "`k8sai evict status --all`")


def _only(found: tuple[Listed, ...]) -> Listed:
    open_ones = [one for one in found if one.state is None or one.state.stage not in OVER]
    if len(open_ones) == 1 or (found and not open_ones):
        return (open_ones or found)[-1]
    if not found:
        raise NotFound("there is no drain", "`k8sai evict plan NODE` shows what one would do")
    raise NotFound(f"several drains are on their way: {', '.join(one.id for one in open_ones)}", "name one of them")


def parked(read: "Reading") -> Iterator[Marked]:
    """What somebody has stopped to drain a node, and nobody has started again."""
    for kind in PARKABLE:
        for one in read.list(kind):
            drain = (one["metadata"].get("annotations") or {}).get(names.PARKED)
            if drain:
                yield Marked(_ref(kind, one), one, drain)


def marked_nodes(read: "Reading") -> Iterator[Marked]:
    """Nodes with a drain's mark."""
    for one in read.list("nodes"):
        known = one["metadata"].get("annotations") or {}
        drain = known.get(names.MARK) or known.get(names.CORDONED)
        if drain:
            yield Marked(_ref("nodes", one), one, drain)


def _ref(kind: str, one: Json) -> Ref:
    meta = one["metadata"]
    word = str(one.get("kind") or "").lower()
    return Ref(kind, str(meta.get("namespace") or ""), str(meta["name"]), str(meta.get("uid") or ""), word)


def _key(one: Json) -> tuple[str, str]:
    return str(one["metadata"].get("namespace") or ""), str(one["metadata"]["name"])


def _version(one: Json) -> str:
    return f"{one['metadata'].get('uid')}/{one['metadata'].get('resourceVersion')}"
