"""A plan from a wish: everything is read, nothing is written, not even a Lease."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from k8sai.ages import stamp
from k8sai.cluster.reading import condition
from k8sai.evict.facts import Json
from k8sai.evict.keeping.names import NAMESPACE, new_id, node_lease
from k8sai.evict.method import Right
from k8sai.evict.plan import Action, Blocker, Plan, PlannedGang, Range, Refusal
from k8sai.evict.planning import rights as needed
from k8sai.evict.planning.budgets import Budget
from k8sai.evict.planning.choosing import Chosen, choose, last_words, state_of
from k8sai.evict.planning.device import selected
from k8sai.evict.planning.digest import digest
from k8sai.evict.planning.loose import Loose, blockers, judged, loose
from k8sai.evict.planning.placing import Room, room
from k8sai.evict.planning.rights import Rights
from k8sai.evict.planning.scene import Scene, rank, scene
from k8sai.evict.planning.turns import Slot, slots
from k8sai.evict.planning.wish import Wish
from k8sai.evict.state import NodeState

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection

_CONTROL_PLANE: Final = "node-role.kubernetes.io/control-plane"


def make(connection: "Connection", wish: Wish) -> Plan:
    """Raises Usage, NotFound; Forbidden where nodes or pods may not be read; ClusterError."""
    seen = scene(connection, wish)
    rights = Rights(seen.writer)
    chosen = [choose(seen, rights, gang) for gang in seen.gangs]
    turns = slots(seen, [one for one in chosen if not one.refusals])
    going = [one.chosen.gang for one in turns if not one.skipped]
    if seen.survey.device is not None:
        seen.closes(seen.survey.device)
    places = room(seen.cluster, seen.reader, seen.reading, going, seen.survey.names)
    refused = sorted((one for one in chosen if one.refusals), key=lambda one: one.gang.title)
    rows = [*(_row(seen, one, places) for one in turns), *(_refused(seen, one) for one in refused)]
    rows.sort(key=lambda row: row.action == "refuse")
    return _plan(seen, rights, rows, _idle(seen, turns), loose(seen), places)


def _row(seen: Scene, slot: Slot, places: Room) -> PlannedGang:
    short = "" if slot.skipped else places.short.get(slot.chosen.gang.id, "")
    if short and not seen.wish.settings.allow_park:
        hint = "add --allow-park: then it waits until there is room"
        return _refused(seen, slot.chosen, (Refusal("no-room", short, hint, "--allow-park"),))
    one, action = slot.chosen, slot.turn.action
    if slot.skipped:
        lost = f"{slot.skipped}: {one.now.best:.1f} GPU-h will be lost when its node goes"
        return replace(_bare(seen, one, "skip", slot.skipped), planned=one.now, warnings=(*one.warnings, lost))
    more = (f"{short}: it will wait",) if short else ()
    return replace(
        _bare(seen, one, action, slot.turn.why),
        planned=one.planned,
        deadline=slot.deadline,
        begins=slot.turn.begin if action == "ride" else None,
        warnings=(*one.warnings, *_announced(slot), *more),
    )


def _announced(slot: Slot) -> Iterator[str]:
    if slot.external is not None:
        about = "at" if slot.external.sure else "at about"
        yield f"its node goes {about} {stamp(slot.external.at)}: {slot.external.by}"


def _refused(seen: Scene, one: Chosen, more: tuple[Refusal, ...] = ()) -> PlannedGang:
    refusals = (*one.refusals, *more)
    return replace(_bare(seen, one, "refuse", refusals[0].why), refusals=refusals)


def _bare(seen: Scene, one: Chosen, action: Action, reason: str) -> PlannedGang:
    return PlannedGang(
        one.gang,
        state_of(seen, one, action, reason),
        action,
        one.nodes,
        one.inside,
        one.way.method,
        one.way.grade.value,
        one.now,
        save=one.save,
        last=last_words(one, seen.clock.at),
        stop=_stop(one),
        warnings=one.warnings,
    )


def _stop(one: Chosen) -> str:
    """As the table says it."""
    switch = one.gang.switch
    return {
        "kueue": "kueue active=false",
        "suspend": "suspend",
        "scale": "scale to 0",
        "leader": "evict leader",
        "evict": "evict",
        "none": "-",
    }[switch.kind]


def _plan(seen: Scene, rights: Rights, rows: Sequence[PlannedGang], idle: float, rest: Loose, places: Room) -> Plan:
    wish = seen.wish
    nodes = tuple(_node(one) for one in seen.survey.nodes) or tuple(filter(None, (seen.survey.device,)))
    budgets = [one for one in seen.budgets.budgets if _concerned(seen, one)]
    hard = (*rest.blockers, *_blocked_gangs(seen, rows))
    now, planned = sum((one.now for one in rows), Range()), sum((one.planned for one in rows), Range())
    return Plan(
        wish.id or new_id(),
        digest(seen.survey.nodes, rows, rest.states, budgets),
        seen.clock.at,
        seen.clock.version,
        nodes,
        _cards(seen),
        tuple(rows),
        rest.pods,
        hard,
        tuple(_warnings(seen, rows, rest, places)),
        now,
        planned,
        idle,
        wish.settings,
        rights.missing(_rights(seen, wish, rest)),
        seen.hidden,
        rest.states,
        _selects(seen),
    )


def _selects(seen: Scene) -> str:
    """Of one GPU, what closing it means."""
    found = seen.survey.device
    if found is None or found.device is None:
        return ""
    return selected(found.device, len(seen.survey.pods), len(seen.gangs))


def _node(one: Json) -> NodeState:
    meta = one["metadata"]
    return NodeState(str(meta["name"]), str(meta.get("uid", "")), bool((one.get("spec") or {}).get("unschedulable")))


def _concerned(seen: Scene, budget: Budget) -> bool:
    pods = (*seen.loose, *(pod for gang in seen.gangs for pod in gang.pods))
    return any(budget.covers(pod) for pod in pods)


def _cards(seen: Scene) -> float:
    """Allocatable cards of the drained nodes; of a gang or a device what its pods hold."""
    if not seen.survey.names:
        return round(sum(seen.cards(pod) for gang in seen.gangs for pod in gang.pods), 6)
    return round(seen.cluster.fleet.tally(seen.survey.names).cards, 6)


def _blocked_gangs(seen: Scene, rows: Sequence[PlannedGang]) -> Iterator[Blocker]:
    """Gangs that are evicted pod by pod ask the budgets like everybody."""
    pods = [
        pod for row in rows if row.gang.switch.kind in ("evict", "leader") and not row.refusals for pod in _leaving(row)
    ]
    yield from blockers(pods, judged(seen, pods))


def _held_nodes(seen: Scene) -> Iterator[str]:
    """Nodes that another drain is at."""
    for name in sorted(seen.survey.names):
        if (other := seen.theirs.get(node_lease("", name).name)) is not None:
            yield f"node {name} is locked: {other[0]}, and `run` would not begin"


def _odd_nodes(seen: Scene) -> Iterator[str]:
    """Nodes that a person may not have meant, or that will not do as they are told."""
    for node in seen.survey.nodes:
        name = node["metadata"]["name"]
        if _CONTROL_PLANE in (node["metadata"].get("labels") or {}):
            yield f"node {name} is one of the control plane"
        if (condition(node, "Ready") or {}).get("status", "True") != "True":
            yield f"node {name} is not Ready: nobody can be asked there, and its pods do not end until it is back"


def _leaving(row: PlannedGang) -> Sequence[Json]:
    """The pods whose eviction is asked for: of a group its leader, which takes the others along."""
    if row.gang.switch.kind == "evict":
        return row.gang.pods
    return [pod for pod in row.gang.pods if rank(pod) == 0][:1]


def _idle(seen: Scene, turns: Sequence[Slot]) -> float:
    """GPU-hours that cards of the cordoned nodes stand idle until the last gang has saved: free ones, and those of
    gangs that have gone before.
    """
    if not seen.survey.names or not turns:
        return 0.0
    tally = seen.cluster.fleet.tally(seen.survey.names)
    last = max(one.turn.end for one in turns)
    left = sum(_inside(seen, one) * (last - one.turn.end) for one in turns if not one.skipped)
    return (max(0.0, tally.free + tally.blocked) * (last - seen.clock.at) + left) / 3600


def _inside(seen: Scene, slot: Slot) -> float:
    """The cards it holds on drained nodes."""
    pods = slot.chosen.gang.pods
    return sum(seen.cards(pod) for pod in pods if (pod.get("spec") or {}).get("nodeName") in seen.survey.names)


def _rights(seen: Scene, wish: Wish, rest: Loose) -> Iterator[Right]:
    if seen.survey.names:
        yield from needed.of_nodes()
    if seen.survey.device is not None:
        yield from needed.of_device()
    yield from needed.of_state(wish.state_namespace or NAMESPACE)
    yield from needed.of_pods(sorted({one.pod.namespace for one in rest.states}))


def _warnings(seen: Scene, rows: Sequence[PlannedGang], rest: Loose, places: Room) -> Iterator[str]:
    yield from _held_nodes(seen)
    yield from _odd_nodes(seen)
    for row in rows:
        yield from (f"{row.gang.title} {text}" for text in row.warnings)
    yield from rest.warnings
    yield from places.notes
