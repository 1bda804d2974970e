"""kill -9 at any write of whoever runs a rollout, of the state, of the Lease and of the target; then `run` again."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from k8sai.canary.facts import Phase
from k8sai.cluster.api_errors import Unavailable
from k8sai.cluster.connection import Response
from tests.canary.operators import Mortal, Site
from tests.canary.run_cases import CASES, Case

_BAD = {"bad": 0.05}  # share of the canary's requests: its gate fails


def whole_life(case: Case, phase: Phase, **script: float) -> Site:
    """Nobody dies."""
    site = case.site(**script)
    assert site.life(Mortal(site))
    assert site.state.phase is phase
    if phase is Phase.PROMOTED:  # each step once, in its order, and none that has not passed
        walked = [(one.verb, one.after) for one in site.state.history if one.verb in ("shift", "pass")]
        assert walked == [(verb, step) for step in site.state.steps for verb in ("shift", "pass")]
    return site


@pytest.mark.parametrize("case", CASES, ids=str)
def test_no_step_is_skipped_or_taken_twice_wherever_it_dies(case: Case) -> None:
    """After each write of the state and of the target, which is before the next one; and before the first."""
    whole = whole_life(case, Phase.PROMOTED)
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
    whole, site = whole_life(case, Phase.PROMOTED), case.site()
    die(site, deaths)
    compare(site, whole, str(deaths))


@pytest.mark.parametrize("case", CASES, ids=str)
@settings(deadline=None, max_examples=8, suppress_health_check=list(HealthCheck))
@given(deaths=st.lists(st.tuples(st.integers(1, 30), st.booleans()), max_size=8))
def test_the_way_back_ends_where_it_would_have(case: Case, deaths: list[tuple[int, bool]]) -> None:
    whole, site = whole_life(case, Phase.ROLLED_BACK, **_BAD), case.site(**_BAD)
    die(site, deaths)
    compare(site, whole, str(deaths))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_answer_that_is_lost_is_found_by_looking(case: Case) -> None:
    """Of each write to the target, which was taken or was not."""
    whole = whole_life(case, Phase.PROMOTED)
    for number in range(1, len(whole.on_target()) + 1):
        for taken in (False, True):
            site = case.site()
            assert site.life(Deaf(site, number, taken=taken))
            compare(site, whole, f"{number} {taken}")


class Deaf(Mortal):
    """Does not hear the answer to its `number`-th write to the target, which was taken or was not."""

    def __init__(self, site: Site, number: int, *, taken: bool) -> None:
        super().__init__(site)
        self._left, self._heeded = number, taken

    def send(self, method: str, path: str, query: Mapping[str, str], *more: Any, **named: Any) -> Response:
        if any(word in path for word in ("/configmaps", "/leases", ".k8s.io/v1/self")):
            return super().send(method, path, query, *more, **named)
        self._left -= 1
        if self._left or self._heeded:
            answer = super().send(method, path, query, *more, **named)
        if self._left:
            return answer
        raise Unavailable("connection reset by peer")


def die(site: Site, deaths: list[tuple[int, bool]]) -> None:
    """So often; the last operator lives."""
    for number, taken in deaths:
        if site.life(Mortal(site, number, taken=taken)):
            return
    assert site.life(Mortal(site))


def compare(site: Site, whole: Site, when: str) -> None:
    """As if nobody had died."""
    assert site.weights == whole.weights, when
    for verb in ("begin", "ready", "shift", "pass", "promote", "retire", "rollback"):
        assert steps(site, verb) == steps(whole, verb), when
    assert site.target()["spec"] == whole.target()["spec"], when
    ends = [(one.state.phase, one.state.weight, one.state.cause, one.state.pending) for one in (site, whole)]
    assert ends[0] == ends[1], when


def steps(site: Site, verb: str) -> list[tuple[int, int]]:
    return [(one.before, one.after) for one in site.state.history if one.verb == verb]
