"""Kueue's objects followed live: an event changes one object, a Setting is put together once per change."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from k8sai.cluster.connect import connect
from k8sai.cluster.options import Options
from k8sai.cluster.sources import Source
from k8sai.cluster.whole import Meta, Whole
from k8sai.queues.live import Known, LiveQueues, hidden
from k8sai.queues.setting import CLUSTER_QUEUES, LOCAL_QUEUES, WORKLOADS
from tests.commands.queue_canned import answers
from tests.commands.server import Canned, write_kubeconfig
from tests.queues.simulate_objects import Json, cluster_queue, gpu_tree, local_queue, namespace, setting, workload


def whole(body: Json) -> Any:
    return Whole(Meta("1"), body)


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_events_are_objects_put_and_dropped() -> None:
    known = Known()
    known.put(CLUSTER_QUEUES, whole(cluster_queue("a", 8)))
    known.put(LOCAL_QUEUES, whole(local_queue("ml", "a")))
    assert set(known.setting().cluster_queues) == {"a"}
    assert set(known.setting().local_queues) == {"ml/main"}
    known.drop(CLUSTER_QUEUES, whole(cluster_queue("a", 8)))
    known.drop(CLUSTER_QUEUES, whole(cluster_queue("never", 8)))
    assert not known.setting().cluster_queues


def test_a_list_replaces_all_of_its_kind_and_nothing_else() -> None:
    known = Known()
    known.put(CLUSTER_QUEUES, whole(cluster_queue("old", 8)))
    known.put(WORKLOADS, whole(workload("ml", "w", 2)))
    known.replace(CLUSTER_QUEUES, map(whole, [cluster_queue("new", 8)]))
    assert set(known.setting().cluster_queues) == {"new"}
    assert set(known.setting().workloads) == {"ml/job-w"}


def test_a_setting_is_not_changed_by_what_comes_later() -> None:
    known = Known()
    before = known.setting()
    known.put("namespaces", whole(namespace("ml", team="x")))
    assert before.namespaces == {}
    assert known.setting().namespaces == {"ml": {"team": "x"}}


def test_waiting_ends_with_the_next_change_and_not_before() -> None:
    known = Known()
    version = known.version
    assert not known.wait(version, 0.0)
    known.put(CLUSTER_QUEUES, whole(cluster_queue("a", 8)))
    assert known.wait(version, 0.0)


def test_what_may_not_be_seen_is_said_and_what_is_not_served_hides_nothing() -> None:
    found = hidden(
        [
            Source(CLUSTER_QUEUES, "forbidden", message="no", hint="ask"),
            Source(WORKLOADS, "live", namespace="ml", message="not everywhere", hint="ask too"),
            Source("cohorts.kueue.x-k8s.io", "absent", message="not served"),
            Source(LOCAL_QUEUES, "live"),
        ]
    )
    assert [(gap.what, gap.why, gap.hint) for gap in found] == [
        (CLUSTER_QUEUES, "no", "ask"),
        (WORKLOADS, "not everywhere", "ask too"),
    ]


# --- of a server ------------------------------------------------------------------------------------------------------


@pytest.fixture
def following(tmp_path: Path) -> Iterator[Any]:
    """Follows a server with these answers until the test is over."""
    running: list[tuple[LiveQueues, Canned]] = []

    def follow(objects: list[Json], **more: Any) -> LiveQueues:
        canned = Canned(answers(objects, **more))
        canned.__enter__()
        file = write_kubeconfig(tmp_path / "kubeconfig", canned.url, namespace=more.get("own", ""))
        queues = LiveQueues(connect(Options(kubeconfig=str(file))))
        running.append((queues, canned))
        queues.start()
        assert queues.wait_synced(30)
        return queues

    yield follow
    for queues, canned in running:
        queues.stop()
        canned.__exit__(None, None, None)


def test_the_setting_is_what_reading_it_once_would_be(following: Any) -> None:
    found, read = following(gpu_tree()).setting(), setting(gpu_tree())
    for part in ("cluster_queues", "local_queues", "cohorts", "flavors", "workloads", "namespaces"):
        assert set(getattr(found, part)) == set(getattr(read, part)), part
    assert found.reserving.keys() == read.reserving.keys()
    assert found.hidden == ()


def test_what_is_denied_is_hidden_and_the_own_namespace_is_followed(following: Any) -> None:
    found = following(gpu_tree(), denied=["clusterqueues", "workloads"], own="ns-finetune").setting()
    assert {gap.what for gap in found.hidden} == {CLUSTER_QUEUES, WORKLOADS}
    assert all("kubectl auth can-i list" in gap.hint for gap in found.hidden)
    assert found.blind(WORKLOADS) and found.within == {WORKLOADS: "ns-finetune"}
    assert set(found.workloads) == {"ns-finetune/job-sft-70b", "ns-finetune/job-eval-grid"}
