"""Every command that prints a document prints one of the same form: who says it, of what, when, and what is missing."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from k8sai.commands._door import command_names
from k8sai.errors import Exit
from tests.commands.run import environment, run
from tests.queues.simulate_objects import gpu_tree, recorded

SMALL = Path(__file__).parents[1] / "clusters/small.json"
KEYS = ("apiVersion", "kind", "at", "context", "complete", "hidden")
ASKED = [
    ("top", ("--from", "FILE"), "GpuView"),
    ("why", ("sweep-1", "-n", "team-vision", "--from", "FILE"), "Why"),
    ("fit", ("--gpus", "1", "--from", "FILE"), "Fit"),
    ("queue", ("list", "--from", "QUEUES"), "QueueView"),
    ("queue", ("describe", "finetune", "--from", "QUEUES"), "QueueView"),
    ("queue", ("pending", "-A", "--from", "QUEUES"), "QueuePending"),
    ("queue", ("why", "workload/job-lab", "-n", "ns-students", "--from", "QUEUES"), "QueueWhy"),
    ("snapshot", ("show", "FILE"), "Snapshot"),
    ("snapshot", ("diff", "FILE", "FILE"), "SnapshotDiff"),
    ("recipe", ("list", "--tag", "serving"), "RecipeList"),
    ("recipe", ("explain", "vllm"), "Recipe"),
    ("recipe", ("lint", "vllm"), "Lint"),
    ("recipe", ("test", "vllm"), "RecipeTest"),
]
# They tell nothing of a cluster; what apply, delete, canary and evict tell needs one: test_apply.py, test_evict_plan.py
WITHOUT = {"completion", "demo", "sim", "scaffold", "apply", "delete", "canary", "evict"}


@pytest.mark.parametrize(("command", "flags", "kind"), ASKED, ids=[" ".join((c, *f)) for c, f, _ in ASKED])
def test_documents_have_one_form(command: str, flags: tuple[str, ...], kind: str, tmp_path: Path) -> None:
    files = {"FILE": shutil.copy(SMALL, tmp_path / "small.json"), "QUEUES": recorded(gpu_tree(), tmp_path)}
    words = [files.get(word, word) for word in flags]
    env = environment(tmp_path)
    ran = run(f"kubectl-ai_{command}", *words, "-o", "json", env=env)
    found = json.loads(ran.out)
    assert ran.code not in (Exit.USAGE, Exit.CLUSTER, Exit.BUG), ran.err
    assert tuple(found)[: len(KEYS)] == KEYS
    assert (found["apiVersion"], found["kind"]) == ("k8sai.dev/v1alpha1", kind)
    assert isinstance(found["at"], str) and isinstance(found["context"], str)
    assert found["complete"] is (not found["hidden"])
    assert all(gap["what"] and gap["why"] for gap in found["hidden"])
    again = yaml.safe_load(run(f"kubectl-ai_{command}", *words, "-o", "yaml", env=env).out)
    if command == "recipe":  # no recording: it is always now
        again["at"] = found["at"]
    assert again == found


def test_no_command_is_forgotten() -> None:
    assert {command for command, _, _ in ASKED} == set(command_names()) - WITHOUT
