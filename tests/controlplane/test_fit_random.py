"""Trials against the real scheduler: on random clusters both say of the same gangs that they fit, or how much of them.

All pods of a gang are alike. The scheduler may choose other nodes than we do; how many pods it binds is the same.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from k8sai.cluster.connect import connect
from k8sai.cluster.live import read_once
from k8sai.cluster.objects import LiveObjects
from k8sai.cluster.options import Options
from k8sai.scheduling.board import Board
from k8sai.scheduling.trial import Candidate, Trial
from k8sai.scheduling.volumes import storage_of
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

SEED = int(os.environ.get("K8SAI_RANDOM_SEED", "4"))
CASES = int(os.environ.get("K8SAI_RANDOM_CASES", "200"))
_REFUSED = ("Unschedulable", "SchedulerError")
_VOLUMES, _STORAGE = "/api/v1/persistentvolumes", "/apis/storage.k8s.io/v1/storageclasses"


@dataclass(frozen=True)
class Played:
    """What we said before, and what the scheduler did, by case: how many pods of the gang start."""

    cases: list[Case]
    said: dict[str, int]
    done: dict[str, int]


@pytest.fixture(scope="module")
def played(controlplanes: ControlPlanes) -> Iterator[Played]:
    plane = controlplanes.fresh(audit=False)
    cases = [case_of(SEED, number) for number in range(CASES)]
    namespace = _prepare(plane.api, cases)
    said = _predict(plane, cases)
    yield Played(cases, said, _run(plane.api, namespace, cases, said))
    plane.stop()


def _prepare(api: Api, cases: list[Case]) -> str:
    """Everything but the gangs may start; the gangs are there, gated."""
    namespace = new_namespace(api, "random")
    create_all(api, dra.CLASSES, CLASSES)
    create_all(api, _STORAGE, STORAGE_CLASSES)
    create_all(api, _VOLUMES, _all(cases, "volumes"))
    create_all(api, f"/api/v1/namespaces/{namespace}/persistentvolumeclaims", _all(cases, "volume_claims"))
    create_all(api, dra.SLICES, _all(cases, "slices"))
    for template in _all(cases, "templates"):
        path = dra.claims_path if template["kind"] == "ResourceClaim" else dra.templates_path
        api.post(path(namespace), template).ok()
    add_nodes(api, _all(cases, "nodes"), seconds=120)
    create_all(api, pods_path(namespace), _all(cases, "held"))
    create_all(api, pods_path(namespace), _all(cases, "fillers"))
    create_all(api, pods_path(namespace), _all(cases, "gang"))
    api.until_each(pods_path(namespace), _settled, {"labelSelector": "role=filler"})
    api.until_each(pods_path(namespace), _has_claims, {"labelSelector": "role=gang"})
    waiting = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims"
    api.until_each(waiting, lambda claim: claim["status"]["phase"] == "Bound" or not claim["spec"].get("volumeName"))
    return namespace


def _all(cases: Iterable[Case], what: str) -> Iterator[Json]:
    return (obj for case in cases for obj in getattr(case, what))


def _settled(pod: Json) -> bool:
    """Bound, or looked at: a device that makes the allocator fail gives SchedulerError instead of Unschedulable."""
    conditions = pod.get("status", {}).get("conditions", ())
    refused = any(c["type"] == "PodScheduled" and c.get("reason", "") in _REFUSED for c in conditions)
    return refused or bool(pod["spec"].get("nodeName"))


def _has_claims(pod: Json) -> bool:
    made = {s["name"] for s in pod.get("status", {}).get("resourceClaimStatuses", ())}
    return all(c["name"] in made or "resourceClaimName" in c for c in pod["spec"].get("resourceClaims", ()))


def _predict(plane: ControlPlane, cases: list[Case]) -> dict[str, int]:
    """What we say of each gang, from the facts of the whole cluster, as any of our commands reads them."""
    board = Board()
    connection = connect(Options(kubeconfig=str(plane.kubeconfig())))
    try:
        read_once(connection, board)
        board.use_storage(storage_of(LiveObjects(connection)))
    finally:
        connection.close()
    trial = Trial(board)
    gangs: dict[str, list[Candidate]] = {case.name: [] for case in cases}
    for pod in sorted(board.waiting(), key=lambda p: p.metadata.name):
        if (labels := pod.metadata.labels or {}).get("role") == "gang":
            gangs[labels[CASE]].append(trial.candidate(pod))
    assert {name: len(gang) for name, gang in gangs.items()} == {case.name: len(case.gang) for case in cases}
    return {name: len(trial.place(gang).nodes) for name, gang in gangs.items()}


def _run(api: Api, namespace: str, cases: list[Case], said: dict[str, int]) -> dict[str, int]:
    """Open the gates and count what is bound once the scheduler has looked at every pod."""
    names = [pod["metadata"]["name"] for pod in _all(cases, "gang")]
    with ThreadPoolExecutor(16) as pool:
        opened: Json = {"spec": {"schedulingGates": []}}
        list(pool.map(lambda name: api.patch(f"{pods_path(namespace)}/{name}", opened).ok(), names))
    gangs = {"labelSelector": "role=gang"}
    pods = api.until_each(pods_path(namespace), _settled, gangs, seconds=120)
    if _bound(pods, cases) != said:  # a pod that was refused too early is tried again within seconds
        try:
            pods = api.until(pods_path(namespace), lambda seen: _bound(seen, cases) == said, gangs, seconds=20)
        except TimeoutError:
            pods = {p["metadata"]["name"]: p for p in api.get(pods_path(namespace), gangs).ok()["items"]}
    return _bound(pods, cases)


def _bound(pods: dict[str, Json], cases: list[Case]) -> dict[str, int]:
    counted = Counter(p["metadata"]["labels"][CASE] for p in pods.values() if p["spec"].get("nodeName"))
    return {case.name: counted[case.name] for case in cases}


def test_as_many_pods_start_as_we_said(played: Played) -> None:
    wrong = [
        f"{case.name} of seed {SEED}: {len(case.gang)} pods, we said {played.said[case.name]}, "
        f"the scheduler bound {played.done[case.name]} ({'; '.join(case.said)})"
        for case in played.cases
        if played.said[case.name] != played.done[case.name]
    ]
    assert not wrong, "\n".join(wrong)


def test_a_whole_gang_fits_exactly_when_we_said_so(played: Played) -> None:
    ours = {case.name for case in played.cases if played.said[case.name] == len(case.gang)}
    theirs = {case.name for case in played.cases if played.done[case.name] == len(case.gang)}
    assert ours == theirs


def test_the_cases_are_of_every_kind(played: Played) -> None:
    """A guard: were all gangs to fit, or none, agreeing would prove little."""
    whole = sum(played.done[case.name] == len(case.gang) for case in played.cases)
    none = sum(played.done[case.name] == 0 for case in played.cases)
    part = len(played.cases) - whole - none
    assert min(whole, none, part) >= len(played.cases) // 10, (whole, none, part)
