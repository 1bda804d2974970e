"""Who schedules, what happens on the node, and how it ends."""

import pytest

from k8sai.errors import Exit
from tests.why.cluster import ask, layer
from tests.why.objects import (
    BEFORE,
    GPU,
    NOW,
    Json,
    bound,
    condition,
    container_status,
    event,
    job,
    node,
    obj,
    owned,
    pod,
    unschedulable,
)

SHORT = unschedulable()
HERE = node("gpu-1")


def waiting(word: str, message: str = "") -> Json:
    return container_status(waiting={"reason": word, "message": message})


# --- the scheduler ----------------------------------------------------------------------------------------------------


def test_preemption_is_under_way() -> None:
    said = unschedulable("found a potential placement for pod on node gpu-1, preempting 1 victims")
    victim = pod("small", 8, on="gpu-1", meta={"deletionTimestamp": NOW})
    why = ask("train-7", HERE, victim, pod(gpus=8, priority=100, status={**said, "nominatedNodeName": "gpu-1"}))
    assert why.sentence == "train-7 waits: node gpu-1 is being cleared for it: ml/small is ending there."
    assert (why.code, why.exit) == ("PreemptionUnderWay", Exit.WAITING)


def test_a_node_is_reserved_for_it() -> None:
    why = ask("train-7", HERE, pod(gpus=8, status={"nominatedNodeName": "gpu-1"}))
    assert why.sentence == "train-7 waits: node gpu-1 is reserved for it, and it is not bound yet."
    assert (why.code, why.exit) == ("Reserved", Exit.WAITING)


def test_a_foreign_scheduler_says_nothing() -> None:
    why = ask("train-7", HERE, pod(gpus=1, schedulerName="volcano"))
    assert why.sentence == "train-7 waits: scheduler volcano has said nothing about it for 10m: is it running?"
    assert (why.code, why.exit) == ("NoScheduler", Exit.BLOCKED)


def test_no_scheduler_at_all() -> None:
    why = ask("train-7", HERE, pod(gpus=1))
    assert why.sentence == (
        "train-7 waits: scheduler default-scheduler has said nothing about it for 10m although a node could take it: "
        "is it running?"
    )
    assert why.code == "NoScheduler"


def test_created_just_now() -> None:
    why = ask("train-7", HERE, pod(gpus=1, meta={"creationTimestamp": NOW}))
    assert (why.code, why.exit) == ("JustCreated", Exit.WAITING)


def test_the_scheduler_failed() -> None:
    why = ask(
        "train-7", HERE, pod(gpus=1, status=unschedulable("running PreBind plugin X: timed out", "SchedulerError"))
    )
    assert why.sentence == "train-7 waits: default-scheduler failed: running PreBind plugin X: timed out."
    assert (why.code, why.exit) == ("SchedulerFailed", Exit.BLOCKED)


def test_its_priority_class_forbids_it_to_preempt() -> None:
    why = ask("train-7", HERE, pod("a", 8, on="gpu-1"), pod(gpus=1, status=SHORT, preemptionPolicy="Never"))
    assert layer(why, "preemption").message == "its priority class forbids it to preempt"
    assert why.code == "GpusShort"


# --- its node ---------------------------------------------------------------------------------------------------------


def test_its_node_is_not_ready() -> None:
    why = ask("train-7", node("gpu-1", ready=False), pod(gpus=1, on="gpu-1"))
    assert why.sentence == "train-7 is on a node that does not answer: node gpu-1 is not ready since 10m."
    assert (why.code, why.exit) == ("NodeNotReady", Exit.BLOCKED)


def test_its_node_is_gone() -> None:
    why = ask("train-7", pod(gpus=1, on="gpu-1"))
    assert why.sentence == "train-7 is on a node that is gone: node gpu-1 does not exist any more."
    assert (why.code, why.exit) == ("NodeGone", Exit.BLOCKED)


# --- images -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "message", "sentence"),
    [
        (
            "ImagePullBackOff",
            "Back-off pulling image: manifest unknown",
            "gpu-1 cannot pull the image registry.example/train:1: there is none of that name",
        ),
        (
            "ErrImagePull",
            "failed to authorize: 401 Unauthorized",
            "gpu-1 cannot pull the image registry.example/train:1: the registry does not let it in",
        ),
        ("InvalidImageName", "couldn't parse image name", "'registry.example/train:1' is no name of an image"),
    ],
)
def test_the_image(word: str, message: str, sentence: str) -> None:
    why = ask("train-7", HERE, pod(on="gpu-1", status=bound(waiting(word, message))))
    assert why.sentence == f"train-7 cannot start: {sentence}."
    assert (why.code, why.exit) == ("ImageFailed", Exit.FINDINGS)


def test_the_image_is_being_pulled() -> None:
    starting = pod(on="gpu-1", status=bound(waiting("ContainerCreating")))
    told = event(starting, "Pulling", 'Pulling image "registry.example/train:1"', "Normal")
    why = ask("train-7", HERE, starting, told)
    assert why.sentence == "train-7 is starting: gpu-1 is pulling the image registry.example/train:1 for 10m."
    assert (why.code, why.exit) == ("ImagePulling", Exit.WAITING)


# --- containers -------------------------------------------------------------------------------------------------------


def test_crash_loop() -> None:
    last = {"exitCode": 3, "reason": "Error"}
    crashed = container_status(
        restarts=7, last=last, waiting={"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}
    )
    why = ask("train-7", HERE, pod(on="gpu-1", status=bound(crashed, phase="Running")))
    assert why.sentence == "train-7 keeps crashing: container main ends with exit code 3, 7 restarts."
    assert (why.code, why.exit, why.next) == ("CrashLoop", Exit.FINDINGS, "kubectl logs train-7 -n ml --previous")


def test_out_of_memory() -> None:
    last = {"exitCode": 137, "reason": "OOMKilled"}
    crashed = container_status(restarts=2, last=last, waiting={"reason": "CrashLoopBackOff"})
    hungry = pod(on="gpu-1", status=bound(crashed, phase="Running"))
    hungry["spec"]["containers"][0]["resources"]["limits"]["memory"] = "64Gi"
    why = ask("train-7", HERE, hungry)
    assert why.sentence == (
        "train-7 keeps crashing: container main runs out of memory (OOMKilled) at its limit of 64Gi, 2 restarts."
    )
    assert (why.code, why.exit) == ("OutOfMemory", Exit.FINDINGS)


def test_an_init_container_fails() -> None:
    failed = {"name": "check", "restartCount": 4, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
    failed["lastState"] = {"terminated": {"exitCode": 1, "reason": "Error"}}
    inits = [{"name": "check", "image": "x"}]
    why = ask(
        "train-7", HERE, pod(on="gpu-1", initContainers=inits, status=bound(waiting("PodInitializing"), init=(failed,)))
    )
    assert why.sentence == "train-7 cannot start: init container check ends with exit code 1, 4 restarts."
    assert (why.code, why.exit) == ("InitFailed", Exit.FINDINGS)
    assert why.next == "kubectl logs train-7 -n ml -c check --previous"


def test_an_init_container_still_runs() -> None:
    running = {"name": "download", "state": {"running": {"startedAt": BEFORE}}}
    inits = [{"name": "download", "image": "x"}]
    why = ask(
        "train-7",
        HERE,
        pod(on="gpu-1", initContainers=inits, status=bound(waiting("PodInitializing"), init=(running,))),
    )
    assert why.sentence == "train-7 is starting: init container download (1 of 1) is still running for 10m."
    assert (why.code, why.exit) == ("InitRunning", Exit.WAITING)


def test_its_configuration_is_missing() -> None:
    broken = waiting("CreateContainerConfigError", 'configmap "settings" not found')
    why = ask("train-7", HERE, pod(on="gpu-1", status=bound(broken)))
    assert why.sentence == 'train-7 cannot start: container main: configmap "settings" not found.'
    assert (why.code, why.exit) == ("ConfigMissing", Exit.FINDINGS)


def test_the_container_runtime_finds_no_device() -> None:
    broken = waiting("RunContainerError", "nvidia-container-cli: device error: GPU-1: unknown device")
    why = ask("train-7", HERE, pod(on="gpu-1", status=bound(broken)))
    assert (why.code, why.exit) == ("DeviceFailed", Exit.FINDINGS)


def test_a_volume_cannot_be_mounted() -> None:
    starting = pod(on="gpu-1", status=bound(waiting("ContainerCreating")))
    told = event(starting, "FailedAttachVolume", "Multi-Attach error for volume pv-1")
    why = ask("train-7", HERE, starting, told)
    assert why.sentence == "train-7 waits: gpu-1 cannot mount a volume: Multi-Attach error for volume pv-1."
    assert (why.code, why.exit) == ("VolumePending", Exit.WAITING)


def test_starting() -> None:
    why = ask("train-7", HERE, pod(on="gpu-1", status=bound(waiting("ContainerCreating"))))
    assert why.sentence == "train-7 is starting: gpu-1 is starting its containers for 10m."
    assert (why.code, why.exit) == ("Starting", Exit.WAITING)


def test_running_but_not_ready() -> None:
    one = container_status(running={"startedAt": BEFORE})
    slow = pod(on="gpu-1", status=bound(one, phase="Running"))
    told = event(slow, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")
    why = ask("train-7", HERE, slow, told)
    assert why.sentence == (
        "train-7 runs but is not ready: container main is not ready: "
        "Readiness probe failed: HTTP probe failed with statuscode: 503."
    )
    assert (why.code, why.exit) == ("NotReady", Exit.WAITING)


def test_running() -> None:
    why = ask("train-7", HERE, pod(gpus=8, on="gpu-1"))
    assert (why.sentence, why.code, why.exit) == ("train-7 runs on gpu-1 for 10m.", "Running", Exit.OK)


def test_a_device_that_is_unhealthy_is_told_beside() -> None:
    sick = pod(gpus=1, on="gpu-1")
    health = {"name": GPU, "resources": [{"resourceID": "GPU-1", "health": "Unhealthy"}]}
    sick["status"]["containerStatuses"][0]["allocatedResourcesStatus"] = [health]
    assert layer(ask("train-7", HERE, sick), "containers").evidence == ("device GPU-1 of nvidia.com/gpu is Unhealthy",)


# --- the end ----------------------------------------------------------------------------------------------------------


def test_completed() -> None:
    why = ask("train-7", HERE, pod(on="gpu-1", status={"phase": "Succeeded"}))
    assert (why.sentence, why.exit) == ("train-7 has completed.", Exit.OK)


def test_evicted() -> None:
    status = {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}
    why = ask("train-7", HERE, pod(on="gpu-1", status=status))
    assert why.sentence == "train-7 was evicted: The node was low on resource: memory."
    assert (why.code, why.exit) == ("Evicted", Exit.FINDINGS)


def test_preempted() -> None:
    gone = condition("DisruptionTarget", "PreemptionByScheduler", "default-scheduler: preempting to accommodate x")
    why = ask("train-7", HERE, pod(on="gpu-1", status={"phase": "Failed", "conditions": [gone]}))
    assert why.sentence == "train-7 was evicted: it made room for a more important pod."


def test_rejected_by_the_kubelet() -> None:
    said = "Allocate failed due to requested number of devices unavailable for nvidia.com/gpu. Requested: 1"
    status = {"phase": "Failed", "reason": "UnexpectedAdmissionError", "message": said}
    why = ask("train-7", HERE, pod(on="gpu-1", status=status))
    assert why.sentence == f"train-7 was rejected by its node: gpu-1 said UnexpectedAdmissionError: {said}."
    assert (why.code, why.exit) == ("Rejected", Exit.FINDINGS)


def test_it_is_ending() -> None:
    why = ask("train-7", HERE, pod(gpus=8, on="gpu-1", meta={"deletionTimestamp": NOW}))
    assert why.sentence == "train-7 is ending: it was told to end on gpu-1, where it still holds what it asked for."
    assert (why.code, why.exit) == ("Terminating", Exit.WAITING)


def test_a_finalizer_keeps_it() -> None:
    meta = {"deletionTimestamp": BEFORE, "finalizers": ["example.com/checkpoint"]}
    why = ask("train-7", HERE, pod(meta=meta))
    assert why.sentence == "train-7 is ending: it is kept by the finalizer example.com/checkpoint."
    assert (why.code, why.exit) == ("Finalizers", Exit.BLOCKED)


def test_it_ran_longer_than_it_may() -> None:
    status = {"phase": "Failed", "reason": "DeadlineExceeded", "message": "Pod was active longer than its deadline"}
    why = ask("train-7", HERE, pod(on="gpu-1", status=status))
    assert (why.sentence, why.exit) == ("train-7 has failed: Pod was active longer than its deadline.", Exit.FINDINGS)


def test_a_job_that_tries_again_speaks_of_the_pod_that_failed() -> None:
    train = job()
    ended = container_status(terminated={"exitCode": 2, "reason": "Error"})
    why = ask("job/train", HERE, train, owned(pod("train-x", on="gpu-1", status=bound(ended, phase="Failed")), train))
    assert why.sentence == "job/train: its pod train-x has failed: container main ended with exit code 2."


def test_a_job_that_failed() -> None:
    failed = condition("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
    train = job(status={"conditions": [failed]})
    why = ask("job/train", train, owned(pod("train-1", status={"phase": "Failed"}), train))
    assert why.sentence == ("job/train has failed: BackoffLimitExceeded: Job has reached the specified backoff limit.")
    assert (why.code, why.exit, why.next) == ("Failed", Exit.FINDINGS, "kubectl logs job/train -n ml")


def test_a_job_that_completed() -> None:
    why = ask("job/train", job(status={"conditions": [condition("Complete")]}))
    assert (why.sentence, why.exit) == ("job/train has completed.", Exit.OK)


def test_a_job_that_runs() -> None:
    train = job(pods=2, gpus=4)
    why = ask("train", HERE, train, [owned(pod(f"train-{n}", 4, on="gpu-1"), train) for n in (0, 1)])
    assert (why.sentence, why.exit) == ("job/train runs: 2 of 2 pods run.", Exit.OK)


def test_one_of_two_pods_crashes() -> None:
    train = job(pods=2)
    crashed = container_status(restarts=1, last={"exitCode": 1}, waiting={"reason": "CrashLoopBackOff"})
    sick = pod("train-1", on="gpu-1", status=bound(crashed, phase="Running"))
    why = ask("job/train", HERE, train, owned(pod("train-0", on="gpu-1"), train), owned(sick, train))
    assert why.sentence == (
        "job/train: 1 of 2 pods keeps crashing, like train-1: container main ends with exit code 1, 1 restart."
    )
    assert why.exit == Exit.FINDINGS


def test_a_pod_of_a_leader_worker_set_is_found_by_its_label() -> None:
    lws = obj(
        "LeaderWorkerSet", "serve", "leaderworkerset.x-k8s.io/v1",
        spec={"replicas": 1, "leaderWorkerTemplate": {"size": 2, "workerTemplate": {"spec": {"containers": []}}}},
    )  # fmt: skip
    name = {"leaderworkerset.sigs.k8s.io/name": "serve"}
    why = ask(
        "lws/serve", HERE, lws, pod("serve-0", on="gpu-1", labels=name), pod("serve-0-1", 9, labels=name, status=SHORT)
    )
    assert why.sentence == (
        "leaderworkerset/serve: 1 of 2 pods waits, like serve-0-1: it needs 9 nvidia.com/gpu on one node, "
        "and the largest node, gpu-1, has 8 in all."
    )
