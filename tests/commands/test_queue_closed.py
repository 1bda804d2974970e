"""Verbs of `queue` whose stdout was closed before they began: they end as they would have, without a word of it."""

import subprocess
from pathlib import Path

import pytest

from k8sai.errors import Exit
from tests.commands.run import BIN, environment
from tests.queues.simulate_objects import gpu_tree, recorded, workload

VERBS = {
    "list": ("list",),
    "list -o json": ("list", "-o", "json"),
    "list -o name": ("list", "-o", "name"),
    "describe": ("describe", "cq/finetune"),
    "pending": ("pending", "-A"),
    "why": ("why", "workload/job-large", "-n", "ns-finetune"),
    "simulate": ("simulate", "-n", "ns-finetune", "--gpus", "2"),
}


@pytest.mark.parametrize("words", VERBS.values(), ids=VERBS)
def test_a_closed_stdout_changes_no_exit_code(tmp_path: Path, words: tuple[str, ...]) -> None:
    file = recorded([*gpu_tree(), workload("ns-finetune", "large", 3)], tmp_path)
    argv = [str(BIN / "kubectl-ai_queue"), *words, "--from", str(file)]
    env = environment(tmp_path)
    opened = subprocess.run(argv, env=env, capture_output=True, check=False)
    shell = ["/bin/sh", "-c", 'exec "$0" "$@" >&-', *argv]
    closed = subprocess.run(shell, env=env, capture_output=True, check=False)
    assert opened.returncode != Exit.BUG
    assert (closed.returncode, closed.stderr, closed.stdout) == (opened.returncode, opened.stderr, b"")
