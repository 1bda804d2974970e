"""A queue of KAI or Volcano holds it back: in that scheduler's own words, with the numbers."""

from typing import Any

import pytest

from k8sai.errors import Exit
from tests.queues.test_simulate_others import OVER_LIMIT, OVER_QUOTA, pod_group
from tests.why.cluster import ask, layer
from tests.why.objects import Json, node, pod


def kai(*reasons: Json) -> list[Json]:
    waits = pod("train-0", 8)
    waits["metadata"]["annotations"] = {"pod-group-name": "big"}
    return [node("gpu-1"), waits, pod_group("big", "team-a", *reasons)]


def over(asked: str) -> Json:
    details = {**OVER_LIMIT["details"]["queueDetails"], "podGroupRequestedResources": {"nvidia.com/gpu": asked}}
    return {**OVER_LIMIT, "details": {"queueDetails": details}}


def test_kai_says_that_the_queue_is_at_its_limit() -> None:
    why = ask("train-0", *kai(OVER_LIMIT))
    assert why.sentence == (
        "train-0 waits: KAI queue team-a is at its limit: nvidia.com/gpu: asks 8, 12 allocated, limit 16."
    )
    assert (why.code, why.exit, why.next) == ("QueueWaiting", Exit.WAITING, "k8sai queue list")
    assert layer(why, "queue").evidence == ("OverLimit: team-a limit reached: 16 GPUs",)


@pytest.mark.parametrize(
    ("reason", "code", "words"),
    [
        (OVER_QUOTA, "QueueWaiting", "has no quota left for what may not be preempted: nvidia.com/gpu: asks 8"),
        (over("24"), "QueueNeverFits", "is at its limit: nvidia.com/gpu: asks 24, 12 allocated, limit 16"),
        ({"reason": "QueueDoesNotExist", "message": "no queue"}, "QueueInactive", "KAI queue team-a does not exist"),
    ],
)
def test_kais_other_reasons(reason: Json, code: str, words: str) -> None:
    why = ask("train-0", *kai(reason))
    assert why.code == code
    assert words in why.sentence


def test_a_reason_that_is_not_the_queues_is_left_to_other_layers() -> None:
    why = ask("train-0", *kai({"reason": "PreemptionDelayNotElapsed", "message": "wait"}))
    assert layer(why, "queue").status == "n/a"


def volcano(queue: Json | None, phase: str = "Pending", gpus: int = 8) -> list[Json]:
    waits = pod("train-0", 8)
    waits["metadata"]["annotations"] = {"scheduling.k8s.io/group-name": "big"}
    group: dict[str, Any] = {
        "apiVersion": "scheduling.volcano.sh/v1beta1",
        "kind": "PodGroup",
        "metadata": {"name": "big", "namespace": "ml"},
        "spec": {"queue": "research", "minMember": 1, "minResources": {"nvidia.com/gpu": gpus}},
        "status": {"phase": phase},
    }
    other = {"apiVersion": "scheduling.volcano.sh/v1beta1", "kind": "Queue", "metadata": {"name": "default"}}
    queues = [] if queue is None else [{**other, "metadata": {"name": "research"}, **queue}]
    return [node("gpu-1"), waits, group, other, *queues]


FULL = {
    "spec": {"capability": {"nvidia.com/gpu": 16}},
    "status": {"state": "Open", "allocated": {"nvidia.com/gpu": "12"}},
}


@pytest.mark.parametrize(
    ("queue", "gpus", "code", "words"),
    [
        ({"status": {"state": "Closed"}}, 8, "QueueInactive", "Volcano queue research is Closed"),
        (None, 8, "QueueInactive", "there is no Volcano queue research"),
        (
            FULL,
            8,
            "QueueWaiting",
            "Volcano queue research is full: nvidia.com/gpu: asks 8, 12 allocated, capability 16",
        ),
        (FULL, 24, "QueueNeverFits", "asks 24, 12 allocated, capability 16"),
    ],
)
def test_volcanos_queues(queue: Json | None, gpus: int, code: str, words: str) -> None:
    why = ask("train-0", *volcano(queue, gpus=gpus))
    assert why.code == code
    assert words in why.sentence


def test_what_has_passed_the_queue_does_not_wait_for_it() -> None:
    assert layer(ask("train-0", *volcano(FULL, phase="Inqueue")), "queue").status == "n/a"
    assert layer(ask("train-0", *volcano(FULL, gpus=4)), "queue").status == "n/a"
