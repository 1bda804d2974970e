"""`queue why` as a user runs it: everything it prints, and how it ends. The tree is the worked one of the figures."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8sai.errors import Exit
from tests.commands.run import Ran, environment, on_terminal, run
from tests.queues.simulate_objects import GPU, gpu_tree, made, recorded, workload

Json = dict[str, Any]
MESSAGE = (
    "couldn't assign flavors to pod set main: insufficient unused quota for nvidia.com/gpu in flavor h100, "
    "6 more needed"
)
HEAD = "short 6 of 8 GPU in h100; the limit that binds: borrowingLimit 8 of ClusterQueue finetune"
WHO = (
    "workload  job-llama-sft   queue ns-finetune/main → finetune → prod → ai   prio 100   waited 120m   "
    "≈1st of 1 (≈1st of 1 in ns-finetune/main)"
)
HOLDERS = (
    "holders   finetune 22 reserved, 6 over its own: sft-70b 16 (ns-finetune, 5h, prio 100)  "
    "eval-grid 6 (ns-finetune, 40m, prio 50)"
)
TABLE = f"""\
WAITING, will fit · {HEAD}
{WHO}
h100      ask 8 GPU  avail 2  max 24   NO: 2 = local 0 + min(prod 8, own 16 - used 22 + borrowingLimit 8 = 2)
kueue     10:02 Pending "{MESSAGE}"   agrees
{HOLDERS}
          students 2 reserved, 2 over its own: lab 2 (ns-students, 60m, prio 0)
"""
NEXT = "simulate job/llama-sft -n ns-finetune --if cq.finetune.borrowingLimit=14"
FIXES = f"""\
fixes     admin: borrowingLimit 8→14 of ClusterQueue finetune admits it now
          admin: nominal 16→22 of ClusterQueue finetune admits it now
          user: --gpus 2 fits now
          either: wait for job/sft-70b or job/eval-grid to end
history   Preempted 3×
eta       0s – 20m (eval-grid limit 60m; assumes no higher priority arrives)
next      kubectl ai-queue {NEXT} --from {{file}}
exit      10
"""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path)


def job(name: str, gpus: int) -> Json:
    """The Job behind a Workload of that name, as kubectl prints it."""
    labels = {"kueue.x-k8s.io/queue-name": "main"}
    container = {"name": "c", "image": "x", "resources": {"limits": {GPU: gpus}}}
    spec = {"suspend": True, "parallelism": 1, "template": {"spec": {"containers": [container]}}}
    meta = {"name": name, "namespace": "ns-finetune", "uid": f"job-{name}", "labels": labels}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": spec, "status": {}}


def waiting(*conditions: Json, name: str = "llama-sft", gpus: int = 8) -> list[Json]:
    found = workload("ns-finetune", name, gpus, priority=100)
    stats = {"schedulingStats": {"evictions": [{"reason": "Preempted", "count": 3}]}}
    found["status"] = {"conditions": list(conditions), **(stats if conditions else {})}
    return [job(name, gpus), found]


def pending(message: str = MESSAGE) -> Json:
    return {
        "type": "QuotaReserved", "status": "False", "reason": "Pending", "message": message,
        "lastTransitionTime": "2026-11-03T10:02:00Z",
    }  # fmt: skip


def tree() -> list[Json]:
    found = gpu_tree()
    grid = next(one for one in found if one["metadata"]["name"] == "job-eval-grid")
    grid["spec"]["maximumExecutionTimeSeconds"] = 3600
    return [*found, *others()]


def others() -> list[Json]:
    """One of each kind that is looked for besides, so that nothing is missing."""
    meta = {"name": "other", "namespace": "ns-serving", "uid": "other", "creationTimestamp": "2026-11-03T08:00:00Z"}
    involved = {"kind": "Pod", "name": "other", "namespace": "ns-serving", "uid": "other"}
    return [
        {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": []}, "status": {}},
        {"apiVersion": "v1", "kind": "LimitRange", "metadata": meta, "spec": {"limits": []}},
        {"apiVersion": "v1", "kind": "Event", "metadata": meta, "involvedObject": involved, "reason": "x"},
    ]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    stray = [job("lost", 1), made("Workload", "job-lost", {"queueName": "nowhere"}, "ns-finetune")]
    stray[0]["metadata"]["labels"] = {"kueue.x-k8s.io/queue-name": "nowhere"}
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": "lost", "uid": "job-lost"}
    stray[1]["metadata"]["ownerReferences"] = [owner]
    free = {**job("free", 1), "metadata": {**job("free", 1)["metadata"], "labels": {}}}
    return recorded([*tree(), *waiting(pending()), *waiting(name="big", gpus=30), *stray, free], tmp_path)


def why(file: Path, env: dict[str, str], *words: str) -> Ran:
    return run("kubectl-ai_queue", "why", *words, "-n", "ns-finetune", "--from", file, env=env)


def test_the_page(tmp_path: Path, env: dict[str, str]) -> None:
    file = recorded([*tree(), *waiting(pending())], tmp_path)
    ran = why(file, env, "job/llama-sft")
    assert (ran.code, ran.err) == (Exit.WAITING, "")
    assert ran.out.startswith(TABLE)
    assert ran.out.endswith(FIXES.format(file=file))
    between = ran.out[len(TABLE) : -len(FIXES.format(file=file))]
    assert "withinClusterQueue of ClusterQueue finetune is Never" in between
    assert all(line.startswith(("preempt   ", "          ")) for line in between.splitlines())


def test_on_a_narrow_terminal_nothing_is_cut(tmp_path: Path, env: dict[str, str]) -> None:
    file = recorded([*tree(), *waiting(pending())], tmp_path)
    argv = ("kubectl-ai_queue", "why", "job/llama-sft", "-n", "ns-finetune", "--from", file)
    shown = on_terminal(*argv, env={**env, "NO_COLOR": "1"}, columns=80)
    lines = shown.out.splitlines()
    commands = [line for line in lines if line.startswith("next ")]
    assert shown.code == Exit.WAITING
    assert max(len(line) for line in lines if line not in commands) <= 80
    assert lines[:2] == [
        "WAITING, will fit · short 6 of 8 GPU in h100; the limit that binds:",
        "  borrowingLimit 8 of ClusterQueue finetune",
    ]
    joined = " ".join(" ".join(lines).split())
    piped = " ".join(why(file, env, "job/llama-sft").out.split())
    assert joined == piped


def test_in_words(file: Path, env: dict[str, str]) -> None:
    ran = why(file, env, "job/llama-sft", "--plain")
    assert (ran.code, ran.err) == (Exit.WAITING, "")
    first, *rest = ran.out.splitlines()
    assert first == f"WAITING, will fit · {HEAD}"
    assert all(": " in line and not line.startswith(" ") for line in rest)
    assert "fixes: user: --gpus 2 fits now" in rest


def test_the_document(file: Path, env: dict[str, str]) -> None:
    ran = why(file, env, "job/llama-sft", "-o", "json")
    document = json.loads(ran.out)
    assert ran.code == document["exit"] == Exit.WAITING
    assert {key: document[key] for key in ("apiVersion", "kind", "at", "context", "complete", "hidden", "verdict")} == {
        "apiVersion": "k8sai.dev/v1alpha1",
        "kind": "QueueWhy",
        "at": "2026-11-03T12:00:00Z",
        "context": "queues.json",
        "complete": True,
        "hidden": [],
        "verdict": "waits",
    }
    assert document["sentence"] == f"job/llama-sft waits: {HEAD}."
    assert document["workload"]["cohorts"] == ["prod", "ai"]
    assert document["position"] == {
        "clusterQueue": 2, "localQueue": 2, "exact": False, "ofClusterQueue": 2, "ofLocalQueue": 2
    }  # fmt: skip
    first = document["blockers"][0]
    assert {key: first[key] for key in ("code", "scope", "flavor", "resource", "need", "have", "deficit", "fix")} == {
        "code": "WaitingForQuota",
        "scope": "ClusterQueue finetune",
        "flavor": "h100",
        "resource": GPU,
        "need": 8,
        "have": 2,
        "deficit": 6,
        "fix": "borrowingLimit 8→14 of ClusterQueue finetune admits it now",
    }
    assert first["fixes"][0]["change"] == "cq.finetune.borrowingLimit=14"
    assert document["kueue"]["agreement"] == "agrees"
    assert document["eta"]["low"] < document["eta"]["high"] == 1200
    assert document["history"]["evictions"][0]["count"] == 3
    assert yaml.safe_load(why(file, env, "job/llama-sft", "-o", "yaml").out) == document


@pytest.mark.parametrize(
    ("what", "word", "code"),
    [
        ("job/llama-sft", "WaitingForQuota", Exit.WAITING),
        ("workload/job-llama-sft", "WaitingForQuota", Exit.WAITING),
        ("llama-sft", "WaitingForQuota", Exit.WAITING),
        ("job/big", "ExceedsMaxQuota", Exit.BLOCKED),
        ("job/lost", "LocalQueueMissing", Exit.FINDINGS),
        ("job/free", "NotQueued", Exit.FINDINGS),
        ("workload/job-sft-70b", "NotReady", Exit.WAITING),
    ],
)
def test_the_word_alone(file: Path, env: dict[str, str], what: str, word: str, code: Exit) -> None:
    ran = why(file, env, what, "-o", "name")
    assert (ran.out, ran.code) == (f"{word}\n", code)


def test_a_name_that_is_misspelt(file: Path, env: dict[str, str]) -> None:
    ran = why(file, env, "job/lama-sft")
    assert (ran.code, ran.out) == (Exit.NOT_FOUND, "")
    assert ran.err.splitlines()[0] == "error: there is no job 'lama-sft' in namespace ns-finetune"
    assert "did you mean `kubectl ai-queue why job/llama-sft -n ns-finetune" in ran.err


def test_a_plain_name_that_is_misspelt_is_answered_with_the_nearest_of_all_kinds(
    file: Path, env: dict[str, str]
) -> None:
    assert "did you mean `kubectl ai-queue why job/llama-sft -n ns-finetune" in why(file, env, "lama-sft").err


def test_a_name_that_is_like_no_other_leads_to_what_waits(file: Path, env: dict[str, str]) -> None:
    assert "  → `kubectl ai-queue pending -A" in why(file, env, "job/zzz").err


def test_a_cluster_without_kueue(tmp_path: Path, env: dict[str, str]) -> None:
    ran = why(recorded([job("llama-sft", 8)], tmp_path), env, "job/llama-sft")
    assert (ran.code, ran.out) == (Exit.NOT_FOUND, "")
    assert "has no Kueue" in ran.err


def test_an_answer_that_is_old_is_said_to_be(tmp_path: Path, env: dict[str, str]) -> None:
    """Kueue's word and ours differ: both are said."""
    stale = pending(MESSAGE.replace("6 more", "9 more"))
    ran = why(recorded([*tree(), *waiting(stale)], tmp_path), env, "job/llama-sft")
    assert '9 more needed"   differs: Kueue said 9 more at 10:02; now 6\n' in ran.out
    assert ran.out.startswith(f"WAITING, will fit · {HEAD}\n")


def test_a_job_of_another_namespace(file: Path, env: dict[str, str]) -> None:
    ran = run("kubectl-ai_queue", "why", "job/llama-sft", "-n", "ns-serving", "--from", file, env=env)
    assert ran.code == Exit.NOT_FOUND
    assert "did you mean `kubectl ai-queue why job/llama-sft -n ns-finetune" in ran.err
