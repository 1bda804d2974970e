"""What must hold of a drain at every one of its writes, and when it is over, whatever happened to it in between."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from k8sai.evict.facts import Grade, Phase, at_least
from k8sai.evict.state import GangState, State
from k8sai.holding import form
from tests.evict.yard_player import Played
from tests.evict.yard_world import YardWorld
from tests.faults.schedule import Sent

Json = dict[str, Any]

STATE: Final = "state.json"
PARKED: Final = "k8sai.dev/parked-by"
# What stops a gang when it is written, by its pointer.
STOPS: Final = {
    "/spec/suspend": True,
    "/spec/runPolicy/suspend": True,
    "/spec/active": False,
    "/spec/replicas": 0,
}
WELL: Final = ("saves", "lags")  # ways of ranks whose answer is worth something


def stops(sent: Sent) -> bool:
    """The write stops a gang, or one pod."""
    if sent.path.endswith("/eviction"):
        return True
    return any(path in sent.sets and sent.sets[path] == value for path, value in STOPS.items())


@dataclass
class Rules:
    """`look` is called in the moment after the server took a write; it raises AssertionError."""

    world: YardWorld
    gangs: dict[str, Played]
    cordoned: set[str] = field(default_factory=set)  # nodes that were so before us
    stopped: Counter[str] = field(default_factory=Counter)  # by the object that was written to
    evicted: Counter[str] = field(default_factory=Counter)  # by uid
    uncordoned: list[str] = field(default_factory=list)

    # --- at each write ------------------------------------------------------------------------------------------------

    def look(self, sent: Sent) -> None:
        if sent.ours:
            return
        if sent.path.startswith("/api/v1/nodes/"):
            self._node(sent)
        elif stops(sent):
            self._stop(sent)

    def _node(self, sent: Sent) -> None:
        """Nobody uncordons what was cordoned before we came."""
        name = sent.path.removeprefix("/api/v1/nodes/").partition("/")[0]
        lifted = any(
            one["op"] == "remove" and one["path"] == "/spec/unschedulable"
            for one in (sent.body if isinstance(sent.body, list) else ())
        )
        if lifted:
            assert name not in self.cordoned, f"{name} was not ours"
            self.uncordoned.append(name)

    def _stop(self, sent: Sent) -> None:
        gang = next((one for one in self.state.gangs if _is_of(sent, one)), None)
        if sent.path.endswith("/eviction"):
            uid = str(sent.body["deleteOptions"]["preconditions"]["uid"])
            self.evicted[uid] += 1
            assert self.evicted[uid] == 1, f"{sent.path} was evicted twice"
        if gang is None:
            assert sent.path.endswith("/eviction"), f"{sent.path}: of no gang of the drain"
            assert any(one.pod.uid == uid and one.pending for one in self.state.pods), f"{sent.path} was not announced"
            return
        if not sent.path.endswith("/eviction"):
            self.stopped[gang.id] += 1
            assert self.stopped[gang.id] == 1, f"{gang.ref.title} was stopped twice"
        self._was_proven(gang)
        assert self._all_cordoned(), "a node to be drained was not cordoned"

    def _was_proven(self, gang: GangState) -> None:
        """By the journal, and by what the ranks really did."""
        assert gang.pending and gang.pending.word == "stop", f"{gang.ref.title}: the journal does not announce it"
        assert gang.phase is Phase.STOPPING and gang.proof is not None
        assert at_least(gang.proof.grade, gang.accepted) and at_least(gang.accepted, Grade.MARKER)
        played = self.gangs[gang.ref.name]
        assert played.way in WELL, f"{gang.ref.title} {played.way}, and was stopped"
        assert gang.proof.step in played.answered.values(), f"{gang.ref.title}: step {gang.proof.step} was never saved"

    def _all_cordoned(self) -> bool:
        mine = {one.name for one in self.state.nodes if not one.released}
        return mine <= self.world.cordoned()

    # --- in the end ---------------------------------------------------------------------------------------------------

    def over(self, drained: set[str]) -> None:
        """No gang is parked, and exactly these nodes and those before are cordoned."""
        assert self.world.marked(PARKED) == []
        for kind in ("jobs.batch", "jobsets.jobset.x-k8s.io", "trainjobs.trainer.kubeflow.org"):
            parked = [one["metadata"]["name"] for one in self.world.listed(kind) if _parked(one)]
            assert parked == [], "parked without our mark"
        groups = self.world.listed("leaderworkersets.leaderworkerset.x-k8s.io")
        assert [one["metadata"]["name"] for one in groups if one["spec"].get("replicas") == 0] == []
        inactive = [one for one in self.world.listed("workloads.kueue.x-k8s.io") if one["spec"].get("active") is False]
        assert inactive == []
        assert self.world.cordoned() == self.cordoned | drained

    def runs_again(self, sizes: dict[str, int]) -> None:
        """Every gang is whole."""
        for name, size in sizes.items():
            pods = [one for one in self.world.pods_of(name) if one["status"].get("phase") == "Running"]
            assert len(pods) == size, f"{name}: {len(pods)} of {size} run"

    @property
    def state(self) -> State:
        """As it is kept, past everybody."""
        found = kept_states(self.world)
        assert found, "a write before anything was kept"
        return found[-1]


def kept_states(world: YardWorld) -> list[State]:
    """Of all drains that are kept in the cluster."""
    maps = [one for one in world.list("configmaps") if STATE in (one.get("data") or {})]
    mine = [one for one in maps if one["metadata"]["name"].startswith("k8sai-evict-")]
    return [form.state(State, one["data"][STATE], json.loads(one["data"][STATE])["version"]) for one in mine]


def _is_of(sent: Sent, gang: GangState) -> bool:
    if sent.path.endswith("/eviction"):
        return any(f"/namespaces/{one.namespace}/pods/{one.name}/" in sent.path for one in gang.pods)
    on = gang.switch.on
    return on is not None and sent.path.endswith(f"/{on.name}")


def _parked(one: Json) -> bool:
    """Suspended, and no queue holds it back."""
    queued = "kueue.x-k8s.io/queue-name" in (one["metadata"].get("labels") or {})
    return bool(one["spec"].get("suspend")) and not queued and not one["metadata"].get("ownerReferences")
