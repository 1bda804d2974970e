"""Random trees of cohorts with flavors, limits and policies, what holds quota in them, and workloads to try on them."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.contract.api import Json

GROUP = "kueue.x-k8s.io/v1beta2"
GPU, CPU, MEMORY = "nvidia.com/gpu", "cpu", "memory"
UNCOVERED = "example.com/uncovered"
_UNITS = {GPU: "", CPU: "", MEMORY: "Gi"}
_POLICIES = ("Never", "LowerPriority", "LowerPriority")
_DAY = "2026-01-01T00:{:02d}:{:02d}Z"


@dataclass
class Tree:
    """One case; everything in it has a name that begins with `name`."""

    name: str
    flavors: list[Json] = field(default_factory=list)
    cohorts: list[Json] = field(default_factory=list)
    queues: list[Json] = field(default_factory=list)
    holders: list[Json] = field(default_factory=list)  # with the status they are to have
    probes: list[Json] = field(default_factory=list)  # one after the other


def tree_of(seed: int, number: int, rounds: int) -> Tree:
    """The same for the same seed and number."""
    return _Drawn(random.Random(f"{seed}-{number}"), f"t{number}").tree(rounds)


def workload(name: str, queue: str, pod_sets: list[Json], priority: int) -> Json:
    return {
        "apiVersion": GROUP,
        "kind": "Workload",
        "metadata": {"name": name},
        "spec": {"queueName": queue, "priority": priority, "podSets": pod_sets},
    }


def pod_set(name: str, count: int, requests: dict[str, str], **spec: Any) -> Json:
    container = {"name": "main", "image": "registry.example/main", "resources": {"requests": requests}}
    of = {"restartPolicy": "Never", "containers": [container], **spec}
    return {"name": name, "count": count, "template": {"spec": of}}


class _Drawn:
    def __init__(self, rng: random.Random, name: str) -> None:
        self.rng, self.made = rng, Tree(name)

    def tree(self, rounds: int) -> Tree:
        self._flavors()
        self._cohorts()
        self.layout = self._layout()
        for number in range(self.rng.randint(2, 4)):
            self._queue(f"{self.made.name}-q{number}")
        for number in range(self.rng.choice((0, 3, 5, 7, 9))):
            self._holder(f"{self.made.name}-h{number}", number)
        for number in range(rounds):
            self._probe(f"{self.made.name}-p{number}", number)
        return self.made

    def _flavors(self) -> None:
        for number in range(self.rng.choice((1, 2, 2, 3))):
            spec: Json = {"nodeLabels": {"pool": self.rng.choice("ab")}}
            if self.rng.random() < 0.25:
                spec["nodeTaints"] = [
                    {"key": "spot", "value": "yes", "effect": self.rng.choice(("NoSchedule", "PreferNoSchedule"))}
                ]
            if self.rng.random() < 0.15:
                spec["tolerations"] = [{"key": "spot", "operator": "Exists"}]
            name = f"{self.made.name}-f{number}"
            self.made.flavors.append(_object("ResourceFlavor", name, spec))

    def _cohorts(self) -> None:
        """Up to four, some of them only named by others."""
        names: list[str] = []
        for number in range(self.rng.choice((0, 1, 1, 2, 3, 4))):
            name, parent = f"{self.made.name}-c{number}", self.rng.choice(["", *names, *names, *names])
            names.append(name)
            if not parent and self.rng.random() < 0.4:
                continue
            spec: Json = {"parentName": parent} if parent else {}
            spec["fairSharing"] = {"weight": self.rng.choice(("1", "1", "2", "500m"))}
            if self.rng.random() < 0.5:
                flavors = [
                    self._flavor_quotas(one["metadata"]["name"], [GPU], bool(parent)) for one in self.made.flavors
                ]
                spec["resourceGroups"] = [{"coveredResources": [GPU], "flavors": flavors}]
            self.made.cohorts.append(_object("Cohort", name, spec))
        self.cohort_names = names

    def _layout(self) -> list[tuple[list[str], list[str]]]:
        """Which resources go together with which flavors; the same in all queues of the tree."""
        names = [one["metadata"]["name"] for one in self.made.flavors]
        if self.rng.random() < 0.5:
            return [([GPU], names)]
        if self.rng.random() < 0.5 or len(names) < 2:
            return [([GPU, CPU], names)]
        return [([GPU], names[:-1]), ([CPU, MEMORY], names[-1:])]

    def _flavor_quotas(self, flavor: str, resources: list[str], limited: bool) -> Json:
        return {"name": flavor, "resources": [self._quota(resource, limited) for resource in resources]}

    def _quota(self, resource: str, limited: bool) -> Json:
        nominal = self.rng.choice((0, 2, 4, 5, 6, 8, 10))
        found: Json = {"name": resource, "nominalQuota": f"{nominal}{_UNITS[resource]}"}
        if limited and self.rng.random() < 0.35:
            found["borrowingLimit"] = f"{self.rng.randint(0, 6)}{_UNITS[resource]}"
        if limited and self.rng.random() < 0.35:
            found["lendingLimit"] = f"{self.rng.randint(0, nominal)}{_UNITS[resource]}"
        return found

    def _queue(self, name: str) -> None:
        cohort = self.rng.choice(["", *self.cohort_names * 5])
        spec: Json = {
            "namespaceSelector": {},
            "resourceGroups": [
                {
                    "coveredResources": resources,
                    "flavors": [self._flavor_quotas(flavor, resources, bool(cohort)) for flavor in self._some(flavors)],
                }
                for resources, flavors in self.layout
            ],
            "preemption": self._preemption(),
            "flavorFungibility": self._fungibility(),
            "fairSharing": {"weight": self.rng.choice(("1", "1", "1", "2", "500m", "0"))},
        }
        if cohort:
            spec["cohortName"] = cohort
        self.made.queues.append(_object("ClusterQueue", name, spec))

    def _some(self, flavors: list[str]) -> list[str]:
        chosen = self.rng.sample(flavors, self.rng.randint(1, len(flavors)))
        return chosen if self.rng.random() < 0.3 else sorted(chosen)

    def _preemption(self) -> Json:
        rng = self.rng
        found: Json = {
            "withinClusterQueue": rng.choice((*_POLICIES, "LowerOrNewerEqualPriority")),
            "reclaimWithinCohort": rng.choice((*_POLICIES, "Any", "Any", "Any")),
        }
        if found["reclaimWithinCohort"] != "Never" and rng.random() < 0.35:
            found["borrowWithinCohort"] = {"policy": "LowerPriority"}
            if rng.random() < 0.5:
                found["borrowWithinCohort"]["maxPriorityThreshold"] = rng.choice((-10, 0, 10))
        return found

    def _fungibility(self) -> Json:
        words = ("MayStopSearch", "TryNextFlavor")
        found = {"whenCanBorrow": self.rng.choice(words), "whenCanPreempt": self.rng.choice(words)}
        if set(found.values()) == {"TryNextFlavor"} and self.rng.random() < 0.5:
            found["preference"] = self.rng.choice(("BorrowingOverPreemption", "PreemptionOverBorrowing"))
        return found

    def _holder(self, name: str, number: int) -> None:
        """Admitted long ago, at a second of its own, room or not; most in one queue, so that it borrows."""
        rng, queue = self.rng, self.rng.choice([*self.made.queues, *[self.made.queues[0]] * 3])
        given = {
            resource: rng.choice(group["flavors"])["name"]
            for group in queue["spec"]["resourceGroups"]
            for flavor in [rng.choice(group["flavors"])["name"]]
            for resource in group["coveredResources"]
        }
        for group in queue["spec"]["resourceGroups"]:
            given |= dict.fromkeys(group["coveredResources"], given[group["coveredResources"][0]])
        count, done = rng.choice(((1, 0), (1, 0), (1, 0), (3, 1), (4, 3)))
        each = {resource: rng.randint(1, 4 // count + 1) for resource in given}
        requests = {resource: f"{amount}{_UNITS[resource]}" for resource, amount in each.items()}
        made = workload(
            name, queue["metadata"]["name"], [pod_set("main", count, requests)], rng.choice((-10, 0, 0, 10))
        )
        at = _DAY.format(number, rng.randint(0, 59))
        conditions = [
            {"type": kind, "status": "True", "reason": kind, "message": "held", "lastTransitionTime": at}
            for kind in ("QuotaReserved", "Admitted", "PodsReady")  # not ready for so long they would be evicted
        ]
        usage = {resource: f"{amount * count}{_UNITS[resource]}" for resource, amount in each.items()}
        assigned = {"name": "main", "flavors": given, "resourceUsage": usage, "count": count}
        admission = {"clusterQueue": queue["metadata"]["name"], "podSetAssignments": [assigned]}
        status: Json = {"admission": admission, "conditions": conditions}
        if done:
            status["reclaimablePods"] = [{"name": "main", "count": done}]
        self.made.holders.append({**made, "status": status})

    def _probe(self, name: str, number: int) -> None:
        rng, queue = self.rng, self.rng.choice([*self.made.queues, *self.made.queues[1:]])
        covered = [one for group in queue["spec"]["resourceGroups"] for one in group["coveredResources"]]
        sets = [self._pod_set(f"s{index}-r{number}", covered) for index in range(rng.choice((1, 1, 1, 2)))]
        self.made.probes.append(workload(name, queue["metadata"]["name"], sets, rng.choice((-10, 0, 10, 20))))

    def _pod_set(self, name: str, covered: list[str]) -> Json:
        rng = self.rng
        asked = covered if rng.random() < 0.8 else rng.sample(covered, 1)
        requests = {one: f"{rng.choice((1, 1, 2, 2, 3, 4, 6))}{_UNITS[one]}" for one in asked}
        if rng.random() < 0.03:
            requests[UNCOVERED] = "1"
        spec: Json = {}
        if rng.random() < 0.2:
            spec["nodeSelector"] = rng.choice(({"pool": "a"}, {"pool": "b"}, {"zone": "z"}))
        if rng.random() < 0.2:
            spec["affinity"] = self._affinity()
        if rng.random() < 0.5:
            spec["tolerations"] = rng.choice(([{"operator": "Exists"}], [{"key": "spot", "value": "yes"}]))
        made = pod_set(name, rng.choice((1, 1, 1, 2, 3)), requests, **spec)
        if made["count"] > 1 and name.startswith("s0") and rng.random() < 0.3:  # one pod set may, no more
            made["minCount"] = 1
        return made

    def _affinity(self) -> Json:
        def term(key: str) -> Json:
            values = [self.rng.choice("ab")]
            return {"matchExpressions": [{"key": key, "operator": self.rng.choice(("In", "NotIn")), "values": values}]}

        terms = [term(self.rng.choice(("pool", "pool", "zone"))) for _ in range(self.rng.randint(1, 2))]
        return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}


def _object(kind: str, name: str, spec: Json) -> Json:
    return {"apiVersion": GROUP, "kind": kind, "metadata": {"name": name}, "spec": spec}


def local_queues(tree: Tree) -> Iterator[Json]:
    """A door to each ClusterQueue, named as it is."""
    for queue in tree.queues:
        name = queue["metadata"]["name"]
        yield _object("LocalQueue", name, {"clusterQueue": name})
