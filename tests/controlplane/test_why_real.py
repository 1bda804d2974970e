"""`why` on a real API server with the real scheduler: what they write is explained as it is meant."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from k8sai.cluster.reading import holds
from k8sai.errors import Exit
from tests.contract.api import Json
from tests.controlplane import dra
from tests.controlplane.asking import Case
from tests.controlplane.gpu_nodes import GPU
from tests.controlplane.gpu_pods import container, pods_path
from tests.controlplane.namespaces import new_namespace
from tests.controlplane.server import ControlPlane
from tests.controlplane.session import ControlPlanes

JOBS = "/apis/batch/v1/namespaces/{ns}/jobs"
EVENTS = "FailedCreate"


@pytest.fixture(scope="module")
def cluster(controlplanes: ControlPlanes) -> Iterator[ControlPlane]:
    """With gangs in the scheduler."""
    plane = controlplanes.fresh("GenericWorkload=true", audit=False)
    yield plane
    plane.stop()


@pytest.fixture
def case(cluster: ControlPlane) -> Iterator[Case]:
    made = Case(cluster, new_namespace(cluster.api, "why"))
    yield made
    made.api.delete(pods_path(made.namespace), {"gracePeriodSeconds": 0})


def job(name: str = "train", gpus: int = 1, **spec: Any) -> Json:
    of = {"restartPolicy": "Never", "containers": [container(gpus=gpus)], **spec.pop("of", {})}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, **spec.pop("meta", {})},
        "spec": {"template": {"spec": of}, **spec},
    }


# --- nodes ------------------------------------------------------------------------------------------------------------


def test_short_of_gpus_and_one_cordoned(case: Case) -> None:
    best, away = case.node("a"), case.node("b")
    case.cordon(away)
    case.pod("other", 2)
    case.runs("other")
    case.pod("train", 8)
    case.refused("train")
    why = case.why("train")
    assert why.sentence == (
        f"train waits: it needs 8 nvidia.com/gpu on one node, the best node {best} has 6 free; 1 more node is cordoned."
    )
    assert (why.code, why.exit) == ("GpusShort", Exit.NO_CAPACITY)


def test_never_so_many(case: Case) -> None:
    node = case.node("a")
    case.pod("train", 16)
    case.refused("train")
    why = case.why("train")
    assert (why.code, why.exit) == ("NeverFits", Exit.BLOCKED)
    assert why.sentence == (
        "train waits: it needs 16 nvidia.com/gpu on one node, and the largest of those it selects, "
        f"{node}, has 8 in all."
    )


def test_a_taint_whose_key_the_scheduler_does_not_say(case: Case) -> None:
    node = case.node("a", taints=({"key": "team", "value": "vision", "effect": "NoSchedule"},))
    case.pod("train", 1)
    said = case.refused("train")["status"]["conditions"][0]["message"]
    why = case.why("train")
    assert why.sentence.startswith(
        f"train waits: the only node that could take it, {node}, has the taint team=vision:NoSchedule, "
    )
    assert (why.code, why.exit) == ("Taint", Exit.BLOCKED)
    assert "vision" not in said


def test_a_cordoned_node(case: Case) -> None:
    node = case.node("a")
    case.cordon(node)
    case.pod("train", 1)
    case.refused("train")
    why = case.why("train")
    assert why.sentence.startswith(f"train waits: the only node that could take it, {node}, is cordoned")
    assert (why.code, why.next) == ("Cordoned", f"kubectl uncordon {node}")


def test_a_selector(case: Case) -> None:
    case.node("a")
    case.pod("train", 1, nodeSelector={"product": "H300"})
    case.refused("train")
    why = case.why("train")
    assert "product=H300" in why.sentence
    assert (why.code, why.exit) == ("NodeSelector", Exit.BLOCKED)


def test_cpu_short_where_gpus_are_free(case: Case) -> None:
    node = case.node("a", amounts={"cpu": "4"})
    case.pod("train", containers=[{**container(gpus=1), "resources": {"limits": {GPU: "1", "cpu": "3"}}}])
    case.runs("train")
    case.pod("second", containers=[{**container(gpus=1), "resources": {"limits": {GPU: "1", "cpu": "3"}}}])
    case.refused("second")
    why = case.why("second")
    assert why.sentence.startswith(
        f"second waits: it needs 3 cpu, and the only node with enough nvidia.com/gpu free, {node}, has 1 free"
    )
    assert (why.code, why.exit) == ("ResourceShort", Exit.NO_CAPACITY)


def test_anti_affinity(case: Case) -> None:
    case.node("a")
    term = {"labelSelector": {"matchLabels": {"app": "x"}}, "topologyKey": "kubernetes.io/hostname"}
    alone = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    case.pod("one", 1, labels={"app": "x"}, affinity=alone)
    case.runs("one")
    case.pod("two", 1, labels={"app": "x"}, affinity=alone)
    case.refused("two")
    assert case.why("two").code == "AntiAffinity"


def test_affinity(case: Case) -> None:
    case.node("a")
    term = {"labelSelector": {"matchLabels": {"app": "cache"}}, "topologyKey": "kubernetes.io/hostname"}
    case.pod("train", 1, affinity={"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}})
    case.refused("train")
    why = case.why("train")
    assert (why.code, why.exit) == ("Affinity", Exit.BLOCKED)


def test_spread(case: Case) -> None:
    case.node("a", labels={"rack": "1"})
    away = case.node("b", labels={"rack": "2"}, taints=({"key": "x", "effect": "NoSchedule"},))
    spread = {
        "maxSkew": 1, "topologyKey": "rack", "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "x"}},
    }  # fmt: skip
    case.pod("one", 1, labels={"app": "x"}, topologySpreadConstraints=[spread])
    case.runs("one")
    case.pod("two", 1, labels={"app": "x"}, topologySpreadConstraints=[spread])
    case.refused("two")
    why = case.why("two")
    assert (why.code, why.exit) == ("SpreadUnmet", Exit.NO_CAPACITY)
    assert away


def test_host_port(case: Case) -> None:
    node = case.node("a")
    listens = [{**container(), "ports": [{"containerPort": 80, "hostPort": 8080}]}]
    case.pod("one", containers=listens)
    case.runs("one")
    case.pod("two", containers=listens)
    case.refused("two")
    why = case.why("two")
    assert why.sentence.startswith(f"two waits: its host port 8080 is taken on the only node that it could use, {node}")
    assert (why.code, why.exit) == ("HostPortTaken", Exit.NO_CAPACITY)


def test_too_many_pods(case: Case) -> None:
    case.node("a", amounts={"pods": "1"})
    case.pod("one", 1)
    case.runs("one")
    case.pod("two", 1)
    case.refused("two")
    assert case.why("two").code == "PodsPerNode"


# --- plugins ----------------------------------------------------------------------------------------------------------


def test_a_resource_that_nobody_offers(case: Case) -> None:
    case.node("a")
    case.pod("train", containers=[container(gpus=1, resource="nvidia.com/gpus")])
    case.refused("train")
    why = case.why("train")
    assert why.sentence.startswith("train waits: no node offers nvidia.com/gpus; what is offered: ")
    assert (why.code, why.exit) == ("NotAdvertised", Exit.BLOCKED)


def test_a_plugin_that_offers_nothing(case: Case) -> None:
    mig = "nvidia.com/mig-7g.80gb"
    node = case.node("a", 0, amounts={mig: "8"}, allocatable={mig: "0"})
    case.pod("train", containers=[container(gpus=1, resource=mig)])
    case.refused("train")
    why = case.why("train")
    assert why.sentence == (
        f"train waits: no node that it selects offers {mig} now; {node} has such devices and may use none; "
        f"no device plugin runs on {node}."
    )
    assert (why.code, why.exit) == ("DevicePluginDown", Exit.BLOCKED)


def test_a_mig_profile_that_is_absent(case: Case) -> None:
    case.node("a", 0, amounts={"nvidia.com/mig-1g.10gb": "7"})
    case.pod("train", containers=[container(gpus=1, resource="nvidia.com/mig-4g.40gb")])
    case.refused("train")
    why = case.why("train")
    assert why.sentence.startswith("train waits: no node has the MIG profile 4g.40gb; there is nvidia.com/")
    assert (why.code, why.exit) == ("MigProfileAbsent", Exit.BLOCKED)


# --- before the scheduler looks ---------------------------------------------------------------------------------------


def test_a_gate(case: Case) -> None:
    case.node("a")
    case.pod("train", 1, schedulingGates=[{"name": "example.com/wait"}])
    case.refused("train")
    why = case.why("train")
    assert (why.code, why.exit) == ("SchedulingGated", Exit.WAITING)


def test_a_foreign_scheduler(case: Case) -> None:
    case.node("a")
    case.pod("train", 1, schedulerName="volcano")
    why = case.why("train")
    assert why.sentence.startswith("train waits: scheduler volcano has said nothing about it for ")
    assert (why.code, why.exit) == ("NoScheduler", Exit.BLOCKED)


def test_a_suspended_job(case: Case) -> None:
    case.put(JOBS, job(suspend=True))
    case.told("train", "Suspended")
    why = case.why("job/train")
    assert why.sentence.startswith("job/train waits: it is suspended")
    assert (why.code, why.exit) == ("Suspended", Exit.WAITING)


def test_quota(case: Case) -> None:
    case.node("a")
    hard = {f"requests.{GPU}": "4"}
    path = "/api/v1/namespaces/{ns}/resourcequotas"
    case.put(path, {"metadata": {"name": "gpus"}, "spec": {"hard": hard}})
    case.api.until_object(
        f"{path}/gpus".replace("{ns}", case.namespace), lambda q: q.get("status", {}).get("hard") == hard
    )
    case.pod("other", 3)
    case.runs("other")
    case.put(JOBS, job(gpus=2, of={"nodeSelector": case.mine}))
    case.told("train", EVENTS)
    why = case.why("job/train")
    assert why.sentence == (
        f"job/train is not created: quota gpus allows 4 requests.nvidia.com/gpu in namespace {case.namespace} "
        "and 3 are used, the next pod asks 2."
    )
    assert (why.code, why.exit) == ("QuotaExceeded", Exit.NO_CAPACITY)


def test_a_quota_of_pods_that_are_best_effort(case: Case) -> None:
    """A pod that asks for GPUs and neither cpu nor memory is one of those."""
    case.node("a")
    path = "/api/v1/namespaces/{ns}/resourcequotas"
    case.put(path, {"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}, "scopes": ["BestEffort"]}})
    case.api.until_object(f"{path}/none".replace("{ns}", case.namespace), lambda q: "hard" in q.get("status", {}))
    bare = {"name": "main", "image": "x", "resources": {"limits": {GPU: "1"}}}
    case.put(JOBS, job(of={"containers": [bare]}))
    case.told("train", EVENTS)
    why = case.why("job/train")
    assert why.sentence == "job/train is not created: quota none allows 0 pods in all."
    assert (why.code, why.exit) == ("QuotaNeverFits", Exit.BLOCKED)


def test_limit_range(case: Case) -> None:
    limits = [{"type": "Container", "max": {"memory": "1Gi"}, "default": {"memory": "1Gi"}}]
    case.put("/api/v1/namespaces/{ns}/limitranges", {"metadata": {"name": "small"}, "spec": {"limits": limits}})
    big = {**container(), "resources": {"limits": {"memory": "2Gi"}}}
    case.put(JOBS, job(of={"containers": [big]}))
    case.told("train", EVENTS)
    why = case.why("job/train")
    assert why.sentence == (
        "job/train is not created: container main asks more memory than limit range small allows (1Gi)."
    )
    assert (why.code, why.exit) == ("LimitRange", Exit.BLOCKED)


def test_a_priority_class_that_is_missing(case: Case) -> None:
    case.put(JOBS, job(of={"priorityClassName": "gold"}))
    case.told("train", EVENTS)
    why = case.why("job/train")
    assert why.sentence == "job/train is not created: there is no PriorityClass gold."
    assert (why.code, why.exit) == ("PriorityClassMissing", Exit.BLOCKED)


def test_pod_security(case: Case) -> None:
    level = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "baseline"}}}
    case.api.patch(f"/api/v1/namespaces/{case.namespace}", level).ok()
    case.put(JOBS, job(of={"hostNetwork": True}))
    case.told("train", EVENTS)
    why = case.why("job/train")
    assert why.sentence.startswith("job/train is not created: the namespace's pod security level baseline")
    assert (why.code, why.exit) == ("AdmissionDenied", Exit.BLOCKED)


# --- volumes ----------------------------------------------------------------------------------------------------------

PVCS = "/api/v1/namespaces/{ns}/persistentvolumeclaims"
MOUNTS: Json = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}


def pvc(storage: str) -> Json:
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        "storageClassName": storage,
    }
    return {"metadata": {"name": "data"}, "spec": spec}


def test_a_volume_claim_that_is_missing(case: Case) -> None:
    case.node("a")
    case.pod("train", 1, **MOUNTS)
    case.refused("train")
    why = case.why("train")
    assert why.sentence == f"train waits: PersistentVolumeClaim data does not exist in namespace {case.namespace}."
    assert (why.code, why.exit) == ("VolumeMissing", Exit.BLOCKED)


def test_a_volume_claim_without_a_storage_class(case: Case) -> None:
    case.node("a")
    case.put(PVCS, pvc("nowhere"))
    case.pod("train", 1, **MOUNTS)
    case.refused("train")
    why = case.why("train")
    assert why.sentence == ("train waits: PersistentVolumeClaim data is not bound: there is no storage class nowhere.")
    assert (why.code, why.exit) == ("VolumeUnbound", Exit.BLOCKED)


def test_no_volume_on_the_node(case: Case) -> None:
    node = case.node("a")
    late = {"metadata": {"name": case.namespace}, "provisioner": "kubernetes.io/no-provisioner"}
    case.put("/apis/storage.k8s.io/v1/storageclasses", {**late, "volumeBindingMode": "WaitForFirstConsumer"})
    case.put(PVCS, pvc(case.namespace))
    case.pod("train", 1, **MOUNTS)
    case.refused("train")
    why = case.why("train")
    assert (why.code, why.exit) == ("VolumeUnbound", Exit.BLOCKED)
    assert node in why.sentence


# --- claims -----------------------------------------------------------------------------------------------------------


class Devices:
    """A driver of the case's own on its nodes."""

    def __init__(self, case: Case) -> None:
        self.case, self.driver = case, f"{case.namespace}.gpu.example"
        case.put(dra.CLASSES, dra.device_class(case.namespace, f'device.driver == "{self.driver}"'))

    def publish(self, node: str, *devices: Json, **more: Any) -> None:
        self.case.put(
            dra.SLICES, dra.resource_slice(node, devices, name=f"{node}-{len(devices)}", **more, driver=self.driver)
        )

    def claim(self, name: str, count: int = 1, **more: Any) -> None:
        self.case.put(dra.claims_path(self.case.namespace), dra.claim(name, self.case.namespace, count, **more))

    def pod(self, name: str, claim: str, **spec: Any) -> None:
        made = dra.claiming_pod(name, claim_name=claim, nodeSelector=self.case.mine, **spec)
        self.case.put(pods_path(self.case.namespace), made)


@pytest.fixture
def devices(case: Case) -> Devices:
    return Devices(case)


def test_a_claim_that_is_missing(case: Case) -> None:
    case.node("a", 0)
    case.put(pods_path(case.namespace), dra.claiming_pod("train", claim_name="cards", nodeSelector=case.mine))
    why = case.why("train")
    assert why.sentence == f"train waits: ResourceClaim cards does not exist in namespace {case.namespace}."
    assert (why.code, why.exit) == ("ClaimMissing", Exit.BLOCKED)


def test_a_template_that_is_missing(case: Case) -> None:
    case.node("a", 0)
    case.put(pods_path(case.namespace), dra.claiming_pod("train", template="two", nodeSelector=case.mine))
    case.told("train", "FailedResourceClaimCreation")
    why = case.why("train")
    assert (why.code, why.exit) == ("ClaimTemplateMissing", Exit.BLOCKED)


def test_a_class_that_is_missing(case: Case, devices: Devices) -> None:
    case.node("a", 0)
    case.put(dra.claims_path(case.namespace), dra.claim("cards", "h300"))
    devices.pod("train", "cards")
    case.refused("train")
    why = case.why("train")
    assert why.sentence == (
        "train waits: request cards of its claim cards wants the DeviceClass h300, which does not exist."
    )
    assert (why.code, why.exit) == ("DeviceClassMissing", Exit.BLOCKED)


def test_a_selector_of_devices_that_matches_nothing(case: Case, devices: Devices) -> None:
    devices.publish(case.node("a", 0), dra.gpu(0), dra.gpu(1))
    devices.claim("cards", selector=f'device.attributes["{devices.driver}"].type == "mig"')
    devices.pod("train", "cards")
    case.refused("train")
    why = case.why("train")
    assert why.sentence == (
        f"train waits: the selector of request cards matches none of the 2 devices of class {case.namespace}."
    )
    assert (why.code, why.exit) == ("SelectorMatchesNothing", Exit.BLOCKED)


def test_a_selector_of_devices_that_fails(case: Case, devices: Devices) -> None:
    devices.publish(case.node("a", 0), dra.gpu(0))
    devices.claim("cards", selector=f'device.attributes["{devices.driver}"].nope == "x"')
    devices.pod("train", "cards")
    case.refused("train")
    why = case.why("train")
    assert "no such key: nope" in why.sentence
    assert (why.code, why.exit) == ("SelectorFailed", Exit.BLOCKED)


def test_devices_that_are_taken(case: Case, devices: Devices) -> None:
    node = case.node("a", 0)
    devices.publish(node, dra.gpu(0), dra.gpu(1))
    devices.claim("theirs")
    devices.pod("other", "theirs")
    case.runs("other")
    devices.claim("cards", 2)
    devices.pod("train", "cards")
    case.refused("train")
    why = case.why("train")
    assert why.sentence == (
        f"train waits: it needs 2 devices of class {case.namespace} on one node, and the best node {node} has 1 of 2 "
        f"free; taken by {case.namespace}/other."
    )
    assert (why.code, why.exit) == ("DevicesTaken", Exit.NO_CAPACITY)


def test_a_pool_that_is_incomplete(case: Case, devices: Devices) -> None:
    node = case.node("a", 0)
    devices.publish(node, dra.gpu(0), slices=2)
    devices.claim("cards")
    devices.pod("train", "cards")
    case.refused("train")
    why = case.why("train")
    assert why.sentence == (
        f"train waits: no device of class {case.namespace} may be used: pool {node} of "
        f"{devices.driver} shows 1 of 2 slices."
    )
    assert (why.code, why.exit) == ("PoolIncomplete", Exit.BLOCKED)


def test_all_devices_of_an_incomplete_pool_on_a_cordoned_node(case: Case, devices: Devices) -> None:
    """The scheduler never gets to ask the allocator, which would make it give up on the pod."""
    node = case.node("a", 0)
    case.cordon(node)
    devices.publish(node, dra.gpu(0), slices=2)
    claim = dra.claim("cards", case.namespace)
    exactly = claim["spec"]["devices"]["requests"][0]["exactly"]
    del exactly["count"]
    exactly["allocationMode"] = "All"
    case.put(dra.claims_path(case.namespace), claim)
    devices.pod("train", "cards")
    assert "were unschedulable" in case.refused("train")["status"]["conditions"][0]["message"]
    why = case.why("train")
    assert (why.code, why.exit) == ("PoolIncomplete", Exit.BLOCKED)


def test_a_device_that_a_rule_taints(case: Case, devices: Devices) -> None:
    node = case.node("a", 0)
    taint = {"key": "example.com/sick", "effect": "NoSchedule"}
    spec = {"deviceSelector": {"driver": devices.driver}, "taint": taint}
    case.put(f"{dra.GROUP}/devicetaintrules", {"metadata": {"name": case.namespace}, "spec": spec})
    devices.publish(node, dra.gpu(0))
    devices.claim("cards")
    devices.pod("train", "cards")
    case.refused("train")
    why = case.why("train")
    assert why.sentence == (
        f"train waits: it needs a device of class {case.namespace}, and the devices of {node} that are not taken have "
        "the taint example.com/sick:NoSchedule."
    )
    assert (why.code, why.exit) == ("DevicesTainted", Exit.BLOCKED)


def test_a_claim_that_pins_a_pod_to_a_full_node(case: Case, devices: Devices) -> None:
    node = case.node("a", 0, amounts={"pods": "1"})
    case.node("b", 0)
    devices.publish(node, dra.gpu(0))
    devices.claim("shared")
    devices.pod("one", "shared")
    case.runs("one")
    devices.pod("two", "shared")
    case.refused("two")
    why = case.why("two")
    assert why.code == "PodsPerNode"
    assert node in why.sentence


# --- preemption, gangs, the end ---------------------------------------------------------------------------------------


def test_preemption_under_way(case: Case) -> None:
    node = case.node("a")
    classes = "/apis/scheduling.k8s.io/v1/priorityclasses"
    case.put(classes, {"metadata": {"name": case.namespace}, "value": 1000})
    case.pod("small", 8, annotations={"test.k8sai.dev/linger": ""})
    case.runs("small")
    case.pod("train", 8, priorityClassName=case.namespace)
    case.until("train", lambda pod: bool(pod["status"].get("nominatedNodeName")))
    case.until("small", lambda pod: bool(pod["metadata"].get("deletionTimestamp")))
    why = case.why("train")
    assert why.sentence == (
        f"train waits: node {node} is being cleared for it: {case.namespace}/small is ending there."
    )
    assert (why.code, why.exit) == ("PreemptionUnderWay", Exit.WAITING)
    assert case.why("small").code == "Terminating"


GROUPS = "/apis/scheduling.k8s.io/v1beta1/namespaces/{ns}/podgroups"


def gang(case: Case, minimum: int) -> None:
    case.put(GROUPS, {"metadata": {"name": "crew"}, "spec": {"schedulingPolicy": {"gang": {"minCount": minimum}}}})


def test_a_gang_that_is_not_complete(case: Case) -> None:
    case.node("a")
    gang(case, 3)
    case.pod("one", 1, schedulingGroup={"podGroupName": "crew"})
    why = case.why("one")
    assert why.sentence == "one waits: gang crew starts with 3 pods at once, and only 1 exists."
    assert (why.code, why.exit) == ("GangIncomplete", Exit.WAITING)


def test_a_gang_that_does_not_fit(case: Case) -> None:
    case.node("a")
    gang(case, 3)
    for name in ("one", "two", "three"):
        case.pod(name, 4, schedulingGroup={"podGroupName": "crew"})
    case.refused("one")
    why = case.why("one")
    assert why.sentence == "one waits: gang crew starts with 3 pods at once, and only 2 of them fit now."
    assert (why.code, why.exit) == ("GangShort", Exit.NO_CAPACITY)


def test_a_job_that_runs_and_one_that_completed(case: Case) -> None:
    case.node("a")
    case.put(JOBS, job(gpus=2, parallelism=2, completions=2, of={"nodeSelector": case.mine}))
    case.api.until(
        pods_path(case.namespace), lambda pods: sum(p["status"].get("phase") == "Running" for p in pods.values()) == 2
    )
    why = case.why("train")
    assert (why.object, why.sentence, why.exit) == ("job/train", "job/train runs: 2 of 2 pods run.", Exit.OK)
    case.pod("short", annotations={"test.k8sai.dev/complete-after": "1ms"})
    case.until("short", lambda pod: pod["status"].get("phase") == "Succeeded")
    assert case.why("short").sentence == "short has completed."


def test_a_pod_that_starts(case: Case) -> None:
    node = case.node("a")
    case.pod("train", 1, annotations={"test.k8sai.dev/never-start": ""})
    case.until("train", lambda pod: bool(pod["spec"].get("nodeName")))
    why = case.why("train")
    assert why.sentence.startswith(f"train is starting: {node} is starting its containers")
    assert (why.code, why.exit) == ("Starting", Exit.WAITING)


def test_with_rights_in_the_namespace_alone(case: Case) -> None:
    case.node("a")
    case.pod("train", 16)
    case.refused("train")
    rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}"
    case.put(f"{rbac}/rolebindings", {
        "metadata": {"name": "view"},
        "roleRef": {"kind": "ClusterRole", "name": "view", "apiGroup": "rbac.authorization.k8s.io"},
        "subjects": [{"kind": "User", "name": "alice", "apiGroup": "rbac.authorization.k8s.io"}],
    })  # fmt: skip
    can = {
        "spec": {
            "resourceAttributes": {"verb": "list", "resource": "pods", "namespace": case.namespace},
            "user": "alice",
        }
    }
    reviews = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    case.plane.processes.wait("alice's right", lambda: case.put(reviews, can)["status"]["allowed"], 30)
    why = case.why("train", "alice")
    assert why.sentence == (
        "train waits: it is short of nvidia.com/gpu on every node it could use, says the scheduler."
    )
    assert (why.code, why.exit) == ("GpusShort", Exit.PARTIAL)
    assert "nodes" in [gap.what for gap in why.hidden]


# --- Kueue ------------------------------------------------------------------------------------------------------------


def test_kueue_holds_it(addon: Callable[..., None], plane: ControlPlane, namespace: str) -> None:
    addon("kueue")  # one of it can run on a machine: the one that all tests share
    case = Case(plane, namespace)
    api = "/apis/kueue.x-k8s.io/v1beta2"
    name = case.namespace
    case.put(
        f"{api}/resourceflavors",
        {"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": "ResourceFlavor", "metadata": {"name": name}},
    )
    flavor = {"name": name, "resources": [{"name": GPU, "nominalQuota": "2"}, {"name": "cpu", "nominalQuota": "100"}]}
    groups = [{"coveredResources": [GPU, "cpu"], "flavors": [flavor]}]
    queue = {"apiVersion": "kueue.x-k8s.io/v1beta2", "metadata": {"name": name}}
    case.put(
        f"{api}/clusterqueues",
        {**queue, "kind": "ClusterQueue", "spec": {"namespaceSelector": {}, "resourceGroups": groups}},
    )
    local = {
        "apiVersion": "kueue.x-k8s.io/v1beta2",
        "kind": "LocalQueue",
        "metadata": {"name": "q"},
        "spec": {"clusterQueue": name},
    }
    case.put(f"{api}/namespaces/{{ns}}/localqueues", local)
    for made in (f"{api}/clusterqueues/{name}", f"{api}/namespaces/{name}/localqueues/q"):
        case.api.until_object(made, lambda queue: holds(queue, "Active") is not None, seconds=60)
    labels = {"labels": {"kueue.x-k8s.io/queue-name": "q"}}
    case.put(JOBS, job("big", gpus=4, suspend=True, meta=labels))
    case.put(JOBS, job("lost", gpus=1, suspend=True, meta={"labels": {"kueue.x-k8s.io/queue-name": "nowhere"}}))
    workloads = f"{api}/namespaces/{name}/workloads"
    case.api.until(workloads, _both_judged, seconds=60)
    why = case.why("job/big")
    assert why.sentence.startswith("job/big waits: queue q has not admitted it: ")
    assert (why.code, why.exit) == ("QueueNeverFits", Exit.BLOCKED)
    assert why.next.startswith("kubectl describe workload/job-big-")
    assert case.why("job/lost").code == "QueueInactive"


def _both_judged(workloads: dict[str, Json]) -> bool:
    def judged(workload: Json) -> bool:
        return any(c["type"] == "QuotaReserved" for c in workload.get("status", {}).get("conditions", []))

    return len(workloads) == 2 and all(map(judged, workloads.values()))
