"""All rollouts of a namespace or of a cluster, with who holds them; what cannot be read of one is said of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from k8sai.canary.facts import Json, Phase
from k8sai.canary.keeping import form, names
from k8sai.canary.keeping.kept import STATE
from k8sai.canary.state import State
from k8sai.holding.holder import Holder, holder_of

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading

CONFIG_MAPS = "configmaps"
LEASES = "leases.coordination.k8s.io"
_MOVES = frozenset((Phase.PREFLIGHT, Phase.WARMING, Phase.SHIFTING, Phase.GATING, Phase.PROMOTING, Phase.ROLLING_BACK))


@dataclass(frozen=True, slots=True)
class Listed:
    """`name` is that of the ConfigMap. Without a state, `target` (kind/name) and `trouble` say what is known."""

    namespace: str
    name: str
    target: str
    state: State | None
    holder: Holder | None
    trouble: str = ""

    @property
    def lost(self) -> bool:
        """Its operator is."""
        return self.state is not None and lost(self.state, self.holder)


def lost(state: State, holder: Holder | None) -> bool:
    """Whoever was at it does not renew, or has left a goal half done: `run` goes on."""
    alone = holder is None or holder.expired
    return alone and (state.pending is not None or (holder is not None and state.phase in _MOVES))


def rollouts(read: "Reading", namespace: str, now: float) -> tuple[Listed, ...]:
    """Of one namespace, or of all where it is "". What may not be read is in `read.hidden`."""
    labels = f"{names.LABEL}=1"
    leases = {_key(one): one for one in read.list(LEASES, namespace, labels=labels)}
    states = read.list(CONFIG_MAPS, namespace, labels=f"{labels},{names.PART}=state")
    return tuple(sorted(_listed(states, leases, now), key=lambda one: (one.namespace, one.target)))


def _listed(states: list[Json], leases: dict[tuple[str, str], Json], now: float) -> Iterator[Listed]:
    for one in states:
        meta, state, trouble = one["metadata"], None, ""
        try:
            state = form.state((one.get("data") or {}).get(STATE, ""))
        except form.Unreadable as error:
            trouble = error.message
        target = str((meta.get("annotations") or {}).get(names.TARGET) or "")
        holder = holder_of(leases.get(_key(one), {}), now)
        yield Listed(
            *_key(one), f"{state.target.kind}/{state.target.name}" if state else target, state, holder, trouble
        )


def _key(one: Json) -> tuple[str, str]:
    return str(one["metadata"].get("namespace") or ""), str(one["metadata"]["name"])
