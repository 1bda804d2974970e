"""Prometheus is found and asked through the API server; whatever ails it is no verdict."""

from typing import cast

import pytest

from k8sai.canary.facts import Side
from k8sai.canary.gate import Gate, Outcome
from k8sai.canary.gate_gathered import Window
from k8sai.canary.measuring.find import sampler
from k8sai.canary.measuring.sampler import Sample
from k8sai.canary.slo import parse
from k8sai.canary.state import Settings
from k8sai.cluster.connection import Connection
from k8sai.errors import NotFound, Usage
from k8sai.sim.prometheus import ILL
from tests.canary import in_process
from tests.sim.chatting import Chat

SLOS = (parse("errors<2%"), parse("ttft>2s<5%"))


class Asked:
    """Two versions, a Prometheus beside them, and whoever asks it."""

    def __init__(self, errors: str, *, where: str = "", ttft: float = 0.3) -> None:
        self.chat = Chat({"when": "chat-v2", "errors": errors, "ttft": ttft}, {"errors": "0.4%"})
        self.lab, self.settings = self.chat.lab, Settings(slos=SLOS, prometheus=where)
        self.connection = cast(Connection, in_process.Connection(self.lab))  # type: ignore[arg-type]

    def prometheus(self) -> "Asked":
        labels = {"app.kubernetes.io/name": "prometheus"}
        spec = {"ports": [{"name": "web", "port": 9090}]}
        self.lab.create("namespaces", {"metadata": {"name": "monitoring"}})
        meta = {"name": "prometheus", "namespace": "monitoring", "labels": labels}
        self.lab.create("services", {"metadata": meta, "spec": spec})
        return self

    def ill(self, how: str) -> None:
        found = self.lab.get("services", "prometheus", namespace="monitoring")
        self.lab.update("services", {**found, "metadata": {**found["metadata"], "annotations": {ILL: how}}})

    def window(self, seconds: float = 60) -> Sample:
        """Of the next seconds."""
        self.lab.run(seconds)
        sides = [Side(name, {"app": name}) for name in ("chat-v1", "chat-v2")]
        pods = [self.chat.pods(side.name) for side in sides]
        end = self.chat.now
        asks = sampler(self.connection, self.settings, "default")
        return asks.window(sides[0], sides[1], pods[0], pods[1], end - seconds, end)

    def gated(self, windows: int) -> Gate:
        gate = Gate.new(self.settings)
        for _ in range(windows):
            gate = gate.after(self.window(30).windows)
            if gate.verdict().outcome is not Outcome.CONTINUE:
                break
        return gate


@pytest.mark.parametrize("where", ["", "monitoring/prometheus:9090"])
def test_it_is_found_or_named(where: str) -> None:
    asked = Asked("5%", where=where).prometheus()
    asked.lab.run(100)
    found = asked.window(100)
    assert found.no_data == ""
    assert found.windows["errors<2%"] == Window(50, 1000, 12, 3000)


def test_where_there_is_none_it_is_told() -> None:
    with pytest.raises(NotFound, match="no Service of this cluster looks like a Prometheus"):
        Asked("1%").window()


def test_one_without_counters_of_servers_is_not_taken() -> None:
    asked = Asked("1%").prometheus()
    asked.lab.delete("configmaps", "traffic")
    with pytest.raises(NotFound, match="has metrics of model servers"):
        asked.window()


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(Usage, match="is not the address of a Prometheus"):
        Asked("1%", where="prometheus").window()


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("503", "the embedded Prometheus is ill"),
        ("500", "the embedded Prometheus is ill"),
        ("nan", "are no numbers"),
        ("empty", "Prometheus has no metrics of the pods"),
    ],
)
def test_an_outage_is_no_data_and_passes_by(how: str, why: str) -> None:
    asked = Asked("50%").prometheus()
    assert asked.window().no_data == ""
    asked.ill(how)
    for _ in range(3):
        found = asked.window()
        assert found.windows == {}
        assert why in found.no_data
    asked.ill("")
    assert asked.window().windows["errors<2%"].canary_all == 600


def test_a_healthy_canary_passes() -> None:
    gate = Asked("0.4%").prometheus().gated(10)
    assert gate.verdict().outcome is Outcome.PASS


def test_a_canary_with_errors_fails() -> None:
    verdict = Asked("5%").prometheus().gated(10).verdict()
    assert verdict.outcome is verdict.metrics[0].outcome is Outcome.FAIL


def test_a_slow_canary_fails() -> None:
    first, second = Asked("0.4%", ttft=1.4).prometheus().gated(10).verdict().metrics
    assert second.outcome is Outcome.FAIL
    assert first.outcome is not Outcome.FAIL
