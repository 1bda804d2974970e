"""A gateway says 201 to a read that failed: what is in the body is no object and no empty list, and decides nothing."""

import pytest

from k8sai.evict.facts import Phase
from k8sai.evict.state import Stage
from tests.evict.test_run import one_job
from tests.faults.faults import LYING
from tests.faults.schedule import Rule, Schedule


@pytest.mark.parametrize("path", ["/nodes/", "/pods", "/jobs"])
@pytest.mark.parametrize("skip", range(0, 24, 3))
def test_a_drain_goes_on_as_if_it_had_not_been_answered(path: str, skip: int) -> None:
    made = one_job()
    state = made.run(made.connection(Schedule(Rule(LYING, "*", path, skip))))
    assert (state.stage, [one.phase for one in state.gangs]) == (Stage.DONE, [Phase.RESTORED]), state.reason
    assert not any(one.released for one in state.nodes)
    made.rules.over({"a0"})
