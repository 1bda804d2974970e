"""A drain from end to end on the embedded cluster: what is written, in which order, and how it ends."""

import json
from dataclasses import replace
from typing import Any

import pytest

from k8sai.ages import stamp
from k8sai.errors import Exit, Locked
from k8sai.evict.facts import Phase
from k8sai.evict.planning.make import make
from k8sai.evict.planning.wish import Wish
from k8sai.evict.running.entering import begun
from k8sai.evict.running.outcome import exit_of
from k8sai.evict.state import Stage, State
from tests.evict.drains import QUICK, Drain
from tests.evict.yard_objects import bare, budget, contract, job, jobset, service
from tests.evict.yard_player import LAST, Played, Way
from tests.evict.yard_world import YardWorld

WHERE = "default"


def drain(*objects: Any, nodes: tuple[str, ...] = ("a0",), gangs: Any = None, **settings: Any) -> Drain:
    """Everything starts on `nodes`; other nodes are there when it is drained."""
    world = YardWorld()
    world.nodes(*nodes)
    world.has(*objects)
    world.run(10)
    world.nodes("b0", "b1", "b2")
    return Drain(world, nodes, gangs or {}, replace(QUICK, **settings))


def one_job(way: Way = "saves", **settings: Any) -> Drain:
    return drain(job("llm", WHERE, pods=1, says=contract("llm")), gangs={"llm": Played(way)}, **settings)


def phases(state: State) -> dict[str, Phase]:
    return {one.ref.name: one.phase for one in state.gangs}


def said(state: State, word: str) -> list[str]:
    """The sentences of the journal with this word."""
    return [one.text for one in state.journal if one.word == word]


def test_a_node_with_one_gang_is_drained() -> None:
    drained = one_job()
    state = drained.run()
    [gang] = state.gangs
    assert (state.stage, exit_of(state), gang.phase) == (Stage.DONE, Exit.OK, Phase.RESTORED)
    assert (gang.stops, gang.proof and gang.proof.grade, gang.proof and gang.proof.step) == (1, "A", 107)
    assert gang.restored == 107
    assert drained.world.cordoned() == {"a0"}
    assert {one["spec"]["nodeName"] for one in drained.world.pods_of("llm")} == {"b0"}
    assert drained.world.marked("k8sai.dev/parked-by") == []


def test_without_wait_ready_it_ends_once_the_gang_may_start() -> None:
    state = one_job(wait_ready=0.0).run()
    assert (state.stage, phases(state)) == (Stage.DONE, {"llm": Phase.REQUEUED})


def test_every_node_is_cordoned_before_anything_is_stopped() -> None:
    drained = drain(
        jobset("llm", WHERE, pods=3, says=contract("llm")), nodes=("a0", "a1", "a2"), gangs={"llm": Played()}
    )
    state = drained.run()
    words = [one.word for one in state.journal]
    assert words.count("NodeCordoned") == 3
    assert max(i for i, word in enumerate(words) if word == "NodeCordoned") < words.index("CheckpointRequested")
    assert state.stage is Stage.DONE
    assert [one.stops for one in state.gangs] == [1]


def test_a_gang_that_does_not_save_runs_on() -> None:
    drained = one_job("silent")
    before = {one["metadata"]["uid"] for one in drained.world.pods_of("llm")}
    state = drained.run()
    assert (state.stage, exit_of(state), phases(state)) == (
        Stage.PARTIAL,
        Exit.FAILED_SAFE,
        {"llm": Phase.TIMED_OUT},
    )
    assert {one["metadata"]["uid"] for one in drained.world.pods_of("llm")} == before
    assert drained.world.marked("k8sai.dev/request") == []  # withdrawn


def test_on_timeout_evict_stops_it_and_the_journal_says_so() -> None:
    drained = one_job("silent", on_timeout="evict")
    drained.rules.look = lambda _: None  # type: ignore[method-assign,assignment]  # which are against it
    state = drained.run()
    assert (state.gangs[0].stops, state.stage) == (1, Stage.DONE)
    [line] = said(state, "CheckpointTimedOut")
    assert "--on-timeout=evict" in line


def test_on_timeout_abort_takes_everything_back() -> None:
    drained = one_job("silent", on_timeout="abort")
    state = drained.run()
    assert (state.stage, exit_of(state)) == (Stage.ABORTED, Exit.FAILED_SAFE)
    assert drained.world.cordoned() == set()
    assert drained.world.marked("k8sai.dev/evict") == []


def test_a_gang_that_goes_on_from_an_older_step_is_said() -> None:
    state = one_job("lags").run()
    assert (state.stage, exit_of(state)) == (Stage.PARTIAL, Exit.PARTIAL)
    assert "restored from step 97, and step 107 was proven" in state.gangs[0].reason


def test_a_loose_pod_goes_last_with_its_budget_asked() -> None:
    drained = drain(
        job("llm", WHERE, pods=1, gpus=4, says=contract("llm")), service("web", WHERE), gangs={"llm": Played()}
    )
    state = drained.run()
    words = [one.word for one in state.journal]
    assert words.index("GangRestored") < words.index("PodGone")
    assert state.stage is Stage.DONE
    assert {one["spec"]["nodeName"] for one in drained.world.pods_of("web")} <= {"b0", "b1", "b2"}


def test_a_budget_that_lets_nothing_pass_is_waited_for_and_named() -> None:
    drained = drain(service("web", WHERE), budget("gw", "web"))
    state = drained.run()
    assert (state.stage, exit_of(state)) == (Stage.BLOCKED, Exit.BLOCKED)
    assert "gw needs 1 healthy pods and has 1 currently" in state.reason
    assert len(drained.world.pods_of("web")) == 1


def test_only_nodes_that_we_cordoned_are_uncordoned() -> None:
    drained = drain(job("llm", WHERE, pods=1, says=contract("llm")), nodes=("a0", "a1"), gangs={"llm": Played()})
    drained.world.edit("nodes", "a1", {"op": "add", "path": "/spec/unschedulable", "value": True})
    state = drained.run()
    assert (state.stage, [one.drained for one in state.nodes]) == (Stage.DONE, [True, True])
    assert said(state, "NodeCordoned") == ["cordoned", "was cordoned already, and stays so"]
    assert drained.world.cordoned() == {"a0", "a1"}
    state = drained.abort()
    assert state.stage is Stage.ABORTED
    assert drained.world.cordoned() == {"a1"}
    assert drained.world.marked("k8sai.dev/evict", ["nodes"]) == []


def test_a_bare_pod_is_refused_and_stays() -> None:
    drained = drain(bare("note", WHERE))
    state = drained.run()
    assert exit_of(state) is Exit.PARTIAL
    assert len(drained.world.pods_of("note")) == 1


def test_a_gang_that_ends_by_itself_is_waited_for() -> None:
    short = job("llm", WHERE, pods=1, says=contract("llm"))
    short["spec"]["template"]["metadata"] = {"annotations": {"sim.k8sai.dev/run-for": "60s"}}
    made = drain(short, gangs={"llm": Played()})
    plan = made.plan()
    rows = tuple(replace(one, action="wait") for one in plan.gangs)
    state = made.run(plan=replace(plan, gangs=rows))
    assert (state.stage, phases(state), state.gangs[0].stops) == (Stage.DONE, {"llm": Phase.SKIPPED}, 0)
    assert state.gangs[0].reason.startswith("it has ended by itself")


def test_a_gang_is_stopped_after_its_own_next_checkpoint() -> None:
    says = contract("llm", checkpoint="none", checkpoint_interval="5m", checkpoint_proof="marker")
    made = drain(job("llm", WHERE, pods=1, says=says), gangs={"llm": Played()})
    plan = made.plan()
    assert [one.action for one in plan.gangs] == ["ride"]
    made.player.gangs["llm"].answered["periodic"] = 200
    made.meanwhile = lambda site: _saves_by_itself(site, 200)
    state = made.run(plan=plan)
    assert (state.gangs[0].stops, state.gangs[0].method) == (1, "periodic")
    assert (state.gangs[0].proof and state.gangs[0].proof.grade, state.stage) == ("C", Stage.DONE)


def _saves_by_itself(made: Drain, step: int) -> None:
    if made.state.gangs[0].phase is Phase.REQUESTED:
        made.player.gangs["llm"].step = step
        for pod in made.world.pods_of("llm"):
            now = stamp(made.world.now())
            said = {"step": step, "time": now, "snapshotTime": now, "complete": True, "ranks": 1, "worldSize": 1}
            made.world.annotate("pods", pod, {LAST: json.dumps({**said, "path": "s3://checkpoints/llm"})})


def test_one_gang_is_moved_without_a_node() -> None:
    made = one_job()
    wish = Wish(gang=f"{WHERE}/llm", namespace=WHERE, settings=made.settings)
    plan = make(made.connection(), wish)  # type: ignore[arg-type]
    with begun(made.door(made.connection()), plan, WHERE) as (hands, held):
        state = made._driven(hands, held).state
    assert (state.stage, state.gangs[0].stops, state.nodes) == (Stage.DONE, 1, ())
    assert made.world.cordoned() == set()


def test_a_node_that_somebody_uncordons_is_let_go() -> None:
    made = one_job("silent")

    def uncordons(site: Drain) -> None:
        if site.world.cordoned():
            site.world.edit("nodes", "a0", {"op": "remove", "path": "/spec/unschedulable"})

    made.meanwhile = uncordons
    state = made.run()
    assert exit_of(state) is Exit.PARTIAL
    assert "somebody has opened it" in state.nodes[0].reason
    assert state.gangs[0].stops == 0


def test_pods_on_a_node_that_was_let_go_stay() -> None:
    made = drain(
        job("llm", WHERE, pods=1, gpus=4, says=contract("llm")), service("web", WHERE), gangs={"llm": Played()}
    )

    def uncordons(site: Drain) -> None:
        if site.world.cordoned():
            site.world.edit("nodes", "a0", {"op": "remove", "path": "/spec/unschedulable"})

    made.meanwhile = uncordons
    before = {one["metadata"]["uid"] for one in made.world.pods_of("web")}
    state = made.run()
    assert {one["metadata"]["uid"] for one in made.world.pods_of("web")} == before
    assert said(state, "PodLeft") == ["it stays: node a0 was let go"]
    assert exit_of(state) is Exit.PARTIAL


def test_a_drain_that_is_kept_elsewhere_is_seen() -> None:
    made = one_job()
    door = made.door(made.connection())
    theirs = door.locks("kube-system", "xyz789")
    theirs.take()
    theirs.take_all(["a0"], [])
    with pytest.raises(Locked, match=r"node a0: .* holds it for drain xyz789: nothing was written"):
        made.run()
    assert (made.kept, made.world.cordoned()) == (False, set())
    theirs.release()
    assert made.run().stage is Stage.DONE
