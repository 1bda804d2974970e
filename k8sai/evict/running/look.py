"""Looks at a drain's nodes, gangs and pods. What may not be read is raised: nothing is decided on half a picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from k8sai.ages import epoch
from k8sai.cluster.reading import Reading, holds
from k8sai.evict.facts import ENDED, Json, Phase
from k8sai.evict.keeping.names import CORDONED, MARK
from k8sai.evict.planning.deadlines import deadline_of
from k8sai.evict.planning.device import holders
from k8sai.evict.planning.verdicts import Verdict
from k8sai.evict.running import decide_gang, decide_pod, fate, marking, proving, tainting
from k8sai.evict.running.asking import Asking
from k8sai.evict.running.seen import GangSeen, NodeSeen, PodSeen, Seen
from k8sai.evict.state import GangState, NodeState, PodState, Stage, State
from k8sai.evict.switches.step import Wait

if TYPE_CHECKING:
    from k8sai.evict.running.hands import Hands

PODS: Final = "pods"
_TERMINAL: Final = ("Succeeded", "Failed")
RETRY: Final = 5.0  # seconds until a budget that says no is asked again; kubectl's
_FEW: Final = 10  # nodes that are read one by one; more are listed


@dataclass(slots=True)
class Memory:
    """What one process remembers between two looks: who deletes pods, what has failed, and what refused an
    eviction, by uid."""

    takers: dict[str, str] = field(default_factory=dict)
    fallen: dict[str, str] = field(default_factory=dict)  # by gang: the first of its pods that has failed
    blocked: dict[str, tuple[Verdict, float]] = field(default_factory=dict)  # and when, epoch seconds


@dataclass(frozen=True, slots=True)
class Look:
    """One look. `pods` are those of the namespaces that matter, by uid."""

    hands: "Hands"
    state: State
    read: Reading
    asking: Asking
    memory: Memory
    pods: Mapping[str, Json]

    def seen(self) -> Seen:
        nodes = self.nodes()
        gangs = {one.id: self.gang(one, nodes) for one in self.state.gangs}
        pods = {one.pod.uid: self.pod(one) for one in self.state.pods if not one.done}
        self.insist_on_all()
        return Seen(self.hands.now(), nodes, gangs, pods)

    def insist_on_all(self) -> None:
        """Raises what the cluster refused with."""
        for gap in self.read.hidden:
            if (error := self.read.refusal(gap.what)) is not None:
                raise error

    # --- nodes --------------------------------------------------------------------------------------------------------

    def nodes(self) -> dict[str, NodeSeen]:
        states = self.state.nodes
        if len(states) > _FEW:
            listed: dict[str, Json | None] = {one["metadata"]["name"]: one for one in self.read.list("nodes")}
        else:
            listed = {one.name: self.read.get("nodes", "", one.name) for one in states if not one.device}
        last = self._last
        return {one.name: self._node(one, listed.get(one.name), last) for one in states}

    @property
    def _last(self) -> bool:
        """Only the nodes are left to be looked at."""
        gangs = all(decide_gang.over(one, self.state.settings) for one in self.state.gangs)
        running = self.state.stage is Stage.RUNNING
        return running and gangs and all(decide_pod.over(one) for one in self.state.pods)

    def _node(self, state: NodeState, node: Json | None, last: bool) -> NodeSeen:
        if state.device is not None:
            ends = last and not (state.drained or state.released)
            return tainting.seen(self.read, state, state.device, self.state.id, last=ends)
        if node is None or node["metadata"].get("uid") != state.uid:
            return NodeSeen(there=False)
        notes, drain = marking.notes(node), self.state.id
        found = deadline_of(node, self.hands.now())
        left, going = self._left(state.name) if last and not (state.drained or state.released) else ((), ())
        return NodeSeen(
            cordoned=marking.cordoned(node),
            ours=notes.get(MARK) == drain,
            by_us=notes.get(CORDONED) == drain,
            marked=marking.marked(node, drain),
            until=found.at if found else 0.0,
            until_by=found.by if found else "",
            left=left,
            going=going,
        )

    def _left(self, node: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Pods that should have gone: not those of DaemonSets, mirrors, and what has ended."""
        there = [
            one
            for one in self.read.list(PODS, fields=f"spec.nodeName={node}")
            if _node_of(one) == node and not _ended(one) and not _stays(one)
        ]
        title = [(f"{one['metadata']['namespace']}/{one['metadata']['name']}", _going(one)) for one in there]
        return tuple(name for name, goes in title if not goes), tuple(name for name, goes in title if goes)

    # --- gangs --------------------------------------------------------------------------------------------------------

    def gang(self, state: GangState, nodes: Mapping[str, NodeSeen]) -> GangSeen:
        if decide_gang.over(state, self.state.settings) and self.state.stage is not Stage.ABORTING:
            return GangSeen()
        alive = self.alive(state)
        here = [one for one in alive if self._drains(_node_of(one), nodes)]
        going = [one for one in alive if _going(one)]
        blocked = next((v[0] for one in alive if (v := self.memory.blocked.get(_uid(one)))), None)
        until = self._until(here, nodes)
        return GangSeen(
            here=len(here),
            alive=len(alive),
            going=len(going),
            **self._end(state, alive),
            taker=self._taker(state, going),
            fallen=self._fallen(state),
            **self._switch(state),
            **self._again(state, nodes),
            blocked=blocked.why if blocked else "",
            never=bool(blocked and blocked.word == "never"),
            attempt=self.asking.attempt(state),
            proof=self.asking.proof(state),
            until=until.until if until else 0.0,
            until_by=until.until_by if until else "",
        )

    def alive(self, state: GangState) -> list[Json]:
        """The pods it was planned with, as far as they are there and have not ended."""
        found = (self.pods.get(one.uid) for one in state.pods)
        return [one for one in found if one is not None and not _ended(one)]

    def _drains(self, node: str, nodes: Mapping[str, NodeSeen]) -> bool:
        """Without nodes it is the gang itself that is to go; of a GPU, all who were planned with hold it."""
        released = {one.name for one in self.state.nodes if one.released}
        if self.state.device:
            return not released
        return not nodes or (node in nodes and node not in released)

    def _until(self, here: Sequence[Json], nodes: Mapping[str, NodeSeen]) -> NodeSeen | None:
        found = [nodes[name] for one in here if (name := _node_of(one)) in nodes and nodes[name].until]
        return min(found, key=lambda one: one.until, default=None)

    def _end(self, state: GangState, alive: Sequence[Json]) -> dict[str, Any]:
        """Whether it has ended by itself: looked at only where no pod is left."""
        if alive or state.stops:
            return {}
        known = [self.pods[one.uid] for one in state.pods if one.uid in self.pods]
        if known and all((one.get("status") or {}).get("phase") == "Succeeded" for one in known):
            return {"ended": True, "end": "its pods are complete"}
        owner = self.read.get(state.ref.kind, state.ref.namespace, state.ref.name)
        if owner is None or owner["metadata"].get("uid") != state.ref.uid:
            return {"fate": fate.GONE if owner is None else fate.ANEW}
        word, failed = fate.end_of(owner, bare=state.ref.kind == "pods")
        return {"ended": bool(word), "end": word, "failed": failed, "fate": fate.anew(owner)}

    def _fallen(self, state: GangState) -> str:
        """Remembered, since its controller may take the others away, and this one too."""
        if state.stops:
            return ""
        found = fate.fallen(pod for one in state.pods if (pod := self.pods.get(one.uid)) is not None)
        return self.memory.fallen.setdefault(state.id, found) if found else self.memory.fallen.get(state.id, "")

    def _taker(self, state: GangState, going: Sequence[Json]) -> str:
        """As far as a pod that goes tells; remembered, since one that is gone tells nothing."""
        for pod in going:
            found = holds(pod, "DisruptionTarget")
            if found is not None:
                self.memory.takers[state.id] = f"{found.get('reason', '')} ({found.get('message', '')})"
        return self.memory.takers.get(state.id, "")

    def _switch(self, state: GangState) -> dict[str, Any]:
        if state.phase is Phase.STOPPING:
            return {"stop": self.hands.switches.next_stop(state, self.read, self.state.id)}
        if state.phase in (Phase.STOPPED, Phase.PARKED):
            if self._claims(state):
                return {"start": Wait("its claims to be let go of: a pod that finds them would get the same GPU")}
            if left := self._left_over(state):
                return {"start": Wait(f"pod {left[0]} to end, which took the place of one of its pods before the stop")}
            return {"start": self.hands.switches.next_start(state, self.read, self.state.id)}
        return {}

    def _claims(self, state: GangState) -> bool:
        """Whether the GPU that is closed is still claimed by its old pods; a claim that has a name outlives them."""
        device = self.state.device
        if device is None or self.state.stage is not Stage.RUNNING:
            return False
        old = {one.uid for one in state.pods}
        return any(one.uid in old for one in holders(self.read, device))

    def _again(self, state: GangState, nodes: Mapping[str, NodeSeen]) -> dict[str, Any]:
        """Its new pods, after the start."""
        if state.phase not in (Phase.REQUEUED, Phase.RUNNING) or self.state.stage is Stage.ABORTING:
            return {}
        pods = self.new_pods(state)
        back = tuple(one["metadata"]["name"] for one in pods if self._comes_back(one, nodes))
        ready = [one for one in pods if holds(one, "Ready")]
        runs = len(ready) >= len(state.pods)
        step = proving.restored(self.hands, state, ready) if state.phase is Phase.RUNNING and ready else -1
        return {"back": back, "running": runs, "restored": step}

    def _comes_back(self, pod: Json, nodes: Mapping[str, NodeSeen]) -> bool:
        """Onto a node that is drained; on a GPU that is closed nothing can."""
        return bool(nodes) and not self.state.device and self._drains(_node_of(pod), nodes)

    def _left_over(self, state: GangState) -> list[str]:
        """Pods that its controller had made anew after the plan: a rank may not run beside its successor. Those that
        wait unbound since the stop are its future ones (Kueue makes them at once for some kinds).
        """
        stopped = epoch(state.stopped_at) if state.stopped_at else 0.0

        def old(pod: Json) -> bool:
            return _going(pod) or (bool(_node_of(pod)) and epoch(pod["metadata"]["creationTimestamp"]) < stopped)

        return [one["metadata"]["name"] for one in self._others(state) if old(one)]

    def new_pods(self, state: GangState) -> list[Json]:
        """Those that have been made since."""
        return [one for one in self._others(state) if not _going(one)]

    def _others(self, state: GangState) -> list[Json]:
        """Its pods that it was not planned with; found as a plan finds them."""
        from k8sai.evict.gangs.resolve import resolve

        planned = {one.uid for one in state.pods}
        since = [one for one in self.pods.values() if _uid(one) not in planned and not _ended(one)]
        mine = [one for one in since if one["metadata"].get("namespace") == state.ref.namespace]
        if not mine:
            return []
        found = next((one for one in resolve(mine, Reading(self.hands.objects)).gangs if one.id == state.id), None)
        return [one for one in (found.pods if found else ()) if _uid(one) not in planned]

    # --- pods ---------------------------------------------------------------------------------------------------------

    def pod(self, state: PodState) -> PodSeen:
        found = self.pods.get(state.pod.uid)
        if found is None or _ended(found):
            return PodSeen(there=False, ended=found is not None)
        if state.pod.uid not in self.memory.blocked:
            return PodSeen(going=_going(found))
        verdict, at = self.memory.blocked[state.pod.uid]
        retry = at + (verdict.retry or RETRY) - self.hands.now()
        return PodSeen(True, _going(found), blocked=verdict.why, never=verdict.word == "never", retry=retry)


def look(hands: "Hands", state: State, asking: Asking, memory: Memory) -> Look:
    """Reads what is needed now. Raises Forbidden, ClusterError."""
    read = Reading(hands.objects)
    open_gangs = [one for one in state.gangs if one.phase not in ENDED or one.pending or not _over(state, one)]
    spaces = {pod.namespace for one in open_gangs for pod in one.pods}
    spaces |= {one.pod.namespace for one in state.pods if not one.done}
    pods = {_uid(one): one for namespace in sorted(spaces) for one in read.list(PODS, namespace)}
    return Look(hands, state, read, asking, memory, pods)


def _over(state: State, gang: GangState) -> bool:
    return decide_gang.over(gang, state.settings)


def _uid(pod: Json) -> str:
    return str(pod["metadata"].get("uid") or "")


def _node_of(pod: Json) -> str:
    return str((pod.get("spec") or {}).get("nodeName") or "")


def _going(pod: Json) -> bool:
    return "deletionTimestamp" in pod["metadata"]


def _ended(pod: Json) -> bool:
    return (pod.get("status") or {}).get("phase") in _TERMINAL


def _stays(pod: Json) -> bool:
    """Drains leave it: it is a DaemonSet's, or the kubelet's own."""
    owners = pod["metadata"].get("ownerReferences") or ()
    mirror = "kubernetes.io/config.mirror" in (pod["metadata"].get("annotations") or {})
    return mirror or any(one.get("kind") == "DaemonSet" and one.get("controller") for one in owners)
