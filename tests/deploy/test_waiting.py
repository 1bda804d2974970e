"""Waiting: until all is ready, until something fails, until the time is up."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from k8sai.cluster.writing import Target
from k8sai.deploy import waiting
from k8sai.deploy.applying import Outcome
from k8sai.deploy.plan import Change
from k8sai.deploy.readiness import State
from k8sai.deploy.waiting import Wait
from tests.deploy.objects import Json, target

PENDING: Json = {"kind": "Pod", "metadata": {"name": "a"}, "status": {"phase": "Pending"}}
RUNNING: Json = {**PENDING, "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}
DONE: Json = {**PENDING, "status": {"phase": "Succeeded"}}
FAILED: Json = {**PENDING, "status": {"phase": "Failed", "reason": "Evicted"}}


class Told:
    """Followers that tell, in order, what a test says of each object, as soon as they are started."""

    stopped = 0

    def __init__(self, **states: list[Json | None]) -> None:
        self.states = states
        self.waiting: list[tuple[Callable[[Json | None], None], list[Json | None]]] = []

    def __call__(self, _connection: Any, one: Target, tell: Callable[[Json | None], None]) -> "Told":
        self.waiting.append((tell, self.states.get(one.name, [])))
        return self

    def start(self) -> None:
        tell, states = self.waiting.pop(0)
        for state in states:
            tell(state)

    def stop(self) -> None:
        Told.stopped += 1


def outcomes(**objects: Json) -> Iterator[Outcome]:
    for name, obj in objects.items():
        yield Outcome(Change("create", target("Pod", name)), "written", obj)


def waited(
    monkeypatch: pytest.MonkeyPatch, told: Told, seconds: float | None = None, **objects: Json
) -> tuple[bool, dict[str, State], list[str]]:
    monkeypatch.setattr(waiting, "Follower", told)
    said: list[str] = []
    wait = Wait(None, told=lambda one, state: said.append(f"{one.name} {state.text}"))  # type: ignore[arg-type]
    ready = wait.until_ready(outcomes(**objects), seconds)
    return ready, {one.name: state for one, state in wait.late.items()}, said


def test_what_is_ready_at_once_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert waited(monkeypatch, Told(), a=RUNNING, b=DONE) == (True, {}, [])


def test_until_all_are_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    ready, late, said = waited(monkeypatch, Told(a=[PENDING, RUNNING], b=[DONE]), a=PENDING, b=PENDING)
    assert (ready, late) == (True, {})
    assert said == []  # both were ready before anybody looked


def test_until_one_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    ready, late, said = waited(monkeypatch, Told(a=[FAILED]), a=PENDING, b=PENDING)
    assert (ready, late["a"], late["b"].level) == (False, State("failed", "Evicted"), "progress")
    assert said == ["a Evicted", "b pending"]


def test_until_the_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    ready, late, said = waited(monkeypatch, Told(), 0, a=PENDING)
    assert (ready, list(late), said) == (False, ["a"], ["a pending"])


def test_a_job_may_go_after_its_end_and_a_pod_may_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert waited(monkeypatch, Told(a=[DONE, None]), a=PENDING)[0]
    ready, late, _ = waited(monkeypatch, Told(a=[PENDING, None]), a=PENDING)
    assert (ready, late["a"].text) == (False, "it is gone")


def test_every_follower_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Told.stopped
    waited(monkeypatch, Told(a=[RUNNING], b=[RUNNING]), a=PENDING, b=PENDING)
    assert Told.stopped == before + 2
