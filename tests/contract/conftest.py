"""The two servers that every test here is held against: the embedded cluster, and a real one where it can be had."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from tests.contract.api import Api, Json
from tests.contract.queues import Queues, queues_of
from tests.controlplane.addons import Missing
from tests.controlplane.gpu_nodes import NODES, add_nodes, gpu_node
from tests.controlplane.kueue import start_controller
from tests.controlplane.namespaces import end_namespaces, new_namespace
from tests.controlplane.server import ControlPlane

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Server:
    """A running API server. `plane` is the processes of a real one."""

    api: Api
    kubeconfig: Path
    forget_the_past: Callable[[], None]  # watches cannot start from an earlier version any more
    plane: ControlPlane | None = None

    def needs(self, addon: str) -> None:
        """A controller that the embedded cluster has built in and a real one runs beside it."""
        if self.plane:
            try:
                start_controller(self.plane, addon)
            except Missing as missing:
                pytest.skip(str(missing))


@pytest.fixture(scope="module", autouse=True)
def ends_with_the_file() -> Iterator[None]:
    """Namespaces, and what runs in them."""
    yield
    end_namespaces()


@pytest.fixture(scope="session", params=["sim", pytest.param("real", marks=pytest.mark.controlplane)])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Each in turn: the very same assertions must hold on both."""
    if request.param == "real":
        plane = request.getfixturevalue("controlplanes").get()
        yield Server(plane.api, plane.kubeconfig(), plane.restart_apiserver, plane)
        return
    from k8sai.sim.cluster import Sim

    kubeconfig = tmp_path_factory.mktemp("sim") / "config"
    with Sim("empty") as sim:
        sim.write_kubeconfig(kubeconfig)
        api = Api.of(kubeconfig)
        yield Server(api, kubeconfig, sim.compact)
        api.close()


@pytest.fixture
def api(server: Server) -> Api:
    return server.api


@pytest.fixture
def namespace(api: Api) -> Iterator[str]:
    """A namespace of the test's own, ready for pods. None that still waits may take another test's GPUs later."""
    name = new_namespace(api, "contract")
    yield name
    api.delete(f"/api/v1/namespaces/{name}/pods", {"gracePeriodSeconds": 0})


@pytest.fixture
def core(namespace: str) -> str:
    """The path of core kinds in the test's namespace: `f"{core}/configmaps"`."""
    return f"/api/v1/namespaces/{namespace}"


@dataclass(frozen=True, slots=True)
class Nodes:
    """Nodes of one test; pods reach them, and only them, by `selector`."""

    names: list[str]
    selector: dict[str, str]


@pytest.fixture
def nodes(api: Api) -> Iterator[Callable[..., Nodes]]:
    """`nodes(2, gpus=4)` makes Ready nodes that no other test uses; gone when the test ends."""
    made: list[str] = []

    def make(number: int = 1, gpus: int = 8, *, taints: tuple[Json, ...] = (), zones: bool = False) -> Nodes:
        run = f"run-{next(_numbers)}"
        selector = {"contract.k8sai.dev/run": run}

        def labels(i: int) -> dict[str, str]:
            return {**selector, **({"topology.kubernetes.io/zone": f"zone-{i}"} if zones else {})}

        wanted = (gpu_node(f"{run}-{i}", gpus, taints=taints, labels=labels(i)) for i in range(number))
        names = add_nodes(api, wanted)
        made.extend(names)
        return Nodes(names, selector)

    yield make
    for name in made:
        api.delete(f"{NODES}/{name}")


@pytest.fixture
def queues(server: Server, namespace: str) -> Iterator[Queues]:
    """Queues of the test's own; Kueue runs."""
    server.needs("jobset")  # Kueue integrates with what is served when it starts
    server.needs("kueue")
    with queues_of(server.api, namespace) as made:
        yield made
