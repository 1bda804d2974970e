"""What every test may ask for: a real control plane, started once a session and only where its binaries are at hand."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

# Tests share a few modules of their own (`tests.contract.api`), whatever folder pytest runs in.
sys.path.insert(0, str(Path(__file__).parents[1]))

pytest.register_assert_rewrite(
    "tests.contract.api",
    "tests.controlplane.ours",
    "tests.controlplane.wires",
    "tests.fit.situation",
    "tests.tui.key_checks",
)

if TYPE_CHECKING:
    from tests.controlplane.session import ControlPlanes


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--no-sim", action="store_true", help="leave out what is held against the embedded cluster: `make test` has it"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--no-sim"):
        out = [one for one in items if _on_sim(one)]
        config.hook.pytest_deselected(items=out)
        items[:] = [one for one in items if not _on_sim(one)]


def _on_sim(item: pytest.Item) -> bool:
    """One of the servers that a test is held against in turn is the embedded cluster: "sim", "sim-defined"."""
    params = getattr(getattr(item, "callspec", None), "params", {})
    return any(isinstance(value, str) and value.partition("-")[0] == "sim" for value in params.values())


def pytest_configure(config: pytest.Config) -> None:
    # Who starts the tests in the background, or by nohup, has these ignored, and so would every program a test starts.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: None)  # still survived here; a program that is started begins anew
    config.addinivalue_line("markers", "controlplane: needs the binaries of a real control plane")
    config.addinivalue_line("markers", "kubectl: needs kubectl")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip from one place, so that the summary has one line however many tests it is about."""
    from tests.controlplane.session import binaries, kubectl

    asks = item.get_closest_marker("controlplane") or "controlplanes" in getattr(item, "fixturenames", ())
    if asks and isinstance(why := binaries(), str):
        pytest.skip(why)
    if item.get_closest_marker("kubectl") and not kubectl():
        pytest.skip("there is no kubectl on PATH")


@pytest.fixture(scope="session")
def controlplanes(tmp_path_factory: pytest.TempPathFactory) -> Iterator["ControlPlanes"]:
    """Control planes of this session, by feature gates; nothing runs until a test asks for one."""
    from tests.controlplane.session import ControlPlanes, binaries

    found = binaries()
    assert isinstance(found, Path)
    with ControlPlanes(found, tmp_path_factory.mktemp("controlplane")) as planes:
        yield planes
