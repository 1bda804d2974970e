"""A person pauses at any write of whoever runs a rollout: it stands still at a step, and resumed it ends as ever."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from k8sai.canary.facts import Phase
from k8sai.canary.running import pausing
from k8sai.canary.state import State
from k8sai.cluster.connection import Response
from k8sai.errors import Refused
from tests.canary.operators import Mortal, Site
from tests.canary.run_cases import HTTPROUTE


@dataclass
class Person:
    """Has a connection of their own, and no Lease."""

    site: Site
    paused: State | None = None

    def write(self, verb: str) -> State | None:
        held = self.site.kept.peek()
        if held is None:
            return None
        now = self.site.world.clock.now()
        change = {"pause": lambda: pausing.pause(held.state, now, "ana", "lunch")}
        change["resume"] = lambda: pausing.resume(held.state, now, "ana")
        try:
            after = change[verb]()
        except Refused:  # it is being promoted, or has ended
            return None
        return self.site.kept.save(held, after).state if after is not held.state else None


class Watched(Mortal):
    """After its write of this number, before it has the answer, a person pauses."""

    def __init__(self, site: Site, number: int, person: Person) -> None:
        super().__init__(site)
        self._number, self._person = number, person

    def send(self, method: str, path: str, query: Mapping[str, str], *more: Any, **named: Any) -> Response:
        before = self.writes
        answer = super().send(method, path, query, *more, **named)
        if before < self.writes == self._number:
            self._person.paused = self._person.write("pause")
        return answer


def allowed(paused: State) -> set[int]:
    """The weight there was, or the one that it was on its way to."""
    return {paused.weight, *([paused.pending.weight] if paused.pending else [])}


def test_it_stands_still_and_then_goes_on() -> None:
    whole = HTTPROUTE.site()
    assert whole.life(Mortal(whole))
    held_up = 0
    for number in range(1, len(whole.paths) + 1):
        site = HTTPROUTE.site()
        person = Person(site)
        assert site.life(Watched(site, number, person))
        if person.paused is not None:
            held_up += 1
            assert (site.state.phase, site.state.paused_by, site.state.pending) == (Phase.PAUSED, "ana", None), number
            assert site.state.weight in allowed(person.paused), number
            assert person.write("resume"), number
            assert site.life(Mortal(site))
        assert (site.state.phase, site.state.weight) == (Phase.PROMOTED, 100), number
        assert site.weights == whole.weights, number
    assert held_up >= len(whole.paths) // 3
