"""Whether a canary has quota: of its namespace, and in its queue of Kueue."""

from typing import Any

import pytest

from k8sai.canary.checks.room import insist, room, whole
from k8sai.canary.checks.room_answer import Answer
from k8sai.errors import NoCapacity
from tests.canary.sites import GPU, QUEUE, Json, canary, flags, full, node, quota, short_of, site
from tests.queues.simulate_objects import cluster_queue, flavor, local_queue


def test_a_resource_quota() -> None:
    hard = {f"requests.{GPU}": "24"}
    found = short_of(room(site(*full(), node("free"), quota(hard, hard)), [canary()]))
    assert (found.code, found.missing) == ("quota", {f"requests.{GPU}": "8"})
    assert "ResourceQuota prod/gpus leaves 0 of 24" in found.sentence


def test_a_swap_gives_its_quota_back() -> None:
    hard = {f"requests.{GPU}": "24"}
    assert flags(room(site(*full(), quota(hard, hard)), [canary()])) == ["--swap"]


LABELS = {"version": "v2", QUEUE: "team"}


def kueue(nominal: int, **more: Any) -> tuple[Json, ...]:
    return (flavor("h100"), cluster_queue("gpus", nominal, **more), local_queue("prod", "gpus", "team"))


def test_quota_of_kueue_is_enough() -> None:
    assert room(site(node("a"), node("b"), *kueue(16)), [canary(2, labels=LABELS)]) == Answer()


def test_quota_of_kueue_is_short() -> None:
    found = short_of(room(site(node("a"), node("b"), *kueue(8)), [canary(2, labels=LABELS)]))
    assert (found.code, found.missing) == ("queue", {GPU: "8"})
    assert [one.flag for one in found.options] == ["--warm-replicas 1"]


def test_quota_zero_is_never_enough() -> None:
    found = short_of(room(site(node("a"), *kueue(0)), [canary(labels=LABELS)]))
    assert found.never
    assert found.missing == {GPU: "8"}


def test_another_queue_with_room_is_named() -> None:
    other = (cluster_queue("spare", 8), local_queue("prod", "spare", "spare"))
    found = short_of(room(site(node("a"), *kueue(0), *other), [canary(labels=LABELS)]))
    assert [one.text for one in found.options] == [f"LocalQueue spare has the quota: label the pods {QUEUE}=spare"]


def test_what_is_short_in_a_queue_is_said_in_kueues_arithmetic() -> None:
    with pytest.raises(NoCapacity) as caught:
        insist(whole(site(node("a"), node("b"), *kueue(8), backend="rollout"), [canary(2, labels=LABELS)], []))
    assert caught.value.message == (
        "nothing was created: the canary finds no room (lacking 8 nvidia.com/gpu): its pod (2 of 2) is short of 8 of 8 "
        "GPU in h100; the limit that binds: all 8 GPU of ClusterQueue gpus"
    )
    assert caught.value.hint == "`k8sai queue list` shows who holds the quota"


def test_a_queue_that_is_not_there() -> None:
    found = short_of(room(site(node("a"), *kueue(8)), [canary(labels={QUEUE: "taem"})]))
    assert found.code == "queue"
    assert "has no LocalQueue taem" in found.sentence


def test_a_default_queue_is_told_and_decides_nothing() -> None:
    queues = (flavor("h100"), cluster_queue("gpus", 0), local_queue("prod", "gpus", "default"))
    found = room(site(node("a"), *queues), [canary()])
    assert found.short is None
    assert found.notes[0].startswith("LocalQueue default takes what names no queue; should Kueue manage these pods: ")


def test_a_queue_label_without_kueue_means_nothing() -> None:
    assert room(site(node("a")), [canary(labels=LABELS)]) == Answer()
