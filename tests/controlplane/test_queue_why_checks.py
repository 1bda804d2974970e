"""`queue why` on a real Kueue: admission checks that wait, want a retry, or reject."""

from typing import Any

import pytest

from k8sai.errors import Exit
from tests.controlplane.queue_cases import KUEUE, job
from tests.controlplane.queue_place import QueuePlace, condition
from tests.queues.simulate_objects import made

pytestmark = pytest.mark.controlplane


@pytest.fixture
def checked(place: QueuePlace) -> tuple[QueuePlace, str]:
    """A queue with a check that nobody answers but the test; and a workload that waits for it."""
    check = place.name("chk")
    path = f"{KUEUE}/admissionchecks"
    place.put(made("AdmissionCheck", check, {"controllerName": "example.com/check"}))
    active = {"type": "Active", "status": "True", "reason": "Active", "message": ""}
    active["lastTransitionTime"] = "2026-01-01T00:00:00Z"
    place.patch_status(f"{path}/{check}", {"conditions": [active]})
    place.queue(admissionChecksStrategy={"admissionChecks": [{"name": check}]})
    place.create(job("train", 1))
    place.workload("train", lambda one: bool((one.get("status") or {}).get("admissionChecks")))
    return place, check


def answer(place: QueuePlace, check: str, state: str, **more: Any) -> None:
    """As the check's controller writes it."""
    workload = place.decided("train")
    now = condition(workload, "QuotaReserved")["lastTransitionTime"]
    said = {"name": check, "state": state, "lastTransitionTime": now, "message": "", **more}
    place.patch_status(
        f"{KUEUE}/namespaces/{place.namespace}/workloads/{workload['metadata']['name']}", {"admissionChecks": [said]}
    )


def test_a_check_that_has_not_answered(checked: tuple[QueuePlace, str]) -> None:
    place, check = checked
    why = place.agreed("train", "UnsatisfiedAdmissionChecks", Exit.WAITING)
    assert f"AdmissionCheck {check} has not answered" in why.message


def test_a_check_that_wants_a_retry(checked: tuple[QueuePlace, str]) -> None:
    place, check = checked
    answer(place, check, "Retry", message="no capacity", requeueAfterSeconds=3600)
    place.workload("train", lambda one: bool((one["status"].get("requeueState") or {}).get("requeueAt")))
    why = place.why("job/train")
    assert (why.code, why.exit) == ("RequeueBackoff", Exit.WAITING)
    assert why.message.startswith("it backs off until ")


def test_a_check_that_rejects(checked: tuple[QueuePlace, str]) -> None:
    place, check = checked
    answer(place, check, "Rejected", message="quota denied by cloud")
    place.workload("train", lambda one: one["spec"].get("active") is False)
    why = place.why("job/train")
    assert (why.code, why.exit) == ("AdmissionCheckRejected", Exit.BLOCKED)
    assert "quota denied by cloud" in why.sentence
