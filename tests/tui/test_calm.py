"""The garbage collector works after frames, and not at all while much is new and keys come."""

import gc

import pytest

from k8sai.cluster.sources import Source
from k8sai.tui.calm import LARGE, Calm


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the collector was told, in order; nothing of it is done."""
    told: list[str] = []
    for name in ("collect", "freeze", "disable", "enable", "unfreeze"):
        monkeypatch.setattr(gc, name, lambda name=name: told.append(name))
    return told


def read() -> Calm:
    calm = Calm()
    calm.read([Source("nodes", "live", LARGE, 0.0)])
    return calm


@pytest.mark.parametrize(
    "new, still, collects", [(100, 0.03, True), (100_000, 0.03, False), (100_000, 2.0, True), (100, 2.0, True)]
)
def test_a_long_pass_waits_until_no_keys_come(
    new: int, still: float, collects: bool, passes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    calm = read()
    passes.clear()
    monkeypatch.setattr(gc, "get_count", lambda: (new, 0, 0))
    calm.collect(still)
    assert passes == (["collect", "freeze"] if collects else [])


def test_a_small_cluster_is_left_to_python(passes: list[str]) -> None:
    calm = Calm()
    calm.read([Source("nodes", "live", 10, 0.0)])
    calm.collect(2.0)
    assert passes == []
