"""`top --dcgm --window`: exporters know no past, so they are watched; over real HTTP, by a clock moved by hand."""

import json
from pathlib import Path

import pytest

from k8sai.cluster.live import read_once
from k8sai.commands._meters import Meter, read_meter
from k8sai.errors import Exit
from k8sai.fleet.evidence import IdleRule
from k8sai.fleet.index import Fleet
from tests.cluster.scripted_api import connected, refused
from tests.commands.idle_cluster import Cluster, api, node, pod, sums, top
from tests.commands.prometheus import ACTIVE, BLANK, UTIL

__all__ = ["api"]  # a fixture


def text(**cards: float) -> str:
    return "".join(
        f'{UTIL}{{UUID="{card.replace("_", "-")}",Hostname="n1"}} {value}\n' for card, value in cards.items()
    )


def test_exporters_are_watched_for_a_window(api: Cluster, tmp_path: Path) -> None:
    api.has(node("n1"), pod("a", "n1", "GPU-0"), pod("b", "n1", "GPU-1"), exporters=("n1",))
    api.exports("n1", text(GPU_0=0, GPU_1=0), text(GPU_0=0, GPU_1=99), text(GPU_0=0, GPU_1=0))
    ran = top(api, tmp_path, "--dcgm", "--window", "1s", "-o", "json")
    assert ran.code == Exit.OK, ran.err
    found = json.loads(ran.out)
    assert sums(found) == (1, 1, 0, {}) and found["idleTotal"]["source"] == "dcgm-exporter"


def test_one_look_is_no_window(api: Cluster, tmp_path: Path) -> None:
    api.has(node("n1"), pod("a", "n1", "GPU-0"), exporters=("n1",))
    api.exports("n1", text(GPU_0=0))
    found = json.loads(top(api, tmp_path, "--dcgm", "-o", "json").out)
    assert found["idle"] is None and found["idleReason"] == "one look tells how busy a card is, not that it is idle"
    assert found["nodes"][0]["devices"][0]["utilization"] == 0
    ran = top(api, tmp_path, "--dcgm", "--by", "idle")
    assert ran.code == Exit.USAGE and "one look proves no card idle" in ran.err


class Clock:
    """A minute passes in no time."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def rest(self, seconds: float) -> None:
        self.now += seconds


def watched(api: Cluster, home: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """A minute of looks, one every five seconds."""
    monkeypatch.setattr("k8sai.cluster.metrics.time.time", clock)
    fleet, connection = Fleet(), connected(api, home)
    read_once(connection, fleet)
    rule = IdleRule(window=60.0)
    source = read_meter(Meter(rule=rule, watch=60.0), connection, fleet, rest=clock.rest, clock=clock)
    assert source.state == "once", source
    return fleet


def told(fleet: Fleet) -> tuple[float, float, float, dict[str, float]]:
    found = fleet.idle()
    assert found is not None
    total = found.total()
    return total.idle, total.busy, total.unknown, dict(total.why)


def test_a_minute_of_looks(api: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    api.has(node("n1"), pod("a", "n1", "GPU-0", "GPU-1", "GPU-2", "GPU-3"), exporters=("n1",))
    quiet = text(GPU_0=0, GPU_1=0, GPU_2=0, GPU_3=0)
    some = text(GPU_0=0, GPU_1=50, GPU_2=BLANK)  # the third blank, the fourth not there, for five looks
    api.exports("n1", *[quiet] * 5, *[some] * 5, quiet)
    fleet = watched(api, tmp_path, clock, monkeypatch)
    assert told(fleet) == (1, 1, 2, {"short": 2})
    path = "/api/v1/namespaces/gpu-operator/pods/dcgm-n1:9400/proxy/metrics"
    assert len(api.of(path)) == 13


def test_one_exporter_is_down(api: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    api.has(node("n1"), node("n2"), pod("a", "n1", "GPU-0"), pod("b", "n2", "GPU-8"), exporters=("n1", "n2"))
    api.exports("n1", text(GPU_0=0))
    api.exports("n2", *[text(GPU_8=0)] * 3, refused(503, "ServiceUnavailable", "no route"))
    assert told(watched(api, tmp_path, clock, monkeypatch)) == (1, 0, 1, {"short": 1})


def test_samples_with_an_old_time_are_no_looks(api: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    stamp = int((clock.now - 400) * 1000)
    api.has(node("n1"), pod("a", "n1", "GPU-0"), exporters=("n1",))
    api.exports("n1", f'{UTIL}{{UUID="GPU-0"}} 0 {stamp}\n')
    assert told(watched(api, tmp_path, clock, monkeypatch)) == (0, 0, 1, {"stale": 1})


def test_the_engine_may_be_busy_where_the_driver_says_nothing(
    api: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    api.has(node("n1"), pod("a", "n1", "GPU-0"), exporters=("n1",))
    api.exports("n1", f'{UTIL}{{UUID="GPU-0"}} 0\n{ACTIVE}{{UUID="GPU-0"}} 0.4\n')
    assert told(watched(api, tmp_path, clock, monkeypatch)) == (0, 1, 0, {})
