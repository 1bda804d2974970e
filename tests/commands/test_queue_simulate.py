"""`queue simulate` as a user runs it: whole stdout, stderr and exit code, on recordings."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8sai.errors import Exit
from tests.commands.run import Ran, environment, run
from tests.queues.simulate_objects import GPU, gpu_tree, local_queue, made, pod_spec, recorded, workload

Json = dict[str, Any]
HEADING = "model of Kueue 0.19 at 2026-11-03T12:00:00Z: one moment, not a reservation\n"
RANGE = {
    "apiVersion": "v1",
    "kind": "LimitRange",
    "metadata": {"name": "most", "namespace": "ns-serving"},
    "spec": {"limits": [{"type": "Container", "max": {GPU: 8}}]},
}
WAITING = [
    {**made("WorkloadPriorityClass", "urgent", {}), "value": 80},
    workload("ns-finetune", "early", 6, created="2026-11-03T11:30:00Z", priority=10),
    workload("ns-finetune", "late", 6, created="2026-11-03T11:40:00Z"),
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The tree of prod and research; finetune may evict its own of lower priority, and two wait there."""
    return recorded([*gpu_tree(preemption={"withinClusterQueue": "LowerPriority"}), RANGE, *WAITING], tmp_path)


def simulate(file: Path, *words: str | Path, stdin: str = "") -> Ran:
    return run("kubectl-ai_queue", "simulate", "--from", file, *words, env=environment(file.parent), stdin=stdin)


def test_it_fits(file: Path) -> None:
    assert simulate(file, "--gpus", "4", "--pods", "2", "-n", "ns-serving") == Ran(
        Exit.OK,
        HEADING
        + """\
FitsNow: 2 pods of 4 GPUs would get 8 GPU of h100 at once
queue     ns-serving/main → serving → prod → ai   priority 0
largest   3 pods of this size, or 6 GPU in each pod, by quota

POD SET  FLAVOR  RESOURCE  ASK  AVAIL  MAX  ANSWER
main     h100    GPU         8     12   72  fits
""",
        "",
    )


def test_it_fits_by_borrowing(file: Path) -> None:
    assert simulate(file, "--gpus", "2", "-n", "ns-students") == Ran(
        Exit.OK,
        HEADING
        + """\
FitsBorrowing: 1 pod of 2 GPUs would get 2 GPU of h100 at once, by borrowing inside Cohort ai: ClusterQueue students \
would be 4 GPU over its own quota
queue     ns-students/main → students → research → ai   priority 0
largest   1 pod of this size, or 2 GPU in each pod, by quota

POD SET  FLAVOR  RESOURCE  ASK  AVAIL  MAX  ANSWER
main     h100    GPU         2      2    4  fits, borrowing
""",
        "",
    )


def test_it_needs_preemption(file: Path) -> None:
    assert simulate(file, "--gpus", "8", "-n", "ns-finetune", "--priority", "urgent") == Ran(
        Exit.WAITING,
        HEADING
        + """\
NeedsPreemption: 1 pod of 8 GPUs would get 8 GPU of h100 once 1 workload is evicted: 6 GPU, 4 GPU·h of work lost
queue     ns-finetune/main → finetune → prod → ai   priority 80 (urgent)
largest   no pod of this size, or 2 GPU in each pod, by quota

POD SET  FLAVOR  RESOURCE  ASK  AVAIL  MAX  ANSWER
main     h100    GPU         8      2   24  by preemption: 6 short

EVICTED                    QUEUE     GPUS  PRIORITY  RUNS  GPU·H  RIGHT
ns-finetune/job/eval-grid  finetune     6        50   40m      4  InClusterQueue
""",
        "",
    )


def test_one_that_waits_is_told_who_takes_the_room_before_it(file: Path) -> None:
    assert simulate(file, "job/late", "-n", "ns-finetune", "--if", "finish=eval-grid") == Ran(
        Exit.NO_CAPACITY,
        HEADING
        + """\
if        ns-finetune/job/eval-grid has ended
Waits: job/late is short of 4 of 6 GPU in h100; the limit that binds: borrowingLimit 8 of ClusterQueue finetune
queue     ns-finetune/main → finetune → prod → ai   priority 0
ahead     ns-finetune/job/early (6 GPU) takes the room before it
frees     ns-finetune/job/sft-70b 16 GPU (runs 5h): then it fits, if nobody else arrives
largest   no pod of this size, or 2 GPU in each pod, by quota

POD SET  FLAVOR  RESOURCE  ASK  AVAIL  MAX  ANSWER
main     h100    GPU         6      2   24  waits: 4 short

TURN  WORKLOAD               QUEUE     GIVEN
   1  ns-finetune/job/early  finetune  6 GPU of h100
""",
        "",
    )


def test_one_that_waits_may_be_tried_with_another_class(file: Path) -> None:
    ran = simulate(file, "job/late", "-n", "ns-finetune", "--priority", "urgent")
    assert ran.code == Exit.WAITING
    assert ran.out.splitlines()[1:4] == [
        "if        job/late: priority 0 → 80 (urgent)",
        "NeedsPreemption: job/late would get 6 GPU of h100 once 1 workload is evicted: 6 GPU, 4 GPU·h of work lost",
        "queue     ns-finetune/main → finetune → prod → ai   priority 80 (urgent)",
    ]


def test_with_a_change_the_line_is_played_out(file: Path) -> None:
    ran = simulate(
        file, "job/late", "-n", "ns-finetune", "--if", "finish=job/sft-70b", "--if", "cq.finetune.nominal=18"
    )
    assert ran == Ran(
        Exit.OK,
        HEADING
        + """\
if        ns-finetune/job/sft-70b has ended
if        ClusterQueue finetune: nominalQuota 16 → 18 (h100, GPU)
FitsNow: job/late would get 6 GPU of h100 at once
queue     ns-finetune/main → finetune → prod → ai   priority 0
ahead     ns-finetune/job/early (6 GPU) comes first
largest   2 pods of this size, or 14 GPU in each pod, by quota

POD SET  FLAVOR  RESOURCE  ASK  AVAIL  MAX  ANSWER
main     h100    GPU         6     14   26  fits

TURN  WORKLOAD               QUEUE     GIVEN
   1  ns-finetune/job/early  finetune  6 GPU of h100
   2  ns-finetune/job/late   finetune  6 GPU of h100  this one
""",
        "",
    )


def test_never_names_the_limit(file: Path) -> None:
    ran = simulate(file, "--gpus", "25", "-n", "ns-finetune", "--plain")
    assert ran == Ran(
        Exit.BLOCKED,
        HEADING
        + """\
Never: 1 pod of 25 GPUs asks for 25 GPU of h100, and there are never more than 24 GPU for it; the limit that binds: \
borrowingLimit 8 of ClusterQueue finetune
queue     ns-finetune/main → finetune → prod → ai   priority 0
largest   no pod of this size, or 2 GPU in each pod, by quota

pod set main: flavor h100, resource GPU, ask 25, avail 2, max 24, answer never
""",
        "",
    )


@pytest.mark.parametrize(
    ("words", "sentence", "following"),
    [
        (
            ("--gpus", "16", "-n", "ns-serving"),
            "1 pod of 16 GPUs: container main of pod set main asks for 16 nvidia.com/gpu, and a LimitRange allows 8",
            "queue     ns-serving/main → serving → prod → ai   priority 0\n",
        ),
        (
            ("--gpus", "1", "-n", "nowhere"),
            "1 pod of 1 GPU: it names no queue, so Kueue leaves it alone",
            "next      namespace nowhere has no LocalQueue at all: `kubectl ai-queue list --from {file}` shows "
            "where there are some\n",
        ),
        (
            ("--gpus", "1", "-n", "ns-students", "--if", "cq.students.stop=Hold"),
            "1 pod of 1 GPU: ClusterQueue students is stopped (Hold)",
            "queue     ns-students/main → students → research → ai   priority 0\n"
            "next      `--if cq.students.stop=None` looks past it\n",
        ),
    ],
)
def test_what_is_not_set_up_for_it_is_said_with_what_mends_it(
    file: Path, words: tuple[str, ...], sentence: str, following: str
) -> None:
    ran = simulate(file, *words)
    assert (ran.code, ran.err) == (Exit.BLOCKED, "")
    told = ran.out.removeprefix(HEADING)
    assert told[told.index("Misconfigured") :] == f"Misconfigured: {sentence}\n{following.format(file=file)}"


def test_a_manifest_brings_its_queue_its_priority_and_its_pod_sets(file: Path, tmp_path: Path) -> None:
    labels = {"kueue.x-k8s.io/queue-name": "main", "kueue.x-k8s.io/priority-class": "urgent"}

    def replicated(name: str, pods: int, gpus: int) -> Json:
        return {"name": name, "template": {"spec": {"parallelism": pods, "template": {"spec": pod_spec(gpus)}}}}

    jobset = {
        "apiVersion": "jobset.x-k8s.io/v1alpha2",
        "kind": "JobSet",
        "metadata": {"name": "train", "labels": labels},
        "spec": {"replicatedJobs": [replicated("driver", 1, 1), replicated("worker", 2, 4)]},
    }
    manifest = tmp_path / "train.yaml"
    manifest.write_text(yaml.safe_dump(jobset))
    expected = (
        HEADING
        + """\
FitsNow: JobSet train would get 9 GPU of h100 at once
queue     ns-serving/main → serving → prod → ai   priority 80 (urgent)
largest   2 pods of this size (worker), or 5 GPU in each pod, by quota

POD SET  FLAVOR  RESOURCE  ASK  AVAIL  MAX  ANSWER
driver   h100    GPU         1     12   72  fits
worker   h100    GPU         9     12   72  fits
"""
    )
    assert simulate(file, "-f", manifest, "-n", "ns-serving") == Ran(Exit.OK, expected, "")
    assert simulate(file, "-f", "-", "-n", "ns-serving", stdin=manifest.read_text()) == Ran(Exit.OK, expected, "")


def test_a_document_and_a_word(file: Path) -> None:
    words = ("--gpus", "8", "-n", "ns-finetune", "--if", "cq.finetune.borrowingLimit=9")
    ran = simulate(file, *words, "-o", "json")
    found = json.loads(ran.out)
    assert (ran.code, found["exit"], found["verdict"], found["answer"]) == (6, 6, "waits", "Waits")
    assert found["if"] == ["cq.finetune.h100.nvidia.com/gpu.borrowingLimit=9"]
    assert found["short"] == [{"flavor": "h100", "resource": GPU, "deficit": 5}]
    finetune = next(one for one in found["after"]["clusterQueues"] if one["name"] == "finetune")
    assert finetune["resources"][0]["borrowingLimit"] == 9
    assert yaml.safe_load(simulate(file, *words, "-o", "yaml").out) == found
    assert simulate(file, *words, "-o", "name") == Ran(Exit.NO_CAPACITY, "Waits\n", "")


def test_what_could_not_be_read_is_said(tmp_path: Path) -> None:
    ran = simulate(recorded(gpu_tree(), tmp_path), "--gpus", "1", "-n", "ns-serving")
    assert ran.code == Exit.PARTIAL
    assert ran.out.splitlines()[1] == "FitsNow: 1 pod of 1 GPU would get 1 GPU of h100 at once"
    assert "limitranges" in ran.err
    waits = simulate(recorded(gpu_tree(), tmp_path), "--gpus", "8", "-n", "ns-finetune")
    assert (waits.code, "limitranges" in waits.err) == (Exit.NO_CAPACITY, True)  # they could only forbid it too


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "simulate needs a subject: -f FILE, --gpus N, or a job that waits"),
        (("job/late", "--gpus", "1"), 2, "a job and --gpus both say what is asked for"),
        (("job/late", "--pods", "1"), 2, "--pods is for pods made from flags, which begin with --gpus"),
        (("job/late", "--queue", "x"), 2, "a job that waits has its queue"),
        (("job/late", "--priority", "urgnt"), 4, "there is no priority class urgnt\n  → did you mean urgent?"),
        (("job/late", "--probe"), 2, "job/late is real: Kueue has judged it already"),
        (("--gpus", "1", "--probe"), 2, "--from reads no cluster, so there is nothing to probe"),
        (("--gpus", "1", "--probe", "--if", "finish=lab"), 2, "--probe asks the cluster as it is"),
        (("--gpus", "0"), 2, "--gpus 0: at least one GPU must be asked for"),
        (("--gpus", "1", "--pods", "0"), 2, "--pods 0: at least one pod must be asked for"),
        (("--gpus", "1", "--flavor-selector", "x"), 2, "--flavor-selector 'x' is no label"),
        (("--gpus", "1", "--priority", "urgnt"), 4, "there is no priority class urgnt\n  → did you mean urgent?"),
        (
            ("--gpus", "1", "--if", "cq.finetun.nominal=1"),
            4,
            "there is no ClusterQueue finetun; did you mean finetune?",
        ),
        (
            ("job/lat",),
            4,
            "namespace ns-finetune has no workload of job/lat that Kueue knows\n  → did you mean job/late?",
        ),
        (("job/sft-70b",), 2, "job/sft-70b does not wait: it holds quota already"),
        (("-f", "/nowhere.yaml"), 4, "there is no file /nowhere.yaml"),
    ],
)
def test_what_cannot_be_meant_is_refused(file: Path, words: tuple[str, ...], code: int, said: str) -> None:
    ran = simulate(file, "-n", "ns-finetune", *words)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err


def test_everything_that_is_wrong_is_said_at_once(file: Path) -> None:
    ran = simulate(
        file, "--gpus", "1", "-n", "ns-finetune", "--if", "cq.finetune.nominal=x", "--if", "lq.a/b.stop=None"
    )
    assert ran == Ran(
        Exit.USAGE,
        "",
        "error: --if cq.finetune.nominal=x: 'x' is not a Kubernetes quantity: a number with an optional suffix "
        "(m, k, Mi, Gi, …)\n"
        "error: --if lq.a/b.stop=None: there is no LocalQueue a/b\n"
        "  → they look like cq.NAME.nominal=24, cohort.NAME.parent=ai, lq.NS/NAME.cq=NAME or finish=NS/NAME\n",
    )


def test_several_queues_of_a_namespace_must_be_told_apart(tmp_path: Path) -> None:
    file = recorded([*gpu_tree(), local_queue("ns-serving", "serving", "second")], tmp_path)
    ran = simulate(file, "--gpus", "1", "-n", "ns-serving")
    assert ran == Ran(
        Exit.USAGE,
        "",
        "error: namespace ns-serving has several LocalQueues: main, second\n  → say which with --queue\n",
    )
