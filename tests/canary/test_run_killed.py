"""kill -9 at any write of whoever runs a rollout, of the state, of the Lease and of the target; then `run` again."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from k8sai.canary.facts import Phase
from tests.canary.operators import Mortal, Site
from tests.canary.run_cases import CASES, Case

_LIVES = 40  # operators, of which the last one does not die


def whole_life(case: Case) -> Site:
    """Nobody dies."""
    site = case.site()
    assert site.life(Mortal(site))
    assert site.state.phase is Phase.PROMOTED
    return site


@pytest.mark.parametrize("case", CASES, ids=str)
def test_no_step_is_skipped_or_taken_twice_wherever_it_dies(case: Case) -> None:
    """After each write of the state and of the target, which is before the next one; and before the first."""
    whole = whole_life(case)
    journal = [number for number, path in enumerate(whole.paths, 1) if "/leases" not in path]
    for number, taken in ((1, False), *((number, True) for number in journal)):
        site = case.site()
        if not site.life(Mortal(site, number, taken=taken)):
            assert site.life(Mortal(site))
        compare(site, whole, f"{number} {taken}")


@pytest.mark.parametrize("case", CASES, ids=str)
@settings(deadline=None, max_examples=8, suppress_health_check=list(HealthCheck))
@given(deaths=st.lists(st.tuples(st.integers(1, 30), st.booleans()), max_size=8))
def test_however_often_it_dies(case: Case, deaths: list[tuple[int, bool]]) -> None:
    whole, site = whole_life(case), case.site()
    for number, taken in deaths:
        if site.life(Mortal(site, number, taken=taken)):
            break
    else:
        assert site.life(Mortal(site))
    compare(site, whole, str(deaths))


def compare(site: Site, whole: Site, when: str) -> None:
    """As if nobody had died."""
    assert site.weights == whole.weights, when
    for verb in ("begin", "ready", "shift", "pass", "promote", "retire"):
        assert steps(site, verb) == steps(whole, verb), when
    assert site.target()["spec"] == whole.target()["spec"], when
    assert (site.state.phase, site.state.weight, site.state.pending) == (Phase.PROMOTED, 100, None), when


def steps(site: Site, verb: str) -> list[tuple[int, int]]:
    return [(one.before, one.after) for one in site.state.history if one.verb == verb]
