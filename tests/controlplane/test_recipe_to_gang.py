"""From recipes to a gang that runs: a team's queue and a training are scaffolded, applied, admitted, bound and seen."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contract.api import Json
from tests.controlplane.gpu_nodes import add_nodes, gpu_node
from tests.controlplane.ours import k8sai
from tests.controlplane.server import ControlPlane

pytestmark = pytest.mark.controlplane

FLAVOR, TEAM, TRAINING = "cookbook-h100", "cookbook-team", "cookbook-run"
PRODUCT = "NVIDIA-COOKBOOK-H100"
WORKLOADS = f"/apis/kueue.x-k8s.io/v1beta2/namespaces/{TEAM}/workloads"


def test_a_training_recipe_becomes_a_running_gang(
    plane: ControlPlane, addon: Callable[..., None], tmp_path: Path
) -> None:
    addon("jobset", "kueue")
    taint = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}
    add_nodes(plane.api, [gpu_node(f"cookbook-{n}", product=PRODUCT, taints=[taint]) for n in range(2)])
    plane.api.post("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": TEAM}}).ok()

    def run(*words: str) -> str:
        ended = k8sai(*words, kubeconfig=plane.kubeconfig())
        assert ended.code == 0, ended.err
        return ended.out

    run("apply", "kueue-flavor", "--set", f"name={FLAVOR}", "--set", f"product={PRODUCT}")
    team = ("--set", f"team={TEAM}", "--set", f"flavor={FLAVOR}", "--set", "gpus=16", "--set", "cpu=256")
    run("apply", "kueue-team", *team, "--set", "memory=2Ti", "-n", TEAM)
    folder = str(tmp_path / "training")
    words = ("--set", f"name={TRAINING}", "--set", "image=registry.example.com/train:1", "--set", "queue=default")
    run("scaffold", "jobset-train", *words, "--set", 'command=["torchrun", "/app/train.py"]', "-o", folder)
    said = run("apply", "-f", folder, "-n", TEAM, "--timeout", "90s")
    assert f"jobset.jobset.x-k8s.io/{TRAINING} created" in said

    admitted = plane.api.until(WORKLOADS, lambda found: any(map(is_admitted, found.values())), seconds=60)
    assert [each["spec"]["queueName"] for each in admitted.values()] == ["default"]
    plane.api.until(
        f"/api/v1/namespaces/{TEAM}/pods", lambda pods: sum(map(is_running, pods.values())) == 2, seconds=60
    )
    seen = run("top", "--once", "--by", "workload", "-n", TEAM)
    line = next(line for line in seen.splitlines() if TRAINING in line)
    assert line.split()[:7] == [TEAM, f"JobSet/{TRAINING}", "16", "0", "2", "of", "2"]
    assert "running" in line
    again = run("apply", "-f", folder, "-n", TEAM)
    assert again == f"jobset.jobset.x-k8s.io/{TRAINING} unchanged\n"


def is_admitted(workload: Json) -> bool:
    conditions = workload.get("status", {}).get("conditions") or ()
    return any(each["type"] == "Admitted" and each["status"] == "True" for each in conditions)


def is_running(pod: Json) -> bool:
    return bool(pod.get("status", {}).get("phase") == "Running" and pod["spec"].get("nodeName"))
