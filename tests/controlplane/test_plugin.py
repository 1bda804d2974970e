"""kubectl finds the plugin on PATH, runs it with its own flags, and completes it, object names included."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.controlplane.gpu_nodes import add_nodes, gpu_node
from tests.controlplane.namespaces import new_namespace
from tests.controlplane.server import ControlPlane

Kubectl = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def kubectl(plane: ControlPlane, tmp_path: Path) -> Kubectl:
    """A real kubectl with our scripts on its PATH."""
    scripts = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": f"{scripts}{os.pathsep}{plane.binaries}{os.pathsep}{os.environ['PATH']}",
        "KUBECONFIG": str(plane.kubeconfig()),
        "XDG_CACHE_HOME": str(tmp_path),
    }

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [str(plane.binaries / "kubectl"), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    return run


@pytest.fixture
def node(plane: ControlPlane) -> str:
    namespace = new_namespace(plane.api, "plugin", service_account=False)
    (name,) = add_nodes(plane.api, [gpu_node(f"{namespace}-node")])
    return name


def test_kubectl_lists_the_plugin(kubectl: Kubectl) -> None:
    listed = kubectl("plugin", "list", "--name-only").stdout.split()
    assert {"kubectl-ai_top", "kubectl-k8sai"} <= set(listed)
    assert not any(name.startswith("kubectl-ai-") or name == "kubectl-ai" for name in listed)


def test_kubectl_runs_it(kubectl: Kubectl, node: str) -> None:
    done = kubectl("ai-top", node, "--once", "-o", "json", "--context", "admin")
    assert (done.returncode, done.stderr) == (0, "")
    assert [shown["name"] for shown in json.loads(done.stdout)["nodes"]] == [node]
    assert kubectl("k8sai", "top", node, "-o", "name").stdout == f"node/{node}\n"


def test_hints_speak_the_way_it_was_called(kubectl: Kubectl) -> None:
    done = kubectl("ai-top", "--sort-by", "nonsense")
    assert (done.returncode, done.stdout) == (2, "")
    assert "kubectl ai-top --help" in done.stderr


def test_kubectl_completes_flags_and_names(kubectl: Kubectl, node: str) -> None:
    assert {"--once", "--output"} <= _candidates(kubectl, "--o")
    assert "admin" in _candidates(kubectl, "--context", "")
    # Nodes come from the cluster behind the key press's back: what is too late for one press serves the next.
    presses = (_candidates(kubectl, node[:-2]) for _ in range(50))
    assert next(filter(None, presses), set()) == {node}


def _candidates(kubectl: Kubectl, *words: str) -> set[str]:
    lines = kubectl("__complete", "ai-top", *words).stdout.splitlines()
    return {line.split("\t")[0] for line in lines if not line.startswith(":")}
