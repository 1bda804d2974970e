"""Kueue in the embedded cluster, whatever happens in whatever order: sums are right and nobody is forgotten."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from k8sai.queues import parse, parse_workload
from k8sai.queues.judging.judge import judge
from k8sai.queues.setting import Setting
from k8sai.queues.usage import by_workloads
from k8sai.sim.controllers.kueue_book import CLUSTER_QUEUES, COHORTS, FLAVORS, LOCAL_QUEUES, WORKLOADS
from k8sai.sim.controllers.kueue_eligible import passed_over
from tests.sim.kueue_lab import KUEUE, KueueLab

NAMES = ("a", "b", "c")
STOPS = st.sampled_from(("None", "None", "Hold", "HoldAndDrain"))


class Machine(RuleBasedStateMachine):
    """Two queues of a cohort and one by itself; jobs come, go, move, and queues are stopped."""

    @initialize(
        within=st.sampled_from(("Never", "LowerPriority")),
        reclaim=st.sampled_from(("Never", "Any")),
        strategy=st.sampled_from(("BestEffortFIFO", "StrictFIFO")),
    )
    def begin(self, within: str, reclaim: str, strategy: str) -> None:
        self.lab = KueueLab(nodes=3)
        self.numbers = iter(range(1000))
        self.lab.priority("high", 100)
        policies = {"preemption": {"withinClusterQueue": within, "reclaimWithinCohort": reclaim}}
        self.lab.queue("a", 4, "co", **policies)
        self.lab.queue("b", 4, "co", limits={"borrowingLimit": "2"}, queueingStrategy=strategy)
        self.lab.queue("c", 4)
        self.lab.run(1)

    @rule(queue=st.sampled_from(NAMES), gpus=st.integers(1, 6), high=st.booleans(), short=st.booleans())
    def come(self, queue: str, gpus: int, high: bool, short: bool) -> None:
        self.lab.job(
            f"j{next(self.numbers)}", queue, gpus, "high" if high else "", **({"run_for": "4s"} if short else {})
        )
        self.lab.run(2)

    @rule(pick=st.randoms(use_true_random=False))
    def go(self, pick: Any) -> None:
        jobs = self.lab.all("jobs", "batch")
        if jobs:
            self.lab.delete("jobs", pick.choice(jobs)["metadata"]["name"], "batch")
            self.lab.run(2)

    @rule(queue=st.sampled_from(NAMES), stop=STOPS, local=st.booleans())
    def stop(self, queue: str, stop: str, local: bool) -> None:
        self.lab.change("localqueues" if local else "clusterqueues", queue, stopPolicy=stop)
        self.lab.run(2)

    @rule(pick=st.randoms(use_true_random=False), active=st.booleans())
    def switch(self, pick: Any, active: bool) -> None:
        found = self.lab.all("workloads", KUEUE)
        if found:
            self.lab.change("workloads", pick.choice(found)["metadata"]["name"], active=active)
            self.lab.run(2)

    @rule(queue=st.sampled_from(NAMES), gpus=st.integers(0, 8))
    def resize(self, queue: str, gpus: int) -> None:
        found = self.lab.get("clusterqueues", queue, KUEUE, "")
        (group,) = found["spec"]["resourceGroups"]
        (flavor,) = group["flavors"]
        quotas = [{**flavor["resources"][1], "nominalQuota": str(gpus)}]
        changed = {**group, "flavors": [{**flavor, "resources": [flavor["resources"][0], *quotas]}]}
        self.lab.change("clusterqueues", queue, resourceGroups=[changed])
        self.lab.run(2)

    @rule()
    def wait(self) -> None:
        self.lab.run(10)

    # what always holds

    def _setting(self) -> Setting:
        every = self.lab.store.list
        queues = [parse.cluster_queue(one) for one in every(CLUSTER_QUEUES)]
        locals_ = [parse.local_queue(one) for one in every(LOCAL_QUEUES)]
        workloads = [parse_workload.workload(one) for one in every(WORKLOADS)]
        return Setting(
            cluster_queues={one.name: one for one in queues},
            local_queues={one.ref: one for one in locals_},
            cohorts={one.name: one for one in map(parse.cohort, every(COHORTS))},
            flavors={one.name: one for one in map(parse.flavor, every(FLAVORS))},
            workloads={one.ref: one for one in workloads},
            namespaces={"default": {}},
            at=self.lab.clock.now(),
        )

    @invariant()
    def the_status_says_what_the_workloads_add_up_to(self) -> None:
        setting = self._setting()
        for name, sums in by_workloads(setting).items():
            queue = setting.cluster_queues[name]
            assert {share: much for share, much in queue.reserved.items() if much} == sums
            assert queue.reserving == len(setting.reserving.get(name, ()))

    @invariant()
    def nobody_waits_who_would_fit(self) -> None:
        """Of the heads of queues that work; one that waits for its victims to go has had its turn."""
        setting = self._setting()
        for name, waiting in setting.waiting.items():
            queue = setting.cluster_queues[name]
            eligible = [one for one in waiting if one.active and not passed_over(setting, one)]
            if queue.stop == "None" and queue.strategy == "BestEffortFIFO":
                late = [one.name for one in eligible if judge(setting, one, queue).fits]
                assert not late, late

    @invariant()
    def a_job_runs_if_and_only_if_its_workload_is_admitted(self) -> None:
        owned = {one["metadata"]["ownerReferences"][0]["name"]: one for one in self.lab.all("workloads", KUEUE)}
        for job in self.lab.all("jobs", "batch"):
            workload = parse_workload.workload(owned[job["metadata"]["name"]])
            if not workload.holds("Finished"):
                assert job["spec"]["suspend"] is not (workload.holds("Admitted") and not workload.holds("Evicted"))


Machine.TestCase.settings = settings(max_examples=25, stateful_step_count=14, deadline=None)
TestKueue = Machine.TestCase
