"""kill -9 at every write of a drain, before it was sent and once it was taken; then somebody goes on, or takes it back.

What must hold at each write is asked by `yard_rules`: one stop per gang, never without its proof, all nodes cordoned.
"""

import pytest

from k8sai.evict.facts import Phase
from k8sai.evict.state import Stage
from tests.evict.drains import Drain
from tests.evict.test_run import drain, one_job
from tests.evict.yard_objects import contract, job, jobset, service
from tests.evict.yard_player import Played
from tests.faults.in_process import Killed

WHERE = "default"


def two_gangs() -> Drain:
    return drain(
        jobset("llm", WHERE, pods=2, gpus=4, says=contract("llm")),
        job("vit", WHERE, pods=1, gpus=4, says=contract("vit")),
        service("web", WHERE),
        nodes=("a0", "a1"),
        gangs={"llm": Played(), "vit": Played()},
        conditions=True,
    )


def writes_of(made: Drain) -> int:
    wire = made.connection()
    made.run(wire)
    return wire._writes


TOTAL = writes_of(two_gangs())


@pytest.mark.parametrize("taken", [False, True], ids=["before", "taken"])
@pytest.mark.parametrize("dies", range(1, TOTAL + 1, 7))
def test_whoever_resumes_ends_it_as_if_nothing_had_been(dies: int, taken: bool) -> None:
    made = two_gangs()
    ended = made.life(made.run, made.connection(dies=dies, taken=taken))
    if not made.kept:
        made.rules.over(set())
        return
    state = ended or made.resume()
    assert state.stage is Stage.DONE, state.reason
    assert {one.phase for one in state.gangs} <= {Phase.RUNNING, Phase.RESTORED}
    assert [one.stops for one in state.gangs] == [1, 1]
    made.rules.over({"a0", "a1"})


@pytest.mark.parametrize("taken", [False, True], ids=["before", "taken"])
@pytest.mark.parametrize("dies", range(2, TOTAL + 1, 7))
def test_whoever_aborts_leaves_nothing_parked_and_nothing_cordoned(dies: int, taken: bool) -> None:
    made = two_gangs()
    made.life(made.run, made.connection(dies=dies, taken=taken))
    if not made.kept:
        return
    assert made.abort().stage is Stage.ABORTED
    made.world.run(30)
    made.rules.over(set())
    assert made.world.marked("k8sai.dev/evict", ["nodes"]) == []
    assert made.world.marked("k8sai.dev/request") == []
    assert made.abort().stage is Stage.ABORTED  # again


def test_an_abort_that_is_killed_is_gone_on_with() -> None:
    made = one_job()
    made.life(made.run, made.connection(dies=30))
    for dies in range(1, 40):
        try:
            made.abort(made.connection(dies=dies))
        except Killed:
            made.world.run(100)
            continue
        break
    made.world.run(30)
    made.rules.over(set())
