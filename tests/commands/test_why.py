"""`why` as a user runs it: everything it prints, and how it ends."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8sai.ages import epoch
from k8sai.errors import Exit
from k8sai.sim.cluster import Sim
from tests.commands.run import Ran, environment, run
from tests.commands.server import Canned, forbidden, write_kubeconfig
from tests.why.objects import NOW, job, node, owned, pod, unschedulable

SENTENCE = "it needs 8 nvidia.com/gpu on one node, the best node gpu-1 has none free; 1 more node is cordoned"
TABLE = f"""\
train-1 waits: {SENTENCE}.
next: kubectl ai-top --sort-by free --from {{file}}

LAYER         STATUS  EVIDENCE
ending        ok
suspended     n/a
queue         n/a     no queue is named
quota         n/a     the pod exists
limitRange    n/a     the pod exists
admission     n/a     the pod exists
members       n/a
gate          ok
claims        n/a     it claims no devices
preemption    ok      nobody makes room for it
volumes       n/a
gang          n/a     it belongs to no gang
devicePlugin  ok      nvidia.com/gpu is offered by some node
scheduler     ok      default-scheduler
nodes         waits   {SENTENCE}
                      1 node (gpu-1): short of nvidia.com/gpu
                      1 node (gpu-2): cordoned
                      0/1 nodes are available: 1 Insufficient nvidia.com/gpu.
node          n/a
image         n/a
init          n/a
start         n/a
containers    n/a
"""
MEMBERS = """\
PODS  REASON     WHICH
   2  GpusShort  train-1, train-2
   1  Running    train-0
"""
PLAIN = f"""\
layer nodes: status waits, evidence {SENTENCE}
layer nodes: evidence 1 node (gpu-1): short of nvidia.com/gpu
layer nodes: evidence 1 node (gpu-2): cordoned
"""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A job of three pods, of which one has a place: what `kubectl get nodes,pods,jobs -o json` prints."""
    train = job(pods=3, gpus=8)
    waiting = [owned(pod(f"train-{n}", 8, status=unschedulable()), train) for n in (1, 2)]
    running = owned(pod("train-0", 8, on="gpu-1"), train)
    items = [node("gpu-1"), node("gpu-2", cordoned=True), train, running, *waiting]
    found = tmp_path / "list.json"
    found.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    os.utime(found, (epoch(NOW), epoch(NOW)))
    return found


def why(file: Path, env: dict[str, str], *words: str) -> Ran:
    return run("kubectl-ai_why", "-n", "ml", "--from", file, *words, env=env)


def test_the_table(file: Path, env: dict[str, str]) -> None:
    ran = why(file, env, "train-1")
    assert (ran.code, ran.out, ran.err) == (Exit.NO_CAPACITY, TABLE.format(file=file), "")


def test_a_job_speaks_for_its_worst_pods(file: Path, env: dict[str, str]) -> None:
    ran = why(file, env, "job/train")
    assert (ran.code, ran.err) == (Exit.NO_CAPACITY, "")
    assert ran.out.startswith(f"job/train: 2 of 3 pods wait, like train-1: {SENTENCE}.\nnext: ")
    assert MEMBERS in ran.out
    assert why(file, env, "job", "train").out == why(file, env, "train").out == ran.out


def test_in_words(file: Path, env: dict[str, str]) -> None:
    ran = why(file, env, "train-1", "--plain")
    assert (ran.code, ran.err) == (Exit.NO_CAPACITY, "")
    assert PLAIN in ran.out
    assert "\n\n" not in ran.out


def test_a_pod_that_runs(file: Path, env: dict[str, str]) -> None:
    ran = why(file, env, "pod/train-0")
    assert (ran.code, ran.err) == (Exit.OK, "")
    assert ran.out.startswith("train-0 runs on gpu-1 for 10m.\n\nLAYER ")


def test_the_document(file: Path, env: dict[str, str]) -> None:
    ran = why(file, env, "job/train", "-o", "json")
    document = json.loads(ran.out)
    assert ran.code == document["exit"] == Exit.NO_CAPACITY
    head = {
        key: document[key] for key in ("apiVersion", "kind", "at", "context", "complete", "hidden", "object", "code")
    }
    assert head == {
        "apiVersion": "k8sai.dev/v1alpha1",
        "kind": "Why",
        "at": NOW,
        "context": "list.json",
        "complete": True,
        "hidden": [],
        "object": "job/train",
        "code": "GpusShort",
    }
    assert document["sentence"].endswith(f"{SENTENCE}.")
    assert document["next"] == "k8sai top --sort-by free"
    nodes = next(layer for layer in document["layers"] if layer["layer"] == "nodes")
    assert list(nodes) == ["layer", "status", "code", "message", "evidence", "next"]
    assert (nodes["status"], nodes["code"], len(nodes["evidence"])) == ("waits", "GpusShort", 3)
    assert [(group["code"], group["pods"]) for group in document["members"]] == [
        ("GpusShort", ["train-1", "train-2"]),
        ("Running", ["train-0"]),
    ]
    assert yaml.safe_load(why(file, env, "job/train", "-o", "yaml").out) == document


def test_the_machine_word_alone(file: Path, env: dict[str, str]) -> None:
    ran = why(file, env, "train-1", "-o", "name")
    assert (ran.code, ran.out, ran.err) == (Exit.NO_CAPACITY, "GpusShort\n", "")


def test_a_recording_on_stdin(file: Path, env: dict[str, str]) -> None:
    ran = run("k8sai", "why", "-n", "ml", "--from", "-", "train-0", env=env, stdin=file.read_text())
    assert ran.out.startswith("train-0 runs on gpu-1")


def test_no_such_object(file: Path, env: dict[str, str]) -> None:
    ran = why(file, env, "trian-1")
    assert (ran.code, ran.out) == (Exit.NOT_FOUND, "")
    assert ran.err == (
        "error: there is no pod and no workload 'trian-1' in namespace ml\n"
        f"  → did you mean `kubectl ai-why train-1 -n ml --from {file}`?\n"
    )


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        (("node", "gpu-1"), "a node does not wait for anything", "`kubectl ai-top --all-nodes` shows how nodes are"),
        (("a", "b", "c"), "name one object: a pod's name, KIND NAME or KIND/NAME", "`kubectl ai-why job/train`"),
        (("joob/a",), "'joob' is no kind that runs pods", "did you mean job?"),
    ],
)
def test_what_is_no_object(words: tuple[str, ...], error: str, hint: str, env: dict[str, str]) -> None:
    ran = run("kubectl-ai_why", *words, env=env)
    assert (ran.code, ran.out, ran.err) == (Exit.USAGE, "", f"error: {error}\n  → {hint}\n")


def test_a_recording_and_a_cluster(file: Path, env: dict[str, str]) -> None:
    ran = why(file, env, "train-1", "--context", "x")
    assert (ran.code, ran.out) == (Exit.USAGE, "")
    assert ran.err.startswith("error: --from reads no cluster, so --context means nothing with it\n")


def test_what_the_recording_does_not_hold_is_said(tmp_path: Path, env: dict[str, str]) -> None:
    found = tmp_path / "list.json"
    items = [node("gpu-1"), job(gpus=1)]
    found.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [*items, pod("other", namespace="x")]}))
    ran = why(found, env, "job/train", "-o", "json")
    document = json.loads(ran.out)
    assert (ran.code, document["exit"], document["complete"]) == (Exit.PARTIAL, Exit.PARTIAL, False)
    assert "resourcequotas" in [gap["what"] for gap in document["hidden"]]
    assert "warning: resourcequotas could not be read: " in ran.err


# --- a cluster --------------------------------------------------------------------------------------------------------


def test_on_a_cluster_the_namespace_is_the_contexts(tmp_path: Path) -> None:
    with Sim("demo") as sim:
        sim.write_kubeconfig(tmp_path / "config")
        env = environment(tmp_path, KUBECONFIG=str(tmp_path / "config"))
        ran = run("kubectl-ai_why", "job/giant", "-n", "research", env=env)
        elsewhere = run("kubectl-ai_why", "job/giant", env=env)
    assert (ran.code, ran.err) == (Exit.BLOCKED, "")
    assert "it needs 16 nvidia.com/gpu on one node, and the largest of those it selects" in ran.out.split("\n")[0]
    assert (elsewhere.code, elsewhere.out) == (Exit.NOT_FOUND, "")
    assert "in namespace default" in elsewhere.err


def test_without_the_right_to_see_nodes(tmp_path: Path) -> None:
    waiting = pod("train-1", 8, status=unschedulable())
    resources = [{"name": "pods", "kind": "Pod", "namespaced": True, "verbs": ["list", "get"], "singularName": "pod"}]
    nodes = {"name": "nodes", "kind": "Node", "namespaced": False, "verbs": ["list", "get"], "singularName": "node"}
    answers: dict[str, tuple[int, dict[str, Any]]] = {
        "/api": (200, {"kind": "APIVersions", "versions": ["v1"]}),
        "/apis": (200, {"kind": "APIGroupList", "groups": []}),
        "/api/v1": (200, {"kind": "APIResourceList", "groupVersion": "v1", "resources": [*resources, nodes]}),
        "/api/v1/nodes": forbidden("nodes"),
        "/api/v1/pods": (200, {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": [waiting]}),
        "/api/v1/namespaces/ml/pods/train-1": (200, waiting),
    }
    with Canned(answers) as server:
        write_kubeconfig(tmp_path / "config", server.url, namespace="ml")
        ran = run("k8sai", "why", "train-1", env=environment(tmp_path, KUBECONFIG=str(tmp_path / "config")))
    assert ran.code == Exit.PARTIAL
    assert ran.out.startswith(
        "train-1 waits: it is short of nvidia.com/gpu on every node it could use, says the scheduler.\n"
    )
    assert "nodes could not be read: " in ran.err
