"""Volumes in trials, with the scheduler's words; what could not be read is unknown, not absent."""

from collections.abc import Mapping
from typing import Any

import pytest

from k8sai.errors import Forbidden, NotFound
from k8sai.scheduling import volumes
from k8sai.scheduling.storage import CLAIMS, CLASSES, Storage, storage_of
from k8sai.scheduling.trial import Candidate, Trial
from tests.scheduling.cluster import NAMESPACE, ZONE, board, held, node, pod

Json = dict[str, Any]


def pvc(
    name: str = "data", to: str = "", *, of: str = "", modes: tuple[str, ...] = ("ReadWriteMany",), **meta: Any
) -> Json:
    """A claim, bound `to` a volume where one is named."""
    notes = {"pv.kubernetes.io/bind-completed": "yes"} if to else {}
    spec: Json = {"accessModes": list(modes), "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": of}
    if to:
        spec["volumeName"] = to
    return {
        "metadata": {"name": name, "namespace": NAMESPACE, "annotations": notes, **meta},
        "spec": spec,
        "status": {"phase": "Bound" if to else "Pending"},
    }


def pv(name: str, *zones: str, of: str = "", size: str = "2Gi", labels: Mapping[str, str] | None = None) -> Json:
    spec: Json = {"capacity": {"storage": size}, "accessModes": ["ReadWriteMany"], "storageClassName": of}
    if zones:
        where = {"key": ZONE, "operator": "In", "values": list(zones)}
        spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": [{"matchExpressions": [where]}]}}
    return {"metadata": {"name": name, "labels": dict(labels or {})}, "spec": spec, "status": {"phase": "Available"}}


def storage_class(
    name: str, mode: str = "WaitForFirstConsumer", provisioner: str = "disk.example.com", **more: Any
) -> Json:
    return {"metadata": {"name": name}, "provisioner": provisioner, "volumeBindingMode": mode, **more}


def storage(*objects: Json) -> Storage:
    kinds: dict[str, dict[Any, Json]] = {"claims": {}, "volumes": {}, "classes": {}}
    for obj in objects:
        name = obj["metadata"]["name"]
        if "provisioner" in obj:
            kinds["classes"][name] = obj
        elif "capacity" in obj["spec"]:
            kinds["volumes"][name] = obj
        else:
            kinds["claims"][NAMESPACE, name] = obj
    return Storage(kinds["claims"], kinds["volumes"], kinds["classes"], frozenset())


def trial_of(of: Storage | None, *pods: Json) -> Trial:
    made = board([node("a", zone="east"), node("b", zone="west")], pods)
    if of is not None:
        made.use_storage(of)
    return Trial(made)


def mounts(trial: Trial, name: str = "p", claim: str = "data") -> Candidate:
    volume = {"name": "v", "persistentVolumeClaim": {"claimName": claim}}
    return trial.candidate_of(pod(name, volumes=[volume, {"name": "tmp", "emptyDir": {}}]))


def reasons(trial: Trial, asks: Candidate, name: str = "a") -> list[str]:
    return [reason for refusal in trial.verdict(asks, name).refusals for reason in refusal.reasons]


@pytest.mark.parametrize(
    ("objects", "says"),
    [
        ((), 'persistentvolumeclaim "data" not found'),
        ((pvc(),), volumes.UNBOUND),
        ((pvc(of="now"), storage_class("now", "Immediate")), volumes.UNBOUND),
        ((pvc(of="absent"),), volumes.UNBOUND),
        (
            (pvc(to="x", deletionTimestamp="2026-11-21T10:00:00Z"), pv("x")),
            'persistentvolumeclaim "data" is being deleted',
        ),
        ((pvc(to="x"),), volumes.NO_VOLUME),
        ((pvc(to="x"), pv("x", "west")), volumes.OTHER_NODE),
        ((pvc(to="x"), pv("x", labels={ZONE: "west"})), volumes.OTHER_ZONE),
        ((pvc(of="later"), storage_class("later", provisioner="kubernetes.io/no-provisioner")), volumes.NONE_TO_BIND),
        (
            (
                pvc(of="later"),
                storage_class(
                    "later", allowedTopologies=[{"matchLabelExpressions": [{"key": ZONE, "values": ["west"]}]}]
                ),
            ),
            volumes.NONE_TO_BIND,
        ),
    ],
)
def test_why_a_node_does_not_take_the_pod(objects: tuple[Json, ...], says: str) -> None:
    trial = trial_of(storage(*objects))
    assert reasons(trial, mounts(trial)) == [says]
    assert trial.verdict(mounts(trial), "a").helpless


@pytest.mark.parametrize(
    ("objects", "nodes"),
    [
        ((pvc(to="x"), pv("x")), {"a", "b"}),
        ((pvc(to="x"), pv("x", "west")), {"b"}),
        ((pvc(to="x"), pv("x", labels={ZONE: "east__west"})), {"a", "b"}),
        ((pvc(of="later"), storage_class("later")), {"a", "b"}),
        (
            (
                pvc(of="local"),
                storage_class("local", provisioner="kubernetes.io/no-provisioner"),
                pv("x", "west", of="local"),
            ),
            {"b"},
        ),
        (
            (
                pvc(of="local"),
                storage_class("local", provisioner="kubernetes.io/no-provisioner"),
                pv("x", of="local", size="1Mi"),
            ),
            set(),
        ),
    ],
)
def test_where_volumes_can_be_had(objects: tuple[Json, ...], nodes: set[str]) -> None:
    trial = trial_of(storage(*objects))
    assert set(trial.rooms(mounts(trial))) == nodes


def test_a_claim_for_one_pod_alone() -> None:
    once = storage(pvc(to="x", modes=("ReadWriteOncePod",)), pv("x"))
    trial = trial_of(once)
    assert len(trial.place([mounts(trial, f"p{i}") for i in range(3)]).nodes) == 1
    assert trial.room(mounts(trial), "a") == 1
    volume = {"name": "v", "persistentVolumeClaim": {"claimName": "data"}}
    trial = trial_of(once, held("x", "b", volumes=[volume]))
    assert reasons(trial, mounts(trial)) == [volumes.IN_USE]
    assert trial.without(pods=["uid-x"]).rooms(mounts(trial))


def test_a_volume_bound_for_the_first_pod_holds_the_others() -> None:
    local = storage_class("local", provisioner="kubernetes.io/no-provisioner")
    trial = trial_of(storage(pvc(of="local"), local, pv("x", "west", of="local")))
    assert set(trial.place([mounts(trial, f"p{i}") for i in range(4)]).nodes.values()) == {"b"}
    trial.fill([mounts(trial)])
    assert trial.storage.claims[NAMESPACE, "data"]["spec"]["volumeName"] == "x"


def test_two_claims_do_not_get_the_same_volume() -> None:
    local = storage_class("local", provisioner="kubernetes.io/no-provisioner")
    trial = trial_of(storage(pvc("one", of="local"), pvc("two", of="local"), local, pv("x", of="local")))
    went = trial.place([mounts(trial, "p", "one"), mounts(trial, "q", "two")])
    assert list(went.nodes) == ["uid-p"]


def test_a_claim_that_does_not_exist_yet_comes_with_its_pod() -> None:
    trial = trial_of(storage(storage_class("later")))
    volume = {"name": "v", "persistentVolumeClaim": {"claimName": "new"}}
    asks = trial.candidate_of(pod("p", volumes=[volume]), pvcs={"new": pvc("new", of="later")})
    assert trial.verdict(asks, "a").fits


def test_an_ephemeral_volume_waits_for_its_claim() -> None:
    trial = trial_of(storage())
    asks = trial.candidate_of(pod("p", volumes=[{"name": "scratch", "ephemeral": {}}]))
    assert reasons(trial, asks) == [
        'waiting for ephemeral volume controller to create the persistentvolumeclaim "p-scratch"'
    ]


def test_what_was_not_read_is_unknown() -> None:
    trial = trial_of(None)
    assert trial.verdict(mounts(trial), "a").fits
    assert trial.unknown(mounts(trial)) == {CLAIMS}
    assert trial.unknown(trial.candidate_of(pod("plain"))) == frozenset()


class _Objects:
    """Claims and volumes may be read, classes not."""

    context = "test"

    def served(self, kind: str) -> bool:
        return True

    def list(self, kind: str, namespace: str = "", *, labels: str = "", fields: str = "") -> "list[Json]":
        if kind == CLASSES:
            raise Forbidden("no")
        return [pvc()] if kind == CLAIMS and namespace in ("", NAMESPACE) else []

    def get(self, kind: str, namespace: str, name: str) -> Json:
        raise NotFound("no")


def test_missing_rights_leave_a_kind_unread() -> None:
    read = storage_of(_Objects())
    assert read.unread == {CLASSES} and list(read.claims) == [(NAMESPACE, "data")]
    assert storage_of(_Objects(), ["other"]).claims == {}
    trial = trial_of(storage_of(_Objects()))
    trial.storage.claims[NAMESPACE, "data"]["spec"]["storageClassName"] = "later"
    assert trial.verdict(mounts(trial), "a").fits
    assert trial.unknown(mounts(trial)) == {CLASSES}
