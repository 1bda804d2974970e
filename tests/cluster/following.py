"""Fixtures of tests that follow a scripted server: the server, a notebook as sink, and a Live between them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from k8sai.cluster.live import Live
from k8sai.cluster.reflector import Pace, Reflector
from k8sai.cluster.sources import Kind, Source
from tests.cluster.scripted_api import (
    DEADLINE,
    Notebook,
    ScriptedApi,
    connected,
    scripted,
)

FAST = Pace(first=0.01, longest=0.05, slow=0.05, poll=0.02)
Follow = Callable[..., Live]


@pytest.fixture
def api() -> Iterator[ScriptedApi]:
    with scripted() as server:
        yield server


@pytest.fixture
def book() -> Notebook:
    return Notebook()


@pytest.fixture
def follow(api: ScriptedApi, book: Notebook, tmp_path: Path) -> Iterator[Follow]:
    with ExitStack() as stack:

        def start(*kinds: Kind, pace: Pace = FAST, **more: Any) -> Live:
            connection = connected(api, tmp_path)
            live = Live(connection, book, kinds=kinds or ("pods",), pace=pace, **more)
            stack.callback(connection.close)
            stack.callback(live.stop)
            live.start()
            return live

        yield start


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were waited between requests, without the waiting."""
    seen: list[float] = []

    def pause(self: Reflector, seconds: float) -> None:
        seen.append(seconds)
        self._check()

    monkeypatch.setattr(Reflector, "_pause", pause)
    return seen


def until_source(live: Live, true: Callable[[Source], bool]) -> Source:
    """Wait until the (first) source is as wanted."""
    with live._changed:
        assert live._changed.wait_for(lambda: true(live.sources()[0]), DEADLINE), live.sources()
        return live.sources()[0]
