"""The pods of a side, counted from what the API server says of them."""

from typing import Any

import pytest

from k8sai.canary.pods import Pods, counted, trouble_of

Json = dict[str, Any]


def pod(name: str = "chat-0", *, gpus: int = 1, ready: bool = True, **status: Any) -> Json:
    conditions = [{"type": "Ready", "status": str(ready)}]
    return {
        "metadata": {"name": name},
        "spec": {"containers": [{"name": "main", "resources": {"limits": {"nvidia.com/gpu": str(gpus)}}}]},
        "status": {"phase": "Running", "conditions": conditions, **status},
    }


def waiting(reason: str, last: str = "") -> Json:
    state: Json = {"name": "main", "ready": False, "state": {"waiting": {"reason": reason}}}
    return {"containerStatuses": [state | ({"lastState": {"terminated": {"reason": last}}} if last else {})]}


def test_cards_and_readiness_are_summed() -> None:
    found = counted([pod("b", gpus=4), pod("a", gpus=4, ready=False)])
    assert found == Pods(names=("a", "b"), ready=1, gpus=8.0)


def test_what_has_ended_or_is_ending_does_not_count() -> None:
    ending = pod("b")
    ending["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert counted([pod("a", phase="Failed"), ending]) == Pods()


def test_a_slice_counts_as_its_share_of_a_card() -> None:
    one = pod()
    one["spec"]["containers"][0]["resources"] = {"limits": {"nvidia.com/mig-1g.10gb": "7"}}
    assert counted([one]).gpus == 1.0


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (waiting("CrashLoopBackOff"), "CrashLoopBackOff"),
        (waiting("CrashLoopBackOff", "OOMKilled"), "CrashLoopBackOff after OOMKilled"),
        (waiting("ImagePullBackOff"), "ImagePullBackOff"),
        (waiting("ContainerCreating"), ""),
        (waiting("ContainerCreating", "OOMKilled"), "OOMKilled"),
        ({}, ""),
    ],
)
def test_trouble_is_what_waiting_does_not_mend(status: Json, said: str) -> None:
    assert trouble_of(pod(ready=False, **status)) == said


def test_why_a_pod_is_not_bound_is_told_in_the_schedulers_words() -> None:
    one = pod(ready=False)
    one["status"]["conditions"] = [{"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available"}]
    assert counted([one]).pending == "chat-0: 0/3 nodes are available"
