"""`why` on random clusters: of each kind of pod that the scheduler refuses, it names a reason that this names too.

The scheduler says of each node the first filter that refuses it; the reason we give is one that the nodes closest to
taking the pod have, so it must be among the scheduler's, unless another of the same node stands before it.
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from urllib3.exceptions import ReadTimeoutError

from k8sai.cluster.connect import connect
from k8sai.cluster.live import read_once
from k8sai.cluster.objects import LiveObjects
from k8sai.cluster.options import Options
from k8sai.cluster.tee import Tee
from k8sai.errors import Exit
from k8sai.fleet.index import Fleet
from k8sai.scheduling.board import Board
from k8sai.why.answer import explain
from k8sai.why.kinds import POD
from k8sai.why.reading import condition
from k8sai.why.scene import Scene
from k8sai.why.verdict import Why
from tests.contract.api import Api, Json
from tests.controlplane import dra
from tests.controlplane.bulk import create_all
from tests.controlplane.gpu_nodes import add_nodes
from tests.controlplane.gpu_pods import pods_path
from tests.controlplane.namespaces import new_namespace
from tests.controlplane.random_cases import CASE, CLASSES, STORAGE_CLASSES, Case
from tests.controlplane.random_clusters import case_of
from tests.controlplane.server import ControlPlane
from tests.controlplane.session import ControlPlanes

SEED = int(os.environ.get("K8SAI_RANDOM_SEED", "5"))
CASES = int(os.environ.get("K8SAI_RANDOM_CASES", "200"))
_STATIC = ("were unschedulable", "untolerated taint")
_SPACE = ("free ports", "Too many pods", "Insufficient")
_DEVICES = (*_SPACE, "anti-affinity", "topology spread", "cannot allocate all claims")  # the nodes may lack more
# What the scheduler must have said of some node when we give this word.
SAID: dict[str, tuple[str, ...]] = {
    "GpusShort": _SPACE,
    "ResourceShort": _SPACE,
    "PodsPerNode": _SPACE,
    "HostPortTaken": ("free ports",),
    "NeverFits": (*_STATIC, *_SPACE),
    "NotAdvertised": (*_STATIC, *_SPACE),
    "MigProfileAbsent": (*_STATIC, *_SPACE),
    "DevicePluginDown": (*_STATIC, *_SPACE),
    "AntiAffinity": ("anti-affinity",),
    "SpreadUnmet": ("topology spread",),
    "Affinity": (*_STATIC, *_SPACE, "pod affinity"),
    "Cordoned": ("were unschedulable",),
    "Taint": _STATIC,
    "NodeSelector": ("node affinity/selector",),
    "DevicesTaken": _DEVICES,
    "DevicesNever": (*_STATIC, *_SPACE, *_DEVICES),
    "DevicesTainted": _DEVICES,
    "DevicesLeaked": _DEVICES,
    "CountersExhausted": _DEVICES,
    "PoolIncomplete": (*_STATIC, *_SPACE, *_DEVICES),
    "SelectorMatchesNothing": (*_STATIC, *_SPACE, *_DEVICES),
    "SelectorFailed": ("CEL",),
    "ClaimElsewhere": (*_STATIC, *_SPACE, "not available on the node"),
    "VolumeUnbound": (*_STATIC, *_SPACE, "olume"),
    "VolumeElsewhere": (*_STATIC, *_SPACE, "olume"),
    "VolumeMissing": ("olume",),
}


@dataclass(frozen=True)
class Asked:
    """A pod as the scheduler left it, and what we say of it."""

    pod: Json
    why: Why

    @property
    def message(self) -> str:
        return str((condition(self.pod, "PodScheduled") or {}).get("message"))

    def __str__(self) -> str:
        return f"{self.pod['metadata']['name']} of seed {SEED}: {self.why.sentence} — the scheduler: {self.message}"


@pytest.fixture(scope="module")
def asked(controlplanes: ControlPlanes) -> Iterator[list[Asked]]:
    plane = controlplanes.fresh(audit=False)
    cases = [case_of(SEED, number) for number in range(CASES)]
    namespace = _play(plane.api, cases)
    yield _ask(plane, namespace)
    plane.stop()


def _play(api: Api, cases: list[Case]) -> str:
    """All that the cases are made of; returns when the scheduler has looked at every pod. The namespace."""
    namespace = new_namespace(api, "random")
    core = f"/api/v1/namespaces/{namespace}"
    create_all(api, dra.CLASSES, CLASSES)
    create_all(api, "/apis/storage.k8s.io/v1/storageclasses", STORAGE_CLASSES)
    create_all(api, "/api/v1/persistentvolumes", _all(cases, "volumes"))
    create_all(api, f"{core}/persistentvolumeclaims", _all(cases, "volume_claims"))
    create_all(api, dra.SLICES, _all(cases, "slices"))
    for template in _all(cases, "templates"):
        path = dra.claims_path if template["kind"] == "ResourceClaim" else dra.templates_path
        api.post(path(namespace), template).ok()
    add_nodes(api, _all(cases, "nodes"), seconds=120)
    for part in ("held", "fillers", "gang"):
        create_all(api, pods_path(namespace), (_ungated(pod) for pod in _all(cases, part)))
    api.until_each(pods_path(namespace), _settled, seconds=180)
    return namespace


def _all(cases: list[Case], what: str) -> Iterator[Json]:
    return (obj for case in cases for obj in getattr(case, what))


def _ungated(pod: Json) -> Json:
    return {**pod, "spec": {k: v for k, v in pod["spec"].items() if k != "schedulingGates"}}


def _settled(pod: Json) -> bool:
    conditions = pod.get("status", {}).get("conditions", ())
    return bool(pod["spec"].get("nodeName")) or any(
        c["type"] == "PodScheduled" and c["status"] == "False" for c in conditions
    )


def _ask(plane: ControlPlane, namespace: str) -> list[Asked]:
    """Of each pod that waits, after those refused too early have been tried again."""
    found = _asked_now(plane, namespace)
    for _ in range(3):
        if all(map(_agrees, found)):
            break
        _wait_for_a_try(plane.api, namespace)
        found = _asked_now(plane, namespace)
    return found


def _wait_for_a_try(api: Api, namespace: str) -> None:
    """Until the scheduler has changed its mind about some pod, or has not for ten seconds."""
    try:
        seen = api.get(pods_path(namespace)).ok()["metadata"]["resourceVersion"]
        with api.watch(pods_path(namespace), {"resourceVersion": seen}, seconds=10) as events:
            next(events)
    except (TimeoutError, ReadTimeoutError, StopIteration):
        pass


def _asked_now(plane: ControlPlane, namespace: str) -> list[Asked]:
    connection = connect(Options(kubeconfig=str(plane.kubeconfig())))
    try:
        fleet, board = Fleet(), Board()
        sources = read_once(connection, Tee(fleet, board))
        scene = Scene(board, fleet, LiveObjects(connection), sources)
        pods = plane.api.get(pods_path(namespace)).ok()["items"]
        waiting = {_kind(pod): pod for pod in pods if not pod["spec"].get("nodeName")}
        return [Asked(pod, explain(scene, POD, namespace, pod["metadata"]["name"])) for pod in waiting.values()]
    finally:
        connection.close()


def _kind(pod: Json) -> str:
    """Pods of a gang are alike, so one of each is asked about."""
    labels = pod["metadata"]["labels"]
    return str(pod["metadata"]["name"] if labels["role"] != "gang" else labels[CASE])


def _agrees(one: Asked) -> bool:
    return any(text in one.message for text in SAID.get(one.why.code, ()))


def test_every_reason_is_one_that_the_scheduler_gives(asked: list[Asked]) -> None:
    wrong = [str(one) for one in asked if not _agrees(one)]
    assert not wrong, "\n".join(wrong[:20])


def test_nothing_is_left_unexplained(asked: list[Asked]) -> None:
    assert [str(one) for one in asked if one.why.exit in (Exit.OK, Exit.INCONCLUSIVE, Exit.PARTIAL)] == []


def test_the_reasons_are_many(asked: list[Asked]) -> None:
    """A guard: agreeing on one reason alone would prove little."""
    words = Counter(one.why.code for one in asked)
    assert len(words) >= 6 and len(asked) >= CASES // 4, words
    assert len({one.pod["metadata"]["labels"][CASE] for one in asked}) >= CASES // 5
