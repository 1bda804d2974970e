"""Trials against the real scheduler: on random clusters both say of the same gangs that they fit, or how much of them.

All pods of a gang are alike. The scheduler may choose other nodes than we do; how many pods it binds is the same.
"""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from k8sai.cluster.connect import connect
from k8sai.cluster.live import read_once
from k8sai.cluster.objects import LiveObjects
from k8sai.cluster.options import Options
from k8sai.scheduling.board import Board
from k8sai.scheduling.storage import storage_of
from k8sai.scheduling.trial import Candidate, Trial
from tests.contract.api import Api, Json
from tests.controlplane.bulk import create_all
from tests.controlplane.gpu_pods import pods_path
from tests.controlplane.random_cases import CASE, Case
from tests.controlplane.random_world import Draw, all_of, build
from tests.controlplane.server import ControlPlane
from tests.controlplane.session import ControlPlanes

DRAW = Draw.of(seed=4)
_REFUSED = ("Unschedulable", "SchedulerError")


@dataclass(frozen=True)
class Played:
    """What we said before, and what the scheduler did, by case: how many pods of the gang start."""

    cases: list[Case]
    said: dict[str, int]
    done: dict[str, int]


@pytest.fixture(scope="module", params=[DRAW], ids=str)
def played(controlplanes: ControlPlanes) -> Iterator[Played]:
    plane = controlplanes.fresh(audit=False)
    cases = DRAW.cases
    namespace = _prepare(plane.api, cases)
    said = _predict(plane, cases)
    yield Played(cases, said, _run(plane.api, namespace, cases, said))
    plane.stop()


def _prepare(api: Api, cases: list[Case]) -> str:
    """Everything but the gangs may start; the gangs are there, gated."""
    namespace = build(api, cases)
    for part in ("held", "fillers", "gang"):
        create_all(api, pods_path(namespace), all_of(cases, part))
    api.until_each(pods_path(namespace), _settled, {"labelSelector": "role=filler"})
    api.until_each(pods_path(namespace), _has_claims, {"labelSelector": "role=gang"})
    waiting = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims"
    api.until_each(waiting, lambda claim: claim["status"]["phase"] == "Bound" or not claim["spec"].get("volumeName"))
    return namespace


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
    names = [pod["metadata"]["name"] for pod in all_of(cases, "gang")]
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
        f"{case.name} of seed {DRAW.seed}: {len(case.gang)} pods, we said {played.said[case.name]}, "
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
