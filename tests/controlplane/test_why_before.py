"""`why` before the scheduler looks, on a real API server: gates, suspension, pods that are not made, volumes."""

from k8sai.errors import Exit
from tests.contract.api import Json
from tests.controlplane.asking import JOBS, Case, job
from tests.controlplane.gpu_nodes import GPU
from tests.controlplane.gpu_pods import container

TOLD = "FailedCreate"


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
    case.told("train", TOLD)
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
    case.told("train", TOLD)
    why = case.why("job/train")
    assert why.sentence == "job/train is not created: quota none allows 0 pods in all."
    assert (why.code, why.exit) == ("QuotaNeverFits", Exit.BLOCKED)


def test_limit_range(case: Case) -> None:
    limits = [{"type": "Container", "max": {"memory": "1Gi"}, "default": {"memory": "1Gi"}}]
    case.put("/api/v1/namespaces/{ns}/limitranges", {"metadata": {"name": "small"}, "spec": {"limits": limits}})
    big = {**container(), "resources": {"limits": {"memory": "2Gi"}}}
    case.put(JOBS, job(of={"containers": [big]}))
    case.told("train", TOLD)
    why = case.why("job/train")
    assert why.sentence == (
        "job/train is not created: container main asks more memory than limit range small allows (1Gi)."
    )
    assert (why.code, why.exit) == ("LimitRange", Exit.BLOCKED)


def test_a_priority_class_that_is_missing(case: Case) -> None:
    case.put(JOBS, job(of={"priorityClassName": "gold"}))
    case.told("train", TOLD)
    why = case.why("job/train")
    assert why.sentence == "job/train is not created: there is no PriorityClass gold."
    assert (why.code, why.exit) == ("PriorityClassMissing", Exit.BLOCKED)


def test_pod_security(case: Case) -> None:
    level = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "baseline"}}}
    case.api.patch(f"/api/v1/namespaces/{case.namespace}", level).ok()
    case.put(JOBS, job(of={"hostNetwork": True}))
    case.told("train", TOLD)
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
