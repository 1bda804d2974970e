"""A server that refuses a write, and one that restarts."""

from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from k8sai.canary.facts import Phase
from k8sai.canary.running import carry, verbs
from k8sai.canary.running.decide import Look
from k8sai.cluster.api_errors import ApiForbidden, Unavailable
from k8sai.errors import Refused
from tests.canary.operators import Mortal, Site
from tests.canary.run_cases import CASES, HTTPROUTE
from tests.canary.run_site import to_step


@pytest.fixture
def site() -> Site:
    return HTTPROUTE.site()


class Denied(Mortal):
    """A webhook refuses every write to the target."""

    def send(self, method: str, path: str, *more: Any, **named: Any) -> Any:
        if any(word in path for word in ("/configmaps", "/leases", ".k8s.io/v1/self")):
            return super().send(method, path, *more, **named)
        raise ApiForbidden("admission webhook denied the request", verb="patch", by_admission=True)


def test_a_beginning_that_is_refused_leaves_nothing_behind() -> None:
    site = next(case for case in CASES if str(case) == "kserve-standard").site()
    with pytest.raises(Refused, match="admission webhook"):
        site.begun(Denied(site))
    assert site.kept.peek() is None
    assert not site.world.list("configmaps", labels="k8sai.dev/canary=1")
    site.begun()
    assert site.driven().phase is Phase.PROMOTED


def test_a_step_that_is_refused_is_as_if_it_had_not_been_asked_for(site: Site) -> None:
    site.begun()
    before = site.state
    with pytest.raises(Refused, match="admission webhook"):
        site.rolled(lambda hands, held: verbs.step(hands, held, end=None), Denied(site))
    assert site.state == replace(before, epoch=before.epoch + 1)
    assert to_step(site, 5).weight == 5


def test_a_server_that_is_away_for_a_while_is_waited_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of three looks fail, all the way."""
    site.begun()
    real, asked = carry.look, count()

    def look(*given: Any) -> Look:
        if next(asked) % 3:
            raise Unavailable("connection refused")
        return real(*given)

    monkeypatch.setattr(carry, "look", look)
    state = site.driven()
    assert (state.phase, "wait: connection refused" in site.news) == (Phase.PROMOTED, True)


def test_a_server_that_stays_away_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.begun()

    def look(*_: Any) -> Look:
        raise Unavailable("connection refused")

    monkeypatch.setattr(carry, "look", look)
    with pytest.raises(Unavailable):
        site.driven()
    assert (site.state.phase, site.on_target()) == (Phase.PAUSED, [])
