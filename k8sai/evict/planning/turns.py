"""When each gang's turn comes: what others have announced on its nodes, and the order that loses least."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from k8sai.evict.facts import Json
from k8sai.evict.planning.asking import NONE, PERIODIC
from k8sai.evict.planning.choosing import Chosen
from k8sai.evict.planning.deadlines import External, deadline_of, earlier, save_within
from k8sai.evict.planning.order import Turn, Turned, order
from k8sai.evict.planning.scene import Scene

_CLAIMS: Final = "nodeclaims.karpenter.sh"


@dataclass(frozen=True)
class Slot:
    """A gang and its turn. `external` is who takes its nodes away, and when."""

    chosen: Chosen
    turn: Turned
    external: External | None
    now: float
    last: float | None

    @cached_property
    def deadline(self) -> float:
        """Seconds it has for its save, from its turn on."""
        ends = [one for one in (self.last, self.external.at if self.external else None) if one is not None]
        return save_within(self.chosen.contract, min(ends) - self.turn.begin if ends else None)

    @property
    def skipped(self) -> str:
        """Why it is not touched although nothing refuses it: no checkpoint can be had in time; "" where one can."""
        if self.turn.late:
            return self.turn.why
        if self.chosen.way.method == PERIODIC and self.turn.action != "ride":
            return "its next checkpoint comes too late"
        return ""


def slots(scene: Scene, chosen: Sequence[Chosen]) -> list[Slot]:
    """Of those that nothing refuses, in the order in which they are begun."""
    known = externals(scene)
    settings, now = scene.wish.settings, scene.clock.at
    last = settings.deadline or None
    by_id = {one.gang.id: one for one in chosen}
    turns = [_turn(one, now, earlier(*(known.get(node) for node in one.inside))) for one in chosen]
    return [
        Slot(by_id[one.id], one, earlier(*(known.get(node) for node in by_id[one.id].inside)), now, last)
        for one in order(turns, now, last, settings.parallel)
    ]


def externals(scene: Scene) -> dict[str, External]:
    """By node what is announced on it."""
    claims = {
        str((one.get("status") or {}).get("nodeName")): one
        for one in (scene.reading.list(_CLAIMS) if scene.survey.nodes else ())
    }
    found = {name: deadline_of(node, scene.clock.at, claims.get(name)) for name, node in _named(scene.survey.nodes)}
    return {name: one for name, one in found.items() if one is not None}


def _named(nodes: Iterable[Json]) -> Iterable[tuple[str, Json]]:
    return ((str(one["metadata"]["name"]), one) for one in nodes)


def _turn(one: Chosen, now: float, external: External | None) -> Turn:
    return Turn(
        one.gang.id,
        one.gpus,
        one.save,
        one.contract.restart,
        asks=one.way.method not in (NONE, PERIODIC),
        periodic=next_save(one, now),
        external=external.at if external else None,
    )


def next_save(one: Chosen, now: float) -> float | None:
    """Epoch seconds of the next checkpoint of a gang that cannot be asked; at the latest one interval from now."""
    interval = one.contract.interval
    if one.way.method != PERIODIC or not interval:
        return None
    last = one.contract.last
    begin = (last.time or last.snapshot) if last else 0.0
    if not begin or begin > now:
        return now + interval
    return begin + (int((now - begin) // interval) + 1) * interval
