"""Would a stopped gang start again elsewhere, while the drained nodes are cordoned: by the scheduler's rules.

Gangs are placed one after the other, in the order in which they are stopped: what one takes is not there for the next.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from k8sai.evict.facts import Gang, Json
from k8sai.evict.planning.filters import ended
from k8sai.evict.planning.placing_queue import queued
from k8sai.fit.ask import Asked, Bounds, Group
from k8sai.fit.cluster import Cluster
from k8sai.fit.reading import Reader, claimed, drivers_of, furnish, rules_of, trial_of, where_of
from k8sai.fit.scene import Attempt, Scene
from k8sai.quantity import BadQuantity
from k8sai.scheduling.trial import Trial

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading

_TOPOLOGY: Final = "kueue.x-k8s.io/podset-required-topology"
_PLACED: Final = "kueue.x-k8s.io/tas"  # Kueue chose the node, and chooses anew
_HOST: Final = "kubernetes.io/hostname"
_INDICES: Final = ("batch.kubernetes.io/job-completion-index", "apps.kubernetes.io/pod-index")
_CLAIMS: Final = "resourceclaims.resource.k8s.io"


@dataclass(frozen=True, slots=True)
class Room:
    """Per gang why it finds none; a gang that is not in `short` finds some. `notes` say what is not known."""

    short: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def room(cluster: Cluster, reader: Reader, reading: "Reading", gangs: Sequence[Gang], left_out: frozenset[str]) -> Room:
    """Of gangs in the order in which they stop; no pod may go to a node in `left_out`."""
    wanted = [gang for gang in gangs if gang.pods]
    if not wanted:
        return Room()
    try:
        place = _Place(cluster, reader, reading, wanted, left_out)
        return Room(queued(reading, wanted) | place.short())
    except BadQuantity as error:
        return Room(notes=(f"whether there is room elsewhere is not known: {error}",))


class _Place:
    """One picture, many tries."""

    def __init__(
        self, cluster: Cluster, reader: Reader, reading: "Reading", gangs: Sequence[Gang], left_out: frozenset[str]
    ) -> None:
        self.gangs, self.bounds = gangs, Bounds(left_out=left_out)
        self.claims = _claims(reading, gangs)
        everything = self._asked(gangs)
        gone = frozenset(str(pod["metadata"].get("uid")) for gang in gangs for pod in gang.pods)
        ended_pods = [pod for pod in cluster.roster.all() if pod.metadata.uid in gone]
        furnish(reader, cluster.board, everything, ())
        rules = rules_of(reader, everything, ended_pods)
        trial = trial_of(cluster.board, cluster.roster.unready)
        self.trial: Trial = trial.without(pods=gone)
        self.scene = Scene(trial, where_of(cluster.fleet), rules, drivers_of(cluster.board), claimed(cluster.board))

    def short(self) -> dict[str, str]:
        """All at once first: mostly they fit."""
        if self._try(self.gangs).fits:
            return {}
        found: dict[str, str] = {}
        placed: list[Gang] = []
        for gang in self.gangs:
            tried = self._try([*placed, gang])
            if tried.fits:
                placed.append(gang)
            else:
                found[gang.id] = self._why(tried, gang, placed)
        return found

    def _try(self, gangs: Sequence[Gang]) -> Attempt:
        return self.scene.attempt(self.scene.admitted(self._asked(gangs)), self.bounds, self.trial)

    def _why(self, tried: Attempt, gang: Gang, placed: Sequence[Gang]) -> str:
        if tried.placed.all_fit:
            return "; ".join(barrier.text for barrier in tried.barriers)
        before = self._asked(placed).count
        total = self._asked([gang]).count
        others = f" beside {', '.join(one.title for one in placed)}" if placed else ""
        pods = "its pod finds no node" if total == 1 else f"{max(0, tried.count - before)} of its {total} pods find one"
        closed = " while the nodes are cordoned" if self.bounds.left_out else ""
        return f"no room elsewhere{others}{closed}: {pods}"

    def _asked(self, gangs: Iterable[Gang]) -> Asked:
        groups = tuple(group for gang in gangs for group in groups_of(gang))
        return Asked(groups, claims=self.claims)


def groups_of(gang: Gang) -> tuple[Group, ...]:
    """Its pods as they would be made anew, those alike together."""
    kinds: dict[str, tuple[Json, int]] = {}
    for pod in gang.pods:
        if ended(pod):
            continue
        made = anew(pod)
        key = repr((made["metadata"], made["spec"]))
        kinds[key] = (made, kinds.get(key, (made, 0))[1] + 1)
    name = f"{gang.ref.name}"
    return tuple(Group(f"{name}-{number}", count, pod) for number, (pod, count) in enumerate(kinds.values()))


def anew(pod: Json) -> Json:
    """Without what it got when it was bound, and without what tells it from its like."""
    meta, spec = pod["metadata"], dict(pod["spec"])
    for key in ("nodeName", "hostname", "schedulingGates"):
        spec.pop(key, None)
    if _PLACED in (meta.get("labels") or {}) or _TOPOLOGY in (meta.get("annotations") or {}):
        spec["nodeSelector"] = {key: value for key, value in (spec.get("nodeSelector") or {}).items() if key != _HOST}
    spec["volumes"] = [one for one in spec.get("volumes") or () if "projected" not in one]
    spec["containers"] = [_container(one) for one in spec.get("containers") or ()]
    spec["initContainers"] = [_container(one) for one in spec.get("initContainers") or ()]
    labels = {key: value for key, value in (meta.get("labels") or {}).items() if key not in _INDICES}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"namespace": meta.get("namespace", ""), "labels": labels},
        "spec": spec,
    }


def _container(one: Json) -> Json:
    """What is asked for and which ports it wants: the rest says nothing of where it may run."""
    kept: dict[str, Any] = {"name": one.get("name", "main"), "resources": one.get("resources") or {}}
    for key in ("ports", "restartPolicy"):
        if key in one:
            kept[key] = one[key]
    return kept


def _claims(reading: "Reading", gangs: Sequence[Gang]) -> dict[tuple[str, str], Json]:
    """The claims that pods name, as if nobody held them: the stop lets go of them."""
    named = {
        (str(pod["metadata"].get("namespace", "")), str(use["resourceClaimName"]))
        for gang in gangs
        for pod in gang.pods
        for use in (pod.get("spec") or {}).get("resourceClaims") or ()
        if use.get("resourceClaimName")
    }
    spaces = sorted({namespace for namespace, _ in named})
    found = {
        (namespace, str(one["metadata"]["name"])): one
        for namespace in spaces
        for one in reading.list(_CLAIMS, namespace)
    }
    return {
        key: {part: value for part, value in one.items() if part != "status"}
        for key, one in found.items()
        if key in named
    }
