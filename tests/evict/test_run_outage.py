"""The API server is away while a drain waits: the drain goes on by itself, or ends in a way that it can be resumed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from k8sai.errors import ClusterError, Exit
from k8sai.evict.facts import Grade, Phase
from k8sai.evict.state import GangState, Stage
from k8sai.holding.lease import DEADLINE, EVERY
from tests.evict.drains import DEAD, Drain
from tests.evict.test_run import drain
from tests.evict.yard_objects import contract, job, jobset
from tests.evict.yard_player import Played
from tests.faults.faults import AWAY, CUT, Fault
from tests.faults.schedule import Rule

WHERE = "default"
SHORT = DEADLINE - EVERY - 5  # seconds that are always got over: a renewal lies back so long, and is tried every 5
NEVER = 1e9
WAITS = {
    "asked": (Phase.REQUESTED, Phase.ACKED),
    "being stopped": (Phase.STOPPING,),
    "to run again": (Phase.REQUEUED,),
}


def two_gangs() -> Drain:
    return drain(
        jobset("llm", WHERE, pods=2, gpus=4, says=contract("llm")),
        job("vit", WHERE, pods=1, gpus=4, says=contract("vit")),
        nodes=("a0", "a1"),
        gangs={"llm": Played(), "vit": Played()},
    )


@dataclass
class Outage:
    """Nothing is answered for `seconds` from the first pause on in which `begins` is true of a gang at that time."""

    seconds: float
    fault: Fault
    begins: Callable[[GangState, float], bool]
    since: float = 0.0

    def of(self, made: Drain) -> object:
        """The connection of `made` that meets it."""
        wire = made.connection()

        def meanwhile(site: Drain) -> None:
            now = site.world.clock.now()
            if not self.since and site.kept and any(self.begins(one, now) for one in site.state.gangs):
                self.since = now
                wire.schedule.add(Rule(self.fault, "*", times=10**9))
            elif self.since and now - self.since >= self.seconds:
                wire.schedule.clear()

        made.meanwhile = meanwhile
        return wire


def outage(seconds: float, waits: str, fault: Fault) -> Outage:
    return Outage(seconds, fault, lambda gang, _: gang.phase in WAITS[waits])


@pytest.mark.parametrize("fault", [CUT, AWAY], ids=str)
@pytest.mark.parametrize("waits", WAITS)
def test_a_short_one_is_got_over(waits: str, fault: Fault) -> None:
    made, away = two_gangs(), outage(SHORT, waits, fault)
    state = made.run(away.of(made))
    assert away.since
    assert any(line.startswith("wait : the server: ") for line in made.news)
    assert (state.stage, [one.stops for one in state.gangs]) == (Stage.DONE, [1, 1])
    made.rules.over({"a0", "a1"})


@pytest.mark.parametrize("policy", ["skip", "evict", "abort"])
def test_who_answers_during_one_is_not_late_when_the_deadline_is_over_after_it(policy: Any) -> None:
    """Asked for 30 s, nobody can be seen from the 18th to the 38th second; it answers in the 25th."""
    made = drain(job("llm", WHERE, pods=1, says=contract("llm")), gangs={"llm": Played(takes=25)}, on_timeout=policy)
    away = Outage(SHORT, CUT, lambda gang, now: gang.request is not None and now >= gang.request.deadline - 12)
    state = made.run(away.of(made))
    assert away.since
    assert (state.stage, [one.stops for one in state.gangs]) == (Stage.DONE, [1])
    assert state.gangs[0].proof is not None
    assert state.gangs[0].proof.grade is Grade.ATTESTED


@pytest.mark.parametrize("fault", [CUT, AWAY], ids=str)
@pytest.mark.parametrize("waits", WAITS)
def test_a_long_one_ends_it_and_whoever_resumes_finishes(waits: str, fault: Fault) -> None:
    made, away = two_gangs(), outage(NEVER, waits, fault)
    with pytest.raises(ClusterError, match="could not be renewed for 40 s: nothing more is written") as end:
        made.run(away.of(made))
    drain = made.state.id
    assert end.value.exit is Exit.CLUSTER
    assert f"the lease of drain {drain} " in end.value.message
    assert end.value.hint == f"`k8sai evict resume {drain}` goes on, once the server is back"
    assert made.world.clock.now() - away.since < DEADLINE + 10
    made.world.run(DEAD)
    state = made.resume()
    assert (state.stage, [one.stops for one in state.gangs]) == (Stage.DONE, [1, 1])
    made.rules.over({"a0", "a1"})


def test_a_server_that_is_away_is_not_waited_for_once_more_for_each_lease() -> None:
    made = two_gangs()
    wire = made.connection()
    locks = made.door(wire).locks(WHERE, "abc234")
    locks.take()
    locks.take_all(["a0", "a1"], ["llm", "vit"])
    wire.schedule.add(Rule(CUT, "*", times=10**9))
    made.world.run(DEADLINE + 1)
    with pytest.raises(ClusterError):
        locks.renew()
    with pytest.raises(ClusterError):
        locks.insist()
    before = len(wire.schedule.all)
    locks.release()
    assert len(wire.schedule.all) == before + 1


def test_a_server_that_answers_only_leases_is_given_up_with_the_way_to_go_on() -> None:
    made = two_gangs()
    wire = made.connection()
    made.meanwhile = lambda _: wire.schedule.add(Rule(AWAY, "GET", "/pods", times=10**9))
    with pytest.raises(ClusterError) as end:
        made.run(wire)
    assert end.value.exit is Exit.CLUSTER
    assert end.value.hint == f"`k8sai evict resume {made.state.id}` goes on, once the server is back"
    made.meanwhile = lambda _: None
    assert made.resume().stage is Stage.DONE
