"""Fixtures of the tests on a real control plane."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.contract.api import Api
from tests.controlplane.addons import Missing
from tests.controlplane.applied import Applied
from tests.controlplane.asking import Case
from tests.controlplane.gpu_pods import pods_path
from tests.controlplane.kueue import start_controller
from tests.controlplane.namespaces import end_namespaces, new_namespace
from tests.controlplane.queue_cases import classes, fresh
from tests.controlplane.queue_place import QueuePlace
from tests.controlplane.queue_simulated import FLAVORS
from tests.controlplane.server import ControlPlane
from tests.controlplane.session import ControlPlanes


@pytest.fixture(scope="module", autouse=True)
def ends_with_the_file() -> Iterator[None]:
    """Namespaces, and what runs in them."""
    yield
    end_namespaces()


@pytest.fixture(scope="session")
def plane(controlplanes: ControlPlanes) -> ControlPlane:
    """The control plane with Kubernetes' own defaults."""
    return controlplanes.get()


@pytest.fixture(scope="session")
def api(plane: ControlPlane) -> Api:
    return plane.api


@pytest.fixture
def namespace(api: Api) -> str:
    """A namespace of the test's own, ready for pods."""
    return new_namespace(api, "test")


@pytest.fixture(scope="session")
def addon(plane: ControlPlane) -> Callable[..., None]:
    """`addon("jobset", "kueue")`: these controllers run from here to the end of the session."""

    def start(*names: str) -> None:
        for name in names:
            try:
                start_controller(plane, name)
            except Missing as missing:
                pytest.skip(str(missing))

    return start


@pytest.fixture
def case(controlplanes: ControlPlanes) -> Iterator[Case]:
    """A namespace and nodes of the test's own, where the scheduler knows gangs."""
    plane = controlplanes.get("GenericWorkload=true")
    made = Case(plane, new_namespace(plane.api, "why"))
    yield made
    made.api.delete(pods_path(made.namespace), {"gracePeriodSeconds": 0})


@pytest.fixture(scope="session")
def simulate_plane(plane: ControlPlane, addon: Callable[..., None]) -> ControlPlane:
    """With Kueue, what it makes pod sets of, and the classes and flavors that `queue simulate` is asked about."""
    addon("jobset", "lws", "trainer", "kueue")
    plane.apply(*classes(**{"simulate-high": 100, "simulate-low": -5}), *map(fresh, FLAVORS))
    return plane


@pytest.fixture(scope="session")
def why_plane(plane: ControlPlane, addon: Callable[..., None]) -> ControlPlane:
    """With Kueue and two classes."""
    addon("kueue")
    plane.apply(*classes(**{"why-high": 100, "why-low": -5}))
    return plane


@pytest.fixture
def place(why_plane: ControlPlane) -> QueuePlace:
    """A queue that nobody else uses, and what `queue why` says there."""
    return QueuePlace(why_plane, "why")


@pytest.fixture
def ns(plane: ControlPlane) -> str:
    return new_namespace(plane.api, "apply")


@pytest.fixture
def apply(plane: ControlPlane, ns: str, tmp_path: Path) -> Applied:
    return Applied(plane, ns, tmp_path)
