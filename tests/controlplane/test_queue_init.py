"""What `queue init` proposes for the demo's nodes: a real API server with Kueue's webhooks takes it; jobs run on it."""

from collections.abc import Callable, Iterator

import pytest

from tests.contract.api import Json
from tests.controlplane.bulk import delete_all
from tests.controlplane.gpu_nodes import NODES, add_nodes
from tests.controlplane.namespaces import wait_for_the_ended
from tests.controlplane.ours import Ended, k8sai
from tests.controlplane.server import ControlPlane
from tests.sim.test_scenarios import loaded

pytestmark = pytest.mark.controlplane

KUEUE = "/apis/kueue.x-k8s.io/v1beta2"
TEAMS = ("--teams", "init-big=60,init-small=40", "--cohort", "init-teams")
QUEUES = {"ClusterQueue/init-big", "ClusterQueue/init-small", "Cohort/init-teams"}
QUEUE_NAME = "kueue.x-k8s.io/queue-name"


@pytest.fixture(scope="module")
def nodes(plane: ControlPlane, addon: Callable[..., None]) -> Iterator[list[str]]:
    """The demo's nodes, kept alive by KWOK."""
    addon("jobset", "kueue")
    names = add_nodes(plane.api, map(_fresh, loaded("demo").all("nodes")))
    yield names
    delete_all(plane.api, [f"{NODES}/{name}" for name in names])


@pytest.fixture(scope="module")
def setup(plane: ControlPlane, nodes: list[str]) -> Json:
    """The manifests, applied, as a List."""
    listed = run(plane, "-o", "json").document()
    applied = run(plane, "--apply", "-y")
    assert applied.code == 0, applied.err
    assert applied.out.count(" created\n") == len(listed["items"])
    for name in ("init-big", "init-small"):
        plane.api.until_object(f"{KUEUE}/clusterqueues/{name}", is_active)
    return listed


def run(plane: ControlPlane, *words: str, teams: tuple[str, ...] = TEAMS) -> Ended:
    return k8sai("queue", "init", *teams, *words, kubeconfig=plane.kubeconfig())


def test_a_second_apply_changes_nothing(plane: ControlPlane, setup: Json) -> None:
    again = run(plane, "--apply")  # nobody is asked: there is nothing to say yes to
    assert again.code == 0, again.err
    assert {line.split()[1] for line in again.out.splitlines()} == {"unchanged"}
    assert len(again.out.splitlines()) == len(setup["items"])


def test_flavors_select_their_nodes_and_no_others(plane: ControlPlane, setup: Json, nodes: list[str]) -> None:
    flavors = {one["metadata"]["name"]: one["spec"] for one in setup["items"] if one["kind"] == "ResourceFlavor"}
    inside: list[str] = []
    for name, spec in flavors.items():
        wanted = ",".join(f"{key}={value}" for key, value in spec["nodeLabels"].items())
        found = plane.api.get(NODES, {"labelSelector": wanted}).ok()["items"]
        of_ours = {one["metadata"]["name"] for one in found} & set(nodes)
        assert len({node.rpartition("-")[0] for node in of_ours}) <= 1, name  # one kind of the demo's nodes
        inside += of_ours
    assert sorted(inside) == sorted(nodes)


@pytest.mark.parametrize(
    ("name", "asks", "pods", "where"),
    [
        ("h100", {"nvidia.com/gpu": "8"}, 2, {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"}),
        ("amd", {"amd.com/gpu": "8"}, 2, {}),
        ("mig", {"nvidia.com/mig-1g.10gb": "1"}, 3, {}),
        ("cpu", {}, 2, {}),
    ],
)
def test_jobs_are_admitted_and_bound(
    plane: ControlPlane, setup: Json, name: str, asks: dict[str, str], pods: int, where: dict[str, str]
) -> None:
    plane.api.post("/apis/batch/v1/namespaces/init-big/jobs", job(name, asks, pods, where)).ok()
    path = "/api/v1/namespaces/init-big/pods"
    plane.api.until(path, lambda found: sum(runs(one, name) for one in found.values()) == pods, seconds=90)
    on = {one["spec"]["nodeName"].rpartition("-")[0] for one in plane.api.get(path).ok()["items"] if runs(one, name)}
    assert on == {{"amd": "mi300x", "mig": "a100-mig"}.get(name, name)}


def test_check_finds_nothing_wrong_with_it(plane: ControlPlane, setup: Json) -> None:
    ran = k8sai("queue", "init", "--check", "-o", "json", kubeconfig=plane.kubeconfig())
    found = ran.document(ran.code)
    assert ran.code == any(one["level"] == "error" for one in found["findings"])  # of what other tests left
    ours = {f"{one['kind']}/{one['metadata']['name']}" for one in setup["items"]} | QUEUES
    theirs = ("Overlap",)  # flavors without labels, which other tests left, are on every node
    assert [one for one in found["findings"] if one["object"] in ours and one["code"] not in theirs] == []
    assert (found["kind"], found["complete"]) == ("QueueCheck", True)


def test_what_somebody_else_has_set_is_shown_and_stays(plane: ControlPlane, setup: Json) -> None:
    path = f"{KUEUE}/clusterqueues/init-small"
    plane.api.patch(path, {"spec": {"queueingStrategy": "StrictFIFO"}}, query={"fieldManager": "somebody"}).ok()
    refused = run(plane, "--apply", "-y")
    assert refused.code == 5, refused.err
    assert "queueingStrategy" in refused.err and "somebody" in refused.err
    assert "ai-apply -f FILE`: --leave FIELD" in refused.err or "k8sai apply -f FILE`: --leave FIELD" in refused.err
    assert plane.api.get(path).ok()["spec"]["queueingStrategy"] == "StrictFIFO"
    back = {"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": "ClusterQueue", "spec": {}}
    plane.api.apply(path, {**back, "metadata": {"name": "init-small"}}, "somebody").ok()
    plane.api.patch(path, {"spec": {"queueingStrategy": "BestEffortFIFO"}}, query={"fieldManager": "somebody"}).ok()


@pytest.fixture
def broken_setup(plane: ControlPlane, setup: Json) -> Iterator[None]:
    """The queue in a cycle goes first: Kueue 0.19.2 ends when a namespace changes while there is one."""
    wait_for_the_ended(plane.api)
    for plural, object in broken():
        plane.api.post(f"{KUEUE}/{plural}", object).ok()
    yield
    plane.api.delete(f"{KUEUE}/clusterqueues/initx-cycle").ok()
    plane.api.until_gone(f"{KUEUE}/clusterqueues/initx-cycle")


@pytest.mark.usefixtures("broken_setup")
def test_check_says_what_is_broken(plane: ControlPlane) -> None:
    """Every object is one that the real server takes; statuses are what the real Kueue makes of them."""
    plane.api.post("/apis/batch/v1/namespaces/init-small/jobs", job("lost", {}, 1, {}, queue="nowhere")).ok()
    path = f"{KUEUE}/namespaces/init-small/workloads"
    plane.api.until(path, lambda found: any(one["spec"]["queueName"] == "nowhere" for one in found.values()))
    for name in ("initx-missing", "initx-check"):
        plane.api.until_object(
            f"{KUEUE}/clusterqueues/{name}", lambda one: bool(one.get("status", {}).get("conditions"))
        )
    ended = k8sai("queue", "init", "--check", "-o", "json", kubeconfig=plane.kubeconfig())
    found = {(one["code"], one["object"]) for one in ended.document(code=1)["findings"]}
    assert found >= {
        ("NullSelector", "ClusterQueue/initx-nobody"),
        ("MissingFlavor", "ClusterQueue/initx-missing"),
        ("Inactive", "ClusterQueue/initx-check"),
        ("Stopped", "ClusterQueue/initx-held"),
        ("MissingQueue", "LocalQueue/init-small/initx-stray"),
        ("NamespaceNotAdmitted", "LocalQueue/init-small/initx-shut"),
        ("MissingLocalQueue", "LocalQueue/init-small/nowhere"),
        ("NoNodes", "ResourceFlavor/initx-none"),
        ("Overcommitted", "ResourceFlavor/initx-t4"),
        ("Overlap", "ResourceFlavor/initx-t4"),
        ("MissingTopology", "ResourceFlavor/initx-tas"),
        ("MixedTopology", "ClusterQueue/initx-held"),
        ("MissingParent", "Cohort/initx-child"),
        ("CohortCycle", "Cohort/initx-one"),
        ("ReclaimNever", "ClusterQueue/initx-lender"),
        ("WeightZero", "ClusterQueue/initx-lender"),
        ("BorrowingUnlimited", "ClusterQueue/initx-lender"),
        ("NotCovered", "ClusterQueue/initx-lender"),
    }


# --- objects ----------------------------------------------------------------------------------------------------------


def _fresh(node: Json) -> Json:
    """A node of the demo as it would register here; KWOK makes all of them ready."""
    meta = node["metadata"]
    annotations = {**(meta.get("annotations") or {}), "kwok.x-k8s.io/node": "fake"}
    metadata = {"name": meta["name"], "labels": meta["labels"], "annotations": annotations}
    taints = [one for one in node["spec"].get("taints") or () if not one["key"].startswith("node.kubernetes.io/")]
    spec = {"taints": taints, "unschedulable": bool(node["spec"].get("unschedulable"))}
    status = {key: node["status"][key] for key in ("capacity", "allocatable")}
    status["conditions"] = [{"type": "Ready", "status": "True", "reason": "KubeletReady"}]
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": spec, "status": status}


def job(name: str, asks: dict[str, str], pods: int, where: dict[str, str], queue: str = "default") -> Json:
    resources = {"requests": {"cpu": "1", "memory": "1Gi", **asks}, "limits": asks}
    container = {"name": "main", "image": "registry.example.com/train:1", "resources": resources}
    spec = {"restartPolicy": "Never", "containers": [container], "nodeSelector": where}
    template = {"metadata": {"labels": {"job": name}}, "spec": spec}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "labels": {QUEUE_NAME: queue}},
        "spec": {"suspend": True, "parallelism": pods, "completions": pods, "template": template},
    }


def runs(pod: Json, name: str) -> bool:
    bound = pod["spec"].get("nodeName") and pod["status"].get("phase") == "Running"
    return bool(bound and pod["metadata"]["labels"].get("job") == name)


def is_active(queue: Json) -> bool:
    conditions = (queue.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "Active" and one["status"] == "True" for one in conditions)


def broken() -> Iterator[tuple[str, Json]]:
    def made(kind: str, name: str, spec: Json) -> Json:
        return {"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": kind, "metadata": {"name": name}, "spec": spec}

    def queue(name: str, *flavors: str, gpus: int = 1, **spec: object) -> tuple[str, Json]:
        resources = [{"name": "nvidia.com/gpu", "nominalQuota": gpus}]
        groups = [
            {
                "coveredResources": ["nvidia.com/gpu"],
                "flavors": [{"name": flavor, "resources": resources} for flavor in flavors],
            }
        ]
        everybody = {"namespaceSelector": {}, "resourceGroups": groups, **spec}
        return "clusterqueues", made("ClusterQueue", name, {k: v for k, v in everybody.items() if v is not None})

    t4 = {"nvidia.com/gpu.product": "Tesla-T4"}
    yield "resourceflavors", made("ResourceFlavor", "initx-t4", {"nodeLabels": t4})
    yield "resourceflavors", made("ResourceFlavor", "initx-none", {"nodeLabels": {"no": "such"}})
    yield "resourceflavors", made("ResourceFlavor", "initx-tas", {"nodeLabels": t4, "topologyName": "initx-no"})
    yield "cohorts", made("Cohort", "initx-one", {"parentName": "initx-two"})
    yield "cohorts", made("Cohort", "initx-two", {"parentName": "initx-one"})
    yield "cohorts", made("Cohort", "initx-child", {"parentName": "initx-parent"})
    yield queue("initx-nobody", "initx-t4", namespaceSelector=None)
    yield queue("initx-missing", "initx-nosuch")
    yield queue("initx-many", "initx-t4", gpus=1000, cohortName="initx-child")
    checks = {"admissionChecks": [{"name": "initx-check"}]}
    yield "admissionchecks", made("AdmissionCheck", "initx-check", {"controllerName": "example.com/nobody"})
    yield queue("initx-check", "initx-t4", admissionChecksStrategy=checks)
    yield queue("initx-held", "initx-t4", "initx-tas", stopPolicy="Hold")
    yield queue("initx-empty", "initx-none")
    yield queue("initx-cycle", "initx-t4", cohortName="initx-two")
    lender = {"reclaimWithinCohort": "Never"}
    yield queue("initx-lender", "initx-t4", cohortName="initx-child", preemption=lender, fairSharing={"weight": 0})
    closed = {"matchLabels": {"kubernetes.io/metadata.name": "other"}}
    yield queue("initx-closed", "initx-t4", namespaceSelector=closed)
    for name, to in (("initx-stray", "initx-nosuch"), ("initx-shut", "initx-closed")):
        yield "namespaces/init-small/localqueues", made("LocalQueue", name, {"clusterQueue": to})
