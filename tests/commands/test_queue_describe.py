"""`queue describe` as a user runs it."""

import json
from pathlib import Path
from typing import Any

import pytest

from k8sai.errors import Exit
from tests.commands.queue_canned import answers, ask
from tests.commands.run import Ran, environment, on_terminal, run
from tests.commands.server import Canned
from tests.queues.simulate_objects import Json, gpu_tree, local_queue, recorded, workload

PAGE = """\
ClusterQueue finetune · active
├─ in cohort prod → ai
├─ 1 pending, 2 with quota, the longest waits 120m, 8 GPUs asked for
└─ h100 GPU: the status says 0 reserved, Workloads 22; it trails by about a second, so the Workloads count

QUEUE                   ACTIVE  NOMINAL  RESERVED  AVAIL  PENDING  ASKED  BORROWED  MAX  RUNNING  OLDEST  ADMITTED
cq/finetune             yes          16        22      2        1      8         6   24        2    120m        22
└─ lq/ns-finetune/main  ?                      22               1      8                       2    120m        22

What fits now, as a sum
└─ h100 GPU: 2 = 0 guaranteed + 2 by its limit (16 to share - 22 of it in use + 8 borrowing limit = 2; cohort prod has 8)
   ├─ cohort prod: 8 = 6 guaranteed + 2 from cohort ai (borrowing limit none)
   ├─ cohort ai: 2 = 20 to share - 18 of it in use (52 of 72 kept back by lending limits)
   └─ 24 at most = 16 own + 8 borrowing limit; what binds now: borrowingLimit 8 of ClusterQueue finetune

Policies
├─ order: BestEffortFIFO: by priority, then age; who does not fit is put aside and others go first
├─ own queue: evicts workloads of its own queue with a lower priority
├─ reclaim: takes nothing back from queues that borrow
├─ borrowing: evicts nobody in order to borrow
└─ namespaces: all may use it

HOLDER         NAMESPACE    GPUS  FOR  PRIORITY  EVICTED BY
job/sft-70b    ns-finetune    16   5h       100  its own queue above priority 100
job/eval-grid  ns-finetune     6  40m        50  its own queue above priority 50
"""  # noqa: E501


def objects() -> list[Json]:
    found = [*gpu_tree(preemption={"withinClusterQueue": "LowerPriority"}), workload("ns-finetune", "llama-sft", 8)]
    for one in found:
        if one["kind"] == "ClusterQueue":
            one["status"] = {"conditions": [{"type": "Active", "status": "True", "reason": "Ready"}]}
    return found


def described(folder: Path, *words: str, found: list[Json] | None = None) -> Ran:
    file = recorded(objects() if found is None else found, folder)
    return run("kubectl-ai_queue", "describe", *words, "--from", file, env=environment(folder))


def test_a_cluster_queue_in_full(tmp_path: Path) -> None:
    ran = described(tmp_path, "finetune")
    assert ran.out.splitlines() == PAGE.splitlines()
    assert (ran.code, ran.err) == (Exit.OK, "")


def test_a_cohort_shows_what_is_below_it(tmp_path: Path) -> None:
    ran = described(tmp_path, "cohort/research")
    assert ran.out.startswith("Cohort research\n├─ in cohort ai\n")
    assert "└─ cq/students" in ran.out and "cq/serving" not in ran.out
    assert "CLUSTERQUEUE" in ran.out  # whose holders they are


def test_a_cohort_that_is_only_named_says_so(tmp_path: Path) -> None:
    first = described(tmp_path, "cohort/ai").out.splitlines()[0]
    assert first == "Cohort ai · only named: there is no object, so it has nothing of its own"


def test_a_local_queue_leads_to_its_cluster_queue(tmp_path: Path) -> None:
    ran = described(tmp_path, "lq/main", "-n", "ns-finetune")
    assert "├─ leads to finetune → prod → ai\n" in ran.out
    assert "What fits now in ClusterQueue finetune, as a sum\n" in ran.out


def test_a_name_of_two_is_asked_back(tmp_path: Path) -> None:
    found = [*objects(), local_queue("ns-finetune", "finetune", "finetune")]
    assert described(tmp_path, "finetune", "-n", "ns-finetune", found=found) == Ran(
        Exit.USAGE,
        "",
        "error: finetune is the name of a ClusterQueue and a LocalQueue\n  → say cq/finetune or lq/finetune\n",
    )


def test_the_document(tmp_path: Path) -> None:
    found: Any = json.loads(described(tmp_path, "finetune", "-o", "json").out)
    assert found["kind"] == "QueueView"
    assert found["described"]["policies"]["own queue"] == "evicts workloads of its own queue with a lower priority"
    assert found["described"]["differences"] == [
        {"flavor": "h100", "resource": "nvidia.com/gpu", "status": 0, "workloads": 22}
    ]


@pytest.mark.parametrize("width", [80, 200])
def test_on_a_terminal_nothing_is_wider_than_it(width: int, tmp_path: Path) -> None:
    words = ("kubectl-ai_queue", "describe", "finetune", "--from", recorded(objects(), tmp_path))
    shown = on_terminal(*words, env=environment(tmp_path, NO_COLOR="1"), columns=width).out
    assert max(map(len, shown.splitlines())) <= width
    assert "sft-70b" in shown


def test_without_workloads_the_sum_is_that_of_the_status_and_says_so(tmp_path: Path) -> None:
    with Canned(answers(objects(), ["workloads"])) as canned:
        ran = ask(canned, tmp_path, "describe", "finetune")
    assert ran.code == Exit.PARTIAL
    assert "16 to share - 0 of it in use + 8 borrowing limit = 24" in ran.out
    assert "HOLDER" not in ran.out
    assert "SERVER forbids eve to list workloads.kueue.x-k8s.io" in ran.err


def test_a_kind_that_may_not_be_read_is_not_said_to_be_absent(tmp_path: Path) -> None:
    with Canned(answers(objects(), ["clusterqueues"])) as canned:
        ran = ask(canned, tmp_path, "describe", "cq/finetune")
    assert (ran.code, ran.out) == (Exit.FORBIDDEN, "")
    assert "kubectl auth can-i list clusterqueues.kueue.x-k8s.io" in ran.err
