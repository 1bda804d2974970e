"""Publishes on Kueue's Workloads what their gangs are worth keeping, and takes back only what was published here.

Beside Kueue's annotation stands ours with the same value: a boost that differs from it is somebody else's, and stays.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from k8sai.cluster.discovery import served
from k8sai.cluster.patching import patch
from k8sai.cluster.reading import Reading, holds
from k8sai.cluster.writing import Target
from k8sai.errors import NotFound
from k8sai.evict.contracts.read import contract_of
from k8sai.evict.facts import Gang, Json
from k8sai.evict.gangs.kinds import WORKLOAD
from k8sai.evict.gangs.resolve import resolve
from k8sai.evict.planning.boost import INTERVAL, MOST, boost
from k8sai.evict.planning.choosing import began_at
from k8sai.evict.switches.patches import noted

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.writing import Writer

BOOST: Final = "kueue.x-k8s.io/priority-boost"
OURS: Final = "k8sai.dev/priority-boost"  # the same value, where it was k8sai that wrote it
Action = Literal["set", "keep", "clear", "leave", "none"]


@dataclass(frozen=True, slots=True)
class Boosted:
    """One Workload. `before` is its boost now, `value` what it is to be; "": none. `leave`: it is somebody else's."""

    workload: Json
    gang: str
    before: str
    value: str
    action: Action
    why: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which Workloads, and how much. `namespace` "" is all of them; `clear` takes ours away from each."""

    namespace: str = ""
    labels: str = ""
    most: int = MOST
    interval: float = INTERVAL
    clear: bool = False


def boosts(read: Reading, wanted: Wanted, now: float) -> tuple[Boosted, ...]:
    """What is to be done for each Workload that it concerns. Raises NotFound without Kueue, Forbidden, ClusterError."""
    if not read.served(WORKLOAD.full):
        raise NotFound("this cluster has no Workloads of Kueue", "`k8sai evict plan` does without Kueue")
    found = read.list(WORKLOAD.full, wanted.namespace, labels=wanted.labels)
    if (error := read.refusal(WORKLOAD.full)) is not None:
        raise error
    gangs = {} if wanted.clear else _gangs(read, [one for one in found if _runs(one)])
    made = [_one(one, gangs.get(str(one["metadata"].get("uid"))), read, wanted, now) for one in found]
    return tuple(sorted((one for one in made if one.action != "none"), key=_key))


def _gangs(read: Reading, workloads: list[Json]) -> dict[str, Gang]:
    """By the uid of their Workload."""
    spaces = sorted({str(one["metadata"].get("namespace", "")) for one in workloads})
    pods = [pod for namespace in spaces for pod in read.list("pods", namespace)]
    if (error := read.refusal("pods")) is not None:
        raise error
    gangs = resolve(pods, read).gangs
    return {str(gang.workload["metadata"].get("uid")): gang for gang in gangs if gang.workload is not None}


def _one(workload: Json, gang: Gang | None, read: Reading, wanted: Wanted, now: float) -> Boosted:
    notes = workload["metadata"].get("annotations") or {}
    before, ours = notes.get(BOOST), notes.get(OURS)
    value, why = "", "it is taken back" if wanted.clear else "it does not run"
    if gang is not None and _runs(workload):
        found = boost(contract_of(gang, read), began_at(gang, now), now, wanted.most, wanted.interval)
        value, why = str(found.value), found.why
    action: Action = "set" if value else "clear"
    if before is not None and before != ours:
        action, why = "leave", "its boost is somebody else's"
    elif value and value == before:
        action = "keep"
    elif not value and ours is None:
        action = "none"
    return Boosted(workload, gang.title if gang else "", before or "", value, action, why)


def _runs(workload: Json) -> bool:
    return holds(workload, "Admitted") is not None and holds(workload, "Finished") is None


def _key(one: Boosted) -> tuple[str, str]:
    meta = one.workload["metadata"]
    return str(meta.get("namespace", "")), str(meta["name"])


def changing(found: tuple[Boosted, ...]) -> Iterator[Boosted]:
    """Those that are to be written."""
    return (one for one in found if one.action in ("set", "clear"))


def publish(connection: "Connection", writer: "Writer", one: Boosted) -> None:
    """One write, which only fits the Workload and the values that were read.

    Raises Stale where it is another by now, Forbidden, NotFound, ClusterError.
    """
    resource = served(connection).find(WORKLOAD.group, WORKLOAD.plural)
    if resource is None:
        raise NotFound("this cluster has no Workloads of Kueue")
    meta = one.workload["metadata"]
    value = one.value or None
    patch(writer, Target(resource, meta["namespace"], meta["name"]), noted(one.workload, {BOOST: value, OURS: value}))
