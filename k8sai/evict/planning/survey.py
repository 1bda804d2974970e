"""What is to be drained, as it is now: the nodes, the pods on them, and what the server's clock says.

A node's pods are listed by its name; of many nodes all pods are listed once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

import msgspec

from k8sai.errors import Forbidden, K8saiError, NotFound, Refused, Usage
from k8sai.evict.facts import Json
from k8sai.evict.planning.wish import Wish
from k8sai.evict.state import NodeState

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.reading import Reading

_FEW: Final = 16  # nodes that are asked for one by one
NODES: Final = "nodes"
PODS: Final = "pods"


@dataclass(frozen=True, slots=True)
class Clock:
    """The API server's time in epoch seconds, and its version."""

    at: float
    version: str = ""


@dataclass(frozen=True, slots=True)
class Survey:
    """`nodes` are to be cordoned; `pods` are what is on them. Of one gang or one GPU there are no nodes; the GPU is
    what `device` says.
    """

    nodes: tuple[Json, ...] = ()
    pods: tuple[Json, ...] = ()
    names: frozenset[str] = field(default_factory=frozenset)
    device: NodeState | None = None


def clock(connection: "Connection") -> Clock:
    """What time it is there. Raises ClusterError; Refused where no time is told: ages would be guessed."""
    answer = connection.request("GET", "/version")
    said = answer.headers.get("Date", "")
    try:
        at = parsedate_to_datetime(said).timestamp()
    except (TypeError, ValueError) as error:
        raise Refused(f"{connection.server} does not say what time it is", "a proxy may take the Date away") from error
    return Clock(at, str((msgspec.json.decode(answer.body) or {}).get("gitVersion") or "").removeprefix("v"))


def survey(reading: "Reading", wish: Wish) -> Survey:
    """Raises Usage, NotFound, Forbidden, ClusterError."""
    if sum(map(bool, (wish.nodes or wish.selector, wish.gang, wish.device))) != 1:
        raise Usage(f"name what is to be drained: {_ways(wish)}", "`k8sai evict plan NODE`")
    if wish.nodes and wish.selector:
        raise Usage("nodes by name and by -l are two ways to say it", "give one of them")
    if wish.gang:
        return Survey(pods=_around(reading, wish))
    if wish.device:
        return Survey()
    nodes = _labelled(reading, wish.selector) if wish.selector else _named(reading, wish.nodes)
    names = frozenset(str(one["metadata"]["name"]) for one in nodes)
    return Survey(tuple(nodes), tuple(_on(reading, names)), names)


def _ways(wish: Wish) -> str:
    """What could be said, or that too much was."""
    ways = "nodes, -l, --gang or --device"
    return f"one of {ways}, not several" if wish.gang or wish.device else ways


def _labelled(reading: "Reading", selector: str) -> list[Json]:
    found = reading.list(NODES, labels=selector)
    insist(reading, NODES)
    if not found:
        raise NotFound(f"no node has the labels {selector}", "`kubectl get nodes --show-labels`")
    return found


def _named(reading: "Reading", names: Sequence[str]) -> list[Json]:
    wanted = list(dict.fromkeys(name.removeprefix("node/") for name in names))
    if len(wanted) > _FEW:
        known = {str(one["metadata"]["name"]): one for one in reading.list(NODES)}
        found = [known.get(name) for name in wanted]
    else:
        found = [reading.get(NODES, "", name) for name in wanted]
    insist(reading, NODES)
    absent = [name for name, one in zip(wanted, found, strict=True) if one is None]
    if absent:
        raise NotFound(f"there is no node {', '.join(absent)}", _near(reading, absent[0]))
    return [one for one in found if one is not None]


def _near(reading: "Reading", name: str) -> str:
    there = [str(one["metadata"]["name"]) for one in reading.list(NODES)]
    near = get_close_matches(name, there, 1)
    return f"did you mean {near[0]}?" if near else "`kubectl get nodes`"


def _on(reading: "Reading", names: frozenset[str]) -> list[Json]:
    if len(names) > _FEW:
        found = [pod for pod in reading.list(PODS) if (pod.get("spec") or {}).get("nodeName") in names]
    else:
        found = [pod for name in sorted(names) for pod in reading.list(PODS, fields=f"spec.nodeName={name}")]
    insist(reading, PODS)
    return found


def _around(reading: "Reading", wish: Wish) -> tuple[Json, ...]:
    """The pods among which the gang is: of the namespace that its name begins with, else of the current one."""
    before, slash, _ = wish.gang.partition("/")
    found = reading.list(PODS, before) if slash else []
    found = found or reading.list(PODS, wish.namespace)
    insist(reading, PODS)
    return tuple(found)


def insist(reading: "Reading", kind: str) -> None:
    """Raises what kept us from reading the kind: without nodes and pods there is no plan."""
    error: K8saiError | None = reading.refusal(kind)
    if error is not None:
        raise Forbidden(error.message, error.hint) if isinstance(error, Forbidden) else error
