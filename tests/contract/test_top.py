"""`top` and `kubectl describe node` say the same of the embedded cluster's own example, every kind of GPU in it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.controlplane.describe import Described, described
from tests.controlplane.ours import Document, k8sai
from tests.controlplane.session import kubectl

pytestmark = pytest.mark.kubectl


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The demo at rest."""
    from k8sai.sim.cluster import Sim

    path = tmp_path_factory.mktemp("demo") / "config"
    with Sim("demo") as sim:
        sim.write_kubeconfig(path)
        sim.settled(60)
        yield path


def _described(kubeconfig: Path) -> dict[str, Described]:
    command = [str(kubectl()), f"--kubeconfig={kubeconfig}", "describe", "nodes"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return described(done.stdout)


def _at_one_time(kubeconfig: Path) -> tuple[list[Document], dict[str, Described]]:
    """What both say of the same state: the example lives, so look until nothing changed meanwhile."""
    before = _shown(kubeconfig)
    for _ in range(20):
        theirs = _described(kubeconfig)
        after = _shown(kubeconfig)
        if before == after:
            return before, theirs
        before = after
    raise AssertionError("the example changes all the time")


def _shown(kubeconfig: Path) -> list[Document]:
    nodes: list[Document] = k8sai("top", "--once", "-o", "json", kubeconfig=kubeconfig).document()["nodes"]
    return nodes


def test_every_node_of_the_demo(kubeconfig: Path) -> None:
    shown, nodes = _at_one_time(kubeconfig)
    compared = 0
    for node in shown:
        for ours in node["resources"]:
            if ours["resource"] not in (theirs := nodes[node["name"]]).capacity:
                continue  # devices of DRA, which describe does not count
            compared += 1
            name = ours["resource"]
            wanted = (theirs.capacity[name], theirs.allocatable[name], theirs.requests.get(name, 0))
            assert (ours["capacity"], ours["allocatable"], ours["used"]) == wanted, f"{name} of {node['name']}"
    assert compared > 30
