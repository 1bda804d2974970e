"""The line played out: nothing is given that is not there, nothing that fits is left, and the order is Kueue's."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8sai.queues.judging import scene
from k8sai.queues.judging.judge import Judge, judge
from k8sai.queues.order import line
from k8sai.queues.quota import Node
from k8sai.queues.setting import Setting
from k8sai.queues.simulating.given import admitted, evicted, usage_of
from k8sai.queues.simulating.play import MOST, Played, play
from k8sai.queues.usage import tree as tree_of
from k8sai.queues.workload import Workload
from tests.queues.simulate_objects import cluster_queue, cohort, flavor, local_queue, namespace, setting, workload

Json = dict[str, Any]
POLICIES: list[Json] = [
    {},
    {"preemption": {"withinClusterQueue": "LowerPriority"}},
    {"preemption": {"reclaimWithinCohort": "Any", "withinClusterQueue": "LowerPriority"}},
]


def job(number: int, queue: str, gpus: int, priority: int = 0, *, held: bool = False) -> Json:
    created = f"2026-11-03T{8 + number // 60:02}:{number % 60:02}:00Z"
    found = workload(
        "ns", f"j{number:02}", gpus, held=queue if held else "", priority=priority, queue=queue, created=created
    )
    found["metadata"]["uid"] = f"uid-{number:02}"
    return found


@st.composite
def places(draw: st.DrawFn, policies: list[Json] = POLICIES) -> Setting:
    """Up to four queues in a tree of two levels, with what runs in them and what waits."""
    objects: list[Json] = [flavor("h100"), namespace("ns"), cohort("mid", "top")]
    names = [f"q{number}" for number in range(draw(st.integers(1, 4)))]
    for name in names:
        strategy = draw(st.sampled_from(["BestEffortFIFO", "StrictFIFO"]))
        parent = draw(st.sampled_from(["", "mid", "top"]))
        limits = {"borrow": draw(st.integers(0, 6))} if parent and draw(st.booleans()) else {}
        more = {"queueingStrategy": strategy, **draw(st.sampled_from(policies)), **limits}
        objects += [cluster_queue(name, draw(st.integers(0, 8)), parent, **more), local_queue("ns", name, name)]
    count = draw(st.integers(0, 12))
    for number in range(count):
        name, gpus, priority = draw(st.sampled_from(names)), draw(st.integers(1, 6)), draw(st.integers(0, 2))
        objects.append(job(number, name, gpus, priority, held=draw(st.integers(0, 3)) == 0))
    return setting(objects)


def replay(before: Setting, played: Played) -> None:
    """Each step fits into what the steps before it have left, after its own victims are gone."""
    tree = tree_of(before)
    held = dict(before.workloads)
    for step in played.steps:
        node = tree.queues[step.queue]
        victims = [victim.workload for victim in step.judgement.victims]
        tree = tree.without(victims)
        usage = usage_of(step.workload, step.judgement)
        assert all(tree.available(tree.queues[node.name], share) >= amount for share, amount in usage.items())
        tree = tree.copy()
        tree.add(tree.queues[node.name], usage)
        assert all(held[one.ref].reserves for one in victims)
        held |= {one.ref: played.setting.workloads[one.ref] for one in victims}
    left = tree_of(played.setting)
    for name, node in left.queues.items():
        for share in left.shares:
            assert left.used(node, share) == tree.used(tree.queues[name], share)


@settings(max_examples=150, deadline=None)
@given(places(POLICIES[:1]))
def test_without_preemption_it_fills_what_is_free_and_no_more(here: Setting) -> None:
    played = play(here)
    assert played.whole
    replay(here, played)
    tree = tree_of(played.setting)
    for name, queue in played.setting.cluster_queues.items():
        standing = line(played.setting, name)
        left = standing[:1] if queue.strategy == "StrictFIFO" else standing
        assert not [one.ref for one in left if judge(played.setting, one, queue, tree).fits]


@settings(max_examples=100, deadline=None)
@given(places())
def test_with_preemption_nothing_is_given_twice_and_it_ends(here: Setting) -> None:
    played = play(here)
    assert len(played.steps) <= MOST
    evicted = [victim.workload.ref for step in played.steps for victim in step.judgement.victims]
    assert len(evicted) == len(set(evicted))
    again = set(evicted)
    given = [step.workload.ref for step in played.steps if step.workload.ref not in again]
    assert len(given) == len(set(given))
    if not evicted:
        replay(here, played)


@settings(max_examples=100, deadline=None)
@given(places(POLICIES[:1]))
def test_a_strict_queue_gives_in_the_order_of_its_line(here: Setting) -> None:
    played = play(here)
    for name, queue in here.cluster_queues.items():
        if queue.strategy == "StrictFIFO":
            given = [step.workload.ref for step in played.steps if step.queue == name]
            assert given == [one.ref for one in line(here, name)][: len(given)]


@settings(max_examples=60, deadline=None)
@given(places())
def test_it_changes_nothing_of_what_it_was_given(here: Setting) -> None:
    before = dict(here.workloads)
    first, second = play(here), play(here)
    assert here.workloads == before
    assert [step.workload.ref for step in first.steps] == [step.workload.ref for step in second.steps]


def test_who_borrows_less_goes_before_who_is_more_important() -> None:
    objects = [
        flavor("h100"),
        namespace("ns"),
        cluster_queue("lender", 4, "co"),
        cluster_queue("borrower", 0, "co"),
        local_queue("ns", "lender", "lender"),
        local_queue("ns", "borrower", "borrower"),
        job(1, "borrower", 4, 100),
        job(2, "lender", 4),
    ]
    assert [step.workload.name for step in play(setting(objects)).steps] == ["job-j02"]


def test_in_a_cycle_every_queue_has_one_turn() -> None:
    """The second of the important queue does not pass the first of the other one."""
    objects = [
        flavor("h100"),
        namespace("ns"),
        cohort("co", nominalQuota=6),
        cluster_queue("a", 0, "co"),
        cluster_queue("b", 0, "co"),
        local_queue("ns", "a", "a"),
        local_queue("ns", "b", "b"),
        job(1, "a", 2, 10),
        job(2, "a", 2, 10),
        job(3, "b", 2),
    ]
    assert [step.workload.name for step in play(setting(objects)).steps] == ["job-j01", "job-j03", "job-j02"]


def crowd(*, told: bool) -> Setting:
    """Two queues share 8; in the other one somebody waits who would fit."""
    other = job(1, "other", 6)
    if told:
        other["status"]["conditions"] = [{"type": "QuotaReserved", "status": "False", "message": "not now"}]
    return setting(
        [
            flavor("h100"),
            namespace("ns"),
            cohort("co", nominalQuota=8),
            *(cluster_queue(name, 0, "co") for name in ("mine", "other")),
            cluster_queue("far", 8),
            *(local_queue("ns", name, name) for name in ("mine", "other", "far")),
            other,
            job(2, "mine", 4),
            job(3, "mine", 1),
            job(4, "far", 1),
        ]
    )


@pytest.mark.parametrize(
    ("told", "moved", "given"),
    [
        (True, False, ["job-j02"]),  # Kueue has looked at the other one already; and then it ends
        (False, False, ["job-j01"]),
        (True, True, ["job-j01", "job-j03"]),
    ],
)
def test_without_a_change_only_whom_kueue_has_not_told_to_wait_comes_before(
    told: bool, moved: bool, given: list[str]
) -> None:
    here = crowd(told=told)
    played = play(here, [here.workloads["ns/job-j02"]], moved=moved)
    assert [step.workload.name for step in played.steps] == given
    assert played.whole


def test_a_long_line_is_not_played_to_its_end() -> None:
    objects = [flavor("h100"), namespace("ns"), cluster_queue("q", 1000), local_queue("ns", "q", "q")]
    here = setting([*objects, *(job(number, "q", 1) for number in range(MOST + 5))])
    played = play(here)
    assert (len(played.steps), played.whole) == (MOST, False)


@settings(max_examples=100, deadline=None)
@given(places(POLICIES))
def test_a_judge_that_follows_what_happens_is_as_good_as_a_new_one(here: Setting) -> None:
    following = Judge(here)
    for node in following.scene.tree.queues.values():
        following.scene.holders(node)
    for step in play(here).steps:
        victims = [here.workloads[victim.workload.ref] for victim in step.judgement.victims]
        here = admitted(evicted(here, victims), step.workload, step.judgement)
        following.scene.follow(here, [*victims, step.workload])
        for name, queue in here.cluster_queues.items():
            for one in line(here, name):
                assert following.of(one, queue, reasons=False) == Judge(here).of(one, queue, reasons=False)


def test_who_holds_quota_is_looked_up_once_and_not_in_every_cycle(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    holder = scene._holder

    def counted(one: Workload, queue: Node) -> scene.Holder:
        made.append(one.ref)
        return holder(one, queue)

    monkeypatch.setattr(scene, "_holder", counted)
    policy = POLICIES[1]["preemption"]
    objects = [flavor("h100"), namespace("ns"), cluster_queue("q", 20, preemption=policy), local_queue("ns", "q", "q")]
    running = [job(number, "q", 1, held=True) for number in range(20)]
    steps = play(setting([*objects, *running, *(job(number, "q", 1, 1) for number in range(20, 40))])).steps
    assert len(steps) == 20
    assert len(made) == 20 + 20
