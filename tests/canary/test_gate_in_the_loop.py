"""Whole rollouts that the gate decides by what the embedded Prometheus says of the requests that its routes split."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any, cast

import pytest
import yaml

from k8sai.canary.backends.routes.httproute import HttpRoute
from k8sai.canary.facts import Phase, Wish
from k8sai.canary.measuring.find import sampler
from k8sai.canary.slo import parse
from k8sai.canary.state import Settings, State
from k8sai.cluster.connection import Connection
from k8sai.sim.prometheus import ILL
from k8sai.sim.traffic_script import KEY
from tests.canary import operators, routes
from tests.canary.operators import QUICK, Site
from tests.canary.test_measuring_backends import PROMETHEUS
from tests.canary.world import World
from tests.sim.chatting import script

SLOS = (parse("errors<1%"), parse("ttft>2s<5%"))
HEALTHY, OLD = {"when": "chat-v2", "errors": "0.2%"}, {"errors": "0.3%"}


@dataclass
class Chat:
    """`httproute/chat` between two Services, requests to it, and somebody who drives a rollout."""

    site: Site

    @property
    def world(self) -> World:
        return self.site.world

    def requests(self, *versions: dict[str, Any]) -> "Chat":
        """From now on."""
        self.world.has({"apiVersion": "v1", "kind": "ConfigMap", **script("httproute/chat", 400, *versions, OLD)})
        return self

    def ill(self, how: str) -> None:
        found = self.world.find("services", "prometheus")
        assert found
        self.world.update("services", {**found, "metadata": {**found["metadata"], "annotations": {ILL: how}}})

    def whenever(self, word: str, how: str) -> None:
        """Prometheus falls ill when that is heard."""
        self.site.hear = lambda said: self.ill(how) if word in said else None

    def driven(self) -> State:
        """`start` and `run`."""
        self.site.begun()
        return self.site.driven()

    @property
    def weight(self) -> float:
        return routes.weights(self.world).get("chat-v2", 0)


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch) -> Chat:
    world = routes.two_versions(replicas=2)
    world.has(routes.route({"backendRefs": [routes.to("chat-v1"), routes.to("chat-v2", weight=0)]}), PROMETHEUS)
    settings = replace(QUICK, slos=SLOS, prometheus="")
    site = Site(world, HttpRoute(), routes.ROUTE, Wish(to="svc/chat-v2"), steps=(5, 50, 100), settings=settings)

    @cache
    def asked(settings: Settings) -> object:
        return sampler(cast(Connection, site.connection), settings, "default")

    monkeypatch.setattr(operators, "Traffic", asked)
    return Chat(site)


def test_a_healthy_version_is_promoted(chat: Chat) -> None:
    state = chat.requests(HEALTHY).driven()
    assert (state.phase, chat.weight) == (Phase.PROMOTED, 100)
    assert state.gate


def test_a_version_with_errors_goes_back(chat: Chat) -> None:
    state = chat.requests({**HEALTHY, "errors": "4%"}).driven()
    assert (state.phase, chat.weight) == (Phase.ROLLED_BACK, 0)
    assert state.reason.startswith("the gate failed: errors<1%")


def test_a_slow_version_goes_back(chat: Chat) -> None:
    state = chat.requests({**HEALTHY, "ttft": 1.6}).driven()
    assert (state.phase, chat.weight) == (Phase.ROLLED_BACK, 0)
    assert "ttft>2s<5%" in state.reason


def test_a_disaster_goes_back_after_one_window(chat: Chat) -> None:
    began = chat.world.clock.now()
    state = chat.requests({**HEALTHY, "errors": "60%"}).driven()
    assert state.phase is Phase.ROLLED_BACK
    assert chat.world.clock.now() - began < 120


@pytest.mark.parametrize("how", ["503", "nan", "empty"])
def test_a_prometheus_that_falls_ill_pauses_and_moves_nothing(chat: Chat, how: str) -> None:
    """At 50 %, for good: neither a promotion nor a rollback."""
    chat.whenever("the canary has 50 %", how)
    state = chat.requests(HEALTHY).driven()
    assert (state.phase, state.cause, chat.weight) == (Phase.PAUSED, "no-data", 50)


def test_an_outage_that_ends_in_time_only_delays(chat: Chat) -> None:
    chat.whenever("the canary has 50 %", "503")
    chat.world.clock.after(500, lambda: chat.ill(""))
    state = chat.requests(HEALTHY).driven()
    assert (state.phase, chat.weight) == (Phase.PROMOTED, 100)


def test_a_gateway_that_ignores_weights_is_named_and_nothing_passes(chat: Chat) -> None:
    told = [{"to": "svc/chat-v1", "rate": 400}, {"to": "svc/chat-v2", "rate": 0}]
    chat.requests(HEALTHY)
    config = chat.world.find("configmaps", "traffic")
    assert config
    chat.world.update("configmaps", {**config, "data": {KEY: yaml.safe_dump(told)}})
    state = chat.driven()
    assert (state.phase, state.cause, chat.weight) == (Phase.PAUSED, "split", 5)
    assert "SplitNotHonoured" in state.reason
