"""A plan from a wish: everything is read, nothing is written, not even a Lease."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from k8sai.evict.facts import Json
from k8sai.evict.keeping.names import NAMESPACE, new_id
from k8sai.evict.method import Right
from k8sai.evict.plan import Action, Blocker, Plan, PlannedGang, Range, Refusal
from k8sai.evict.planning import rights as needed
from k8sai.evict.planning.choosing import Chosen, choose, last_words, state_of
from k8sai.evict.planning.digest import digest
from k8sai.evict.planning.loose import Loose, blockers, judged, loose
from k8sai.evict.planning.placing import Room, room
from k8sai.evict.planning.rights import Rights
from k8sai.evict.planning.scene import Scene, scene
from k8sai.evict.planning.wish import Wish
from k8sai.evict.state import NodeState
from k8sai.fit.reading import Reader

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection


def make(connection: "Connection", wish: Wish) -> Plan:
    """Raises Usage, NotFound; Forbidden where nodes or pods may not be read; ClusterError."""
    seen = scene(connection, wish)
    rights = Rights(seen.writer)
    chosen = [choose(seen, rights, gang) for gang in seen.gangs]
    chosen.sort(key=lambda one: (one.gpus * ((one.save or 0) + (one.contract.restart or 300)), one.gang.title))
    going = [one.gang for one in chosen if not one.refusals]
    places = room(seen.cluster, Reader(seen.objects), seen.reading, going, seen.survey.names)
    rows = tuple(_row(seen, one, places) for one in chosen)
    rest = loose(seen)
    return _plan(seen, wish, rights, rows, rest, places)


def _row(seen: Scene, one: Chosen, places: Room) -> PlannedGang:
    short = places.short.get(one.gang.id, "")
    parked = bool(short) and seen.wish.settings.allow_park
    more = (Refusal("no-room", short, "add --allow-park: it waits until there is room", "--allow-park"),)
    refusals = one.refusals + (more if short and not parked else ())
    action: Action = "refuse" if refusals else "ride" if one.way.method == "periodic" else "stop"
    warnings = (*one.warnings, *((f"{short}: it will wait",) if parked else ()))
    return PlannedGang(
        one.gang,
        state_of(seen, one, action, refusals[0].why if refusals else ""),
        action,
        one.nodes,
        one.inside,
        one.way.method,
        str(one.way.grade),
        one.now,
        one.planned if not refusals else Range(),
        one.save,
        one.deadline,
        last_words(one, seen.clock.at),
        _stop(one),
        refusals,
        warnings,
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


def _plan(seen: Scene, wish: Wish, rights: Rights, rows: tuple[PlannedGang, ...], rest: Loose, places: Room) -> Plan:
    nodes = tuple(_node(one) for one in seen.survey.nodes)
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
        rows,
        rest.pods,
        hard,
        tuple(_warnings(seen, rows, rest, places)),
        now,
        planned,
        _idle(seen, rows),
        wish.settings,
        rights.missing(_rights(seen, wish, rest)),
        seen.hidden,
        rest.states,
    )


def _node(one: Json) -> NodeState:
    meta = one["metadata"]
    return NodeState(str(meta["name"]), str(meta.get("uid", "")), bool((one.get("spec") or {}).get("unschedulable")))


def _concerned(seen: Scene, budget: object) -> bool:
    pods = (*seen.loose, *(pod for gang in seen.gangs for pod in gang.pods))
    return any(budget.covers(pod) for pod in pods)  # type: ignore[attr-defined]


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


def _leaving(row: PlannedGang) -> Sequence[Json]:
    """The pods whose eviction is asked for: of a group its leader, which takes the others along."""
    from k8sai.evict.planning.scene import rank

    if row.gang.switch.kind == "evict":
        return row.gang.pods
    return [pod for pod in row.gang.pods if rank(pod) == 0][:1]


def _idle(seen: Scene, rows: Sequence[PlannedGang]) -> float:
    """GPU-hours that the cards which are free on the drained nodes stand idle, until the last gang has saved."""
    if not seen.survey.names:
        return 0.0
    tally = seen.cluster.fleet.tally(seen.survey.names)
    free = max(0.0, tally.free + tally.blocked)
    seconds = sum(one.save or 0.0 for one in rows if one.action != "refuse")
    return free * seconds / 3600


def _rights(seen: Scene, wish: Wish, rest: Loose) -> Iterator[Right]:
    if seen.survey.names:
        yield from needed.of_nodes()
    yield from needed.of_state(wish.state_namespace or NAMESPACE)
    yield from needed.of_pods(sorted({one.pod.namespace for one in rest.states}))


def _warnings(seen: Scene, rows: Sequence[PlannedGang], rest: Loose, places: Room) -> Iterator[str]:
    for row in rows:
        yield from (f"{row.gang.title} {text}" for text in row.warnings)
    yield from rest.warnings
    yield from places.notes
    yield from seen.notes
