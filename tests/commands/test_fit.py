"""`fit` as a user runs it: stdout, stderr and exit code; on a recording, on the embedded cluster, with few rights."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8sai.cluster import recording
from k8sai.cluster.options import Options
from k8sai.cluster.sources import Source
from k8sai.commands import _fit_run, _talk
from k8sai.commands import fit as fit_command
from k8sai.errors import Exit
from k8sai.fit import place
from k8sai.fit.answer import Answer
from k8sai.sim.cluster import Sim
from tests.commands.run import Ran, environment, on_terminal, run
from tests.fit.world import node

SMALL = Path(__file__).parents[1] / "clusters/small.json"
AT = "2026-11-21T10:00:00Z"
UNREAD = "resourcequotas and limitranges were not read, so they may still forbid it"
JOB = """
apiVersion: batch/v1
kind: Job
metadata: {name: train}
spec:
  parallelism: 2
  template:
    spec:
      containers:
      - {name: main, resources: {limits: {nvidia.com/gpu: 3}}}
"""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    copy = Path(shutil.copy(SMALL, tmp_path / "small.json"))
    seconds = datetime.fromisoformat(AT).timestamp()
    os.utime(copy, (seconds, seconds))
    return copy


def fit(small: Path, env: dict[str, str], *flags: str, stdin: str = "") -> Ran:
    return run("kubectl-ai_fit", "--from", small, *flags, env=env, stdin=stdin)


# --- a recording ------------------------------------------------------------------------------------------------------


def test_yes(small: Path, env: dict[str, str]) -> None:
    ran = fit(small, env, "--gpus", "3")
    assert ran.code == Exit.PARTIAL  # the file holds no quotas
    assert ran.out == (
        "As far as may be read: 1 pod of 3 GPUs starts now on 1 node.\n\n"
        "NODE    PODS  PRODUCT         FREE AFTER  ZONE   CLIQUE\n"
        "gpu-m1     1  A100-SXM4-80GB           0  eu-1a\n"
    )
    assert ran.err.splitlines()[0] == (
        "note: 1 node is left out: nvidia.com/gpu is a slice or replica there; --resource nvidia.com/gpu takes them too"
    )
    assert ran.err.splitlines()[1].startswith(f"warning: {UNREAD}: ")


def test_no(small: Path, env: dict[str, str]) -> None:
    ran = fit(small, env, "--gpus", "8")
    assert ran.code == Exit.NO_CAPACITY
    sentence, short, changes = ran.out.split("\n\n")
    assert sentence == "No: no node takes a pod of 8 GPUs; 3 nodes are short of nvidia.com/gpu."
    assert [re.split(r"  +", line)[:2] for line in short.splitlines()] == [
        ["WHY NOT", "NODES"],
        ["not ready", "1"],
        ["cordoned and short of nvidia.com/gpu", "1"],
        ["short of nvidia.com/gpu", "3"],
        ["no nvidia.com/gpu there", "1"],
    ]
    assert changes.splitlines()[0] == "what would do, the smallest change first"
    assert "ask for 3 GPUs per pod instead of 8 (--gpus 3)" in changes


def test_never(small: Path, env: dict[str, str]) -> None:
    ran = fit(small, env, "--gpus", "9")
    assert ran.code == Exit.FINDINGS
    assert ran.out.startswith(
        "No, and never as it is asked: no node takes a pod of 9 GPUs; the largest node has 8 nvidia.com/gpu, "
    )


def test_json_and_yaml_are_one_document(small: Path, env: dict[str, str]) -> None:
    ran = fit(small, env, "--gpus", "8", "-o", "json")
    view = json.loads(ran.out)
    assert list(view)[:10] == [
        "apiVersion", "kind", "at", "context", "complete", "hidden", "fits", "verdict", "sentence", "exit",
    ]  # fmt: skip
    assert (view["kind"], view["at"], view["fits"], view["exit"]) == ("Fit", AT, False, ran.code)
    assert [gap["what"] for gap in view["hidden"]] == ["resourcequotas", "limitranges"]
    assert view["asked"]["groups"][0]["requests"] == {"nvidia.com/gpu": 8}
    assert {short["code"] for short in view["short"]} == {"NotReady", "Cordoned", "Insufficient", "NoSuchResource"}
    assert view["change"] == view["changes"][0]
    assert yaml.safe_load(fit(small, env, "--gpus", "8", "-o", "yaml").out) == view


def test_names_are_nodes(small: Path, env: dict[str, str]) -> None:
    assert fit(small, env, "--gpus", "3", "-o", "name").out == "node/gpu-m1\n"
    assert fit(small, env, "--gpus", "8", "-o", "name").out == ""


def test_plain(small: Path, env: dict[str, str]) -> None:
    ran = fit(small, env, "--gpus", "3", "--plain")
    assert "node gpu-m1: pods 1, product A100-SXM4-80GB, free after 0, zone eu-1a\n" in ran.out
    shown = on_terminal("kubectl-ai_fit", "--from", small, "--gpus", "8", "--plain", env={**env, "NO_COLOR": "1"})
    assert not set("└├\x1b") & set(shown.out)


def test_a_manifest(small: Path, env: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "train.yaml"
    file.write_text(JOB)
    ran = fit(small, env, "-f", str(file))
    assert (ran.code, ran.out.splitlines()[0]) == (
        Exit.PARTIAL,
        "As far as may be read: 2 pods start now on 2 nodes.",
    )
    assert fit(small, env, "-f", "-", stdin=JOB).out == ran.out
    assert fit(small, env, "-f", "-", stdin=json.dumps(yaml.safe_load(JOB))).out == ran.out


def test_what_if(small: Path, env: dict[str, str]) -> None:
    ran = fit(small, env, "--gpus", "3", "--after-drain", "gpu-m1")
    assert (ran.code, ran.out.splitlines()[0]) == (
        Exit.NO_CAPACITY,
        "No: no node takes a pod of 3 GPUs; 2 nodes are short of nvidia.com/gpu, once gpu-m1 is drained.",
    )
    ran = fit(small, env, "--gpus", "4", "--after-finish", "train-0", "-n", "team-vision")
    assert (ran.code, ran.out.splitlines()[0]) == (
        Exit.PARTIAL,
        "As far as may be read: 1 pod of 4 GPUs starts then on 1 node, once Pod/train-0 in team-vision has finished.",
    )


def test_what_takes_long_is_said(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    tried: list[list[str]] = []

    class Telling:
        def __init__(self, what: str) -> None:
            self.what = what

        def __enter__(self) -> None:
            told.append(self.what)

        def __exit__(self, *_: object) -> None:
            told.clear()

    def answer(*asked: Any) -> Answer:
        tried.append(list(told))
        return place.answer(*asked)

    monkeypatch.setattr(_talk, "Progress", Telling)
    monkeypatch.setattr(_fit_run, "answer", answer)
    try:
        assert fit_command.fit(Options(), gpus=1, recording=small) == Exit.PARTIAL
    finally:
        _talk.carry(())
    assert tried == [["trying where the pods could go"]]


# --- what cannot be meant ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        ([], Exit.USAGE, "fit needs to know what is asked for: --gpus M, or -f FILE"),
        (["--gpus", "0"], Exit.USAGE, "--gpus 0: at least one GPU must be asked for"),
        (["--gpus", "1", "--pods", "0"], Exit.USAGE, "--pods 0: at least one pod must be asked for"),
        (["--gpus", "1", "-f", "x"], Exit.USAGE, "-f says what is asked for, and so does --gpus"),
        (["-f", "x", "--cpu", "1"], Exit.USAGE, "--cpu is for pods made from flags, and -f names a file"),
        (["-f", "nosuch.yaml"], Exit.NOT_FOUND, "there is no file nosuch.yaml"),
        (["--gpus", "1", "--same-clique", "--same-zone"], Exit.USAGE, "nodes of one clique are in one zone"),
        (["--gpus", "1", "--context", "x"], Exit.USAGE, "--from reads no cluster, so --context means nothing with it"),
        (["--gpus", "1", "--cpu", "lots"], Exit.USAGE, "--cpu: 'lots' is not a Kubernetes quantity"),
        (["--gpus", "1", "--tolerate", "a:Maybe"], Exit.USAGE, "--tolerate 'a:Maybe' is no taint"),
        (["--gpus", "1", "-l", "a==="], Exit.USAGE, "label selector"),
        (["--gpus", "1", "--product", "b300"], Exit.NOT_FOUND, "no node has the product 'b300'"),
        (["--gpus", "1", "-l", "pool=none"], Exit.NOT_FOUND, "no node has the labels 'pool=none'"),
        (["--gpus", "1", "--after-drain", "gpu-m2"], Exit.NOT_FOUND, "--after-drain gpu-m2: there is no such node"),
        (
            ["--gpus", "1", "--after-finish", "job/none"],
            Exit.NOT_FOUND,
            "--after-finish job/none: no pods of such a job",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_flags_that_cannot_be_meant(flags: list[str], code: Exit, said: str, small: Path, env: dict[str, str]) -> None:
    ran = fit(small, env, *flags)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith("error: ") and said in ran.err.splitlines()[0]
    assert len(ran.err.splitlines()) <= 2


def test_a_file_that_is_no_manifest(small: Path, env: dict[str, str]) -> None:
    ran = fit(small, env, "-f", "-", stdin="a: [")
    assert (ran.code, ran.out) == (Exit.USAGE, "")
    assert ran.err.startswith("error: stdin cannot be read as YAML or JSON: ")
    assert fit(small, env, "-f", "-", stdin="kind: Service").err.startswith("error: stdin holds no pods\n")


# --- the embedded cluster ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo() -> Iterator[Sim]:
    with Sim("demo") as sim:
        yield sim


def ask(sim: Sim, folder: Path, *flags: str) -> Ran:
    sim.write_kubeconfig(folder / "config")
    return run("kubectl-ai_fit", *flags, env=environment(folder, KUBECONFIG=str(folder / "config")))


def test_a_gang_on_the_demo(demo: Sim, tmp_path: Path) -> None:
    ran = ask(demo, tmp_path, "--gpus", "8", "--pods", "2", "--product", "h100", "--same-clique", "-o", "json")
    view = json.loads(ran.out)
    assert (ran.code, view["complete"], view["fits"]) == (Exit.OK, True, True)
    assert [(one["node"], one["freeAfter"]) for one in view["placements"]] == [("h100-10", 0), ("h100-11", 0)]
    assert len({one["clique"] for one in view["placements"]}) == 1


def test_the_change_on_the_demo(demo: Sim, tmp_path: Path) -> None:
    ran = ask(demo, tmp_path, "--gpus", "8", "--pods", "3", "--product", "h100")
    assert ran.code == Exit.NO_CAPACITY
    assert "├─ uncordon node h100-09: kubectl uncordon h100-09\n" in ran.out
    uncordoned = ask(demo, tmp_path, "--gpus", "8", "--pods", "3", "--tolerate", "node.kubernetes.io/unschedulable")
    assert uncordoned.code == Exit.OK


def test_devices_on_the_demo(demo: Sim, tmp_path: Path) -> None:
    ran = ask(demo, tmp_path, "--gpus", "1", "--resource", "gpu.nvidia.com", "-o", "json")
    (group,) = json.loads(ran.out)["asked"]["groups"]
    assert (ran.code, group["requests"], group["claims"]) == (Exit.OK, {}, ["gpus"])


def test_a_namespace_that_is_not_there_is_named(demo: Sim, tmp_path: Path) -> None:
    said = "note: there is no namespace nope yet: no quota is counted\n"
    ran = ask(demo, tmp_path, "--gpus", "1", "-n", "nope")
    assert (ran.code, ran.out[:4]) == (Exit.OK, "Yes:") and said in ran.err
    file = tmp_path / "nope.yaml"
    file.write_text(f"{{apiVersion: v1, kind: Namespace, metadata: {{name: nope}}}}\n---{JOB}")
    assert "no namespace" not in ask(demo, tmp_path, "-f", str(file), "-n", "nope").err
    assert "no namespace" not in ask(demo, tmp_path, "--gpus", "1", "-n", "default").err


def test_hardly_any_rights(tmp_path: Path) -> None:
    with Sim("no-rights") as sim:
        ran = ask(sim, tmp_path, "--gpus", "1")
    assert (ran.code, ran.out) == (Exit.FORBIDDEN, "")
    assert ran.err.startswith("error: ")


def test_pods_out_of_sight(env: dict[str, str], tmp_path: Path) -> None:
    """What others hold is unknown: the answer is given, but not trusted."""
    file = tmp_path / "prod.k8sai"
    denied = Source("pods", "forbidden", message="no pods for eve")
    recording.save(file, context="prod", at=AT, objects={"nodes": [node("n1")]}, hidden=[denied])
    ran = run("kubectl-ai_fit", "--from", file, "--gpus", "8", "-o", "json", env=env)
    view = json.loads(ran.out)
    assert (ran.code, view["exit"], view["fits"], view["complete"]) == (Exit.PARTIAL, Exit.PARTIAL, True, False)
    assert {"what": "pods", "why": "no pods for eve"} in view["hidden"]
    assert "warning: pods were not read, so the answer may be another: no pods for eve\n" in ran.err


def test_nodes_out_of_sight(env: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "prod.k8sai"
    denied = Source("nodes", "forbidden", message="no nodes for eve")
    recording.save(file, context="prod", at=AT, objects={}, hidden=[denied])
    ran = run("kubectl-ai_fit", "--from", file, "--gpus", "8", env=env)
    assert (ran.code, ran.out, ran.err) == (Exit.FORBIDDEN, "", "error: no nodes for eve\n")


def test_a_file_without_end_is_no_manifest(small: Path, env: dict[str, str]) -> None:
    ran = fit(small, env, "-f", "/dev/zero")
    assert (ran.code, ran.out) == (Exit.USAGE, "")
    assert ran.err.startswith("error: /dev/zero is larger than 16 MiB: that is no manifest\n")


def test_nodes_that_a_failing_server_did_not_give_are_no_matter_of_rights(env: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "prod.k8sai"
    failed = Source("nodes", "failed", message="the server failed (500)")
    recording.save(file, context="prod", at=AT, objects={}, hidden=[failed])
    ran = run("kubectl-ai_fit", "--from", file, "--gpus", "8", env=env)
    assert (ran.code, ran.out) == (Exit.CLUSTER, "")
    assert ran.err.startswith("error: the server failed (500)\n")
