"""`queue pending` as a user runs it: the waiting list, and what of it is left where something may not be read."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8sai.errors import Exit
from tests.commands.queue_canned import VISIBILITY, answers, ask
from tests.commands.run import Ran, environment, on_terminal, run
from tests.commands.server import Answer, Canned, forbidden, status
from tests.queues.simulate_objects import NOW, Json, gpu_tree, local_queue, recorded, workload

FINETUNE = """\
WORKLOAD       POS  PRIO  GPUS  WAITED  FITS    REASON             BLOCKER                                 QUEUE
job/llama-sft   ≈1   100     8    3h5m  waits   WaitingForQuota    h100: 6 GPU short by borrowingLimit     main
job/eval        ≈2    10     2     90m  borrow  PendingEvaluation                                          batch
job/huge        ≈3    10    64     60m  never   ExceedsMaxQuota    h100: 24 GPU at most by borrowingLimit  batch
job/off          -    10     4    120m  waits   Deactivated                                                batch
"""


def objects() -> list[Json]:
    return [
        *gpu_tree(),
        local_queue("ns-finetune", "finetune", "batch"),
        workload("ns-finetune", "llama-sft", 8, priority=100, created="2026-11-03T08:55:00Z"),
        workload("ns-finetune", "eval", 2, priority=10, queue="batch", created="2026-11-03T10:30:00Z"),
        workload("ns-finetune", "huge", 32, pods=2, priority=10, queue="batch", created="2026-11-03T11:00:00Z"),
        workload("ns-finetune", "off", 4, priority=10, queue="batch", active=False),
        workload("ns-students", "hw", 4),
    ]


def listed(folder: Path, *words: str) -> Ran:
    file = recorded(objects(), folder)
    ran = run("kubectl-ai_queue", "pending", "--from", file, *words, env=environment(folder))
    return Ran(ran.code, ran.out, ran.err.replace(str(folder), "FOLDER"))


def columns(text: str) -> list[list[str]]:
    """Without the space between columns."""
    return [line.split() for line in text.splitlines()]


# --- what it prints ---------------------------------------------------------------------------------------------------


def test_the_line_of_a_cluster_queue(tmp_path: Path) -> None:
    assert listed(tmp_path, "cq/finetune") == Ran(Exit.OK, FINETUNE, "")


def test_one_local_queue_in_words(tmp_path: Path) -> None:
    assert listed(tmp_path, "lq/main", "-n", "ns-finetune", "--plain") == Ran(
        Exit.OK,
        "workload ns-finetune/job/llama-sft: pos ≈1, prio 100, gpus 8, waited 3h5m, fits waits, "
        "reason WaitingForQuota, blocker h100: 6 GPU short by borrowingLimit, queue main, clusterqueue finetune\n",
        "",
    )


def test_of_a_namespace_of_everything_and_of_labels(tmp_path: Path) -> None:
    names = "workload.kueue.x-k8s.io/job-"
    assert listed(tmp_path, "-n", "ns-students", "-o", "name").out == f"{names}hw\n"
    everything = [f"{names}{name}" for name in ("llama-sft", "eval", "huge", "off", "hw")]
    assert listed(tmp_path, "-A", "-o", "name").out.split() == everything
    assert listed(tmp_path, "-A", "-l", "team=x", "-o", "name").out == ""


def test_the_first_few_and_how_many_more(tmp_path: Path) -> None:
    ran = listed(tmp_path, "cq/finetune", "--limit", "1", "-o", "name")
    assert ran.out == "workload.kueue.x-k8s.io/job-llama-sft\n"
    ran = listed(tmp_path, "cq/finetune", "--limit", "1")
    assert ran.err.startswith("note: 3 more wait at ClusterQueue finetune\n")
    assert json.loads(listed(tmp_path, "cq/finetune", "--limit", "1", "-o", "json").out)["total"] == 4


def test_nothing_waits(tmp_path: Path) -> None:
    ran = listed(tmp_path, "-n", "ns-serving")
    assert (ran.code, ran.out) == (Exit.OK, "")
    assert ran.err.startswith("note: nothing waits in namespace ns-serving\n  → `kubectl ai-queue pending -A")


def test_the_document(tmp_path: Path) -> None:
    found: Any = json.loads(listed(tmp_path, "-A", "-o", "json").out)
    assert [found[key] for key in ("kind", "at", "complete", "total")] == ["QueuePending", NOW, True, 5]
    first = found["pending"][0]
    assert first == {
        "namespace": "ns-finetune",
        "name": "job-llama-sft",
        "owner": "job/llama-sft",
        "localQueue": "main",
        "clusterQueue": "finetune",
        "position": 1,
        "positionInLocalQueue": 1,
        "exact": False,
        "priority": 100,
        "gpus": 8,
        "asks": {"nvidia.com/gpu": 8},
        "created": "2026-11-03T08:55:00Z",
        "waitedSeconds": 11100,
        "fits": "waits",
        "code": "WaitingForQuota",
        "blocker": "h100: 6 GPU short by borrowingLimit",
        "eta": None,
        "preempts": [],
    }
    assert yaml.safe_load(listed(tmp_path, "-A", "-o", "yaml").out) == found


@pytest.mark.parametrize("width", [80, 200])
def test_a_terminal_is_never_wider_than_it_is(width: int, tmp_path: Path) -> None:
    words = ("kubectl-ai_queue", "pending", "cq/finetune", "--from", recorded(objects(), tmp_path))
    shown = on_terminal(*words, env=environment(tmp_path, NO_COLOR="1"), columns=width).out
    assert max(map(len, shown.splitlines())) <= width
    assert "llama-sft" in shown and "WaitingForQuota" in shown


def test_what_contradicts_itself_or_is_not_there(tmp_path: Path) -> None:
    assert listed(tmp_path, "-A", "-n", "x") == Ran(
        Exit.USAGE, "", "error: -A and -n contradict each other\n  → leave one of them out\n"
    )
    assert listed(tmp_path, "cohort/ai").code == Exit.USAGE
    assert listed(tmp_path, "finetone") == Ran(
        Exit.NOT_FOUND,
        "",
        "error: there is no ClusterQueue or LocalQueue finetone (LocalQueues of namespace default)\n"
        "  → did you mean cq/finetune?\n",
    )


# --- a server ---------------------------------------------------------------------------------------------------------


def told(*names: str) -> Answer:
    items = [
        {
            "metadata": {
                "name": f"job-{name}",
                "namespace": "ns-finetune",
                "creationTimestamp": "2026-11-03T10:00:00Z",
                "ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": "u"}],
            },
            "priority": 10,
            "localQueueName": "batch",
            "positionInClusterQueue": place,
            "positionInLocalQueue": place,
        }
        for place, name in enumerate(names)
    ]
    return 200, {"kind": "PendingWorkloadsSummary", "items": items}


def rows_of(ran: Ran) -> dict[str, dict[str, Any]]:
    return {one["owner"]: one for one in json.loads(ran.out)["pending"]}


def test_kueues_own_places_are_exact(tmp_path: Path) -> None:
    with Canned(answers(objects(), told={"clusterqueues/finetune": told("eval", "llama-sft", "huge")})) as canned:
        ran = ask(canned, tmp_path, "pending", "cq/finetune", "-o", "json")
    found = rows_of(ran)
    assert [(name, one["position"], one["exact"]) for name, one in found.items()] == [
        ("job/eval", 1, True),
        ("job/llama-sft", 2, True),
        ("job/huge", 3, True),
        ("job/off", None, None),
    ]
    assert (ran.code, ran.err) == (Exit.OK, "")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (forbidden("clusterqueues/pendingworkloads", VISIBILITY), "`kubectl auth can-i "),
        (status(503, "ServiceUnavailable", "away"), "try again in a moment"),
        (status(404, "NotFound", "not here"), "`kubectl get apiservice v1beta2.visibility.kueue.x-k8s.io"),
    ],
)
def test_without_the_visibility_api_places_are_ours_and_marked(answer: Answer, said: str, tmp_path: Path) -> None:
    with Canned(answers(objects(), told={"clusterqueues/finetune": answer})) as canned:
        ran = ask(canned, tmp_path, "pending", "cq/finetune")
    assert ran.code == Exit.PARTIAL
    assert columns(ran.out)[1][:2] == ["job/llama-sft", "≈1"]
    assert "positions marked ≈ are our own order" in ran.err and said in ran.err


def test_who_may_only_ask_about_their_own_local_queue_is_told_exactly(tmp_path: Path) -> None:
    denied = ["clusterqueues", "cohorts", "workloads", "localqueues"]
    local = {
        "clusterqueues/finetune": forbidden("clusterqueues/pendingworkloads", VISIBILITY),
        "namespaces/ns-finetune/localqueues/batch": told("eval", "huge"),
        "namespaces/ns-finetune/localqueues/main": told("llama-sft"),
    }
    with Canned(answers(objects(), denied, own="ns-finetune", told=local)) as canned:
        ran = ask(canned, tmp_path, "pending", "-o", "json", namespace="ns-finetune")
    found = rows_of(ran)
    assert found["job/eval"]["exact"] is True and found["job/eval"]["gpus"] == 2
    assert found["job/eval"]["fits"] is None  # what the ClusterQueue has is not known
    assert ran.code == Exit.PARTIAL
    assert {gap["what"] for gap in json.loads(ran.out)["hidden"]} == {
        "clusterqueues.kueue.x-k8s.io",
        "cohorts.kueue.x-k8s.io",
    }


def test_without_workloads_the_places_that_kueue_tells_are_listed(tmp_path: Path) -> None:
    with Canned(answers(objects(), ["workloads"], told={"clusterqueues/finetune": told("eval", "huge")})) as canned:
        ran = ask(canned, tmp_path, "pending", "cq/finetune")
    assert [line[:3] for line in columns(ran.out)] == [
        ["WORKLOAD", "POS", "PRIO"],
        ["job/eval", "1", "10"],
        ["job/huge", "2", "10"],
    ]
    assert ran.code == Exit.PARTIAL
    assert "those are listed that Kueue tells the place of, without what they ask for" in ran.err


def test_what_may_not_be_read_is_not_said_to_be_nothing(tmp_path: Path) -> None:
    found = objects()
    queue = next(one for one in found if one["kind"] == "LocalQueue" and one["metadata"]["name"] == "batch")
    queue["status"] = {"pendingWorkloads": 3}
    with Canned(answers(found, ["workloads"])) as canned:
        ran = ask(canned, tmp_path, "pending", "-n", "ns-finetune")
    assert (ran.code, ran.out) == (Exit.PARTIAL, "")
    assert "nothing waits" not in ran.err
    assert "note: 3 wait in namespace ns-finetune, as the status of the LocalQueues says\n" in ran.err
