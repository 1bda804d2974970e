"""From a recipe to a gang that Kueue admits and that runs, on a real control plane with Kueue and JobSet."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.controlplane.gpu_nodes import add_nodes, gpu_node
from tests.controlplane.namespaces import new_namespace
from tests.controlplane.ours import Ended, k8sai
from tests.controlplane.server import ControlPlane

OK, REFUSED, TIMEOUT = 0, 5, 124


def test_scaffold_then_apply_leads_to_a_running_gang(
    plane: ControlPlane, addon: Callable[..., None], tmp_path: Path
) -> None:
    addon("jobset", "kueue")
    namespace = new_namespace(plane.api, "gang")
    add_nodes(plane.api, [gpu_node(f"{namespace}-{number}", 8, labels={"gang": namespace}) for number in range(2)])

    def ours(*arguments: str) -> Ended:
        return k8sai(*arguments, "-n", namespace, kubeconfig=plane.kubeconfig())

    said = ("image=train:1", "command=torchrun,/train.py", "cpu=1", "memory=64Gi", "shm=1Gi")
    training = ("jobset-train", *(word for each in said for word in ("--set", each)))

    flavor = ours("apply", "kueue-flavor", "--set", f"name={namespace}", "--set", f"labels=gang={namespace}")
    assert flavor.code == OK, flavor.err
    quota = ("gpus=16", "cpu=64", "memory=1Ti", f"team={namespace}", f"flavor={namespace}")
    queue = ours("apply", "kueue-team", *(word for one in quota for word in ("--set", one)), "--timeout", "60s")
    assert queue.code == OK, queue.err

    wrong = ours("apply", *training, "--set", "name=first", "--set", "queue=defualt")
    assert (wrong.code, wrong.out) == (REFUSED, "")
    assert "names LocalQueue defualt" in wrong.err and "did you mean default?" in wrong.err

    files = tmp_path / "first"
    made = ours("scaffold", *training, "--set", "name=first", "--set", "queue=default", "-o", str(files))
    assert made.code == OK, made.err
    first = ours("apply", "-f", str(files), "--set-name", "first", "--timeout", "60s")
    assert (first.code, first.out) == (OK, "jobset.jobset.x-k8s.io/first created\n"), first.err
    assert first.err.splitlines()[-1] == "jobset.jobset.x-k8s.io/first: running"

    view = json.loads(ours("top", "-o", "json").out)
    assert [pod["owner"] for pod in view["pods"]] == ["JobSet/first"] * 2
    assert sum(sum(pod["requests"].values()) for pod in view["pods"]) == 16

    second = ours("apply", *training, "--set", "name=second", "--set", "queue=default", "--timeout", "3s")
    assert (second.code, second.out) == (TIMEOUT, "jobset.jobset.x-k8s.io/second created\n")
    assert "not ready within 3 s: queued in LocalQueue default" in second.err
    assert ours("apply", "-f", str(files), "--set-name", "first").out == "jobset.jobset.x-k8s.io/first unchanged\n"

    assert ours("delete", "--set-name", "first", "-y").code == OK
    again = ours("apply", *training, "--set", "name=second", "--set", "queue=default", "--timeout", "60s")
    assert (again.code, again.out) == (OK, "jobset.jobset.x-k8s.io/second unchanged\n"), again.err
