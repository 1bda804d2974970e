"""`why` on random clusters: of each kind of pod that the scheduler refuses, it names a reason that this names too.

The scheduler says of each node the first filter that refuses it; the reason we give is one that the nodes closest to
taking the pod have, so it must be among the scheduler's, unless another of the same node stands before it.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from urllib3.exceptions import ReadTimeoutError

from k8sai.cluster.connect import connect
from k8sai.cluster.live import read_once
from k8sai.cluster.objects import LiveObjects
from k8sai.cluster.options import Options
from k8sai.cluster.reading import condition
from k8sai.cluster.tee import Tee
from k8sai.errors import Exit
from k8sai.fleet.index import Fleet
from k8sai.scheduling.board import Board
from k8sai.why.answer import explain
from k8sai.why.kinds import POD
from k8sai.why.scene import Scene
from k8sai.why.verdict import Why
from tests.contract.api import Api, Json
from tests.controlplane.bulk import create_all
from tests.controlplane.gpu_pods import pods_path
from tests.controlplane.random_cases import CASE, Case
from tests.controlplane.random_world import Draw, all_of, build
from tests.controlplane.server import ControlPlane
from tests.controlplane.session import ControlPlanes

DRAW = Draw.of(seed=5)
_STATIC = ("were unschedulable", "untolerated taint")
_SPACE = ("free ports", "Too many pods", "Insufficient")
_DEVICES = ("cannot allocate all claims",)
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
    "SchedulerFailed": ("filter plugin",),  # it gave up on the pod, in words that we repeat
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
    def name(self) -> str:
        return str(self.pod["metadata"]["name"])

    @property
    def message(self) -> str:
        return str((condition(self.pod, "PodScheduled") or {}).get("message"))

    def __str__(self) -> str:
        return f"{self.name} of seed {DRAW.seed}: {self.why.sentence} — the scheduler: {self.message}"


@pytest.fixture(scope="module", params=[DRAW], ids=str)
def asked(controlplanes: ControlPlanes) -> Iterator[list[Asked]]:
    plane = controlplanes.fresh(audit=False)
    namespace = _play(plane.api, DRAW.cases)
    yield _ask(plane, namespace)
    plane.stop()


def _play(api: Api, cases: list[Case]) -> str:
    """All that the cases are made of; returns when the scheduler has looked at every pod. The namespace."""
    namespace = build(api, cases)
    for part in ("held", "fillers", "gang"):
        create_all(api, pods_path(namespace), (_ungated(pod) for pod in all_of(cases, part)))
    api.until_each(pods_path(namespace), _settled, seconds=180)
    return namespace


def _ungated(pod: Json) -> Json:
    return {**pod, "spec": {k: v for k, v in pod["spec"].items() if k != "schedulingGates"}}


def _settled(pod: Json) -> bool:
    conditions = pod.get("status", {}).get("conditions", ())
    return bool(pod["spec"].get("nodeName")) or any(
        c["type"] == "PodScheduled" and c["status"] == "False" for c in conditions
    )


def _ask(plane: ControlPlane, namespace: str) -> list[Asked]:
    """Of each pod that waits; those refused too early are asked about again once the scheduler has tried them again."""
    waiting = {_kind(pod): pod for pod in _pods(plane.api, namespace) if not pod["spec"].get("nodeName")}
    found = {one.name: one for one in _asked_now(plane, namespace, {p["metadata"]["name"] for p in waiting.values()})}
    for _ in range(3):
        unsettled = {name for name, one in found.items() if not _agrees(one)}
        if not unsettled:
            break
        _wait_for_a_try(plane.api, namespace)
        again = {one.name: one for one in _asked_now(plane, namespace, unsettled)}
        found = {name: again.get(name, one) for name, one in found.items() if name in again or name not in unsettled}
    return list(found.values())


def _wait_for_a_try(api: Api, namespace: str) -> None:
    """Until the scheduler has changed its mind about some pod, or has not for ten seconds."""
    try:
        seen = api.get(pods_path(namespace)).ok()["metadata"]["resourceVersion"]
        with api.watch(pods_path(namespace), {"resourceVersion": seen}, seconds=10) as events:
            next(events)
    except (TimeoutError, ReadTimeoutError, StopIteration):
        pass


def _asked_now(plane: ControlPlane, namespace: str, names: set[str]) -> list[Asked]:
    """Of those of them that wait still."""
    connection = connect(Options(kubeconfig=str(plane.kubeconfig())))
    try:
        fleet, board = Fleet(), Board()
        sources = read_once(connection, Tee(fleet, board))
        scene = Scene(board, fleet, LiveObjects(connection), sources)
        pods = [pod for pod in _pods(plane.api, namespace) if pod["metadata"]["name"] in names]
        waiting = [pod for pod in pods if not pod["spec"].get("nodeName")]
        return [Asked(pod, explain(scene, POD, namespace, pod["metadata"]["name"])) for pod in waiting]
    finally:
        connection.close()


def _pods(api: Api, namespace: str) -> list[Json]:
    found: list[Json] = api.get(pods_path(namespace)).ok()["items"]
    return found


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
    assert len(words) >= 6 and len(asked) >= DRAW.count // 4, words
    assert len({one.pod["metadata"]["labels"][CASE] for one in asked}) >= DRAW.count // 5
