"""A gang that ends, fails, is deleted or is made again while it is asked: nothing is stopped, and it is said why."""

import threading
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from k8sai.canary.backend import Write
from k8sai.canary.facts import Ref
from k8sai.errors import Exit
from k8sai.evict.facts import Phase
from k8sai.evict.method import Asked
from k8sai.evict.running.asking import Asking
from k8sai.evict.running.fate import anew, end_of, fallen
from k8sai.evict.running.gang_words import lost
from k8sai.evict.running.hands import spawn
from k8sai.evict.running.outcome import exit_of
from k8sai.evict.running.seen import GangSeen
from k8sai.evict.state import State
from tests.evict.drains import Drain
from tests.evict.test_decide import asked
from tests.evict.test_run import WHERE, drain, phases
from tests.evict.yard_objects import contract, job
from tests.evict.yard_player import Played
from tests.evict.yard_rules import stops

Json = dict[str, Any]


def while_asked(act: Callable[[Drain], None], *, retries: int = 0, **settings: Any) -> tuple[Drain, State]:
    """A Job of two ranks that nobody answers for; `act` happens once, while it is asked."""
    ranks = job("llm", WHERE, pods=2, gpus=4, says=contract("llm"))
    ranks["spec"]["backoffLimit"] = retries
    made = drain(ranks, gangs={"llm": Played("silent")}, **settings)
    fired: list[bool] = []

    def others(one: Drain) -> None:
        if one.state.gangs[0].phase is Phase.REQUESTED and not fired:
            fired.append(True)
            act(one)
            one.world.run(5)

    made.meanwhile = others
    wire = made.connection()
    state = made.run(wire)
    assert fired
    assert not [one for one in wire.schedule.writes if stops(one)]
    assert made.world.marked("k8sai.dev/parked-by") == []
    return made, state


def kills_a_rank(one: Drain) -> None:
    name = one.world.pods_of("llm")[1]["metadata"]["name"]
    ended = {"name": "main", "state": {"terminated": {"exitCode": 137}}}
    failed = {"phase": "Failed", "containerStatuses": [ended]}
    write = {"op": "replace", "path": "/status", "value": failed}
    one.world.carry(Write("json-patch", Ref("pods", WHERE, name), None, [write], "it dies", "status"))


def test_a_job_that_fails_while_it_is_asked_is_no_success() -> None:
    _, state = while_asked(kills_a_rank)
    assert (phases(state), exit_of(state)) == ({"llm": Phase.SKIPPED}, Exit.PARTIAL)
    assert state.gangs[0].reason.startswith("it has failed by itself: pod llm-1")
    assert state.gangs[0].reason.endswith("ended with exit code 137")
    assert "failed by itself" in state.reason


def test_a_rank_that_died_is_named_where_no_proof_came() -> None:
    _, state = while_asked(kills_a_rank, retries=6)
    assert (phases(state), exit_of(state)) == ({"llm": Phase.TIMED_OUT}, Exit.FAILED_SAFE)
    assert state.gangs[0].reason.startswith("no proof in time")
    assert "; pod llm-1" in state.gangs[0].reason


@pytest.mark.parametrize(("again", "why"), [(False, "it was deleted"), (True, "it was deleted and made again")])
def test_a_gang_that_was_deleted_is_said_to_be(again: bool, why: str) -> None:
    def deletes(one: Drain) -> None:
        one.world.delete("jobs", "llm", "batch")
        if again:
            one.world.has(job("llm", WHERE, pods=2, gpus=4, says=contract("llm")))

    made, state = while_asked(deletes)
    assert (phases(state), exit_of(state)) == ({"llm": Phase.LOST}, Exit.PARTIAL)
    assert state.gangs[0].reason == f"lost to somebody else: {why}"
    assert bool(made.world.pods_of("llm")) is again
    assert made.world.marked("k8sai.dev/request") == []


def test_a_gang_that_is_begun_anew_is_said_to_be() -> None:
    def restarts(one: Drain) -> None:
        for pod in one.world.pods_of("llm"):
            one.world.delete("pods", pod["metadata"]["name"])

    _, state = while_asked(restarts, retries=6)
    assert (phases(state), exit_of(state)) == ({"llm": Phase.LOST}, Exit.PARTIAL)
    why = "lost to somebody else: its pods were deleted, or its controller has begun it anew"
    assert state.gangs[0].reason == why
    assert anew({"status": {"restarts": 1}}).endswith("begun it anew (1 restart so far)")


def test_the_pod_that_failed_is_named_where_its_controller_begins_anew() -> None:
    see = GangSeen(fallen="pod llm-1 ended with exit code 137", fate="its pods were deleted")
    assert lost(see).startswith("it has failed by itself: pod llm-1 ended with exit code 137")


def test_a_bare_pod_ends_as_its_phase_says() -> None:
    assert end_of({"status": {"phase": "Failed"}}, bare=True) == ("Failed", True)
    assert end_of({"status": {"phase": "Succeeded"}}, bare=True) == ("Succeeded", False)
    assert end_of({"status": {"phase": "Failed"}}, bare=False) == ("", False)


def test_a_pod_fails_with_the_reason_of_whoever_ended_it() -> None:
    evicted = {"metadata": {"name": "llm-0"}, "status": {"phase": "Failed", "reason": "Evicted"}}
    assert fallen([evicted]) == "pod llm-0 has failed: Evicted"
    assert fallen([{"metadata": {"name": "llm-0"}, "status": {"phase": "Failed"}}]) == "pod llm-0 has failed"
    assert fallen([{"metadata": {"name": "llm-0"}, "status": {"phase": "Running"}}]) == ""


# --- whoever is asked is not waited for in vain -----------------------------------------------------------------------


class Slow:
    """A way to ask that waits as long as it may."""

    def __init__(self) -> None:
        self.begun, self.ended = threading.Event(), threading.Event()

    def preflight(self, _site: object, _read_only: bool) -> tuple[()]:
        return ()

    def ask(self, _site: object, _request: object, until: Callable[[], bool]) -> Asked:
        self.begun.set()
        while not until():
            self.ended.wait(0.01)
        self.ended.set()
        return Asked()


@pytest.mark.parametrize("leave", ["forget", "end", "ask anew"])
def test_the_thread_that_asks_ends_with_what_it_asks_for(leave: str) -> None:
    """Until its deadline it would keep a process that has nothing left to do."""
    slow = Slow()
    hands: Any = SimpleNamespace(
        methods={"annotation": slow},
        now=lambda: 0.0,
        stop=threading.Event(),
        spawn=spawn,
        prove=lambda *_: None,
        **dict.fromkeys(("connection", "writer", "objects")),
    )
    asking, gang = Asking(hands), asked()
    asking.go_on(gang, [])
    assert slow.begun.wait(10)
    assert not slow.ended.is_set()
    if leave == "forget":
        asking.forget(gang)
    elif leave == "end":
        asking.end()
    elif gang.request is not None:
        hands.spawn = lambda _: None
        asking.go_on(replace(gang, request=replace(gang.request, id="another")), [])
    assert slow.ended.wait(10)
