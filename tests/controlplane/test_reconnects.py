"""The API server dies and comes back under a running `top -w`: nothing of before, meanwhile or after is lost."""

from collections.abc import Iterator
from threading import Event

import pytest

from k8sai.cluster.connect import connect
from k8sai.cluster.live import Live, read_once
from k8sai.cluster.options import Options
from k8sai.fleet.document import document
from k8sai.fleet.index import Fleet
from k8sai.fleet.picture import take
from tests.controlplane.bulk import delete_all
from tests.controlplane.gpu_nodes import GPU, NODES, add_nodes, gpu_node
from tests.controlplane.gpu_pods import add_pods, gpu_pod, pods_path, wait_placed
from tests.controlplane.namespaces import new_namespace
from tests.controlplane.ours import Document, following, k8sai
from tests.controlplane.server import ControlPlane
from tests.controlplane.session import ControlPlanes


@pytest.fixture(scope="module")
def busy(controlplanes: ControlPlanes) -> Iterator[ControlPlane]:
    """Ten nodes with room to spare."""
    plane = controlplanes.fresh()
    add_nodes(plane.api, (gpu_node(f"gpu-{i}") for i in range(10)))
    yield plane
    plane.stop()


@pytest.fixture
def working(busy: ControlPlane) -> str:
    """A namespace with twenty pods of one GPU each."""
    namespace = new_namespace(busy.api, "work")
    add_pods(busy.api, namespace, (gpu_pod(f"p{i:02d}") for i in range(20)))
    wait_placed(busy.api, namespace)
    return namespace


def _change_everything(plane: ControlPlane, namespace: str) -> None:
    """Pods go, come and start to go; a card breaks; a node is cordoned: as soon as the server answers again."""
    delete_all(plane.api, (f"{pods_path(namespace)}/p{i:02d}" for i in range(10)), grace_seconds=0)
    add_pods(plane.api, namespace, (gpu_pod(f"q{i}", 2) for i in range(7)))
    broken = {"status": {"allocatable": {GPU: "7"}}}
    plane.api.patch(f"{NODES}/gpu-0/status", broken).ok()
    plane.api.patch(f"{NODES}/gpu-1", {"spec": {"unschedulable": True}}).ok()


@pytest.fixture
def mended(busy: ControlPlane) -> Iterator[None]:
    """The nodes are as before when the test ends."""
    yield
    busy.api.patch(f"{NODES}/gpu-0/status", {"status": {"allocatable": {GPU: "8"}}}).ok()
    busy.api.patch(f"{NODES}/gpu-1", {"spec": {"unschedulable": None}}).ok()
    pods = busy.api.get("/api/v1/pods").ok()["items"]
    paths = (f"{pods_path(p['metadata']['namespace'])}/{p['metadata']['name']}" for p in pods)
    delete_all(busy.api, paths, grace_seconds=0)


def test_top_w_sees_what_happened_around_a_crash(busy: ControlPlane, working: str, mended: None) -> None:
    kubeconfig = busy.kubeconfig()
    with following(kubeconfig=kubeconfig) as top:
        first = top.until(lambda document: True)
        assert (first["kind"], first["totals"]["used"]) == ("GpuView", 20)
        add_pods(busy.api, working, [gpu_pod("before", 3)])
        top.until(lambda change: change["totals"]["used"] == 23)
        busy.kill_apiserver()
        busy.start_apiserver_again()
        _change_everything(busy, working)
        wait_placed(busy.api, working)
        top.until(lambda change: _settled(change["totals"]))
        add_pods(busy.api, working, [gpu_pod("after", 4)])
        wait_placed(busy.api, working)
        last = top.until(lambda change: change["totals"]["used"] == 31)
        assert top.process.poll() is None
    fresh = k8sai("top", "--once", "-o", "json", kubeconfig=kubeconfig).document()
    assert last["totals"] == fresh["totals"]
    told = {change.get("what") for change in top.seen}
    for name in ("p00", "p09", "q0", "q6", "before", "after"):
        assert any(what and what.endswith(f"{working}/{name}") for what in told), f"{name} was never told of"


def _settled(totals: Document) -> bool:
    """10 of 20 pods are left, 3 for "before", 14 for the new; a card broken; free cards of a cordoned node blocked."""
    return bool((totals["used"], totals["unhealthy"], totals["pending"]) == (27, 1, 0) and totals["blocked"] > 0)


class _Told(Fleet):
    """A fleet that says when it was written to."""

    def __init__(self) -> None:
        super().__init__()
        self.changed = Event()

    def put(self, *args: object) -> None:
        super().put(*args)  # type: ignore[arg-type]
        self.changed.set()

    def drop(self, *args: object) -> None:
        super().drop(*args)  # type: ignore[arg-type]
        self.changed.set()

    def replace(self, *args: object) -> None:
        super().replace(*args)  # type: ignore[arg-type]
        self.changed.set()


def test_a_followed_fleet_equals_a_fresh_one_after_every_crash(busy: ControlPlane, working: str, mended: None) -> None:
    connection = connect(Options(kubeconfig=str(busy.kubeconfig())))
    followed = _Told()
    live = Live(connection, followed)
    live.start()
    try:
        assert live.wait_synced(30)
        for round_ in range(3):
            busy.kill_apiserver()
            busy.start_apiserver_again()
            add_pods(busy.api, working, [gpu_pod(f"r{round_}", 1)])
            delete_all(busy.api, [f"{pods_path(working)}/p{round_:02d}"], grace_seconds=0)
            wait_placed(busy.api, working)
            fresh = Fleet()
            read_once(connection, fresh)
            expected = _document(fresh)
            while _document(followed) != expected:
                followed.changed.clear()
                assert _document(followed) == expected or followed.changed.wait(30), "the fleet stays behind"
        assert {source.state for source in live.sources()} <= {"live", "absent"}
    finally:
        live.stop()
        connection.close()


def _document(fleet: Fleet) -> Document:
    return document(take(fleet, context="", at=""))
