"""What Kueue would do: flavors in their order, quota with other pod sets counted in, and refusals."""

from dataclasses import replace
from typing import Any

from k8sai.queues.facts import (
    ClusterQueue,
    Cohort,
    Condition,
    Flavor,
    Fungibility,
    Group,
    LocalQueue,
    Preemption,
    Quota,
)
from k8sai.queues.judging.judge import judge
from k8sai.queues.setting import Setting
from k8sai.queues.verdict import Judgement
from k8sai.queues.workload import Admission, Assigned, PodSet, Workload

GPU = "nvidia.com/gpu"


def group(*flavors: str, covered: tuple[str, ...] = (GPU,), nominal: int = 8, **limits: int) -> Group:
    return Group(covered, tuple((name, {one: Quota(nominal, **limits) for one in covered}) for name in flavors))


def asking(amount: int, name: str = "new", *, priority: int = 0, created: float = 900.0, **spec: Any) -> Workload:
    return Workload("ns", name, name, created, "main", (PodSet("main", 1, {GPU: amount}, spec=spec),), priority)


def holding(
    name: str, queue: str, amount: int, *, flavor: str = "h100", priority: int = 0, at: float = 100.0
) -> Workload:
    admission = Admission(queue, (Assigned("main", {GPU: flavor}, {GPU: amount}, 1),))
    reserved = Condition("QuotaReserved", True, "QuotaReserved", at=at)
    return replace(asking(amount, name, priority=priority, created=at), admission=admission, conditions=(reserved,))


def setting(*queues: ClusterQueue, holders: tuple[Workload, ...] = (), flavors: tuple[Flavor, ...] = ()) -> Setting:
    named = {name for queue in queues for of in queue.groups for name, _ in of.flavors}
    return Setting(
        cluster_queues={queue.name: queue for queue in queues},
        local_queues={"ns/main": LocalQueue("ns", "main", queues[0].name)},
        cohorts={queue.cohort: Cohort(queue.cohort) for queue in queues if queue.cohort},
        flavors={name: Flavor(name) for name in named} | {one.name: one for one in flavors},
        workloads={one.ref: one for one in holders},
    )


def judged(here: Setting, workload: Workload) -> Judgement:
    return judge(here, workload, next(iter(here.cluster_queues.values())))


def test_it_fits_borrows_waits_or_never_fits() -> None:
    here = setting(
        ClusterQueue("a", "pool", (group("h100", borrowing_limit=6),)),
        ClusterQueue("b", "pool", (group("h100"),)),
        holders=(holding("one", "a", 4),),
    )
    found = {amount: judged(here, asking(amount)) for amount in (4, 5, 10, 11, 14, 15)}
    assert {amount: (one.mode, one.level, one.code) for amount, one in found.items()} == {
        4: ("fits", 0, "FitsNow"),
        5: ("borrows", 1, "FitsBorrowing"),
        10: ("borrows", 1, "FitsBorrowing"),
        11: ("waits", 0, "WaitingForQuota"),
        14: ("waits", 0, "WaitingForQuota"),
        15: ("never", 0, "ExceedsMaxQuota"),
    }
    (line,) = found[11].options[0].lines
    assert (line.need, line.have, line.most, line.deficit, line.level) == (11, 10, 14, 1, 1)


def test_the_first_flavor_that_is_good_enough_is_taken_and_the_others_stay_untried() -> None:
    queue = ClusterQueue("a", "pool", (group("spot", "h100"),))
    other = ClusterQueue("b", "pool", (group("spot", "h100"),))
    borrows = judged(setting(queue, other), asking(9))
    assert (borrows.mode, borrows.assigned, len(borrows.options)) == ("borrows", {"main": {GPU: "spot"}}, 1)
    patient = replace(queue, fungibility=Fungibility(when_can_borrow="TryNextFlavor"))
    used = (holding("one", "a", 4, flavor="spot"),)
    assert judged(setting(patient, other, holders=used), asking(6)).assigned == {"main": {GPU: "h100"}}
    assert judged(setting(queue, other, holders=used), asking(6)).assigned == {"main": {GPU: "spot"}}


def test_pod_sets_count_together() -> None:
    here = setting(ClusterQueue("a", groups=(group("h100"),)))
    sets = (PodSet("leader", 1, {GPU: 4}), PodSet("worker", 2, {GPU: 4}))
    found = judged(here, replace(asking(0), pod_sets=sets))
    assert [(one.pod_set, one.mode, one.lines[0].need) for one in found.options] == [
        ("leader", "fits", 4),
        ("worker", "never", 12),
    ]
    assert (found.mode, found.code, found.assigned) == ("never", "ExceedsMaxQuota", {"leader": {GPU: "h100"}})


def test_a_resource_that_is_not_covered() -> None:
    here = setting(ClusterQueue("a", groups=(group("h100"),)))
    found = judged(here, replace(asking(1), pod_sets=(PodSet("main", 1, {GPU: 1, "cpu": 1000, "memory": 0}),)))
    assert (found.mode, found.code) == ("refused", "ResourceNotCovered")
    assert [one.refusal for one in found.options] == ["resource cpu unavailable in ClusterQueue", ""]


def test_pods_are_counted_where_the_queue_has_quota_of_them() -> None:
    here = setting(ClusterQueue("a", groups=(group("h100"), group("default", covered=("pods",), nominal=3))))
    four = replace(asking(0), pod_sets=(PodSet("main", 4, {GPU: 1}),))
    assert (judged(here, four).mode, judged(here, four).code) == ("never", "ExceedsMaxQuota")
    three = replace(four, pod_sets=(PodSet("main", 3, {GPU: 1}),))
    assert judged(here, three).assigned == {"main": {GPU: "h100", "pods": "default"}}


def test_taints_and_labels_of_a_flavor() -> None:
    flavors = (
        Flavor("spot", {"pool": "spot"}, ({"key": "spot", "value": "yes", "effect": "NoSchedule"},)),
        Flavor("lab", {"pool": "lab"}),
    )
    here = setting(ClusterQueue("a", groups=(group("spot", "lab"),)), flavors=flavors)
    plain = judged(here, asking(1))
    assert plain.options[0].refusal == "untolerated taint {spot yes NoSchedule <nil>} in flavor spot"
    assert plain.assigned == {"main": {GPU: "lab"}}
    tolerant = asking(1, tolerations=[{"key": "spot", "operator": "Exists"}])
    assert judged(here, tolerant).assigned == {"main": {GPU: "spot"}}
    chosen = judged(here, asking(1, nodeSelector={"pool": "other", "zone": "b"}))
    assert (chosen.mode, chosen.code) == ("refused", "NoMatchingFlavor")
    assert chosen.options[1].refusal == "flavor lab doesn't match node affinity"


def test_only_labels_that_the_flavor_names_count() -> None:
    here = setting(ClusterQueue("a", groups=(group("lab"),)), flavors=(Flavor("lab", {"pool": "lab"}),))
    assert judged(here, asking(1, nodeSelector={"zone": "b"})).mode == "fits"
    terms = [
        {"matchExpressions": [{"key": "pool", "operator": "In", "values": ["other"]}]},
        {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["b"]}]},
    ]
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}
    assert judged(here, asking(1, affinity=affinity)).mode == "fits"
    strict = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms[:1]}}}
    assert judged(here, asking(1, affinity=strict)).mode == "refused"


def test_the_nearest_of_several_flavors_names_the_verdict() -> None:
    tainted = Flavor("tainted", taints=({"key": "x", "effect": "NoExecute"},))
    queue = ClusterQueue("a", groups=(Group((GPU,), (("small", {GPU: Quota(2)}), ("tainted", {GPU: Quota(9)}))),))
    found = judged(setting(queue, flavors=(tainted,)), asking(4))
    assert [one.mode for one in found.options] == ["never", "refused"]
    assert (found.mode, found.code) == ("never", "ExceedsMaxQuota")


def test_fewer_pods_where_they_may_be_fewer() -> None:
    here = setting(ClusterQueue("a", groups=(group("h100"),)))
    elastic = replace(asking(0), pod_sets=(PodSet("main", 20, {GPU: 1}, min_count=5),))
    found = judged(here, elastic)
    assert (found.mode, found.counts) == ("fits", {"main": 8})
    strict = replace(elastic, pod_sets=(PodSet("main", 20, {GPU: 1}, min_count=9),))
    assert judged(here, strict).mode == "never"


def test_in_debt_a_request_for_nothing_still_fits() -> None:
    here = setting(ClusterQueue("a", groups=(group("h100"),)), holders=(holding("one", "a", 20),))
    assert judged(here, asking(0)).mode == "fits"
    assert judged(here, asking(1)).options[0].lines[0].have == -12


def test_what_is_done_or_deactivated_gives_its_quota_back() -> None:
    queue = ClusterQueue("a", groups=(group("h100"),))
    admission = Admission("a", (Assigned("main", {GPU: "h100"}, {GPU: 8}, 4),))
    job = replace(holding("job", "a", 8), admission=admission, pod_sets=(PodSet("main", 4, {GPU: 2}),))
    assert judged(setting(queue, holders=(job,)), asking(1)).mode == "waits"
    assert judged(setting(queue, holders=(replace(job, reclaimable={"main": 3}),)), asking(6)).mode == "fits"
    assert judged(setting(queue, holders=(replace(job, active=False),)), asking(8)).mode == "fits"


def test_a_queue_in_a_cycle_of_cohorts_takes_nothing() -> None:
    here = setting(ClusterQueue("a", "x", (group("h100"),)))
    here = replace(here, cohorts={"x": Cohort("x", "y"), "y": Cohort("y", "x")})
    assert (judged(here, asking(1)).mode, judged(here, asking(1)).code) == ("never", "CohortCycle")


def test_eviction_is_a_way_to_fit_only_by_policy() -> None:
    old = holding("old", "a", 8)
    queue = ClusterQueue("a", groups=(group("h100"),))
    assert judged(setting(queue, holders=(old,)), asking(4, priority=5)).mode == "waits"
    strong = replace(queue, preemption=Preemption(within="LowerPriority"))
    found = judged(setting(strong, holders=(old,)), asking(4, priority=5))
    assert (found.mode, found.code) == ("preempts", "NeedsPreemption")
    assert [(one.workload.name, one.reason) for one in found.victims] == [("old", "InClusterQueue")]


def test_a_loan_beside_an_eviction_hides_it_where_preemption_comes_before_borrowing() -> None:
    """Of two resources of a flavor one borrows and one needs a victim: Kueue 0.19 believes that it fits, and waits."""
    both = Group((GPU, "cpu"), (("h100", {GPU: Quota(8), "cpu": Quota(1000)}),))
    rules = Fungibility("TryNextFlavor", "TryNextFlavor", "PreemptionOverBorrowing")
    mine = ClusterQueue("a", "pool", (both,), preemption=Preemption(within="LowerPriority"), fungibility=rules)
    other = ClusterQueue("b", "pool", (Group(("cpu",), (("h100", {"cpu": Quota(4000)}),)),))
    wish = replace(asking(0, priority=5), pod_sets=(PodSet("main", 1, {GPU: 8, "cpu": 2000}),))
    holders = (holding("old", "a", 4),)
    assert (judged(setting(mine, other, holders=holders), wish).mode) == "waits"
    usual = replace(mine, fungibility=Fungibility("TryNextFlavor", "TryNextFlavor"))
    assert (judged(setting(usual, other, holders=holders), wish).mode) == "preempts"


def test_who_asks_for_nothing_lacks_nothing_where_too_much_is_used() -> None:
    here = setting(ClusterQueue("a", "", (group("h100", nominal=4),)), holders=(holding("one", "a", 5),))
    found = judged(here, asking(0))
    (line,) = found.options[0].lines
    assert (found.mode, line.have, line.deficit) == ("fits", -1, 0)


def test_flavors_behind_the_one_it_stopped_at_come_in_the_next_cycle() -> None:
    """GPUs could be had by eviction on the first flavor, cpu by nothing: Kueue looks at the second flavor as well."""
    gpus = group("spot", "h100")
    cpus = group("default", covered=("cpu",), nominal=1000)
    rules = Fungibility(when_can_preempt="MayStopSearch")
    queue = ClusterQueue("a", groups=(gpus, cpus), preemption=Preemption(within="LowerPriority"), fungibility=rules)
    tainted = Flavor("h100", taints=({"key": "x", "effect": "NoExecute"},))
    wish = replace(asking(0, priority=5), pod_sets=(PodSet("main", 1, {GPU: 8, "cpu": 1000}),))
    full = replace(holding("cpu", "a", 0, priority=9), admission=_given({"cpu": "default"}, {"cpu": 1000}))
    here = setting(queue, holders=(holding("old", "a", 4, flavor="spot"), full), flavors=(tainted,))
    found = judged(here, wish)
    assert (found.mode, found.code, found.cycles, found.assigned) == (
        "waits",
        "WaitingForQuota",
        2,
        {"main": {GPU: "spot", "cpu": "default"}},
    )
    assert [(one.flavor, one.mode) for one in found.options] == [
        ("spot", "preempts"),
        ("default", "waits"),
        ("h100", "refused"),
    ]


def _given(flavors: dict[str, str], usage: dict[str, int]) -> Admission:
    return Admission("a", (Assigned("main", flavors, usage, 1),))
