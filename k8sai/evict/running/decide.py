"""What comes next in a drain: pure, from what is remembered and what is seen.

Every node is cordoned and read back before anything is stopped; gangs go in the plan's order, a few saving at the same
time; pods that are no gang's go last; then the nodes are called drained. Taking it back goes the other way.
"""

from collections.abc import Iterator
from dataclasses import replace

from k8sai.ages import stamp
from k8sai.evict.running import decide_gang, decide_node, decide_pod
from k8sai.evict.running.actions import Action, Change, Turn
from k8sai.evict.running.decide_gang import Now
from k8sai.evict.running.outcome import stage_of
from k8sai.evict.running.seen import GangSeen, NodeSeen, PodSeen, Seen
from k8sai.evict.state import OVER, Stage, State

_NODE, _GANG, _POD = NodeSeen(there=False), GangSeen(), PodSeen(there=False)


def decide(state: State, seen: Seen, by: str) -> tuple[Action, ...]:
    """Everything that may be done now, each of another node, gang or pod; one Turn alone ends the stage."""
    if state.stage in OVER:
        return ()
    found = tuple(_aborting(state, seen, by) if state.stage is Stage.ABORTING else _running(state, seen, by))
    turn = next((one for one in found if isinstance(one, Turn)), None)
    return (turn,) if turn else found


def _running(state: State, seen: Seen, by: str) -> Iterator[Action]:
    at, settings = stamp(seen.now), state.settings
    nodes = [(one, seen.nodes.get(one.name, _NODE)) for one in state.nodes]
    cordons = [decide_node.cordon(one, see, settings, at, by) for one, see in nodes]
    yield from filter(None, cordons)
    held = not any(cordons) and all(decide_node.ready(one, see) for one, see in nodes)
    yield from _gangs(state, seen, by, held)
    if not held or not all(decide_gang.over(one, settings) for one in state.gangs):
        return
    let_go = {one.name: f"node {one.name} was let go" for one in state.nodes if one.released}
    pods = [
        decide_pod.next_for(
            one,
            seen.pods.get(one.pod.uid, _POD),
            settings,
            seen.now,
            by,
            stays=let_go.get(one.pod.node, ""),
        )
        for one in state.pods
    ]
    yield from filter(None, pods)
    if not all(decide_pod.over(one) for one in state.pods):
        return
    ends = [decide_node.drain(one, see, settings, at, by, over=True) for one, see in nodes]
    yield from filter(None, ends)
    if not any(ends):
        yield Turn(*stage_of(state))


def _gangs(state: State, seen: Seen, by: str, held: bool) -> Iterator[Action]:
    """In the plan's order; who was let begin in this turn counts."""
    slots = state.settings.parallel - sum(decide_gang.saving(one) for one in state.gangs)
    now = Now(seen.now, by, state.id, state.settings, slots, held)
    for gang in state.gangs:
        action = decide_gang.next_for(gang, seen.gangs.get(gang.id, _GANG), now)
        if action is None:
            continue
        if isinstance(action, Change) and not decide_gang.saving(gang) and decide_gang.saves(action.to):
            now = replace(now, slots=now.slots - 1)
        yield action


def _aborting(state: State, seen: Seen, by: str) -> Iterator[Action]:
    """Requests are withdrawn and nodes given back at once; what was stopped is started as soon as its pods are gone."""
    at = stamp(seen.now)
    now = Now(seen.now, by, state.id, state.settings, 0, held=False)
    gangs = [decide_gang.back(one, seen.gangs.get(one.id, _GANG), now) for one in state.gangs]
    nodes = [decide_node.give_back(one, seen.nodes.get(one.name, _NODE), at, by) for one in state.nodes]
    pods = [decide_pod.back(one) for one in state.pods]
    found = [one for one in (*gangs, *nodes, *pods) if one is not None]
    yield from found
    if not found:
        yield Turn(Stage.ABORTED, state.reason)
