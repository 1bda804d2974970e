"""Whom Kueue would evict, in which order, and why the others stay."""

from dataclasses import replace

from k8sai.queues.facts import ClusterQueue, Cohort, Fungibility, Group, Preemption, Quota
from k8sai.queues.judging.judge import Judge, judge
from k8sai.queues.setting import Setting
from k8sai.queues.verdict import Judgement
from k8sai.queues.workload import Workload
from tests.queues.test_judge import GPU, asking, group, holding, setting


def queue(name: str, nominal: int = 8, cohort: str = "pool", **policy: str | int | None) -> ClusterQueue:
    return ClusterQueue(name, cohort, (group("h100", nominal=nominal),), preemption=Preemption(**policy))  # type: ignore[arg-type]


def judged(here: Setting, workload: Workload, name: str = "a") -> Judgement:
    return judge(here, workload, here.cluster_queues[name])


def gone(found: Judgement) -> list[tuple[str, str]]:
    return [(one.workload.name, one.reason) for one in found.victims]


def kept(found: Judgement) -> dict[str, str]:
    return {one.workload.name: one.why for one in found.spared}


def test_the_least_important_and_latest_go_and_only_as_many_as_needed() -> None:
    here = setting(
        queue("a", within="LowerPriority"),
        holders=(
            holding("early", "a", 2, at=10.0),
            holding("late", "a", 2, at=20.0),
            holding("least", "a", 1, priority=-5, at=5.0),
            holding("high", "a", 3, priority=9),
        ),
    )
    found = judged(here, asking(2, priority=1))
    assert gone(found) == [("late", "InClusterQueue")]
    assert kept(found) == {
        "early": "it may be evicted, but that is not enough or not needed",
        "least": "it may be evicted, but that is not enough or not needed",
        "high": "its priority 9 is not lower than 1 (withinClusterQueue is LowerPriority)",
    }


def test_equals_go_only_where_they_are_newer() -> None:
    here = setting(queue("a", within="LowerOrNewerEqualPriority"), holders=(holding("old", "a", 8, at=10.0),))
    assert gone(judged(here, asking(8, created=5.0))) == [("old", "InClusterQueue")]
    found = judged(here, asking(8, created=50.0))
    assert (found.mode, gone(found)) == ("waits", [])
    assert "it is not newer" in kept(found)["old"]


def test_who_stays_within_nominal_reclaims_from_borrowers_of_any_priority() -> None:
    here = setting(
        queue("a", reclaim="Any"),
        queue("b"),
        queue("c"),
        holders=(holding("own", "b", 8), holding("loan", "b", 8, priority=100), holding("fair", "c", 8)),
    )
    found = judged(here, asking(8))
    assert gone(found) == [("own", "InCohortReclamation")]
    assert kept(found)["fair"] == "ClusterQueue c is within its own quota"


def test_beyond_nominal_nobody_goes_without_the_right_to_borrow() -> None:
    holders = (holding("mine", "a", 8), holding("loan", "b", 12, priority=-1))
    here = setting(queue("a", reclaim="Any"), queue("b"), holders=holders)
    found = judged(here, asking(8))
    assert (found.mode, gone(found)) == ("waits", [])
    assert kept(found)["loan"] == "reclaim needs you within nominal, you would be 8 nvidia.com/gpu over"
    assert kept(found)["mine"] == "withinClusterQueue of ClusterQueue a is Never"
    may = setting(queue("a", reclaim="Any", borrow_within="LowerPriority"), queue("b"), holders=holders)
    assert gone(judged(may, asking(8))) == [("loan", "InCohortReclaimWhileBorrowing")]
    capped = queue("a", reclaim="Any", borrow_within="LowerPriority", borrow_threshold=-2)
    found = judged(setting(capped, queue("b"), holders=holders), asking(8))
    assert (found.mode, kept(found)["loan"]) == (
        "waits",
        "its priority -1 is above maxPriorityThreshold -2, and you would borrow",
    )


def test_who_is_nearer_to_the_quota_needs_no_priority_to_take_it_back() -> None:
    """team(8){a 0, mate 0} and far 0 that borrows it: a is nearer, although a itself has nothing."""
    cohorts = {
        "org": Cohort("org"),
        "team": Cohort("team", "org", (group("h100"),)),
    }
    here = replace(
        setting(
            queue("a", 0, "team", reclaim="LowerPriority"),
            queue("mate", 0, "team"),
            queue("far", 0, "org"),
            holders=(holding("guest", "far", 8),),
        ),
        cohorts=cohorts,
    )
    found = judged(here, asking(8, priority=1))
    assert gone(found) == [("guest", "InCohortReclamation")]
    assert judged(here, asking(8)).mode == "waits"


def test_the_next_flavor_comes_before_preemption_unless_the_search_may_stop() -> None:
    flavors = Group((GPU,), (("h100", {GPU: Quota(8)}), ("a100", {GPU: Quota(8)})))
    base = ClusterQueue("a", "", (flavors,), preemption=Preemption(within="LowerPriority"))
    holders = (holding("old", "a", 8),)
    assert judged(setting(base, holders=holders), asking(8, priority=1)).assigned == {"main": {GPU: "a100"}}
    eager = replace(base, fungibility=Fungibility(when_can_preempt="MayStopSearch"))
    found = judged(setting(eager, holders=holders), asking(8, priority=1))
    assert (found.assigned, gone(found)) == ({"main": {GPU: "h100"}}, [("old", "InClusterQueue")])


def test_evicted_workloads_are_counted_on_first() -> None:
    leaving = holding("leaving", "a", 4)
    leaving = replace(leaving, conditions=(*leaving.conditions, replace(leaving.conditions[0], type="Evicted")))
    here = setting(queue("a", within="LowerPriority"), holders=(leaving, holding("stays", "a", 4, priority=-9)))
    assert gone(judged(here, asking(4, priority=1))) == [("leaving", "InClusterQueue")]


# --- fair sharing ---------------------------------------------------------------------------------------------------


def fair(here: Setting) -> Setting:
    return replace(
        here, cluster_queues={name: replace(one, weighted_share=0) for name, one in here.cluster_queues.items()}
    )


def test_who_borrows_most_gives_until_it_is_even() -> None:
    """Three queues of 0 share 12: 9 and 3 are used; a newcomer of 3 is fair, one of 6 after it would have more."""
    cohorts = {"pool": Cohort("pool", groups=(group("h100", nominal=12),))}
    big = tuple(holding(f"big-{number}", "b", 3, at=float(number)) for number in range(3))
    here = fair(
        replace(
            setting(
                queue("a", 0, reclaim="Any"), queue("b", 0), queue("c", 0), holders=(*big, holding("small", "c", 3))
            ),
            cohorts=cohorts,
        )
    )
    assert gone(judged(here, asking(3))) == [("big-2", "InCohortFairSharing")]
    found = judged(here, asking(6))
    assert (found.mode, gone(found)) == ("waits", [])
    share = "fair sharing: ClusterQueue a would have a share of 500, ClusterQueue b be left with 500"
    assert kept(found)["small"] == share.replace("b be left with 500", "c be left with 0")


def test_the_strategies_may_be_given() -> None:
    """Of 12 two have 6 each; a third that asks for 6 may not leave anybody with less, unless what they had counts."""
    cohorts = {"pool": Cohort("pool", groups=(group("h100", nominal=12),))}
    holders = (holding("one", "b", 6), holding("two", "c", 6))
    queues = (queue("a", 0, reclaim="Any"), queue("b", 0), queue("c", 0))
    here = fair(replace(setting(*queues, holders=holders), cohorts=cohorts))
    a, wish = here.cluster_queues["a"], asking(4)
    final, initial = "LessThanOrEqualToFinalShare", "LessThanInitialShare"
    verdicts = {one: Judge(here, sharing=one).of(wish, a).mode for one in ((final,), (initial,), (final, initial), ())}
    assert verdicts == {(final,): "waits", (initial,): "preempts", (final, initial): "preempts", (): "waits"}


def test_a_larger_weight_may_have_more() -> None:
    cohorts = {"pool": Cohort("pool", groups=(group("h100", nominal=12),))}
    holders = tuple(holding(f"one-{number}", "b", 3, at=float(number)) for number in range(4))
    here = fair(replace(setting(queue("a", 0, reclaim="Any"), queue("b", 0), holders=holders), cohorts=cohorts))
    heavy = replace(here, cluster_queues={**here.cluster_queues, "a": replace(here.cluster_queues["a"], weight=3.0)})
    assert judged(here, asking(9)).mode == "waits"
    assert [name for name, _ in gone(judged(heavy, asking(9)))] == ["one-3", "one-2", "one-1"]


def test_within_nominal_it_takes_back_whatever_the_shares_are() -> None:
    holders = (holding("one", "b", 16),)
    here = fair(setting(queue("a", 8, reclaim="Any"), queue("b", 8), holders=holders))
    assert gone(judged(here, asking(8))) == [("one", "InCohortReclamation")]


def test_a_search_leaves_everything_as_it_was() -> None:
    holders = (holding("mine", "a", 8), holding("loan", "b", 12, priority=-1))
    here = setting(queue("a", reclaim="Any", borrow_within="LowerPriority"), queue("b"), holders=holders)
    for setting_ in (here, fair(here)):
        judge_ = Judge(setting_)
        before = dict(judge_.scene.tree._used)
        judge_.of(asking(8), setting_.cluster_queues["a"])
        assert {key: used for key, used in judge_.scene.tree._used.items() if used} == before
