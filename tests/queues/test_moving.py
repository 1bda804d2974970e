"""A move, step by step, against a model of Kueue: whatever fails or dies on the way, it ends where it should."""

from dataclasses import replace
from random import Random
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8sai.cluster.discovery import Resource
from k8sai.errors import Drift, K8saiError, Refused, TimedOut
from k8sai.merge_patch import merged
from k8sai.queues.acting.moving import CLASS, QUEUE, STOPPING, Seen, Wait, Wish, plan, step
from k8sai.queues.acting.moving_steps import Move
from k8sai.queues.acting.steps import Change
from k8sai.queues.acting.stopping import MOVING
from tests.queues.kueue_model import JOB, WORKLOAD, Fate, Killed, Kueue, State

STATES = st.sampled_from(get_args(State))
FATES = st.lists(st.sampled_from(get_args(Fate)), max_size=8)


def move(kueue: Kueue, wish: Wish, *, schedules: bool = True) -> Move:
    """Time passes only while it waits: a second, in which Kueue does one thing."""
    clock = iter(range(1_000_000))
    return Move(
        kueue,  # type: ignore[arg-type]
        kueue.seen(),
        wish,
        pause=lambda _: kueue.tick(schedules=schedules),
        sleep=lambda _: kueue.tick(schedules=schedules),
        now=lambda: float(next(clock)),
    )


def until_it_ends(kueue: Kueue, wish: Wish, *, schedules: bool = True) -> Seen:
    """The command again and again for as long as it is killed or told to come back."""
    for _ in range(100):
        try:
            return move(kueue, wish, schedules=schedules).run()
        except Killed:
            kueue.tick()
        except K8saiError as error:
            if isinstance(error, Refused) and not hasattr(error, "status"):
                raise
    raise AssertionError("it never ends")


def fated(fates: list[Fate]) -> Any:
    return lambda number: fates[number - 1] if number <= len(fates) else "pass"


@settings(max_examples=300, deadline=None)
@given(STATES, FATES, st.integers(0, 2**32))
def test_with_evict_it_arrives_whatever_happens(state: State, fates: list[Fate], seed: int) -> None:
    kueue = Kueue(state, Random(seed), fated(fates))
    until_it_ends(kueue, Wish("new", evict=True))
    arrived = ("new", "new", state != "deactivated", False)
    assert kueue.standing == arrived
    kueue.settle()
    assert kueue.standing == arrived


@settings(max_examples=300, deadline=None)
@given(STATES, FATES, st.integers(0, 2**32))
def test_without_evict_nothing_is_ever_evicted(state: State, fates: list[Fate], seed: int) -> None:
    """It arrives, or it says that it did not; and what holds quota at first is not written at all."""
    kueue = Kueue(state, Random(seed), fated(fates))
    try:
        until_it_ends(kueue, Wish("new"))
        assert kueue.standing[:2] == ("new", "new")
    except (Refused, Drift):
        assert kueue.standing[1] == "old"
    assert all((patch.get("spec") or {}).get("active") is not False for _, patch in kueue.sent)
    if state in ("reserved", "running"):
        assert kueue.sent == []


@given(FATES, st.integers(0, 2**32))
def test_what_waits_and_is_not_given_quota_meanwhile_arrives_without_evict(fates: list[Fate], seed: int) -> None:
    for state in ("pending", "evicted"):
        kueue = Kueue(state, Random(seed), fated([one for one in fates if not one.startswith("killed")]))
        until_it_ends(kueue, Wish("new", "high"), schedules=False)
        assert kueue.standing == ("new", "new", True, False)
        assert kueue.workload["spec"]["priorityClassRef"] == {"name": "high"}


@pytest.mark.parametrize("kill", range(1, 4))
@pytest.mark.parametrize("when", ["killed before", "killed after"])
@pytest.mark.parametrize("evict", [True, False])
def test_killed_between_any_two_steps_the_next_run_ends_it(kill: int, when: Fate, evict: bool) -> None:
    """Also one without --evict, once the eviction has begun."""
    kueue = Kueue("running", Random(0), lambda number: when if number == kill else "pass")
    with pytest.raises(Killed):
        move(kueue, Wish("new", evict=True)).run()
    kueue.settle()
    if not evict and kueue.workload["spec"]["active"]:
        return  # killed before the first step, or after the last
    move(kueue, Wish("new", evict=evict)).run()
    assert kueue.standing == ("new", "new", True, False)
    assert [patch.get("spec") for _, patch in kueue.sent] == [
        {"active": False},
        None,
        {"active": True, "queueName": "new"},
    ]


def test_a_workload_that_followed_by_itself_is_activated_all_the_same() -> None:
    kueue = Kueue("running", Random(0), lambda number: "killed after" if number == 2 else "pass")
    with pytest.raises(Killed):
        move(kueue, Wish("new", evict=True)).run()
    kueue.workload["spec"]["queueName"] = "new"
    move(kueue, Wish("new")).run()
    assert kueue.standing == ("new", "new", True, False)


def test_another_target_may_be_named_after_it_was_killed() -> None:
    kueue = Kueue("running", Random(0), lambda number: "killed after" if number == 2 else "pass")
    with pytest.raises(Killed):
        move(kueue, Wish("new", evict=True)).run()
    move(kueue, Wish("other")).run()
    assert kueue.standing == ("other", "other", True, False)


# --- one step at a time -----------------------------------------------------------------------------------------------


def test_the_way_of_a_running_job() -> None:
    """The label stays untouched until Kueue has taken back what it started the job with."""
    kueue = Kueue("running", Random(0))
    wish = Wish("new", evict=True)
    steps = []
    for _ in range(20):
        now = step(kueue.seen(), wish)
        if now is None:
            break
        steps.append(now.why if isinstance(now, Wait) else now.patch)
        if isinstance(now, Change):
            kueue.merge(now.target, now.patch, uid=now.uid, version=now.version)
        else:
            assert QUEUE not in str(kueue.sent)
            kueue.tick(schedules=False)
    assert [one for one in steps if isinstance(one, dict)] == [
        {"metadata": {"annotations": {MOVING: "new"}}, "spec": {"active": False}},
        {"metadata": {"labels": {QUEUE: "new"}}},
        {"metadata": {"annotations": {MOVING: None}}, "spec": {"active": True, "queueName": "new"}},
    ]
    assert "the pods of job/sft to end" in steps


@pytest.mark.parametrize(
    ("state", "wish", "written"),
    [
        ("pending", Wish("new"), ["Job"]),
        ("evicted", Wish("new"), ["Job", "Workload"]),
        ("deactivated", Wish("new"), ["Job", "Workload"]),
        ("running", Wish("new", evict=True), ["Workload", "Job", "Workload"]),
        ("reserved", Wish("new", evict=True), ["Workload", "Job", "Workload"]),
        ("pending", Wish("old"), []),
        ("running", Wish("old"), []),
        ("pending", Wish("old", "high"), ["Job"]),
    ],
)
def test_the_plan_is_what_is_done(state: State, wish: Wish, written: list[str]) -> None:
    kueue = Kueue(state, Random(0))
    foreseen = plan(kueue.seen(), wish)
    assert [one.target.resource.kind for one in foreseen] == written
    move(kueue, wish, schedules=False).run()
    assert [(one.target, one.patch) for one in foreseen] == kueue.sent


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("running", "job/sft is running in old: nothing was written"),
        ("reserved", "job/sft has quota reserved and waits for its admission checks in old: nothing was written"),
    ],
)
def test_what_holds_quota_is_refused(state: State, words: str) -> None:
    kueue = Kueue(state, Random(0))
    with pytest.raises(Refused) as caught:
        plan(kueue.seen(), Wish("new"))
    assert (caught.value.message, caught.value.hint) == (
        words,
        "`k8sai queue move job/sft --to new -n ml --evict` evicts it first",
    )


def test_a_label_that_somebody_wrote_too_late_is_told() -> None:
    kueue = Kueue("running", Random(0))
    kueue.job["metadata"]["labels"][QUEUE] = "new"
    with pytest.raises(Refused, match="is running in old; its label says new already"):
        plan(kueue.seen(), Wish("new"))


def given_quota_after(kueue: Kueue, *, started: bool) -> Move:
    """Kueue gives it quota in its old queue just after the label was written."""
    running = move(kueue, Wish("new"), schedules=False)

    def pause(_: float) -> None:
        if not kueue.holds("QuotaReserved"):
            kueue._reserve()
            if started:
                kueue._start()

    return replace(running, pause=pause)


def test_quota_that_came_meanwhile_takes_the_label_back() -> None:
    kueue = Kueue("pending", Random(0))
    with pytest.raises(Drift, match="was given quota in old while it was moved: it stays there"):
        given_quota_after(kueue, started=False).run()
    assert kueue.standing == ("old", "old", True, False)


def test_a_job_that_started_meanwhile_is_told() -> None:
    kueue = Kueue("pending", Random(0))
    with pytest.raises(Drift, match="it runs there, and its label says new"):
        given_quota_after(kueue, started=True).run()
    assert kueue.standing == ("new", "old", True, False)


def test_a_workload_that_does_not_follow_is_told() -> None:
    kueue = Kueue("pending", Random(0))
    with pytest.raises(Drift, match="the label of job/sft says new, but its Workload is still in old after 20 s"):
        replace(move(kueue, Wish("new")), pause=lambda _: None).run()


def test_the_time_may_run_out_while_its_pods_end() -> None:
    kueue = Kueue("running", Random(0))
    started = replace(move(kueue, Wish("new", evict=True)), pause=lambda _: None)
    with pytest.raises(TimedOut, match="waiting for the pods of job/sft to end"):
        started.run(60)
    assert started.stands == "job/sft is evicted and not yet in new: nothing admits it until the move ends"


def test_what_kueue_evicts_itself_is_waited_for() -> None:
    """It is on its way out: nothing has to be evicted for it."""
    kueue = Kueue("running", Random(0))
    kueue._condition("Evicted", True)
    move(kueue, Wish("new"), schedules=False).run()
    assert kueue.standing == ("new", "new", True, False)
    assert [patch.get("spec") for _, patch in kueue.sent] == [None, {"queueName": "new"}]


def test_failures_are_counted_in_a_row() -> None:
    """Four before each of its three writes."""
    kueue = Kueue("running", Random(0), lambda number: "pass" if number % 5 == 0 else "failed")
    move(kueue, Wish("new", evict=True)).run()
    assert (kueue.standing, kueue.tries) == (("new", "new", True, False), 15)


def test_what_stands_is_known_right_after_the_write() -> None:
    """Also where the program is told to end before it looks again."""
    kueue = Kueue("running", Random(0))
    started = move(kueue, Wish("new", evict=True))
    assert started.stands == ""
    started._try(plan(started.seen, started.wish)[0])
    assert started.stands.startswith("job/sft is evicted and not yet in new")


def test_a_server_that_always_fails_is_left_in_the_end() -> None:
    kueue = Kueue("pending", Random(0), lambda _: "failed")
    with pytest.raises(K8saiError, match="not now"):
        move(kueue, Wish("new"), schedules=False).run()
    assert (kueue.tries, kueue.sent) == (5, [])


def test_somebody_who_undoes_everything_is_not_fought_for_ever() -> None:
    kueue = Kueue("pending", Random(0))
    started = move(kueue, Wish("new"))

    def undo(_: str) -> None:
        kueue.job["metadata"]["labels"][QUEUE] = "old"

    with pytest.raises(Drift, match=r"somebody else undoes what is written to job\.batch/sft"):
        replace(started, told=undo, pause=lambda _: None).run()


def test_an_object_of_the_same_name_is_another_one() -> None:
    kueue = Kueue("pending", Random(0))
    started = move(kueue, Wish("new"))
    kueue.workload["metadata"]["uid"] = "another"
    with pytest.raises(Drift, match="was deleted and made anew"):
        started.run()


# --- what cannot be moved ---------------------------------------------------------------------------------------------


DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment", True, ())
ENDED = {"metadata": {"name": "w"}, "status": {"conditions": [{"type": "Finished", "status": "True"}]}}


def seen(**owner: Any) -> Seen:
    found = Kueue("pending", Random(0)).seen()
    return replace(found, owner=merged(found.owner, owner))


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (seen(metadata={"labels": {QUEUE: None}}), "has no label kueue.x-k8s.io/queue-name: it is in no queue"),
        (seen(metadata={"annotations": {"kueue.x-k8s.io/elastic-job": "true"}}), "is elastic"),
        (seen(metadata={"labels": {"kueue.x-k8s.io/pod-group-name": "g"}}), "as a pod group, which cannot be moved"),
        (replace(seen(), target=replace(JOB, resource=DEPLOYMENTS)), "is queued pod by pod"),
        (replace(seen(), object=ENDED), "has finished: there is nothing to move"),
    ],
)
def test_what_is_not_one_job_that_can_be_suspended_is_refused(what: Seen, words: str) -> None:
    with pytest.raises(Refused, match=words):
        plan(what, Wish("new"))


@pytest.mark.parametrize(
    ("owner", "free"),
    [
        ({"spec": {"suspend": True}}, True),
        ({"spec": {"suspend": False}}, False),
        ({"spec": {"suspend": None, "runPolicy": {"suspend": True}}}, True),
        ({"metadata": {"annotations": {STOPPING: "true"}}}, False),
    ],
)
def test_when_its_label_may_be_written(owner: dict[str, Any], free: bool) -> None:
    assert seen(**owner).free is free


def test_a_class_alone() -> None:
    (change,) = plan(seen(), Wish("old", "high"))
    assert (change.target, change.patch) == (JOB, {"metadata": {"labels": {CLASS: "high"}}})
    assert WORKLOAD != JOB
