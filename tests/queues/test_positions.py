"""Places in line: as Kueue's visibility API says them, page by page; by our own order where it may not be asked."""

from collections.abc import Mapping
from typing import Any

import pytest

from k8sai.errors import ClusterError, Forbidden, K8saiError, NotFound
from k8sai.queues.positions import Position, read
from k8sai.queues.setting import Setting
from tests.queues.simulate_objects import gpu_tree, local_queue, setting, workload

V2 = "/apis/visibility.kueue.x-k8s.io/v1beta2"
V1 = "/apis/visibility.kueue.x-k8s.io/v1beta1"
CQ, MAIN, BATCH = (
    "clusterqueues/finetune/pendingworkloads",
    "namespaces/ns-finetune/localqueues/main/pendingworkloads",
    "namespaces/ns-finetune/localqueues/batch/pendingworkloads",
)


def site() -> Setting:
    """Three wait at finetune, in two LocalQueues; by our order b, a, c."""
    return setting(
        [
            *gpu_tree(),
            local_queue("ns-finetune", "finetune", "batch"),
            workload("ns-finetune", "a", 4),
            workload("ns-finetune", "b", 4, priority=10, queue="batch"),
            workload("ns-finetune", "c", 4, queue="batch", created="2026-11-03T10:30:00Z"),
            workload("ns-finetune", "off", 4, active=False),
        ]
    )


def item(name: str, place: int, own: int, queue: str = "main", namespace: str = "ns-finetune") -> dict[str, Any]:
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": "u"}
    meta = {
        "name": f"job-{name}",
        "namespace": namespace,
        "ownerReferences": [owner],
        "creationTimestamp": "2026-11-03T10:00:00Z",
    }
    return {
        "metadata": meta,
        "priority": 7,
        "localQueueName": queue,
        "positionInClusterQueue": place,
        "positionInLocalQueue": own,
    }


class Kueue:
    """Answers a path with all its items by limit and offset, or fails with what it has for it."""

    def __init__(self, answers: Mapping[str, list[dict[str, Any]] | K8saiError]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def __call__(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        self.asked.append(f"{path} {query['offset']}")
        found = self.answers.get(path, NotFound("nothing there"))
        if isinstance(found, K8saiError):
            raise found
        start = int(query["offset"])
        return {"items": found[start : start + int(query["limit"])]}


def places(found: Any, site: Setting) -> dict[str, Position | None]:
    return {name: found.of(site.workloads[f"ns-finetune/job-{name}"]) for name in ("a", "b", "c", "off")}


def test_kueues_own_word_counts_from_one_and_is_exact() -> None:
    here = site()
    found = read(Kueue({f"{V2}/{CQ}": [item("a", 0, 0), item("c", 1, 0, "batch"), item("b", 2, 1, "batch")]}), here)
    assert places(found, here) == {
        "a": Position(1, 1, True, 3, 1),
        "c": Position(2, 1, True, 3, 2),
        "b": Position(3, 2, True, 3, 2),
        "off": None,
    }
    assert found.unseen == ()


def test_a_cluster_queue_that_is_not_there_is_not_asked_about() -> None:
    here = setting([local_queue("ns", "gone"), workload("ns", "a", 4)])
    kueue = Kueue({})
    found = read(kueue, here)
    assert (found.of(here.workloads["ns/job-a"]), kueue.asked, found.unseen) == (None, [], ())


def test_the_older_version_is_asked_where_the_newer_is_not_served_and_remembered() -> None:
    here = site()
    kueue = Kueue({f"{V1}/{CQ}": [item("a", 0, 0)], f"{V1}/clusterqueues/students/pendingworkloads": []})
    found = read(kueue, here, ["finetune", "students"])
    assert found.of(here.workloads["ns-finetune/job-a"]) == Position(1, 1, True, 1, 1)
    assert kueue.asked == [f"{V2}/{CQ} 0", f"{V1}/{CQ} 0", f"{V1}/clusterqueues/students/pendingworkloads 0"]


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (999, 1), (1000, 2), (1001, 2), (2500, 3)])
def test_pages_are_read_until_one_is_short(count: int, pages: int) -> None:
    items = [item(f"w{n}", n, n) for n in range(count)]
    kueue = Kueue({f"{V2}/{CQ}": items})
    found = read(kueue, site(), ["finetune"])
    assert len(found.standing) == count
    assert len(kueue.asked) == pages
    if count:
        assert found.standing[f"ns-finetune/job-w{count - 1}"].position.cluster_queue == count


def test_who_may_not_ask_about_a_cluster_queue_asks_about_its_local_queues() -> None:
    here = site()
    kueue = Kueue(
        {
            f"{V2}/{CQ}": Forbidden("no", "can-i"),
            f"{V2}/{MAIN}": [item("a", 4, 0)],
            f"{V2}/{BATCH}": [item("b", 0, 0, "batch")],
        }
    )
    found = read(kueue, here)
    assert places(found, here) == {
        "a": Position(5, 1, True, None, 1),
        "b": Position(1, 1, True, None, 1),
        "c": None,
        "off": None,
    }
    assert found.unseen == ()  # nothing that matters is hidden


def test_a_local_queue_that_may_not_be_asked_about_is_computed_and_the_rest_is_exact() -> None:
    here = site()
    kueue = Kueue(
        {f"{V2}/{CQ}": Forbidden("no"), f"{V2}/{MAIN}": [item("a", 1, 0)], f"{V2}/{BATCH}": Forbidden("nor this")}
    )
    found = read(kueue, here)
    assert places(found, here) == {
        "a": Position(2, 1, True, None, 1),
        "b": Position(1, 1, False, 3, 2),
        "c": Position(3, 2, False, 3, 2),
        "off": None,
    }
    assert [gap.what for gap in found.unseen] == [
        "clusterqueues.visibility.kueue.x-k8s.io/pendingworkloads",
        "localqueues.visibility.kueue.x-k8s.io/pendingworkloads",
    ]


@pytest.mark.parametrize("failure", [NotFound("not served"), ClusterError("503: the server is away", "later")])
def test_without_the_api_the_order_is_ours_and_says_so(failure: K8saiError) -> None:
    here = site()
    kueue = Kueue({f"{V2}/{CQ}": failure, f"{V1}/{CQ}": failure})
    found = read(kueue, here)
    assert places(found, here) == {
        "b": Position(1, 1, False, 3, 2),
        "a": Position(2, 1, False, 3, 1),
        "c": Position(3, 2, False, 3, 2),
        "off": None,
    }
    assert found.unseen[0].what == "visibility.kueue.x-k8s.io"
    assert [one.text for one in filter(None, places(found, here).values())] == ["≈2", "≈1", "≈3"]


def test_a_server_that_is_away_is_asked_once() -> None:
    kueue = Kueue({f"{V2}/{CQ}": ClusterError("503")})
    read(kueue, site(), ["finetune", "students"])
    assert kueue.asked == [f"{V2}/{CQ} 0"]


def test_a_recording_has_no_kueue_to_ask_and_nothing_is_missing() -> None:
    here = site()
    found = read(None, here)
    assert places(found, here)["a"] == Position(2, 1, False, 3, 1)
    assert found.unseen == ()


def test_what_the_api_tells_of_workloads_that_may_not_be_read() -> None:
    found = read(Kueue({f"{V2}/{CQ}": [item("far", 0, 0, "main", "elsewhere")]}), site(), ["finetune"])
    one = found.standing["elsewhere/job-far"]
    assert (one.owner, one.priority, one.queue, one.position.text) == ("job/far", 7, "main", "1")
