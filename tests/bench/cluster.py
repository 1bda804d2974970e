"""`top --once -o json` on a real control plane with 1,000 nodes and 8,000 GPU pods, beside its alternatives."""

import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.bench.figures import Figure, Figures, Run, run, side_by_side, times
from tests.controlplane.gpu_nodes import add_nodes, fleet_of
from tests.controlplane.gpu_pods import add_pods, gpu_pod, wait_decided
from tests.controlplane.namespaces import new_namespace
from tests.controlplane.server import ControlPlane
from tests.controlplane.session import ControlPlanes, binaries

_NODES, _PODS, _ROUNDS = 1000, 8000, 5
_OURS, _KUBECTL, _PEER = "k8sai top --once -o json", "kubectl get nodes,pods -A -o json", "kubectl-view-allocations"


def measure() -> Figures:
    """All in the same run, in turn."""
    title = f"a real control plane ({_NODES:,} nodes, {_PODS:,} GPU pods)"
    found = binaries()
    if isinstance(found, str):
        return Figures(title, "", [Figure(f"not measured: {found}", "")])
    with tempfile.TemporaryDirectory() as folder, ControlPlanes(found, Path(folder)) as planes:
        plane = planes.fresh(audit=False)
        _fill(plane)
        medians = side_by_side(_commands(plane), _ROUNDS)
    baseline = medians[_KUBECTL].seconds
    lines = [_line(name, run_, baseline, medians.get(_PEER)) for name, run_ in medians.items()]
    return Figures(title, "of kubectl", lines)


def _fill(plane: ControlPlane) -> None:
    print(f"filling {_NODES:,} nodes with {_PODS:,} pods …", file=sys.stderr, flush=True)
    add_nodes(plane.api, fleet_of(_NODES), seconds=120)
    namespace = new_namespace(plane.api, "bench")
    add_pods(plane.api, namespace, (gpu_pod(f"pod-{i:05d}") for i in range(_PODS)))
    wait_decided(plane.api, namespace, seconds=900)


def _commands(plane: ControlPlane) -> dict[str, Callable[[], Run]]:
    environment = {"KUBECONFIG": str(plane.kubeconfig())}
    ours = Path(sys.executable).parent / "k8sai"
    commands: dict[str, tuple[str | Path, ...]] = {
        _OURS: (ours, "top", "--once", "-o", "json"),
        _KUBECTL: (plane.binaries / "kubectl", "get", "nodes,pods", "-A", "-o", "json"),
    }
    peer = shutil.which(_PEER) or shutil.which(_PEER, path=str(Path.home() / ".cargo" / "bin"))
    if peer:
        commands[_PEER] = (peer, "-r", "gpu", "-o", "csv")
    return {name: partial(run, command, environment) for name, command in commands.items()}


def _line(name: str, found: Run, baseline: float, peer: Run | None) -> Figure:
    aim = ""
    if name == _OURS:
        aim = "0.20x or less"
        if peer:
            aim += f"; {times(found.seconds / peer.seconds)} of {_PEER}, 1x or less"
    failed = f" (ended with {found.code})" if found.code else ""
    return Figure(name + failed, f"{found.seconds:.2f} s, {found.memory:.0f} MB", times(found.seconds / baseline), aim)
