"""What stop and resume write, from whom they take quota, and what an eviction costs."""

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.cluster.discovery import Resource
from k8sai.cluster.writing import Target
from k8sai.errors import Drift, K8saiError, Refused
from k8sai.merge_patch import merged
from k8sai.queues import parse, parse_workload
from k8sai.queues.acting import stopping
from k8sai.queues.acting.steps import TRIES, Change, carry_out
from k8sai.queues.acting.stopping import AT, BY, MOVING, OWN, REASON, WITH, Place, Policy, Said
from k8sai.queues.acting.stopping_cost import cost, hint
from k8sai.queues.acting.stopping_steps import Drain, reserving
from k8sai.queues.setting import Setting
from k8sai.queues.workload import Workload
from tests.queues.kueue_model import JOB, Kueue

Json = dict[str, Any]
GROUP = "kueue.x-k8s.io"
POLICIES = st.sampled_from(["None", "Hold", "HoldAndDrain"])
SAID = Said("why", "eve", "2026-01-01T00:00:00Z")
STRICT = ("None", "Hold", "HoldAndDrain")


def place(kind: str = "ClusterQueue", policy: str = "None", notes: Mapping[str, str] | None = None) -> Place:
    resource = Resource(GROUP, "v1beta2", f"{kind.lower()}s", kind, kind != "ClusterQueue", ())
    spec: Json = {"active": policy == "None"} if kind == "Workload" else {"stopPolicy": policy}
    meta = {"name": "x", "uid": "u", "resourceVersion": "1", "annotations": {"other": "1", **(notes or {})}}
    namespace = "" if kind == "ClusterQueue" else "ml"
    return Place(Target(resource, namespace, "x"), {"kind": kind, "metadata": meta, "spec": spec})


def after(change: Change, kind: str) -> Place:
    return Place(change.target, change.result)


# --- stop and resume --------------------------------------------------------------------------------------------------


@given(
    st.sampled_from(["ClusterQueue", "LocalQueue"]), POLICIES, st.sampled_from(["Hold", "HoldAndDrain"]), st.booleans()
)
def test_stopping_never_makes_it_less_strict_and_twice_is_once(
    kind: str, before: str, wanted: Policy, reasoned: bool
) -> None:
    said = SAID if reasoned else Said(by="eve", at="2026-01-01T00:00:00Z")
    first = stopping.stop(place(kind, before), wanted, said)
    stands = after(first, kind)
    assert stands.policy == max(before, wanted, key=STRICT.index)
    assert stopping.stop(stands, wanted, Said(said.reason, "bob", "2027-01-01T00:00:00Z")).idle
    assert first.idle == (stands.policy == before and not reasoned)


@given(st.sampled_from(["ClusterQueue", "LocalQueue", "Workload"]), POLICIES)
def test_resume_takes_back_what_stop_wrote(kind: str, before: str) -> None:
    untouched = place(kind)
    stopped = after(stopping.stop(place(kind, before), "Hold", SAID), kind)
    resumed = after(stopping.resume(stopped), kind)
    assert resumed.live == untouched.live
    assert stopping.resume(resumed).idle


def test_a_stop_says_why_by_whom_and_when() -> None:
    assert stopping.stop(place(), "Hold", SAID).patch == {
        "metadata": {"annotations": {REASON: "why", BY: "eve", AT: "2026-01-01T00:00:00Z"}},
        "spec": {"stopPolicy": "Hold"},
    }
    along = Said("", "eve", "", "big")
    assert stopping.stop(place("LocalQueue"), "HoldAndDrain", along).patch["metadata"]["annotations"][WITH] == "big"


@given(POLICIES)
def test_a_drain_through_local_queues_gives_each_back_as_it_was(before: str) -> None:
    notes = {REASON: "old", BY: "bob"} if before != "None" else {}
    untouched = place("LocalQueue", before, notes)
    drained = after(stopping.stop(untouched, "HoldAndDrain", replace(SAID, along="big")), "LocalQueue")
    assert drained.policy == "HoldAndDrain"
    assert after(stopping.stop(drained, "HoldAndDrain", replace(SAID, along="big")), "LocalQueue").live == drained.live
    assert (WITH in drained.notes) == (before != "HoldAndDrain")
    if WITH in drained.notes:
        assert after(stopping.resume_along(drained), "LocalQueue").live == untouched.live
    assert after(stopping.resume(drained), "LocalQueue").live == place("LocalQueue").live


def test_who_stops_a_drained_local_queue_for_itself_keeps_it_stopped() -> None:
    drained = place("LocalQueue", "HoldAndDrain", {WITH: "big", OWN: "Hold"})
    own = after(stopping.stop(drained, "Hold", Said(by="eve")), "LocalQueue")
    assert (own.policy, own.notes) == ("HoldAndDrain", {"other": "1", BY: "eve"})


def test_what_has_finished_is_not_stopped() -> None:
    ended = workload("w", "Finished")
    with pytest.raises(Refused) as caught:
        stopping.insist_on_unfinished(Place(place("Workload").target, ended.object))
    assert caught.value.message.endswith("has finished: there is nothing to stop")


def test_a_reason_that_is_there_stays_until_another_is_given() -> None:
    held = place(policy="Hold", notes={REASON: "old", BY: "bob"})
    drained = stopping.stop(held, "HoldAndDrain", Said(by="eve"))
    assert Place(held.target, drained.result).notes[REASON] == "old"
    assert stopping.stop(held, "Hold", SAID).patch == {
        "metadata": {"annotations": {REASON: "why", BY: "eve", AT: SAID.at}}
    }


def test_a_workload_is_not_active_instead() -> None:
    assert stopping.stop(place("Workload"), "HoldAndDrain", Said()).patch == {"spec": {"active": False}}
    assert stopping.resume(place("Workload", "Hold")).patch == {"spec": {"active": True}}


def test_a_workload_on_its_way_elsewhere_is_for_move_to_end() -> None:
    with pytest.raises(Refused) as caught:
        stopping.resume(place("Workload", "Hold", {MOVING: "new"}))
    assert caught.value.hint == "`k8sai queue move workload/x --to new -n ml` ends the move"


# --- who holds quota --------------------------------------------------------------------------------------------------


def workload(name: str, *conditions: str, queue: str = "lq", cluster_queue: str = "x", **more: Any) -> Workload:
    """Conditions that hold: `QuotaReserved`, `Evicted=Reason`."""
    said = [dict(zip(("type", "reason"), (*one.split("="), "r"), strict=False)) for one in conditions]
    status: Json = {
        "conditions": [{**one, "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"} for one in said]
    }
    if "QuotaReserved" in conditions:
        assigned = {"name": "main", "flavors": {"nvidia.com/gpu": "f"}, "resourceUsage": {"nvidia.com/gpu": "4"}}
        status["admission"] = {"clusterQueue": cluster_queue, "podSetAssignments": [assigned]}
    meta = {"name": name, "namespace": "ml", "creationTimestamp": "2026-01-01T00:00:00Z", **more}
    return parse_workload.workload({"metadata": meta, "spec": {"queueName": queue}, "status": status})


def setting(*workloads: Workload) -> Setting:
    local = {
        name: parse.local_queue({"metadata": {"name": name, "namespace": "ml"}, "spec": {"clusterQueue": "x"}})
        for name in ("lq", "other")
    }
    return Setting(local_queues={one.ref: one for one in local.values()}, workloads={one.ref: one for one in workloads})


RUNS = workload("runs", "QuotaReserved", "Admitted")
RESERVED = workload("reserved", "QuotaReserved")
LEAVES = workload("leaves", "QuotaReserved", "Admitted", "Evicted=Preempted")
ELSEWHERE = workload("elsewhere", "QuotaReserved", "Admitted", cluster_queue="y", queue="far")
BESIDE = workload("beside", "QuotaReserved", "Admitted", queue="other")
WAITS = workload("waits")
DRAINED = workload("drained", "Evicted=ClusterQueueStopped")
ENDED = workload("ended", "QuotaReserved", "Admitted", "Finished")
ALL = setting(RUNS, RESERVED, LEAVES, ELSEWHERE, BESIDE, WAITS, DRAINED, ENDED)


def test_who_holds_quota_through_a_queue() -> None:
    of_cluster_queue = stopping.held(ALL, place())
    assert of_cluster_queue.admitted == (BESIDE, RUNS)
    assert (of_cluster_queue.reserved, of_cluster_queue.leaving) == ((RESERVED,), (LEAVES,))
    local = Place(Target(place("LocalQueue").target.resource, "ml", "lq"), place("LocalQueue").live)
    assert stopping.held(ALL, local).all == (RUNS, RESERVED, LEAVES)


def test_who_waits_and_who_was_drained() -> None:
    waiting = stopping.waiting(ALL, place())
    assert waiting == (WAITS, DRAINED)
    assert stopping.drained(waiting, "ClusterQueueStopped") == (DRAINED,)
    assert stopping.drained(waiting, "LocalQueueStopped") == ()


def test_what_kueue_itself_deactivated() -> None:
    off = replace(workload("off", "Evicted=DeactivatedDueToRequeuingLimitExceeded"), active=False)
    said = replace(off, conditions=tuple(replace(one, message="too many retries") for one in off.conditions))
    assert stopping.deactivated_by_kueue(said) == "too many retries"
    assert stopping.deactivated_by_kueue(replace(said, active=True)) == ""
    assert stopping.deactivated_by_kueue(DRAINED) == ""


def test_a_workload_that_runs_is_stopped_by_draining_only() -> None:
    with pytest.raises(Refused, match="to stop it is to evict it, and nothing was written"):
        stopping.insist_on_drain(place("Workload"), stopping.split([RUNS]))
    stopping.insist_on_drain(place("Workload"), stopping.split([RESERVED]))
    stopping.insist_on_drain(place(), stopping.split([RUNS]))


def test_what_above_is_still_stopped() -> None:
    queue = parse.cluster_queue({"metadata": {"name": "x"}, "spec": {"stopPolicy": "Hold"}})
    found = Setting(cluster_queues={"x": queue})
    local = place("LocalQueue")
    local.live["spec"]["clusterQueue"] = "x"
    assert stopping.still_stopped(found, local) == (queue,)
    assert stopping.still_stopped(found, place()) == ()


# --- what it costs ----------------------------------------------------------------------------------------------------

DAY = 1767225600.0  # 2026-01-01T00:00:00Z, when RUNS was admitted
SAVED = '{"time": "2026-01-01T01:30:00Z", "step": 4000}'


def test_the_cost_of_an_eviction() -> None:
    found = cost(RUNS, DAY + 7200)
    assert (found.gpus, found.ran, found.lost, found.gpu_hours) == (4, 7200, 7200, 8.0)
    assert found.hint == "none known"


def test_a_checkpoint_that_the_job_told_of_counts() -> None:
    owner = {"metadata": {"annotations": {"k8sai.dev/last-checkpoint": SAVED}}}
    found = cost(RUNS, DAY + 7200, owner)
    assert (found.lost, found.gpu_hours) == (1800, 2.0)
    assert found.hint == "last checkpoint 30m ago (step 4000)"


@pytest.mark.parametrize(
    ("notes", "words"),
    [
        ({"checkpoint": "suspend", "checkpoint-path": "/ckpt"}, "saves when it is ended, to /ckpt"),
        ({"checkpoint": "exec", "checkpoint-interval": "30m"}, "checkpoint by exec, every 30m"),
        ({"checkpoint": "none"}, "saves nothing"),
        ({"last-checkpoint": "{broken"}, "none known"),
        ({"last-checkpoint": '["no object"]'}, "none known"),
        ({"last-checkpoint": '{"time": "yesterday"}'}, "none known"),
        ({"last-checkpoint": '{"time": "2026-01-01T01:30:00Z", "complete": false}'}, "none known"),
    ],
)
def test_hints(notes: dict[str, str], words: str) -> None:
    assert hint({f"k8sai.dev/{key}": value for key, value in notes.items()}, DAY) == words


# --- carrying it out --------------------------------------------------------------------------------------------------

LABELLED = {"metadata": {"labels": {"seen": "yes"}}}


@given(st.lists(st.sampled_from(["pass", "conflict", "busy", "failed", "lost"]), max_size=TRIES + 1))
def test_a_write_stands_once_or_is_told(fates: list[Any]) -> None:
    kueue = Kueue("pending", Random(0), lambda number: fates[number - 1] if number <= len(fates) else "pass")
    done = [one in ("pass", "lost") for one in fates[:TRIES]]
    try:
        carry_out(kueue, Change(JOB, kueue.live(JOB), LABELLED, ""), pause=lambda _: None)  # type: ignore[arg-type]
    except K8saiError:
        assert len(done) == TRIES and (not any(done) or done.index(True) == TRIES - 1)
    else:
        assert kueue.job["metadata"]["labels"]["seen"] == "yes"
    assert len(kueue.sent) <= 1


def test_what_others_write_beside_it_does_not_matter() -> None:
    kueue = Kueue("pending", Random(0))
    change = Change(JOB, kueue.live(JOB), LABELLED, "")
    kueue.job["metadata"]["labels"]["other"] = "1"
    kueue._touch(JOB)
    carry_out(kueue, change)  # type: ignore[arg-type]
    assert kueue.job["metadata"]["labels"] == {"kueue.x-k8s.io/queue-name": "old", "other": "1", "seen": "yes"}


def test_what_would_change_nothing_is_not_written() -> None:
    kueue = Kueue("pending", Random(0))
    carry_out(kueue, Change(JOB, kueue.live(JOB), {"spec": {"suspend": True}}, ""))  # type: ignore[arg-type]
    assert (kueue.tries, kueue.sent) == (0, [])


def test_the_same_field_written_by_somebody_else_is_told() -> None:
    kueue = Kueue("pending", Random(0))
    change = Change(JOB, kueue.live(JOB), LABELLED, "")
    kueue.job["metadata"]["labels"]["seen"] = "no"
    kueue._touch(JOB)
    with pytest.raises(Drift, match="somebody else changed job"):
        carry_out(kueue, change)  # type: ignore[arg-type]


JSONS = st.recursive(
    st.none() | st.integers(0, 2),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from("abc"), JSONS.filter(lambda one: one is not None)),
    JSONS.filter(dict.__instancecheck__),
)
def test_a_merge_done_twice_is_done_once(obj: Json, patch: Json) -> None:
    once = merged(obj, patch)
    assert merged(once, patch) == once
    assert Change(JOB, {"metadata": {}, **obj}, patch, "").stands_in({"metadata": {}, **once})


@pytest.mark.parametrize(("controller", "final"), [(None, True), ("ReplicaSet", False)])
def test_a_pod_that_nobody_makes_anew_is_gone_for_good(controller: str | None, final: bool) -> None:
    references = [{"kind": controller, "name": "r", "controller": True}] if controller else []
    pod: Json = {"metadata": {"ownerReferences": references}}
    owned = workload("w", "Admitted", ownerReferences=[{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}])
    assert cost(owned, 0.0, pod).final is final
    assert not cost(workload("w", "Admitted"), 0.0, pod).final


# --- waiting ----------------------------------------------------------------------------------------------------------


def drain(*counts: int | None) -> tuple[Drain, list[int]]:
    """The queue says these counts one after the other; as many workloads hold quota."""
    said: list[int] = []
    current = [counts[0]]
    rest = iter(counts[1:])
    clock = iter(range(1000))

    def pause(_: float) -> None:
        current[0] = next(rest, current[0])

    left = lambda: (RUNS,) * (current[0] or 0)  # noqa: E731
    return Drain(left, lambda: current[0], pause, said.append, lambda: float(next(clock))), said


def test_a_drain_ends_when_nobody_holds_quota() -> None:
    running, said = drain(3, 3, 1, 0)
    assert running.run() and said == [3, 1, 0]


def test_a_drain_that_is_late_names_who_is_left() -> None:
    running, _ = drain(2)
    assert not running.run(5) and running.holding == (RUNS, RUNS)


def test_what_is_drained_already_is_not_waited_for() -> None:
    running, said = drain(0)
    assert running.run(0) and said == []


def test_a_queue_counts_for_itself() -> None:
    assert reserving(place(), {"status": {"reservingWorkloads": 2}}) == 2
    assert reserving(place("Workload"), {"status": {"reservingWorkloads": 2}}) is None
    assert reserving(place(), None) is None
