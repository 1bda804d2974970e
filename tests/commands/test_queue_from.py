"""`queue --from`: a List of Kueue's kinds alone is enough; what else a file may be is told."""

import json
from pathlib import Path

import pytest

from k8sai.errors import Exit
from tests.commands.run import Ran, environment, run
from tests.queues.simulate_objects import Json, gpu_tree, workload


def asked(folder: Path, objects: list[Json], *words: str) -> Ran:
    file = folder / "queues.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    ran = run("kubectl-ai_queue", *words, "--from", file, env=environment(folder))
    return Ran(ran.code, ran.out, ran.err.replace(str(folder), "FOLDER"))


def queues() -> list[Json]:
    found = [*gpu_tree(), workload("ns-finetune", "large", 3)]
    return [one for one in found if one["apiVersion"].startswith("kueue.x-k8s.io/")]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("list -o name", "cq/finetune"),
        ("describe cq/finetune", "ClusterQueue finetune"),
        ("pending -A", "job/large"),
        ("why workload/job-large -n ns-finetune", "borrowingLimit 8→9"),
        ("simulate -n ns-finetune --gpus 2", "FitsBorrowing"),
    ],
)
def test_kinds_of_kueue_are_enough(tmp_path: Path, words: str, said: str) -> None:
    ran = asked(tmp_path, queues(), *words.split())
    assert said in ran.out
    assert "error" not in ran.err


def test_a_file_without_kueue_is_told_how_to_make_one(tmp_path: Path) -> None:
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "gpu-1", "uid": "u"}, "spec": {}, "status": {}}
    assert asked(tmp_path, [node], "list") == Ran(
        Exit.NOT_FOUND,
        "",
        "error: FOLDER/queues.json has no Kueue: it does not hold clusterqueues.kueue.x-k8s.io\n"
        "  → make one with: kubectl get cq,lq,wl,rf,cohort,ns,jobs,nodes,pods -A -o json > FILE\n",
    )
