"""Deployments, StatefulSets, DaemonSets, budgets, quotas and what happens to nodes."""

from typing import Any

import pytest

from tests.sim.lab import GPU, Lab, Obj, conditions


@pytest.fixture
def lab() -> Lab:
    made = Lab()
    made.node("n")
    return made


def workload(lab: Lab, plural: str, kind: str, replicas: int | None, **spec: Any) -> None:
    labels = {"app": "x"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "v1"}]}}
    body: Obj = {"selector": {"matchLabels": labels}, "template": template, **spec}
    if replicas is not None:
        body["replicas"] = replicas
    meta = {"name": "w", "namespace": "default"}
    lab.create(plural, {"apiVersion": "apps/v1", "kind": kind, "metadata": meta, "spec": body})


def change(lab: Lab, plural: str, **spec: Any) -> None:
    found = lab.get(plural, "w", "apps")
    lab.update(plural, {**found, "spec": {**found["spec"], **spec}}, "apps")


def image(lab: Lab, plural: str, to: str) -> None:
    template = lab.get(plural, "w", "apps")["spec"]["template"]
    containers = [{**template["spec"]["containers"][0], "image": to}]
    change(lab, plural, template={**template, "spec": {**template["spec"], "containers": containers}})


def images(lab: Lab) -> list[str]:
    return sorted(p["spec"]["containers"][0]["image"] for p in lab.all("pods"))


def test_a_deployment_keeps_its_number_of_pods(lab: Lab) -> None:
    workload(lab, "deployments", "Deployment", 3)
    lab.run()
    found = lab.get("deployments", "w", "apps")
    assert found["status"]["availableReplicas"] == 3
    assert conditions(found) == {"Available": "True", "Progressing": "True"}
    assert lab.said("w", "ScalingReplicaSet")[0].startswith("Scaled up replica set w-")
    lab.delete("pods", lab.all("pods")[0]["metadata"]["name"])
    lab.run()
    assert len(lab.all("pods")) == 3
    change(lab, "deployments", replicas=1)
    lab.run()
    assert len(lab.all("pods")) == 1


def test_a_rollout_never_goes_below_its_minimum(lab: Lab) -> None:
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    workload(lab, "deployments", "Deployment", 3, strategy=rolling)
    lab.run()
    image(lab, "deployments", "v2")
    fewest, most = 3, 3
    for _ in range(40):
        lab.run(0.5)
        up = [p for p in lab.all("pods") if conditions(p).get("Ready") == "True"]
        fewest, most = (
            min(fewest, len(up)),
            max(most, sum("deletionTimestamp" not in p["metadata"] for p in lab.all("pods"))),
        )
    assert (fewest, images(lab)) == (3, ["v2", "v2", "v2"])
    assert most == 4
    annotations = lab.get("deployments", "w", "apps")["metadata"]["annotations"]
    assert annotations["deployment.kubernetes.io/revision"] == "2"


def test_a_rollback_uses_the_old_replicaset_again(lab: Lab) -> None:
    workload(lab, "deployments", "Deployment", 2)
    lab.run()
    first = lab.all("replicasets", "apps")[0]["metadata"]["name"]
    image(lab, "deployments", "v2")
    lab.run(20)
    image(lab, "deployments", "v1")
    lab.run(20)
    sets = {s["metadata"]["name"]: s["spec"]["replicas"] for s in lab.all("replicasets", "apps")}
    assert (len(sets), sets[first]) == (2, 2)


def test_recreate_stops_everything_first(lab: Lab) -> None:
    workload(lab, "deployments", "Deployment", 2, strategy={"type": "Recreate"})
    lab.run()
    image(lab, "deployments", "v2")
    seen = set()
    for _ in range(40):
        lab.run(0.25)
        seen.add(len(set(images(lab))))
    assert images(lab) == ["v2", "v2"]
    assert 2 not in seen


def test_a_paused_deployment_waits(lab: Lab) -> None:
    workload(lab, "deployments", "Deployment", 1)
    lab.run()
    change(lab, "deployments", paused=True)
    image(lab, "deployments", "v2")
    lab.run(10)
    assert images(lab) == ["v1"]
    change(lab, "deployments", paused=False)
    lab.run(10)
    assert images(lab) == ["v2"]


def test_a_statefulset_grows_and_shrinks_in_order(lab: Lab) -> None:
    workload(lab, "statefulsets", "StatefulSet", 3, serviceName="w")
    lab.settle()
    assert [p["metadata"]["name"] for p in lab.all("pods")] == ["w-0"]
    lab.run(10)
    assert [p["metadata"]["name"] for p in lab.all("pods")] == ["w-0", "w-1", "w-2"]
    assert lab.get("statefulsets", "w", "apps")["status"]["readyReplicas"] == 3
    change(lab, "statefulsets", replicas=1)
    lab.run(10)
    assert [p["metadata"]["name"] for p in lab.all("pods")] == ["w-0"]


def test_a_statefulset_replaces_its_pods_one_by_one(lab: Lab) -> None:
    workload(lab, "statefulsets", "StatefulSet", 2, serviceName="w", podManagementPolicy="Parallel")
    lab.run(5)
    image(lab, "statefulsets", "v2")
    lab.settle()
    ending = [p["metadata"]["name"] for p in lab.all("pods") if "deletionTimestamp" in p["metadata"]]
    assert ending == ["w-1"]
    lab.run(20)
    assert images(lab) == ["v2", "v2"]


def test_a_daemonset_is_on_every_node_that_takes_it(lab: Lab) -> None:
    lab.node("cordoned", unschedulable=True)
    lab.node("tainted", taints=[{"key": "k", "effect": "NoSchedule"}])
    workload(lab, "daemonsets", "DaemonSet", None)
    lab.run()
    assert sorted(p["spec"]["nodeName"] for p in lab.all("pods")) == ["cordoned", "n"]
    lab.node("late")
    lab.run()
    assert lab.get("daemonsets", "w", "apps")["status"]["numberReady"] == 3
    image(lab, "daemonsets", "v2")
    lab.run(30)
    assert images(lab) == ["v2", "v2", "v2"]


@pytest.mark.parametrize(
    ("spec", "allowed"),
    [({"minAvailable": 2}, 1), ({"maxUnavailable": 1}, 1), ({"minAvailable": "50%"}, 1), ({"minAvailable": 3}, 0)],
)
def test_a_budget_knows_how_many_may_go(lab: Lab, spec: Obj, allowed: int) -> None:
    workload(lab, "deployments", "Deployment", 3)
    meta = {"name": "b", "namespace": "default"}
    body = {"selector": {"matchLabels": {"app": "x"}}, **spec}
    lab.create("poddisruptionbudgets", {"apiVersion": "policy/v1", "metadata": meta, "spec": body})
    lab.run()
    found = lab.get("poddisruptionbudgets", "b", "policy")["status"]
    assert (found["currentHealthy"], found["expectedPods"], found["disruptionsAllowed"]) == (3, 3, allowed)
    lab.delete("pods", lab.all("pods")[0]["metadata"]["name"])
    lab.settle()
    assert lab.get("poddisruptionbudgets", "b", "policy")["status"]["disruptionsAllowed"] == 0


def test_a_quota_shows_what_is_used(lab: Lab) -> None:
    hard = {"requests.nvidia.com/gpu": "8", "pods": "5", "requests.cpu": "10", "count/configmaps": "9"}
    meta = {"name": "q", "namespace": "default"}
    lab.create("resourcequotas", {"metadata": meta, "spec": {"hard": hard}})
    lab.pod("p", 3, resources={"cpu": "1500m"})
    lab.run()
    used = lab.get("resourcequotas", "q")["status"]["used"]
    assert used["requests.nvidia.com/gpu"] == "3"
    assert (used["pods"], used["requests.cpu"]) == ("1", "1500m")
    lab.delete("pods", "p")
    lab.run()
    assert lab.get("resourcequotas", "q")["status"]["used"]["requests.nvidia.com/gpu"] == "0"


def test_a_cordon_is_a_taint_and_goes_with_it(lab: Lab) -> None:
    node = lab.get("nodes", "n", namespace="")
    lab.update("nodes", {**node, "spec": {"unschedulable": True}})
    lab.settle()
    node = lab.get("nodes", "n", namespace="")
    assert [t["key"] for t in node["spec"]["taints"]] == ["node.kubernetes.io/unschedulable"]
    lab.update("nodes", {**node, "spec": {**node["spec"], "unschedulable": False}})
    lab.settle()
    assert "taints" not in lab.get("nodes", "n", namespace="")["spec"]


def test_a_noexecute_taint_sends_pods_away(lab: Lab) -> None:
    lab.pod("plain")
    lab.pod("patient", tolerations=[{"key": "k", "operator": "Exists", "tolerationSeconds": 60}])
    lab.pod("stays", tolerations=[{"key": "k", "operator": "Exists"}])
    lab.run()
    node = lab.get("nodes", "n", namespace="")
    lab.update("nodes", {**node, "spec": {"taints": [{"key": "k", "effect": "NoExecute"}]}})
    lab.run(30)
    assert [p["metadata"]["name"] for p in lab.all("pods")] == ["patient", "stays"]
    lab.run(40)
    assert [p["metadata"]["name"] for p in lab.all("pods")] == ["stays"]


def test_pods_of_a_vanished_node_are_collected(lab: Lab) -> None:
    lab.pod("p", 2)
    lab.run()
    lab.delete("nodes", "n", namespace="")
    lab.run(30)
    assert lab.find("pods", "p") is not None
    lab.run(15)
    assert lab.find("pods", "p") is None
    lab.node("n")
    lab.pod("q", 8)
    lab.run()
    assert lab.node_of("q") == "n"


def test_leases_are_renewed(lab: Lab) -> None:
    lab.crew.start()
    before = lab.get("leases", "n", "coordination.k8s.io", "kube-node-lease")["spec"]["renewTime"]
    lab.run(15)
    after = lab.get("leases", "n", "coordination.k8s.io", "kube-node-lease")["spec"]["renewTime"]
    assert after > before


def test_gpu_totals_add_up_after_a_lot_happened(lab: Lab) -> None:
    """What the scheduler believes is held must be what the pods say."""
    lab.node("m")
    for number in range(12):
        lab.pod(f"p{number}", 1 + number % 3)
        lab.run(0.7)
        if number % 4 == 3:
            lab.delete("pods", f"p{number - 2}")
    lab.run(5)
    held = {"n": 0, "m": 0}
    for pod in lab.all("pods"):
        if pod["spec"].get("nodeName"):
            held[pod["spec"]["nodeName"]] += int(pod["spec"]["containers"][0]["resources"]["requests"][GPU])
    view = lab.crew.scheduler.view
    assert {name: view.nodes[name].used.get(GPU, 0) for name in held} == held
