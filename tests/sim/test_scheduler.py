"""The scheduler: where pods go, in which order, and what it says when they cannot: kube-scheduler 1.37's words."""

from typing import Any

import pytest

from tests.sim.lab import GPU, Lab, conditions

NO_VICTIMS = "No preemption victims found for incoming pod"
NOT_HELPFUL = "Preemption is not helpful for scheduling"


@pytest.fixture
def lab() -> Lab:
    return Lab()


def priority(lab: Lab, name: str, value: int, **more: Any) -> None:
    lab.create(
        "priorityclasses", {"apiVersion": "scheduling.k8s.io/v1", "metadata": {"name": name}, "value": value, **more}
    )


def test_gpu_pods_fill_one_node_before_they_break_another(lab: Lab) -> None:
    for name in ("a", "b"):
        lab.node(name)
    for number in range(4):
        lab.pod(f"p{number}", 2)
    lab.settle()
    assert {lab.node_of(f"p{n}") for n in range(4)} == {"a"}
    assert conditions(lab.get("pods", "p0"))["PodScheduled"] == "True"
    assert lab.said("p0", "Scheduled") == ["Successfully assigned default/p0 to a"]


def test_the_smallest_hole_that_fits_is_taken(lab: Lab) -> None:
    lab.node("roomy", 8)
    lab.node("tight", 4)
    lab.pod("p", 4)
    lab.settle()
    assert lab.node_of("p") == "tight"


def test_a_plain_pod_leaves_gpu_nodes_alone(lab: Lab) -> None:
    lab.node("gpu")
    lab.node("plain", 0)
    lab.pod("p")
    lab.settle()
    assert lab.node_of("p") == "plain"


@pytest.mark.parametrize(
    ("node", "spec", "reason", "suffix"),
    [
        ({"unschedulable": True}, {}, "1 node(s) were unschedulable", NOT_HELPFUL),
        ({"taints": [{"key": "k", "effect": "NoSchedule"}]}, {}, "1 node(s) had untolerated taint(s)", NOT_HELPFUL),
        ({}, {"nodeSelector": {"k": "v"}}, "1 node(s) didn't match Pod's node affinity/selector", NOT_HELPFUL),
        ({"gpus": 8}, {"gpus": 9}, "1 Insufficient nvidia.com/gpu", NOT_HELPFUL),
        ({"gpus": 0}, {"gpus": 1}, "1 Insufficient nvidia.com/gpu", NOT_HELPFUL),
        ({}, {"resources": {"cpu": "65"}}, "1 Insufficient cpu", NOT_HELPFUL),
        ({"resources": {"pods": "0"}}, {}, "1 Too many pods", NO_VICTIMS),
    ],
)
def test_why_a_node_does_not_take_a_pod(
    lab: Lab, node: dict[str, Any], spec: dict[str, Any], reason: str, suffix: str
) -> None:
    lab.node("n", **node)
    lab.pod("p", **spec)
    lab.settle()
    message = f"0/1 nodes are available: {reason}. preemption: 0/1 nodes are available: 1 {suffix}."
    assert lab.unscheduled("p") == ("Unschedulable", message)
    assert lab.said("p", "FailedScheduling") == [message]


def test_a_full_node_is_worth_waiting_for(lab: Lab) -> None:
    lab.node("n")
    lab.pod("first", 6)
    lab.pod("second", 3)
    lab.settle()
    _, message = lab.unscheduled("second")
    assert message.endswith(f"preemption: 0/1 nodes are available: 1 {NO_VICTIMS}.")
    lab.delete("pods", "first")
    lab.run()
    assert lab.node_of("second") == "n"


def test_every_short_resource_is_named_and_reasons_are_sorted_as_text(lab: Lab) -> None:
    lab.node("n", 2)
    lab.node("cordoned", unschedulable=True)
    lab.pod("p", 3, resources={"cpu": "100"})
    lab.settle()
    assert lab.unscheduled("p")[1].startswith(
        "0/2 nodes are available: 1 Insufficient cpu, 1 Insufficient nvidia.com/gpu, 1 node(s) were unschedulable. "
    )


def test_no_nodes_at_all(lab: Lab) -> None:
    lab.pod("p")
    lab.settle()
    assert lab.unscheduled("p") == ("Unschedulable", "no nodes available to schedule pods")
    lab.node("n")
    lab.settle()
    assert lab.node_of("p") == "n"


def test_tolerations_selectors_and_affinity_are_honoured(lab: Lab) -> None:
    lab.node("tainted", taints=[{"key": "team", "value": "x", "effect": "NoSchedule"}])
    lab.node("far", labels={"zone": "b"})
    lab.pod("tolerant", nodeSelector={"kubernetes.io/hostname": "tainted"}, tolerations=[{"key": "team", "value": "x"}])
    term = {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["b"]}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    lab.pod("picky", affinity={"nodeAffinity": required})
    lab.settle()
    assert (lab.node_of("tolerant"), lab.node_of("picky")) == ("tainted", "far")


def test_anti_affinity_keeps_pods_apart(lab: Lab) -> None:
    lab.node("a")
    lab.node("b")
    apart = {"labelSelector": {"matchLabels": {"app": "x"}}, "topologyKey": "kubernetes.io/hostname"}
    affinity = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [apart]}}
    for name in ("p0", "p1", "p2"):
        lab.pod(name, labels={"app": "x"}, affinity=affinity)
    lab.settle()
    assert {lab.node_of("p0"), lab.node_of("p1")} == {"a", "b"}
    assert "2 node(s) didn't match pod anti-affinity rules" in lab.unscheduled("p2")[1] or (
        "2 node(s) didn't satisfy existing pods anti-affinity rules" in lab.unscheduled("p2")[1]
    )


def test_topology_spread_bounds_the_skew(lab: Lab) -> None:
    for name, zone in (("a", "1"), ("b", "2")):
        lab.node(name, labels={"zone": zone})
    spread = {
        "maxSkew": 1,
        "topologyKey": "zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "x"}},
    }
    for number in range(4):
        lab.pod(f"p{number}", labels={"app": "x"}, topologySpreadConstraints=[spread])
    lab.settle()
    assert sorted(lab.node_of(f"p{n}") for n in range(4)) == ["a", "a", "b", "b"]


def test_the_more_important_pod_is_first(lab: Lab) -> None:
    priority(lab, "high", 1000)
    lab.pod("low", 8)
    lab.pod("high", 8, priorityClassName="high")
    lab.settle()
    lab.node("n")
    lab.settle()
    assert (lab.node_of("high"), lab.node_of("low")) == ("n", "")


def test_preemption_evicts_the_least_and_then_takes_the_room(lab: Lab) -> None:
    priority(lab, "high", 1000)
    priority(lab, "mid", 500)
    lab.node("n")
    lab.pod("small", 2)
    lab.pod("big", 4)
    lab.pod("mid", 2, priorityClassName="mid")
    lab.run()
    high = lab.pod("high", 4, priorityClassName="high")
    lab.settle()
    waiting = lab.get("pods", "high")
    assert waiting["status"]["nominatedNodeName"] == "n"
    assert "found a potential placement for pod on node n, preempting 1 victims" in lab.unscheduled("high")[1]
    victim = lab.get("pods", "big")
    assert victim["metadata"]["deletionTimestamp"]
    target = next(c for c in victim["status"]["conditions"] if c["type"] == "DisruptionTarget")
    assert (target["reason"], target["status"]) == ("PreemptionByScheduler", "True")
    assert lab.said("big", "Preempted") == [f"Preempted by pod {high['metadata']['uid']} on node n"]
    assert "deletionTimestamp" not in lab.get("pods", "small")["metadata"]
    lab.run()
    bound = lab.get("pods", "high")
    assert bound["spec"]["nodeName"] == "n"
    assert "nominatedNodeName" not in bound["status"]


def test_room_of_a_nominee_is_kept_from_equals_and_lesser(lab: Lab) -> None:
    priority(lab, "high", 1000)
    lab.node("n")
    lab.pod("victim", 6, annotations={"sim.k8sai.dev/stop-after": "20s"}, terminationGracePeriodSeconds=60)
    lab.run()
    lab.pod("nominee", 7, priorityClassName="high")
    lab.settle()
    lab.pod("late", 2)  # two cards are free, and reserved
    lab.settle()
    assert "1 Insufficient nvidia.com/gpu" in lab.unscheduled("late")[1]
    lab.run(30)
    assert (lab.node_of("nominee"), lab.node_of("late")) == ("n", "")


def test_who_never_preempts_waits(lab: Lab) -> None:
    priority(lab, "polite", 1000, preemptionPolicy="Never")
    lab.node("n")
    lab.pod("low", 8)
    lab.run()
    lab.pod("polite", 8, priorityClassName="polite")
    lab.settle()
    assert lab.unscheduled("polite")[1].endswith("preemption: not eligible due to preemptionPolicy=Never.")
    assert "deletionTimestamp" not in lab.get("pods", "low")["metadata"]


def test_gates_and_other_schedulers_are_respected_in_silence(lab: Lab) -> None:
    lab.node("n")
    lab.pod("gated", schedulingGates=[{"name": "example.com/wait"}])
    lab.pod("foreign", schedulerName="other")
    lab.settle()
    assert lab.unscheduled("gated") == (
        "SchedulingGated",
        "Scheduling is blocked due to non-empty scheduling gates",
    )
    assert lab.said("gated", "FailedScheduling") == []
    assert lab.unscheduled("foreign") == ("", "")
    gated = lab.get("pods", "gated")
    lab.update("pods", {**gated, "spec": {**gated["spec"], "schedulingGates": []}})
    lab.settle()
    assert (lab.node_of("gated"), lab.node_of("foreign")) == ("n", "")


def pod_group(lab: Lab, minimum: int) -> None:
    spec = {"schedulingPolicy": {"gang": {"minCount": minimum}}}
    api = "scheduling.k8s.io/v1beta1"
    meta = {"name": "g", "namespace": "default"}
    lab.create("podgroups", {"apiVersion": api, "kind": "PodGroup", "metadata": meta, "spec": spec})


def gang(lab: Lab, way: str, count: int, minimum: int, gpus: int) -> list[str]:
    """Pods that start together, by a PodGroup or by Kueue's marks on plain pods."""
    names = [f"g{n}" for n in range(count)]
    for name in names:
        if way == "PodGroup":
            lab.pod(name, gpus, schedulingGroup={"podGroupName": "g"})
        else:
            marks = {"kueue.x-k8s.io/pod-group-total-count": str(minimum)}
            lab.pod(name, gpus, labels={"kueue.x-k8s.io/pod-group-name": "g"}, annotations=marks)
    if way == "PodGroup":
        pod_group(lab, minimum)
    return names


both = pytest.mark.parametrize("way", ["PodGroup", "Kueue"])


@both
def test_a_gang_starts_together_or_not_at_all(lab: Lab, way: str) -> None:
    lab.node("a")
    lab.node("b")
    names = gang(lab, way, 3, 3, 8)
    lab.settle()
    assert [lab.node_of(n) for n in names] == ["", "", ""]
    told = [lab.unscheduled(n)[1] for n in names]
    assert told[0] == told[1]
    assert told[0] == (
        "pod group is unschedulable, minCount (3) cannot be satisfied: 2 scheduled, 0 remaining, "
        "pod group preemption: No preemption victims found for incoming preemptor"
    )
    assert told[2].startswith("0/2 nodes are available: 2 Insufficient nvidia.com/gpu.")
    lab.pod("other", 8)  # what a trial looked at is not held
    lab.settle()
    assert lab.node_of("other") in ("a", "b")
    lab.node("c")
    lab.node("d")
    lab.settle()
    assert all(lab.node_of(n) for n in names)
    if way == "PodGroup":
        group = lab.get("podgroups", "g", group="scheduling.k8s.io")
        [told_of_group] = group["status"]["conditions"]
        assert (told_of_group["type"], told_of_group["status"]) == ("PodGroupInitiallyScheduled", "True")


def test_a_gang_whose_group_is_missing_is_silent_until_it_comes(lab: Lab) -> None:
    lab.node("a")
    for name in ("g0", "g1"):
        lab.pod(name, 4, schedulingGroup={"podGroupName": "g"})
    lab.settle()
    assert [lab.unscheduled(n) for n in ("g0", "g1")] == [("", ""), ("", "")]
    pod_group(lab, 2)
    lab.settle()
    assert [lab.node_of(n) for n in ("g0", "g1")] == ["a", "a"]


@both
def test_a_gang_below_its_minimum_is_silent(lab: Lab, way: str) -> None:
    lab.node("a")
    names = gang(lab, way, 2, 3, 1)
    lab.settle()
    assert [lab.unscheduled(n) for n in names] == [("", ""), ("", "")]
    assert lab.said("g0", "FailedScheduling") == []


def test_terminating_pods_hold_until_they_are_gone(lab: Lab) -> None:
    lab.node("n")
    lab.pod("first", 8, annotations={"sim.k8sai.dev/stop-after": "20s"}, terminationGracePeriodSeconds=60)
    lab.run()
    lab.delete("pods", "first")
    lab.pod("second", 8)
    lab.run(10)
    assert lab.node_of("second") == ""
    lab.run(15)
    assert lab.node_of("second") == "n"


def test_unhealthy_cards_make_a_node_smaller(lab: Lab) -> None:
    lab.node("n", annotations={"sim.k8sai.dev/unhealthy-devices": f"{GPU}=0,5"})
    lab.settle()
    assert lab.get("nodes", "n", namespace="")["status"]["allocatable"][GPU] == "6"
    lab.pod("p", 7)
    lab.settle()
    assert lab.node_of("p") == ""


def test_preemption_spares_what_a_budget_protects(lab: Lab) -> None:
    priority(lab, "high", 1000)
    for name in ("a", "b"):
        lab.node(name)
        lab.pod(f"on-{name}", 8, labels={"on": name}, nodeSelector={"kubernetes.io/hostname": name})
    lab.create(
        "poddisruptionbudgets",
        {
            "apiVersion": "policy/v1",
            "metadata": {"name": "keep", "namespace": "default"},
            "spec": {"minAvailable": 1, "selector": {"matchLabels": {"on": "a"}}},
        },
    )
    lab.run()
    lab.pod("high", 8, priorityClassName="high")
    lab.settle()
    assert lab.get("pods", "high")["status"]["nominatedNodeName"] == "b"
