"""Scenarios: what comes with the tool is whole, and what is wrong in one of yours is said with its place."""

from collections import Counter
from pathlib import Path

import pytest

from k8sai.errors import K8saiError, NotFound, Usage
from k8sai.sim import kinds
from k8sai.sim.populate import Population
from k8sai.sim.scenario import load, names, parse
from tests.sim.lab import GPU, Lab, conditions

HEAD = "apiVersion: k8sai.dev/v1alpha1\nkind: Scenario\n"


def loaded(what: str, nodes: int | None = None) -> Lab:
    lab = Lab()
    for _ in Population(lab.store, lab.crew, load(what, nodes=nodes), lab.clock.now()).load():
        pass
    return lab


def from_text(text: str) -> Lab:
    lab = Lab()
    for _ in Population(lab.store, lab.crew, parse(HEAD + text, "mine.yaml"), lab.clock.now()).load():
        pass
    return lab


@pytest.mark.parametrize("name", names())
def test_every_scenario_loads_and_comes_to_rest(name: str) -> None:
    lab = loaded(name, 8 if name == "huge" else None)
    lab.run(10)
    assert lab.work.idle()


def test_the_demo_has_what_it_promises() -> None:
    lab = loaded("demo")
    lab.run(5)
    nodes, pods = lab.all("nodes"), lab.all("pods")
    assert len(nodes) == 48
    ready = Counter(c["status"] for n in nodes for c in n["status"]["conditions"] if c["type"] == "Ready")
    assert ready == {"True": 47, "Unknown": 1}
    assert sum(bool(n["spec"].get("unschedulable")) for n in nodes) == 2
    capacity: Counter[str] = Counter()
    short: Counter[str] = Counter()
    for node in nodes:
        for key, value in node["status"]["capacity"].items():
            if "/" in key:
                capacity[key] += int(value)
                short[key] += int(value) - int(node["status"]["allocatable"][key])
    assert {"amd.com/gpu", GPU, "nvidia.com/gpu.shared", "nvidia.com/mig-1g.10gb", "nvidia.com/mig-3g.40gb"} <= set(
        capacity
    )
    assert (short[GPU], short["amd.com/gpu"]) == (4, 1)
    reasons = Counter(
        c["reason"]
        for p in pods
        for c in p["status"].get("conditions", [])
        if c["type"] == "PodScheduled" and "reason" in c
    )
    assert reasons["SchedulingGated"] == 4
    assert reasons["Unschedulable"] >= 9
    assert any(p["status"].get("nominatedNodeName") for p in pods)
    assert sum("deletionTimestamp" in p["metadata"] for p in pods) >= 2
    assert any((c.get("status") or {}).get("allocation") for c in lab.all("resourceclaims", "resource.k8s.io"))
    assert any(p["status"].get("extendedResourceClaimStatus") for p in pods)
    assert {p["metadata"]["namespace"] for p in pods} == {
        "pretrain", "posttrain", "inference", "research", "vision", "evals", "gpu-operator",
    }  # fmt: skip


def test_the_demo_never_stands_still() -> None:
    lab = loaded("demo")
    lab.run(5)
    before = {p["metadata"]["uid"] for p in lab.all("pods")}
    lab.run(300)
    after = {p["metadata"]["uid"] for p in lab.all("pods")}
    assert len(after - before) >= 10
    assert abs(len(after) - len(before)) <= 15


def test_devices_are_not_given_twice() -> None:
    lab = loaded("demo")
    lab.run(60)
    held: Counter[str] = Counter()
    for pod in lab.all("pods"):
        if pod["status"].get("phase") == "Running":
            for status in pod["status"]["containerStatuses"]:
                for group in status.get("allocatedResourcesStatus", []):
                    held.update(f"{pod['spec']['nodeName']}/{r['resourceID']}" for r in group["resources"])
    assert len(held) > 150
    assert set(held.values()) == {1}


def test_the_same_seed_makes_the_same_cluster() -> None:
    first, second = loaded("huge", 12), loaded("huge", 12)
    assert [p["metadata"]["name"] for p in first.all("pods")] == [p["metadata"]["name"] for p in second.all("pods")]


def test_huge_has_the_asked_size_and_is_about_80_percent_full() -> None:
    lab = loaded("huge", 60)
    held = sum(int(p["spec"]["containers"][0]["resources"]["requests"][GPU]) for p in lab.all("pods"))
    assert len(lab.all("nodes")) == 60
    assert 0.7 <= held / 480 <= 0.92
    assert {p["status"]["phase"] for p in lab.all("pods")} == {"Running"}


def test_owners_of_placed_pods_accept_them() -> None:
    lab = from_text(
        "nodes: [{name: n, count: 2, product: H100}]\n"
        "workloads:\n"
        "- {namespace: a, name: dep, kind: Deployment, pods: 3, gpus: 1, group: n, placed: true, age: 1d}\n"
        "- {namespace: a, name: job, kind: Job, pods: 2, gpus: 2, group: n, placed: true, age: 1h}\n"
        "- {namespace: a, name: js, kind: JobSet, jobs: 2, pods: 1, gpus: 1, group: n, placed: true, age: 1h}\n"
        "- {namespace: a, name: solo, kind: Pod, gpus: 1, group: n, placed: true, age: 1h}\n"
    )
    before = {p["metadata"]["uid"] for p in lab.all("pods")}
    lab.run(30)
    assert {p["metadata"]["uid"] for p in lab.all("pods")} == before
    assert len(before) == 8
    assert lab.get("deployments", "dep", "apps", "a")["status"]["availableReplicas"] == 3
    assert lab.get("jobs", "job", "batch", "a")["status"]["ready"] == 2


def test_runs_follow_each_other() -> None:
    lab = from_text(
        "nodes: [{name: n, product: H100}]\n"
        "workloads: [{namespace: a, name: 'r-{i}', count: 2, gpus: 1, runFor: 20s, again: 10s, group: n}]\n"
    )
    lab.run(5)
    assert [j["metadata"]["name"] for j in lab.all("jobs", "batch")] == ["r-1", "r-2"]
    lab.run(35)
    assert [j["metadata"]["name"] for j in lab.all("jobs", "batch")] == ["r-3", "r-4"]


def test_any_kubernetes_object_can_be_part_of_it() -> None:
    lab = from_text("objects: [{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {k: v}}]\n")
    assert lab.store.get(kinds.find("", "configmaps"), "default", "c")["data"] == {"k": "v"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nodes: [{name: a, cout: 3}]", "mine.yaml: nodes[0]: there is no field 'cout' (did you mean count?)"),
        ("nodes: [{name: a, count: x}]", "mine.yaml: nodes[0].count: expected 'int', got 'str'"),
        ("nodes: [{name: a, product: H10}]", "nodes[0].product: there is no product 'H10' (did you mean H100?)"),
        ("nodes: [{name: a, taints: [x]}]", "mine.yaml: nodes[0].taints: 'x' is not key=value:NoSchedule"),
        ("nodes: [{name: a}, {name: a}]", "mine.yaml: nodes: two groups have the same name"),
        ("nodes: [{name: a, mig: {strategy: mixed, devices: {1g.10gb: 1}}}]", "nodes[0]: mig, timeSlicing"),
        ("nodes: [{name: a, product: A100, mig: {strategy: mixed, devices: {9g.1gb: 1}}}]", "no profile '9g.1gb'"),
        ("workloads: [{namespace: a, name: b, group: c}]", "mine.yaml: workloads[0].group: there is no node group 'c'"),
        ("workloads: [{namespace: a, name: b, count: 2}]", "workloads[0].name: 2 of them need different names"),
        ("workloads: [{namespace: a, name: b, runFor: soon}]", "workloads[0].runFor: 'soon' is not a duration"),
        ("workloads: [{namespace: a, name: b, age: 2h..1h}]", "'2h..1h' is not a range"),
        ("denials: [{verbs: x}]", "mine.yaml: denials[0]: a denial has no 'verbs'"),
        ("objects: [{kind: X}]", "mine.yaml: objects[0]: every object has apiVersion and kind"),
        ("nodes: [", "mine.yaml:3:"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(text: str, said: str) -> None:
    with pytest.raises(Usage) as caught:
        parse(HEAD + text, "mine.yaml")
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("objects", "said"),
    [
        ("{apiVersion: x.example.com/v1, kind: Y, metadata: {name: z}}", "x.example.com/v1 Y is not served"),
        ("{apiVersion: v1, kind: Pod, metadata: {name: z}, spec: {}}", "the scenario's Pod is refused"),
    ],
)  # fmt: skip
def test_objects_the_server_refuses(objects: str, said: str) -> None:
    with pytest.raises(Usage, match=r"refused|not served") as caught:
        from_text(f"objects: [{objects}]\n")
    assert said in caught.value.message


def test_not_a_scenario_at_all() -> None:
    with pytest.raises(Usage, match="not a scenario"):
        parse("apiVersion: v1\nkind: Pod\n", "pod.yaml")


@pytest.mark.parametrize(
    ("what", "error", "said"),
    [
        ("demmo", NotFound, "there is no scenario 'demmo'"),
        ("./absent.yaml", NotFound, "cannot read the scenario ./absent.yaml: No such file or directory"),
    ],
)
def test_names_and_files_that_are_not_there(what: str, error: type[K8saiError], said: str) -> None:
    with pytest.raises(error) as caught:
        load(what)
    assert caught.value.message == said


def test_a_fixed_scenario_does_not_scale() -> None:
    with pytest.raises(Usage, match="fixed size"):
        load("demo", nodes=5)


def test_a_folder_is_not_a_scenario(tmp_path: Path) -> None:
    with pytest.raises(Usage, match="Is a directory"):
        load(tmp_path)


def test_queues_of_a_scenario_are_played_and_what_they_hold_back_says_why() -> None:
    lab = from_text(
        "queues: {q: 10}\n"
        "workloads:\n"
        "  - {namespace: ml, name: runs, pods: 2, gpus: 4, queue: q}\n"
        "  - {namespace: eu, name: gated, gpus: 1, queue: q, age: 5m, gate: kueue.x-k8s.io/topology}\n"
        "  - {namespace: ml, name: waits, pods: 3, gpus: 2, queue: q, age: 1m, suspend: true}\n"
        "  - {namespace: eu, name: other, gpus: 1, suspend: true}\n"
    )
    lab.run()
    (cluster_queue,) = lab.all("clusterqueues", "kueue.x-k8s.io")
    assert (cluster_queue["metadata"]["name"], cluster_queue["status"]["pendingWorkloads"]) == ("q", 1)
    used = {one["name"]: one["total"] for one in cluster_queue["status"]["flavorsUsage"][0]["resources"]}
    assert used[GPU] == "7"
    queues = lab.all("localqueues", "kueue.x-k8s.io")
    assert {(q["metadata"]["namespace"], q["status"]["admittedWorkloads"]) for q in queues} == {("ml", 1), ("eu", 1)}
    held = {w["metadata"]["ownerReferences"][0]["name"]: w for w in lab.all("workloads", "kueue.x-k8s.io")}
    assert set(held) == {"runs", "waits", "gated"}
    assert conditions(held["waits"])["Admitted"] == "True"  # it has waited longest
    told = {one["type"]: one for one in held["runs"]["status"]["conditions"]}["QuotaReserved"]
    assert (told["status"], told["reason"]) == ("False", "Pending")
    assert told["message"].endswith("in flavor gpus, 5 more needed")
    assert conditions(held["gated"])["Admitted"] == "True"


def test_a_rich_scenario_has_cohorts_flavors_and_who_had_to_go() -> None:
    lab = from_text(
        "nodes: [{name: h, product: H100}, {name: a, product: A100}]\n"
        "flavors: {fast: h, slow: a}\n"
        "cohorts: {all: top}\n"
        "queues:\n"
        "  one: {devices: {fast: 8, slow: 8}, cohort: all, reclaim: Any}\n"
        "  two: {devices: {fast: 2, slow: 0}, cohort: all, borrow: 1, stop: Hold, stopReason: later}\n"
        "workloads:\n"
        "  - {namespace: x, name: runs, gpus: 8, queue: one, age: 1h, group: h, placed: true}\n"
        "  - {namespace: y, name: went, gpus: 4, queue: two, age: 2h, group: h, suspend: true, preemptedFor: runs}\n"
    )
    lab.run()
    two = lab.get("clusterqueues", "two", "kueue.x-k8s.io", "")
    assert two["metadata"]["annotations"] == {"k8sai.dev/stop-reason": "later"}
    assert lab.get("cohorts", "all", "kueue.x-k8s.io", "")["spec"] == {"parentName": "top"}
    held = {w["metadata"]["ownerReferences"][0]["name"]: w for w in lab.all("workloads", "kueue.x-k8s.io")}
    (runs,) = held["runs"]["status"]["admission"]["podSetAssignments"]
    assert runs["flavors"][GPU] == "fast"
    (pod,) = lab.all("pods")
    assert pod["metadata"]["labels"]["kueue.x-k8s.io/cluster-queue-name"] == "one"
    told = {one["type"]: one for one in held["went"]["status"]["conditions"]}
    assert (told["Evicted"]["status"], told["Preempted"]["reason"]) == ("True", "InCohortReclamation")
    assert told["Evicted"]["message"].endswith("preemptor path: /top/all/one; preemptee path: /top/all/two")
    assert told["QuotaReserved"]["message"] == "ClusterQueue two is inactive"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("queues: {q: {devices: 8, borrow: 1}}", "borrow and lend are for queues with a cohort"),
        ("flavors: {fast: nowhere}", "there is no node group 'nowhere'"),
        ("queues: {q: {devices: 8, cohrt: all}}", "did you mean cohort"),
        (
            "queues: {q: 8}\nworkloads: [{namespace: x, name: a, queue: q, suspend: true, preemptedFor: b}]",
            "a job of a queue that stands before it",
        ),
    ],
)
def test_queues_of_a_scenario_are_checked(text: str, said: str) -> None:
    with pytest.raises(Usage, match=said):
        from_text(f"{text}\n")


def test_the_demos_queues_tell_their_story() -> None:
    lab = loaded("demo")
    lab.run(5)
    queues = {one["metadata"]["name"]: one["status"] for one in lab.all("clusterqueues", "kueue.x-k8s.io")}
    borrowed = {
        (name, flavor["name"]): resource["borrowed"]
        for name, status in queues.items()
        for flavor in status["flavorsReservation"]
        for resource in flavor["resources"]
        if resource["borrowed"] != "0"
    }
    assert borrowed == {
        ("pretrain", "h100-pool"): "16",
        ("pretrain", "a100-pool"): "8",
        ("evals", "t4-pool"): "4",
    }
    assert [name for name, status in queues.items() if status["conditions"][0]["reason"] == "Stopped"] == [
        "pretrain-amd"
    ]
    told = {}
    for one in lab.all("workloads", "kueue.x-k8s.io"):
        said = {each["type"]: each for each in one["status"]["conditions"]}
        if said.get("Admitted", {}).get("status") != "True":
            told[one["metadata"]["ownerReferences"][0]["name"]] = said
    assert set(told) == {"distill", "sweep", "whale", "mi-ablation"}
    why = {name: said["QuotaReserved"]["message"] for name, said in told.items()}
    assert why["distill"].endswith("in flavor a100-pool, 7 more needed")
    assert why["whale"].endswith("current podset request (64) > maximum capacity (22)")
    assert why["mi-ablation"] == "ClusterQueue pretrain-amd is inactive"
    assert told["sweep"]["Preempted"]["reason"] == "InCohortReclamation"
    assert "due to reclamation within the cohort" in told["sweep"]["Evicted"]["message"]
