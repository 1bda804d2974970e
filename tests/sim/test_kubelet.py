"""The kubelets: what a pod goes through, which devices it has, how it ends."""

import pytest

from k8sai.sim.controllers.desk import NODES
from tests.sim.lab import GPU, Lab, Obj, conditions, sim_annotations


@pytest.fixture
def lab() -> Lab:
    made = Lab()
    made.node("n")
    return made


def container(lab: Lab, name: str) -> Obj:
    found: Obj = lab.get("pods", name)["status"]["containerStatuses"][0]
    return found


def held(lab: Lab, name: str) -> list[str]:
    return [r["resourceID"] for group in container(lab, name)["allocatedResourcesStatus"] for r in group["resources"]]


def test_from_bound_to_running(lab: Lab) -> None:
    lab.pod("p")
    lab.settle()
    assert container(lab, "p")["state"] == {"waiting": {"reason": "ContainerCreating"}}
    assert lab.get("pods", "p")["status"]["startTime"]
    assert conditions(lab.get("pods", "p"))["Ready"] == "False"
    lab.run()
    found = lab.get("pods", "p")
    assert found["status"]["phase"] == "Running"
    assert found["status"]["podIP"]
    assert conditions(found) == {
        "PodScheduled": "True",
        "PodReadyToStartContainers": "True",
        "Initialized": "True",
        "Ready": "True",
        "ContainersReady": "True",
    }
    assert "running" in container(lab, "p")["state"]
    assert lab.said("p", "Started") == ["Container started: main"]


def test_each_pod_has_cards_of_its_own(lab: Lab) -> None:
    lab.pod("p", 3)
    lab.pod("q", 5)
    lab.run()
    groups = container(lab, "p")["allocatedResourcesStatus"]
    assert [g["name"] for g in groups] == [GPU]
    assert {r["health"] for r in groups[0]["resources"]} == {"Healthy"}
    ids = [*held(lab, "p"), *held(lab, "q")]
    assert len(set(ids)) == 8
    assert all(i.startswith("GPU-") for i in ids)
    before = held(lab, "p")
    lab.delete("pods", "p")
    lab.run()
    lab.pod("r", 3)
    lab.run()
    assert held(lab, "r") == before


def test_two_containers_share_the_pods_cards(lab: Lab) -> None:
    limits = {"limits": {GPU: "2"}}
    containers = [{"name": name, "image": "x", "resources": limits} for name in ("a", "b")]
    lab.create("pods", {"metadata": {"name": "p"}, "spec": {"containers": containers}})
    lab.run()
    statuses = lab.get("pods", "p")["status"]["containerStatuses"]
    per = [[r["resourceID"] for r in s["allocatedResourcesStatus"][0]["resources"]] for s in statuses]
    assert [len(ids) for ids in per] == [2, 2]
    assert not set(per[0]) & set(per[1])


def test_slices_and_shared_cards_have_their_own_ids(lab: Lab) -> None:
    lab.node("mig", 0, resources={"nvidia.com/mig-1g.10gb": "2"})
    shared = {"nvidia.com/gpu.sharing-strategy": "time-slicing", "nvidia.com/gpu.replicas": "4"}
    lab.node("shared", 8, labels=shared)
    lab.pod("slice", resources={"nvidia.com/mig-1g.10gb": "1"})
    lab.pod("part", 2, nodeSelector={"kubernetes.io/hostname": "shared"})
    lab.run()
    assert held(lab, "slice")[0].startswith("MIG-")
    parts = held(lab, "part")
    assert [p.partition("::")[2] for p in parts] == ["0", "0"]  # one replica of each of the two cards
    assert len({p.partition("::")[0] for p in parts}) == 2


def test_a_card_that_falls_ill_is_reported_and_leaves_allocatable(lab: Lab) -> None:
    lab.pod("p", 8)
    lab.run()
    node = lab.get("nodes", "n", namespace="")
    annotations = {"sim.k8sai.dev/unhealthy-devices": f"{GPU}=2"}
    lab.update("nodes", {**node, "metadata": {**node["metadata"], "annotations": annotations}})
    lab.settle()
    resources = container(lab, "p")["allocatedResourcesStatus"][0]["resources"]
    assert [r["health"] for r in resources].count("Unhealthy") == 1
    assert resources[2]["health"] == "Unhealthy"
    node = lab.get("nodes", "n", namespace="")
    assert (node["status"]["capacity"][GPU], node["status"]["allocatable"][GPU]) == ("8", "7")
    lab.update("nodes", {**node, "metadata": {**node["metadata"], "annotations": {}}})
    lab.settle()
    assert lab.get("nodes", "n", namespace="")["status"]["allocatable"][GPU] == "8"
    assert {r["health"] for r in container(lab, "p")["allocatedResourcesStatus"][0]["resources"]} == {"Healthy"}


@pytest.mark.parametrize(("code", "phase"), [("0", "Succeeded"), ("3", "Failed")])
def test_a_run_ends_by_itself(lab: Lab, code: str, phase: str) -> None:
    lab.pod("p", restartPolicy="Never", annotations=sim_annotations(run_for="1m30s", exit_code=code))
    lab.run(80)
    assert lab.phase("p") == "Running"
    lab.run(20)
    assert lab.phase("p") == phase
    assert container(lab, "p")["state"]["terminated"]["exitCode"] == int(code)
    assert conditions(lab.get("pods", "p"))["Ready"] == "False"


def test_a_crash_loop_backs_off(lab: Lab) -> None:
    lab.pod("p", annotations=sim_annotations(run_for="1s", exit_code="1"))
    lab.run(2.5)
    status = container(lab, "p")
    assert status["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert status["lastState"]["terminated"]["exitCode"] == 1
    assert (lab.phase("p"), status["restartCount"]) == ("Running", 1)
    lab.run(60)
    assert container(lab, "p")["restartCount"] == 3  # again after 10 s and after 20 s; the next only after 40 s
    assert lab.said("p", "BackOff")


def test_a_success_is_not_restarted_on_failure_only(lab: Lab) -> None:
    lab.pod("p", restartPolicy="OnFailure", annotations=sim_annotations(run_for="1s"))
    lab.run(5)
    assert lab.phase("p") == "Succeeded"


def test_an_image_that_cannot_be_pulled(lab: Lab) -> None:
    lab.pod("p", annotations=sim_annotations(image_error="not found"))
    lab.run(2)
    assert container(lab, "p")["state"]["waiting"] == {"reason": "ErrImagePull", "message": "not found"}
    lab.run(15)
    assert container(lab, "p")["state"]["waiting"]["reason"] == "ImagePullBackOff"
    assert lab.phase("p") == "Pending"


def test_a_deleted_pod_ends_before_it_goes(lab: Lab) -> None:
    lab.pod("p", annotations=sim_annotations(stop_after="10s"))
    lab.run()
    lab.delete("pods", "p")
    lab.run(9)
    found = lab.get("pods", "p")
    assert (found["status"]["phase"], found["metadata"]["deletionGracePeriodSeconds"]) == ("Running", 30)
    lab.run(2)
    assert lab.find("pods", "p") is None
    assert lab.said("p", "Killing") == ["Stopping container main"]


def test_the_grace_period_is_the_longest_a_pod_may_take(lab: Lab) -> None:
    lab.pod("p", annotations=sim_annotations(stop_after="10m"), terminationGracePeriodSeconds=20)
    lab.run()
    lab.delete("pods", "p")
    lab.run(21)
    assert lab.find("pods", "p") is None


def test_a_pod_put_on_a_full_node_is_turned_away(lab: Lab) -> None:
    lab.pod("p", 6)
    lab.run()
    lab.pod("q", 6, nodeName="n")
    lab.run()
    found = lab.get("pods", "q")["status"]
    assert (found["phase"], found["reason"]) == ("Failed", "OutOfnvidia.com/gpu")
    assert found["message"] == (
        "Pod was rejected: Node didn't have enough resource: nvidia.com/gpu, requested: 6, used: 6, capacity: 8"
    )


def test_a_lost_node_starts_and_ends_nothing(lab: Lab) -> None:
    lab.pod("p")
    lab.run()
    node = lab.get("nodes", "n", namespace="")
    lost = {"conditions": [{"type": "Ready", "status": "Unknown"}]}
    lab.desk.put_status(NODES, node, {**node["status"], **lost})
    lab.delete("pods", "p")
    lab.run(60)
    assert lab.get("pods", "p")["metadata"]["deletionTimestamp"]
    node = lab.get("nodes", "n", namespace="")
    back = {"conditions": [{"type": "Ready", "status": "True"}]}
    lab.desk.put_status(NODES, node, {**node["status"], **back})
    lab.run(60)
    assert lab.find("pods", "p") is None


def test_a_wrong_annotation_is_told_and_ignored(lab: Lab) -> None:
    lab.pod("p", annotations=sim_annotations(run_for="soon"))
    lab.run(100)
    assert lab.phase("p") == "Running"
    assert "'soon' is not a duration" in lab.said("p", "InvalidAnnotation")[0]


def test_init_containers_are_done_and_sidecars_run(lab: Lab) -> None:
    init = [{"name": "setup", "image": "x"}, {"name": "proxy", "image": "x", "restartPolicy": "Always"}]
    lab.pod("p", initContainers=init)
    lab.run()
    setup, proxy = lab.get("pods", "p")["status"]["initContainerStatuses"]
    assert setup["state"]["terminated"]["reason"] == "Completed"
    assert "running" in proxy["state"]


def test_the_same_thing_said_twice_counts_up(lab: Lab) -> None:
    pod = lab.pod("p")
    for _ in range(3):
        lab.desk.recorder.say(pod, "Odd", "hm", by="me")
    found = [e for e in lab.all("events") if e["reason"] == "Odd"]
    assert [e["count"] for e in found] == [3]
