"""Gangs of every kind that a control plane of ours runs: found by one pod, stopped once, started whole.

The controllers of Kubernetes, JobSet, LWS, Trainer and Kueue are the real ones.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from k8sai.evict.keeping.find import parked
from k8sai.evict.keeping.names import MARK, PARKED
from k8sai.evict.switches.all import next_start, next_stop
from k8sai.evict.switches.parked import as_gang
from k8sai.evict.switches.step import REPLICAS, Never, Wait
from tests.controlplane.evict_gangs import DRAIN, Hand, state_of
from tests.controlplane.server import ControlPlane
from tests.controlplane.session import ControlPlanes
from tests.evict import yard_objects as objects
from tests.evict.yard import yard_on

pytestmark = pytest.mark.controlplane
Json = dict[str, Any]


@pytest.fixture
def hand(plane: ControlPlane, addon: Callable[..., None]) -> Iterator[Hand]:
    addon("jobset", "lws", "trainer", "kueue")
    with yard_on(plane.api, "gangs") as yard:
        yard.nodes("a", "b")
        yield Hand(yard, str(plane.kubeconfig()))


def queue(hand: Hand) -> str:
    hand.yard.put(*objects.queues(hand.yard.namespace, 16))
    return "main"


def notes(obj: Json) -> Json:
    return obj["metadata"].get("annotations") or {}


def make(hand: Hand, kind: str) -> None:
    """A gang `llm` of two pods of 4 GPUs each."""
    where = hand.yard.namespace
    kueue = queue(hand) if kind.startswith("kueue-") else ""
    match kind.removeprefix("kueue-"):
        case "job":
            hand.yard.put(objects.job("llm", where, gpus=4, queue=kueue))
        case "jobset":
            hand.yard.put(objects.jobset("llm", where, gpus=4, queue=kueue))
        case "trainjob":
            trainjob = objects.trainjob("llm")
            trainjob["metadata"]["labels"] = {objects.QUEUE: kueue} if kueue else {}
            hand.yard.put(objects.runtime("llm", where, gpus=4), trainjob)
        case "lws":
            lws = objects.workers("llm", where, gpus=4)
            lws["metadata"]["labels"] = {objects.QUEUE: kueue} if kueue else {}
            hand.yard.put(lws)
        case "statefulset":
            hand.yard.put(stateful("llm", where, kueue))
    hand.yard.runs("llm", 2)


def stateful(name: str, where: str, queue: str = "") -> Json:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": objects.pod_spec(4, where)}
    spec = {"replicas": 2, "serviceName": name, "selector": {"matchLabels": labels}, "template": template}
    meta = {"name": name, "labels": {objects.QUEUE: queue} if queue else {}}
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": meta, "spec": spec}


WAYS = {
    "job": ("Job", "suspend", "jobs.batch"),
    "jobset": ("JobSet", "suspend", "jobsets.jobset.x-k8s.io"),
    "trainjob": ("TrainJob", "suspend", "trainjobs.trainer.kubeflow.org"),
    "lws": ("LeaderWorkerSet", "scale", "leaderworkersets.leaderworkerset.x-k8s.io"),
    "statefulset": ("StatefulSet", "scale", "statefulsets.apps"),
    "kueue-job": ("Job", "kueue", "jobs.batch"),
    "kueue-jobset": ("JobSet", "kueue", "jobsets.jobset.x-k8s.io"),
    "kueue-trainjob": ("TrainJob", "kueue", "trainjobs.trainer.kubeflow.org"),
    "kueue-lws": ("LeaderWorkerSet", "kueue", "leaderworkersets.leaderworkerset.x-k8s.io"),
    "kueue-statefulset": ("StatefulSet", "kueue", "statefulsets.apps"),
}


def below(hand: Hand, kind: str) -> dict[str, Json]:
    return {one["metadata"]["name"]: one for one in hand.yard.listed(kind)}


@pytest.mark.parametrize("kind", WAYS)
def test_it_is_stopped_once_and_started_as_it_was(hand: Hand, kind: str) -> None:
    """From one pod of it. Its owners stay the same objects; nothing counts as a failure or a restart."""
    make(hand, kind)
    name, switch, full = WAYS[kind]
    gang = hand.gang("llm")
    assert (gang.kind, gang.switch.kind, gang.refusal, len(gang.pods), gang.expected) == (name, switch, "", 2, 2)
    owner, jobs, sets = hand.yard.get(full, "llm"), below(hand, "jobs.batch"), below(hand, "jobsets.jobset.x-k8s.io")

    state = state_of(gang)
    assert hand.stop(state) is None
    assert len(hand.writes) == 1
    on = hand.writes[0].on
    stopped = hand.yard.get(on.kind, on.name)
    assert (notes(stopped)[PARKED], notes(stopped)[MARK]) == (DRAIN, DRAIN)
    assert not [one for one in hand.yard.listed("pods") if one["status"].get("phase") == "Running"]

    reading = hand.reading()
    (marked,) = [one for one in parked(reading) if one.drain == DRAIN]
    found = as_gang(marked.object, reading)
    assert (found.ref.uid, found.switch.kind) == (gang.ref.uid, switch)
    assert hand.start(found) is None
    assert len(hand.writes) == 2
    hand.yard.runs("llm", 2)
    again = hand.yard.get(on.kind, on.name)
    assert not {PARKED, MARK, REPLICAS} & set(notes(again))
    assert next_start(state, hand.reading(), DRAIN) is None
    assert list(parked(hand.reading())) == []

    assert hand.yard.get(full, "llm")["metadata"]["uid"] == owner["metadata"]["uid"]
    for before, kind_of in ((jobs, "jobs.batch"), (sets, "jobsets.jobset.x-k8s.io")):
        after = below(hand, kind_of)
        assert {key: one["metadata"]["uid"] for key, one in after.items()} == {
            key: one["metadata"]["uid"] for key, one in before.items()
        }
        for one in after.values():
            assert not one["status"].get("failed") and not one["status"].get("restarts")
            assert not one["status"].get("completedIndexes")


def test_of_several_groups_one_is_made_anew_by_its_leader(hand: Hand) -> None:
    lws = objects.workers("llm", hand.yard.namespace, gpus=2)
    lws["spec"]["replicas"] = 3
    hand.yard.put(lws)
    before = hand.yard.runs("llm", 6)
    found = hand.gang("llm-1")
    assert (found.part, found.switch.kind, len(found.pods)) == ("1", "leader", 2)
    assert [one.part for one in hand.gangs("llm")] == ["0", "1", "2"]

    assert hand.stop(state_of(found)) is None
    assert [one.on.name for one in hand.writes] == ["llm-1"]
    after = hand.yard.runs("llm", 6)
    assert {name for name, uid in after.items() if before[name] != uid} == {"llm-1", "llm-1-1"}


@pytest.mark.parametrize("kind", ["jobset", "trainjob", "kueue-jobset"])
def test_a_rank_that_ended_before_the_stop_is_back_after_the_start(hand: Hand, kind: str) -> None:
    """Its Job is deleted while the gang is stopped, and made anew: no restart is counted."""
    make(hand, kind)
    state = state_of(hand.gang("llm"))
    complete(hand)
    assert hand.stop(state) is None
    (job,) = below(hand, "jobs.batch").values()
    assert job["status"]["completedIndexes"] == "0"

    assert hand.start(state) is None
    assert [bool(one.delete) for one in hand.writes] == [False, True, False]
    hand.yard.runs("llm", 2)
    (made,) = below(hand, "jobs.batch").values()
    assert made["metadata"]["uid"] != job["metadata"]["uid"] and not made["status"].get("succeeded")
    (jobset,) = below(hand, "jobsets.jobset.x-k8s.io").values()
    assert not jobset["status"].get("restarts") and not jobset["status"].get("restartsCountTowardsMax")


def test_a_job_alone_that_lacks_a_rank_stays_stopped_and_says_so(hand: Hand) -> None:
    make(hand, "job")
    state = state_of(hand.gang("llm"))
    complete(hand)
    assert hand.stop(state) is None
    never = hand.start(state)
    assert isinstance(never, Never)
    assert never.why == "job/llm stays suspended: index 0 is complete for good, and it would run without"
    assert len(hand.writes) == 1 and notes(hand.yard.get("jobs.batch", "llm"))[PARKED] == DRAIN


def complete(hand: Hand) -> None:
    """Rank 0 exits 0."""
    first = next(one for one in hand.yard.listed("pods") if "-0-" in one["metadata"]["name"].removeprefix("llm-node"))
    hand.yard.annotate("pods", first, {"test.k8sai.dev/complete-after": "0s"})
    hand.yard.api.until(
        hand.yard.path("jobs.batch"), lambda found: any(one["status"].get("completedIndexes") for one in found.values())
    )


def test_what_somebody_else_has_stopped_is_left_to_him(hand: Hand) -> None:
    make(hand, "jobset")
    state = state_of(hand.gang("llm"))
    path = hand.yard.path("jobsets.jobset.x-k8s.io", "llm")
    hand.yard.api.patch(path, {"spec": {"suspend": True}}).ok()
    assert isinstance(next_stop(state, hand.reading(), DRAIN), Wait)
    assert hand.start(state) is None and hand.writes == []
    assert hand.yard.get("jobsets.jobset.x-k8s.io", "llm")["spec"]["suspend"] is True


def test_bare_pods_of_a_group_are_evicted_one_by_one(hand: Hand) -> None:
    for rank in ("llm-0", "llm-1"):
        pod = objects.bare(rank, hand.yard.namespace, gpus=4)
        pod["metadata"]["labels"] = {"scheduling.x-k8s.io/pod-group": "llm"}
        hand.yard.put(pod)
    hand.yard.runs("llm", 2)
    gang = hand.gang("llm-1")
    assert (gang.kind, gang.switch.kind, gang.managed, len(gang.pods)) == ("PodGroup", "evict", False, 2)
    assert hand.stop(state_of(gang)) is None
    assert sorted(one.on.name for one in hand.writes) == ["llm-0", "llm-1"]
    assert hand.start(state_of(gang)) is None and len(hand.writes) == 2


def test_a_native_pod_group_is_evicted_pod_by_pod_since_it_has_no_switch(controlplanes: ControlPlanes) -> None:
    plane = controlplanes.get("GenericWorkload=true")
    with yard_on(plane.api, "gangs") as yard:
        yard.nodes("a", "b")
        hand = Hand(yard, str(plane.kubeconfig()))
        group = {"metadata": {"name": "ring"}, "spec": {"schedulingPolicy": {"gang": {"minCount": 2}}}}
        made = yard.api.post(f"/apis/scheduling.k8s.io/v1beta1/namespaces/{yard.namespace}/podgroups", group).ok()
        for rank in ("llm-0", "llm-1"):
            pod = objects.bare(rank, yard.namespace, gpus=4)
            pod["spec"]["schedulingGroup"] = {"podGroupName": "ring"}
            yard.put(pod)
        yard.runs("llm", 2)
        gang = hand.gang("llm-1")
        assert (gang.id, gang.ref.name, gang.expected) == (made["metadata"]["uid"], "ring", 2)
        assert (gang.switch.kind, gang.managed, len(gang.pods)) == ("evict", False, 2)
        assert hand.stop(state_of(gang)) is None
        assert sorted(one.on.name for one in hand.writes) == ["llm-0", "llm-1"]
