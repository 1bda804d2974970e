"""What a drain driven from a laptop must survive: each row of the specification's table (A12) by its name.

A row is proven by the tests it names, some of them here. A row whose test is gone or renamed fails.
"""

import ast
import time
from functools import cache
from pathlib import Path

import pytest

from k8sai.errors import Drift, Exit, Locked
from k8sai.evict.facts import Phase
from k8sai.evict.running.by_marks import take_back
from k8sai.evict.running.entering import begun
from k8sai.evict.state import Stage
from k8sai.sim import kinds
from tests.canary.world import NAMESPACE
from tests.evict.drains import DEAD, Drain
from tests.evict.test_run import drain, one_job, phases
from tests.evict.yard_objects import SHOWN, contract, job, service
from tests.evict.yard_player import Played
from tests.evict.yard_rules import stops
from tests.faults.faults import CONFLICT, PASSING, Fault
from tests.faults.in_process import Killed
from tests.faults.schedule import Rule, Schedule, Sent

ROOT = Path(__file__).parents[2]
HERE = "tests/evict/test_failures.py"
KILLED = "tests/evict/test_killed_among_faults.py"
FAULTS = "tests/contract/test_faults.py"
RUN = "tests/evict/test_run.py"

# row of A12 -> the tests that prove it
ROWS: dict[str, tuple[str, ...]] = {
    "laptop dies half-way": (
        f"{KILLED}::test_killed_before_every_second_write",
        f"{KILLED}::test_killed_anywhere_among_any_faults_it_ends_well",
        "tests/evict/test_run_killed.py::test_whoever_resumes_ends_it_as_if_nothing_had_been",
        f"{HERE}::test_a_stopped_gang_is_found_by_its_mark_where_the_journal_is_lost",
    ),
    "two operators at once": (
        f"{HERE}::test_the_second_operator_is_told_who_holds_what",
        "tests/evict/test_keeping_faults.py::test_a_process_whose_drain_was_taken_over_never_writes_again",
    ),
    "checkpoint never finishes": (
        f"{RUN}::test_a_gang_that_does_not_save_runs_on",
        f"{RUN}::test_on_timeout_evict_stops_it_and_the_journal_says_so",
    ),
    "file written but stale/partial": (
        f"{KILLED}::test_a_gang_without_a_good_answer_is_never_stopped",
        "tests/evict/test_proof.py::test_each_flaw_lowers_an_answer_and_is_said",
        "tests/evict/test_proof.py::test_a_marker_needs_two_looks_and_a_durable_volume",
        "tests/evict/test_trainer_faults.py::test_an_old_checkpoint_with_a_new_marker_is_no_proof",
    ),
    "on node-local/emptyDir storage": (
        "tests/evict/test_proof.py::test_what_goes_with_the_pods_proves_nothing",
        "tests/evict/test_contracts_storage.py::test_what_is_mounted_counts_for_more_than_what_is_said",
    ),
    "PDB blocks forever": (
        "tests/evict/test_budgets.py::test_a_budget_that_can_never_pass_is_told_from_one_that_waits",
        "tests/commands/test_evict_plan_budgets.py::test_a_budget_that_can_never_pass_blocks",
        f"{RUN}::test_a_budget_that_lets_nothing_pass_is_waited_for_and_named",
    ),
    "pod re-created on same node": (
        f"{RUN}::test_every_node_is_cordoned_before_anything_is_stopped",
        f"{HERE}::test_a_gang_that_is_made_again_on_a_drained_node_has_failed",
    ),
    "one rank hangs": (f"{HERE}::test_of_two_ranks_one_hangs_and_nothing_is_stopped",),
    "peers exit when rank 0 exits after save": (
        "tests/controlplane/test_evict_gangs.py::test_it_is_stopped_once_and_started_as_it_was",
    ),
    "a rank exits 0 after its save, before the suspend": (
        "tests/controlplane/test_evict_gangs.py::test_a_rank_that_ended_before_the_stop_is_back_after_the_start",
        "tests/controlplane/test_evict_gangs.py::test_a_job_alone_that_lacks_a_rank_stays_stopped_and_says_so",
    ),
    "409/429/5xx/timeouts": (
        f"{FAULTS}::test_a_write_that_was_not_done_is_told_and_never_repeated",
        f"{FAULTS}::test_a_write_whose_answer_was_lost_stands_and_its_guard_keeps_it_from_being_done_twice",
        f"{FAULTS}::test_a_refusal_with_a_retry_after_was_not_done_and_is_waited_out",
        f"{FAULTS}::test_the_three_429s_can_be_told_apart",
        f"{FAULTS}::test_a_conflict_is_told_as_one",
        f"{HERE}::test_one_fault_at_any_request_of_asking_costs_no_gang_its_way",
        "tests/evict/test_budgets.py::test_every_answer_has_its_word",
    ),
    "multi-PDB HTTP 500": (
        "tests/contract/test_evictions.py::test_two_budgets_are_an_error_for_ever",
        "tests/commands/test_evict_plan_budgets.py::test_two_budgets_over_one_pod_are_named_both",
    ),
    "UID no longer fits": (
        "tests/contract/test_evictions.py::test_a_uid_that_is_not_the_pods_spends_the_budget_all_the_same",
        f"{HERE}::test_every_eviction_is_tried_with_its_uid_before_it_is_sent",
    ),
    "exec forbidden / no shell / distroless": (
        "tests/evict/test_methods.py::test_a_right_that_is_missing_is_named",
        "tests/evict/test_methods.py::test_a_program_that_is_not_there",
        f"{HERE}::test_where_one_way_is_shut_the_next_of_the_contract_is_taken",
    ),
    "signal without handler": (
        "tests/evict/test_trainer.py::test_without_a_handler_the_signal_kills",
        "tests/evict/test_methods.py::test_a_signal_that_would_kill_is_fatal_and_not_sent",
        "tests/evict/test_methods_signal_script.py::test_a_process_without_a_handler_is_not_killed",
    ),
    "trainer resumes from an older checkpoint": (f"{RUN}::test_a_gang_that_goes_on_from_an_older_step_is_said",),
    "gang cannot be re-placed": (
        "tests/commands/test_evict_plan.py::test_no_room_alone_is_no_capacity_and_parking_is_a_choice",
    ),
    "cluster changes after plan": (f"{HERE}::test_what_changed_since_the_plan_ends_it_before_any_write",),
    "another drainer acts on same node": (
        f"{HERE}::test_a_gang_that_somebody_else_deletes_first_is_lost_to_them",
        "tests/evict/test_deadlines.py::test_others_only_shorten_it",
    ),
    "clock skew": (f"{HERE}::test_the_time_is_the_servers",),
    "Ctrl-C": (
        "tests/evict/test_abort.py::test_ctrl_c_ends_after_the_call_in_flight_and_resume_goes_on",
        "tests/commands/test_evict_run.py::test_ctrl_c_says_how_it_goes_on",
    ),
}


@pytest.mark.parametrize(("row", "pointer"), [(row, one) for row, found in ROWS.items() for one in found])
def test_a_row_has_its_test(row: str, pointer: str) -> None:
    file, _, name = pointer.partition("::")
    assert name in _tests(ROOT / file), f"{row}: {pointer} is gone"


def test_no_row_is_left_out() -> None:
    assert len(ROWS) == 21


@cache
def _tests(file: Path) -> frozenset[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return frozenset(one.name for one in tree.body if isinstance(one, ast.FunctionDef))


# --- laptop dies half-way ---------------------------------------------------------------------------------------------


def test_a_stopped_gang_is_found_by_its_mark_where_the_journal_is_lost() -> None:
    made = one_job()
    wire = made.connection(dies=_first_stop(), taken=True)
    with pytest.raises(Killed):
        made.run(wire)
    drain_id = made.state.id
    assert made.world.marked("k8sai.dev/parked-by") == ["jobs/llm"]
    made.world.store.delete(kinds.find("", "configmaps"), NAMESPACE, f"k8sai-evict-{drain_id}")
    made.world.run(DEAD)

    done = take_back(made.door(made.connection()), drain_id)

    assert done
    made.world.run(30)
    made.rules.over(set())
    made.rules.runs_again({"llm": 1})


def _first_stop() -> int:
    """The number of the write that stops a gang, in a drain of one Job."""
    twin = one_job()
    wire = twin.connection()
    twin.run(wire)
    counted = [one for one in wire.schedule.writes if "/events" not in one.path]
    return next(number for number, one in enumerate(counted, 1) if stops(one))


# --- two operators at once --------------------------------------------------------------------------------------------


def test_the_second_operator_is_told_who_holds_what() -> None:
    made = one_job()
    plan, other = made.plan(), made.plan()
    with begun(made.door(made.connection()), plan, NAMESPACE) as (hands, _):
        holder = hands.locks.name.partition("/")[0]  # type: ignore[attr-defined]
        schedule = made.connection().schedule
        with (
            pytest.raises(Locked) as caught,
            begun(made.door(made.connection(schedule)), other, NAMESPACE),
        ):
            raise AssertionError("both hold it")
    assert holder in caught.value.message and "node a0" in caught.value.message
    assert caught.value.exit is Exit.LOCKED
    assert schedule.on_targets == []


# --- pod re-created on same node --------------------------------------------------------------------------------------


def test_a_gang_that_is_made_again_on_a_drained_node_has_failed() -> None:
    """It tolerates cordons, and finds its old node free."""
    sticky = job("llm", NAMESPACE, pods=1, says=contract("llm"))
    pod = sticky["spec"]["template"]["spec"]
    pod["tolerations"].append({"key": "node.kubernetes.io/unschedulable", "operator": "Exists"})
    pod["nodeSelector"]["kubernetes.io/hostname"] = "a0"
    made = drain(sticky, gangs={"llm": Played()}, allow_park=True)

    state = made.run()

    assert phases(state) == {"llm": Phase.FAILED}
    assert "made again on a node to be drained" in state.gangs[0].reason
    assert state.gangs[0].stops == 1


# --- one rank hangs ---------------------------------------------------------------------------------------------------


def test_of_two_ranks_one_hangs_and_nothing_is_stopped() -> None:
    ranks = job("llm", NAMESPACE, gpus=4, says=contract("llm"))
    ranks["spec"]["template"]["spec"]["volumes"] = [SHOWN]
    made = drain(ranks, gangs={"llm": Played("hangs")})
    made.world.run(60)  # what they said when they started is not of this moment
    wire = made.connection()

    state = made.run(wire)

    assert phases(state) == {"llm": Phase.TIMED_OUT}
    assert "1 of 2 have taken it up" in state.gangs[0].reason
    assert not [one for one in wire.schedule.writes if stops(one)]
    assert made.world.marked("k8sai.dev/request") == []  # it was taken back


# --- 409/429/5xx/timeouts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [one for one in PASSING if not one.wait], ids=str)
def test_one_fault_at_any_request_of_asking_costs_no_gang_its_way(fault: Fault) -> None:
    """The first request is written on the owner: this write fails twice, or is done without an answer."""
    at_once = fault.after(0) if "Retry-After" in fault.headers else fault
    made = one_job()
    state = made.run(made.connection(Schedule(Rule(at_once, "PATCH", "/jobs/", times=2))))
    assert phases(state) == {"llm": Phase.RESTORED}
    assert state.gangs[0].tried == ()
    made.rules.over({"a0"})


@pytest.mark.parametrize("skip", [2, 7])
def test_a_conflict_that_nobody_has_caused_is_got_over(skip: int) -> None:
    """As of a quota: the state is as it was, and the save is made again."""
    made = one_job()
    state = made.run(made.connection(Schedule(Rule(CONFLICT, "PATCH", "/configmaps/", skip=skip, times=2))))
    assert (state.stage, phases(state)) == (Stage.DONE, {"llm": Phase.RESTORED})


# --- UID no longer fits -----------------------------------------------------------------------------------------------


def test_every_eviction_is_tried_with_its_uid_before_it_is_sent() -> None:
    made = drain(service("web", NAMESPACE))
    wire = made.connection()
    made.run(wire)
    asked = [one for one in wire.schedule.all if one.path.endswith("/eviction")]
    real = [number for number, one in enumerate(asked) if one.writes]
    assert real
    for number in real:
        before, sent = asked[number - 1], asked[number]
        assert (before.dry, before.path) == (True, sent.path)
        assert _uid(before) == _uid(sent) != ""


def _uid(sent: Sent) -> str:
    return str(sent.body["deleteOptions"]["preconditions"]["uid"])


# --- exec forbidden / no shell / distroless ---------------------------------------------------------------------------


def test_where_one_way_is_shut_the_next_of_the_contract_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens on the port: its ranks watch their annotations as well."""
    monkeypatch.setattr("k8sai.evict.methods.reach._AGAIN", 0.0)
    says = contract("llm", checkpoint="http,annotation", checkpoint_http="POST :8080/checkpoint")
    made = drain(job("llm", NAMESPACE, pods=1, says=says), gangs={"llm": Played()})

    state = made.run()

    assert phases(state) == {"llm": Phase.RESTORED}
    assert (state.gangs[0].method, len(state.gangs[0].tried)) == ("annotation", 1)
    assert state.gangs[0].tried[0].startswith("http: ")


# --- cluster changes after plan ---------------------------------------------------------------------------------------


def test_what_changed_since_the_plan_ends_it_before_any_write() -> None:
    made = one_job()
    plan = made.plan()
    (pod,) = made.world.pods_of("llm")
    made.world.delete("pods", pod["metadata"]["name"])
    made.world.run(30)
    wire = made.connection()

    with pytest.raises(Drift) as caught:
        made.run(wire, plan)

    assert plan.hash in caught.value.message
    assert {one.path.split("/")[-2] for one in wire.schedule.writes} <= {"leases", "default"}
    assert wire.schedule.on_targets == []
    assert not made.kept


# --- another drainer acts on same node --------------------------------------------------------------------------------


def test_a_gang_that_somebody_else_deletes_first_is_lost_to_them() -> None:
    made = one_job("silent")
    fired: list[bool] = []

    def others(one: Drain) -> None:
        if one.state.gangs[0].phase is Phase.REQUESTED and not fired:
            fired.append(True)
            one.world.delete("jobs", "llm", "batch")
            one.world.run(5)

    made.meanwhile = others
    wire = made.connection()

    state = made.run(wire)

    assert phases(state) == {"llm": Phase.LOST}
    assert "lost to" in state.gangs[0].reason
    assert state.gangs[0].stops == 0
    assert not [one for one in wire.schedule.writes if stops(one)]


# --- clock skew -------------------------------------------------------------------------------------------------------


def test_the_time_is_the_servers() -> None:
    """The cluster's clock is months ahead of this machine's; ages and deadlines are reckoned by the Date it sends."""
    made = one_job()
    plan, there = made.plan(), made.world.clock.now()
    assert abs(there - time.time()) > 86400
    assert abs(plan.at - there) < 2
    (row,) = plan.gangs
    assert row.now.high < 1.0, row.now  # GPU-hours; by this machine's clock months would be lost
