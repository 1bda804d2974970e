"""Two operators of one rollout, and a person who pauses it."""

from dataclasses import replace

import pytest

from k8sai.canary.facts import Phase
from k8sai.canary.outcome import exit_of
from k8sai.canary.running import verbs
from k8sai.canary.running.pausing import pause
from k8sai.canary.running.rollback import rollback
from k8sai.errors import Exit, Locked
from tests.canary.operators import QUICK, Site
from tests.canary.run_cases import HTTPROUTE


@pytest.fixture
def site() -> Site:
    return HTTPROUTE.site()


def test_of_two_steps_at_once_one_acts(site: Site) -> None:
    site.settings = replace(QUICK, gated=False)
    site.begun()
    known = site.state
    with site.operator() as (hands, held):
        assert held
        with pytest.raises(Locked, match="holds the canary"), site.operator():
            pass
        assert verbs.step(hands, held, end=None).state.weight == 5
    with pytest.raises(Locked, match="has just brought"), site.operator(known=known):
        pass
    assert site.weights == [0, 5]


def test_a_rollback_steals_the_lease_and_the_other_one_stops(site: Site) -> None:
    site.begun()

    def steal(news: str) -> None:
        if news == "stands: the canary has 5 % of the requests":
            site.rolled(lambda hands, held: rollback(hands, held), steal=True)

    site.hear = steal
    with pytest.raises(Locked):
        site.driven()
    assert site.state.phase is Phase.ROLLED_BACK
    assert [one.verb for one in site.state.history][-2:] == ["steal", "rollback"]
    assert site.weights == [0, 5, 0]


def test_a_holder_that_wakes_up_late_writes_nothing(site: Site) -> None:
    """Between its goal in the journal and the write it sleeps; meanwhile another one has taken over and gone back."""
    site.begun()

    def sleep(news: str) -> None:
        if news.startswith("shift: "):
            site.world.run(100)
            site.rolled(rollback)

    site.hear = sleep
    with pytest.raises(Locked):
        site.driven()
    assert site.on_target() == []
    assert (site.state.phase, site.state.weight) == (Phase.ROLLED_BACK, 0)


def test_a_person_pauses_it_while_it_runs(site: Site) -> None:
    site.begun()

    def hold(news: str) -> None:
        if news == "stands: the canary has 5 % of the requests":
            held = site.kept.peek()
            assert held
            site.kept.save(held, pause(held.state, site.world.clock.now(), "ana", "lunch"))

    site.hear = hold
    state = site.driven()
    assert (state.phase, state.paused_by, exit_of(state)) == (Phase.PAUSED, "ana", Exit.WAITING)
    assert site.weights == [0, 5]
