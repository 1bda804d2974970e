"""What `d` and `e` say of objects."""

from collections.abc import Iterable

import pytest

from k8sai.errors import NotFound, Refused
from k8sai.tui.describe import describe
from k8sai.tui.ink import Line, flat
from k8sai.tui.object_events import NONE, events_of
from k8sai.tui.subject import Subject, node, pod
from tests.tui import objects
from tests.tui.world import NOW


def said(lines: Iterable[Line]) -> str:
    return "\n".join(" ".join(flat(line).split()) for line in lines)


def test_a_pod_in_words() -> None:
    text = said(describe(objects.cluster(), pod("team-llm", "eval-0"), NOW))
    for fact in (
        "Name eval-0",
        "Created 2026-11-21T07:00:00Z 3h ago",
        "Owned by Job/eval",
        "Node h100-02",
        "Priority 100 (research)",
        "main registry.example.com/eval:3",
        "state running for 60m",
        "before that ended with 137, OOMKilled, 61m ago",
        "restarts 2",
        "requests cpu=8 nvidia.com/gpu=4",
        "command --steps 100",
        "environment MODE=fast",
        "TOKEN from secret hub token",
        "state waiting: ImagePullBackOff",
        "Selector pool=h100",
        "Tolerates nvidia.com/gpu:NoSchedule",
        "node.kubernetes.io/not-ready:NoExecute for 300 s",
        "data persistentVolumeClaim sets",
        "Ready False 60m ContainersNotReady containers with unready status: [sidecar]",
        "5m 7 Warning BackOff kubelet Back-off pulling image",
    ):
        assert fact in text, fact
    assert "managedFields" not in text
    assert "Scheduler" not in text  # the usual one goes without saying


def test_a_node_in_words() -> None:
    lines = describe(objects.cluster(), node("h100-02"), NOW)
    text = said(lines)
    for fact in (
        "Roles gpu",
        "Cordoned yes: no new pod starts here",
        "Taints nvidia.com/gpu:NoSchedule",
        "nvidia.com/gpu 8 7",
        "Kubelet v1.37.0",
        "MemoryPressure True",
    ):
        assert fact in text, fact
    cards = next(line for line in lines if flat(line).split() == ["nvidia.com/gpu", "8", "7"])
    assert cards[-1] == ("7", "bad")
    pressure = next(line for line in lines if "MemoryPressure" in flat(line))
    assert pressure[2][1] == "bad"


def test_a_job_in_words() -> None:
    text = said(describe(objects.cluster(), Subject("jobs.batch", "team-llm", "eval"), NOW))
    for fact in ("Suspended yes", "Completions 1 of 2", "Failed 3", "May fail 6 times", "limits nvidia.com/gpu=4"):
        assert fact in text, fact
    assert NONE in text


def test_any_other_kind_as_it_is() -> None:
    things = objects.Things(
        {
            "workloads.kueue.x-k8s.io": [
                {
                    "kind": "Workload",
                    "metadata": {"name": "w", "namespace": "a", "deletionTimestamp": "2026-11-21T09:00:00Z"},
                    "spec": {"queueName": "llm"},
                    "status": {"conditions": [{"type": "Admitted", "status": "False"}], "admission": None},
                }
            ]
        }
    )
    text = said(describe(things, Subject("workloads.kueue.x-k8s.io", "a", "w"), NOW))
    for fact in ("Ending 2026-11-21T09:00:00Z", "queueName: llm", "Admitted False", "They cannot be read"):
        assert fact in text, fact


def test_events_that_may_not_be_read_hide_nothing_else() -> None:
    things = objects.cluster()
    things.refused.add("events")
    text = said(describe(things, pod("team-llm", "eval-0"), NOW))
    assert "They cannot be read: ana may not list events" in text
    assert "Phase Running" in text


def test_events_of_others_of_the_same_name_are_not_shown() -> None:
    things = objects.cluster()
    things.things["events"].append(
        objects.event("eval-0", namespace="team-llm", reason="Mine", lastTimestamp="2026-11-21T09:59:00Z")
    )
    things.things["events"].append(objects.event("eval-1", reason="Other"))
    lines = [line for line in said(events_of(things, pod("team-llm", "eval-0"), NOW)).split("\n") if "Warning" in line]
    assert [line.split()[3] for line in lines] == ["BackOff", "Mine"]


def test_what_is_gone_and_what_is_secret_is_not_described() -> None:
    with pytest.raises(NotFound):
        describe(objects.cluster(), pod("team-llm", "nobody"), NOW)
    with pytest.raises(Refused):
        describe(objects.cluster(), Subject("secrets", "team-llm", "hub"), NOW)
