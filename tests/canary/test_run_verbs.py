"""One verb at a time: a step, the way back, a promotion."""

import pytest

from k8sai.canary.facts import Phase
from k8sai.canary.running import verbs
from k8sai.canary.running.rollback import rollback
from k8sai.errors import Drift, Refused, Usage
from tests.canary.operators import Mortal, Site
from tests.canary.run_cases import HTTPROUTE
from tests.canary.run_site import to_step


@pytest.fixture
def site() -> Site:
    return HTTPROUTE.site()


def test_a_step_that_stands_is_not_written_again(site: Site) -> None:
    site.begun()
    to_step(site, 5)
    writes = len(site.on_target())
    assert to_step(site, 5).weight == 5
    assert to_step(site, 5, expect=5).weight == 5
    assert len(site.on_target()) == writes


def test_a_step_measures_what_there_was_since(site: Site) -> None:
    site.begun()
    to_step(site, 5)
    with pytest.raises(verbs.Undecided, match="the weight stays"):
        to_step(site, 50)
    site.world.run(60)
    assert to_step(site, 50).weight == 50
    assert site.state.passed == 5


def test_a_step_past_a_gate_that_failed(site: Site) -> None:
    site.begun()
    to_step(site, 5)
    site.script["bad"] = 0.1
    site.world.run(60)
    with pytest.raises(verbs.Failing, match="the gate failed"):
        to_step(site, 50)
    assert to_step(site, 50, force="known, and harmless").weight == 50
    assert ("force", "known, and harmless") in [(one.verb, one.reason) for one in site.state.history]


def test_steps_are_taken_in_order(site: Site) -> None:
    site.begun()
    with pytest.raises(Refused, match="5 % would be skipped"):
        to_step(site, 50)
    with pytest.raises(Usage, match="7 % is no step"):
        to_step(site, 7)
    with pytest.raises(Drift, match="the canary has 0 %, not 1 %"):
        to_step(site, 5, expect=1)
    to_step(site, 50, force="it is the weekend")
    with pytest.raises(Usage, match="5 % is less than"):
        to_step(site, 5)
    with pytest.raises(Refused, match="50 % is the last step"):
        site.rolled(lambda hands, held: verbs.step(hands, held, end=None))


def test_back_a_little_and_back_gradually(site: Site) -> None:
    site.begun()
    to_step(site, 50, force="to see")
    state = site.rolled(lambda hands, held: rollback(hands, held, to_weight=20))
    assert (state.phase, state.weight, state.passed, state.paused_by) == (Phase.PAUSED, 20, 5, "admin")
    assert site.driven().weight == 20
    with pytest.raises(Usage, match="not less than"):
        site.rolled(lambda hands, held: rollback(hands, held, to_weight=20))
    site.rolled(lambda hands, held: rollback(hands, held, gradual=True))
    assert site.weights == [0, 50, 20, 5, 0]
    assert site.state.phase is Phase.ROLLED_BACK


def test_back_after_the_promotion_while_the_old_version_is_kept(site: Site) -> None:
    site.begun()
    to_step(site, 50, force="to see")
    site.rolled(lambda hands, held: verbs.promote(hands, held, force="now", end=None))
    assert (site.state.phase, site.state.ended) == (Phase.PROMOTED, "")
    site.rolled(rollback)
    assert (site.state.phase, site.weights[-1]) == (Phase.ROLLED_BACK, 0)


def test_back_with_everything_broken(site: Site) -> None:
    """Prometheus, the Lease's holder, the canary's pods; and the goal that was on its way."""
    site.begun()
    to_step(site, 5)
    site.script["no_data"] = "Prometheus answers 503"
    assert not site.life(Mortal(site, 4, taken=True))
    site.world.edit("deployments.apps", "chat-v2", {"op": "replace", "path": "/spec/replicas", "value": 0})
    state = site.rolled(rollback)
    assert (state.phase, site.weights[-1]) == (Phase.ROLLED_BACK, 0)
    writes = len(site.on_target())
    site.rolled(rollback)
    assert len(site.on_target()) == writes


def test_a_promotion_below_the_last_step_needs_a_reason(site: Site) -> None:
    site.begun()
    to_step(site, 5)
    with pytest.raises(Refused, match="5 % is below the last step, 50 %"):
        site.rolled(lambda hands, held: verbs.promote(hands, held, end=None))
    state = site.rolled(lambda hands, held: verbs.promote(hands, held, force="the night was quiet", end=None))
    assert (state.phase, state.weight) == (Phase.PROMOTED, 100)
