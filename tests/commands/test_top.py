"""`top` on a recording: every output whole, in a pipe and on terminals."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from k8sai.cluster import recording
from k8sai.cluster.sources import Source
from k8sai.errors import Exit
from tests.commands.run import BIN, Ran, environment, on_terminal, run

SMALL = Path(__file__).parents[1] / "clusters/small.json"
AT = "2026-11-21T10:00:00Z"

HEAD = f"""\
small.json at {AT}: 38 cards, 17.04 used, 19.96 free (14 on cordoned or not-ready nodes), 1 unhealthy, \
1 reserved, 3 held by ending pods, """
NODES = """\
NODE    PRODUCT         CARDS       USED  FREE  STATUS                             HOLDERS        LARGEST  AGE
gpu-a1  A100-SXM4-80GB  ■■░░░░░░     2/8     6  cordoned                           team-llm 2           0  81d
gpu-a2  A100-SXM4-80GB  ░░░░░░░░     0/8     8  not ready                                               0  81d
gpu-h1  H100-80GB-HBM3  ■■■■■■■■     8/8     0  ok                                 team-vision 8        0  81d
gpu-h2  H100-80GB-HBM3  ■■■▼▼▼◊×     6/7     1  1 unhealthy, 1 reserved, 3 ending  team-llm 6           0  81d
gpu-m1  A100-SXM4-80GB  ▂□□□      0.29/4  3.71  ok                                 serving 0.29         3  81d
gpu-t1  Tesla-T4        ▄□        0.75/2  1.25  ok                                 serving 0.75      1.25  81d
"""
CSV = """\
node,product,ready,schedulable,zone,clique,largestFree,resource,kind,capacity,allocatable,used,free,unhealthy,reserved
gpu-a1,NVIDIA-A100-SXM4-80GB,true,false,eu-1a,,0,nvidia.com/gpu,card,8,8,2,6,0,0
gpu-a2,NVIDIA-A100-SXM4-80GB,false,true,eu-1a,,0,nvidia.com/gpu,card,8,8,0,8,0,0
gpu-h1,NVIDIA-H100-80GB-HBM3,true,true,eu-1a,c0.1,0,nvidia.com/gpu,card,8,8,8,0,0,0
gpu-h2,NVIDIA-H100-80GB-HBM3,true,true,eu-1a,c0.1,0,nvidia.com/gpu,card,8,7,6,1,1,1
gpu-m1,NVIDIA-A100-SXM4-80GB,true,true,eu-1a,,3,nvidia.com/gpu,card,3,3,0,3,0,0
gpu-m1,NVIDIA-A100-SXM4-80GB,true,true,eu-1a,,3,nvidia.com/mig-1g.10gb,slice,7,7,2,5,0,0
gpu-t1,Tesla-T4,true,true,eu-1a,,1.25,nvidia.com/gpu,replica,8,8,3,5,0,0
"""
NAMES = [f"node/gpu-{name}" for name in ("a1", "a2", "h1", "h2", "m1", "t1")]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """kubectl does not say when: the file's own time is the time of the data."""
    copy = Path(shutil.copy(SMALL, tmp_path / "small.json"))
    seconds = datetime.fromisoformat(AT).timestamp()
    os.utime(copy, (seconds, seconds))
    return copy


def top(small: Path, env: dict[str, str], *flags: str) -> str:
    """What it prints; it must be content."""
    ran = run("kubectl-ai_top", "--from", small, *flags, env=env)
    assert (ran.code, ran.err) == (Exit.OK, "")
    return ran.out


def test_the_table(small: Path, env: dict[str, str]) -> None:
    head, products, nodes, pending = top(small, env, "--once").split("\n\n")
    assert head.startswith(HEAD)
    assert nodes + "\n" == NODES
    assert [line.split("  ")[0] for line in products.splitlines()[:3]] == [
        "PRODUCT",
        "A100-SXM4-80GB",
        "H100-80GB-HBM3",
    ]
    assert [line.split()[1] for line in pending.splitlines()[1:]] == ["sweep-0", "sweep-1", "eval-0"]


@pytest.mark.parametrize("flags", [["-o", "table"], [], ["--sort-by", "name"]], ids=str)
def test_a_pipe_gets_the_table(flags: list[str], small: Path, env: dict[str, str]) -> None:
    assert top(small, env, *flags) == top(small, env, "--once")


def test_one_list_alone(small: Path, env: dict[str, str]) -> None:
    assert top(small, env, "--by", "node") == NODES
    without = top(small, env, "--by", "node", "--no-headers").splitlines()
    assert [line.split() for line in without] == [line.split() for line in NODES.splitlines()[1:]]
    assert top(small, env, "--by", "pod", "-n", "serving").splitlines()[1].split()[:2] == ["serving", "chat-0"]
    assert top(small, env, "--by", "namespace").splitlines()[1].split()[0] == "team-vision"
    assert top(small, env, "--by", "queue").splitlines()[1].split()[0] == "research"


@pytest.mark.parametrize(("by", "said"), [("pod", "no pod holds GPUs"), ("pending", "no pod waits for GPUs")])
def test_an_empty_list_says_so(by: str, said: str, small: Path, env: dict[str, str]) -> None:
    ran = run("kubectl-ai_top", "--from", small, "--by", by, "-n", "nosuch", env=env)
    assert ran == Ran(Exit.OK, "", f"note: {said} in namespace nosuch\n")


def test_nodes_without_gpus_on_request(small: Path, env: dict[str, str]) -> None:
    lines = top(small, env, "--by", "node", "--all-nodes").splitlines()
    assert lines[1].split() == ["cpu-1", "0/0", "0", "ok", "0", "81d"]
    assert len(lines) == len(NODES.splitlines()) + 1


def test_wide_is_never_cut(small: Path, env: dict[str, str]) -> None:
    wide = top(small, env, "-o", "wide")
    assert "team-vision/train-0=4,team-vision/train-1=2,team-vision/train-2=2" in wide
    assert "nvidia.com/gpu=present:NoSchedule" in wide
    shown = on_terminal("kubectl-ai_top", "--from", small, "-o", "wide", env={**env, "NO_COLOR": "1"})
    assert wide.split("\n\n")[2] in shown.out


def test_csv_and_names(small: Path, env: dict[str, str]) -> None:
    assert top(small, env, "-o", "csv") == CSV
    rows = list(csv.DictReader(io.StringIO(top(small, env, "-o", "csv", "--by", "pending"))))
    assert [row["name"] for row in rows] == ["sweep-0", "sweep-1", "eval-0"]
    assert rows[0]["requests"] == "nvidia.com/gpu=8"
    assert top(small, env, "-o", "name").split() == NAMES
    assert top(small, env, "-o", "name", "--by", "pending").split() == ["pod/sweep-0", "pod/sweep-1", "pod/eval-0"]
    assert top(small, env, "-o", "name", "--sort-by", "free").split()[0] == "node/gpu-a2"
    assert top(small, env, "-o", "name", "--sort-by", "free", "--reverse").split()[-1] == "node/gpu-a2"
    assert top(small, env, "-o", "name", "-l", "pool in (dev,train)", "--product", "h100").split() == NAMES[2:4]


def test_json_and_yaml_are_one_document(small: Path, env: dict[str, str]) -> None:
    text = top(small, env, "-o", "json")
    view = json.loads(text)
    assert list(view)[:7] == ["apiVersion", "kind", "at", "context", "complete", "hidden", "scope"]
    assert (view["at"], view["context"]) == (AT, "small.json")
    assert view["totals"]["capacity"] == sum(node["totals"]["capacity"] for node in view["nodes"]) == 38
    assert yaml.safe_load(top(small, env, "-o", "yaml")) == view
    assert text.startswith('{\n  "apiVersion": "k8sai.dev/v1alpha1",\n  "kind": "GpuView",\n')


def test_plain_has_no_sign_and_no_colour(small: Path, env: dict[str, str]) -> None:
    shown = on_terminal("kubectl-ai_top", "--from", small, "--plain", env=env, columns=300)
    assert shown.code == Exit.OK
    assert "node gpu-a1: product A100-SXM4-80GB, used 2 of 8, free 6, status cordoned, holders team-llm 2" in shown.out
    assert not set("■□░▼×◊\x1b") & set(shown.out)


# --- terminals --------------------------------------------------------------------------------------------------------


def bare(text: str) -> str:
    return re.sub(r"\x1b\[[0-9]*m", "", text)


@pytest.mark.parametrize("columns", [40, 80, 120, 200])
def test_a_terminal_is_never_overrun(columns: int, small: Path, env: dict[str, str]) -> None:
    shown = on_terminal("kubectl-ai_top", "--from", small, "--once", env=env, columns=columns)
    assert shown.code == Exit.OK
    lines = bare(shown.out).splitlines()
    legend = next(number for number, line in enumerate(lines) if line.startswith("note: ■ held"))
    assert max(map(len, lines[:legend])) <= columns
    assert "\x1b[31m■■■▼▼▼◊×\x1b[0m" in shown.out, "the bar is whole, and red where a card is ill"


def test_the_signs_of_bars_are_told_where_there_are_bars(small: Path, env: dict[str, str]) -> None:
    def told(*flags: str) -> bool:
        return "■ held" in on_terminal("kubectl-ai_top", "--from", small, "--once", *flags, env=env).out

    assert told() and told("--by", "node")
    assert not told("--by", "product") and not told("--by", "cluster")


def test_two_hundred_columns_show_all(small: Path, env: dict[str, str]) -> None:
    shown = on_terminal("kubectl-ai_top", "--from", small, "--once", env=env, columns=200)
    assert NODES in bare(shown.out)


def test_no_color(small: Path, env: dict[str, str]) -> None:
    shown = on_terminal("kubectl-ai_top", "--from", small, "--once", env={**env, "NO_COLOR": "1"}, columns=200)
    assert "\x1b" not in shown.out and NODES in shown.out
    assert "\x1b[33mcordoned\x1b[0m" in run(
        "kubectl-ai_top", "--from", small, env={**env, "CLICOLOR_FORCE": "1"}
    ).out  # fmt: skip


def test_a_dumb_terminal_gets_the_table(small: Path, env: dict[str, str]) -> None:
    shown = on_terminal("kubectl-ai_top", "--from", small, env={**env, "TERM": "dumb"}, columns=200)
    assert (shown.code, "\x1b" in shown.out) == (Exit.OK, False)
    assert NODES in shown.out


def test_a_terminal_without_unicode(small: Path, env: dict[str, str]) -> None:
    ran = run("kubectl-ai_top", "--from", small, "--by", "node", env={**env, "PYTHONIOENCODING": "ascii"})
    assert ran.code == Exit.OK
    assert "gpu-h2  H100-80GB-HBM3  ###vvvox     6/7" in ran.out


# --- files ------------------------------------------------------------------------------------------------------------


def failed(ran: Ran, code: Exit) -> str:
    assert (ran.code, ran.out) == (code, "")
    assert "Traceback" not in ran.err
    lines = ran.err.splitlines()
    assert lines[0].startswith("error: ") and len(lines) <= 2
    return lines[0].removeprefix("error: ")


def test_stdin_is_a_recording_too(env: dict[str, str]) -> None:
    ran = run("kubectl-ai_top", "--from", "-", "-o", "name", env=env, stdin=SMALL.read_text())
    assert (ran.code, ran.out.split()) == (Exit.OK, NAMES)


def test_a_file_that_is_not_there(env: dict[str, str], tmp_path: Path) -> None:
    for flags in (["--once"], ["-o", "json"], []):
        ran = run("kubectl-ai_top", "--from", tmp_path / "x.json", *flags, env=env)
        assert failed(ran, Exit.NOT_FOUND) == f"there is no file {tmp_path}/x.json"


def test_a_file_that_is_not_there_on_a_terminal(env: dict[str, str], tmp_path: Path) -> None:
    shown = on_terminal("kubectl-ai_top", "--from", tmp_path / "x.json", env={**env, "NO_COLOR": "1"})
    assert shown.code == Exit.NOT_FOUND
    assert shown.out.startswith(f"error: there is no file {tmp_path}/x.json\n") and "\x1b" not in shown.out


def test_a_recording(env: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "prod.k8sai"
    recording.save(file, context="prod", at=AT, objects={})
    ran = run("kubectl-ai_top", "--from", file, "-o", "json", env=env)
    assert ran.code == Exit.OK
    assert json.loads(ran.out)["context"] == "prod"
    assert ran.err.startswith("note: no GPUs in prod: none of its 0 nodes offers any and no pod asks for one\n")


def test_a_recording_without_rights(env: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "prod.k8sai"
    denied = [Source(kind, "forbidden", message=f"no {kind} for eve") for kind in ("nodes", "pods")]
    recording.save(file, context="prod", at=AT, objects={}, hidden=denied[:1])
    ran = run("kubectl-ai_top", "--from", file, "-o", "json", env=env)
    assert ran.code == Exit.PARTIAL
    assert ran.err.startswith("warning: nodes are not shown: no nodes for eve\n")
    recording.save(file, context="prod", at=AT, objects={}, hidden=denied)
    assert failed(run("kubectl-ai_top", "--from", file, env=env), Exit.FORBIDDEN) == "no nodes for eve"


def test_a_truncated_recording(env: dict[str, str], tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    recording.save(whole, context="prod", at=AT, objects={})
    cut = tmp_path / "cut"
    cut.write_bytes(whole.read_bytes()[:-20])
    assert str(cut) in failed(run("kubectl-ai_top", "--from", cut, env=env), Exit.USAGE)
    cut.write_text(SMALL.read_text()[:4000])
    assert str(cut) in failed(run("kubectl-ai_top", "--from", cut, "-o", "yaml", env=env), Exit.USAGE)


def test_a_newer_recording(env: dict[str, str], tmp_path: Path) -> None:
    newer = tmp_path / "newer"
    newer.write_text('{"apiVersion": "k8sai.dev/v9", "kind": "Recording", "at": "2030-01-01T00:00:00Z"}')
    assert "k8sai.dev/v9" in failed(run("kubectl-ai_top", "--from", newer, env=env), Exit.USAGE)


def test_a_malformed_quantity(env: dict[str, str], tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text(SMALL.read_text().replace('"nvidia.com/gpu": "7"', '"nvidia.com/gpu": "seven"'))
    said = failed(run("kubectl-ai_top", "--from", broken, "-o", "csv", env=env), Exit.USAGE)
    assert "gpu-h2" in said and "'seven'" in said


def test_a_reader_that_left(small: Path, env: dict[str, str]) -> None:
    """`kubectl ai-top -o json | true`."""
    with subprocess.Popen(
        [BIN / "kubectl-ai_top", "--from", small, "-o", "json"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == Exit.OK


# --- start-up ---------------------------------------------------------------------------------------------------------


def test_once_imports_only_what_it_needs(small: Path, env: dict[str, str]) -> None:
    program = (
        "import sys, atexit\nsys.argv = ['kubectl-ai_top', '--from', sys.argv[1], '-o', sys.argv[2]]\n"
        "atexit.register(lambda: sys.stderr.write(' '.join(sys.modules)))\n"
        "from k8sai.commands.top import main\nmain()"
    )
    for output in ("json", "table"):
        argv = [str(BIN / "python"), "-c", program, str(small), output]
        done = subprocess.run(argv, env=env, capture_output=True, text=True, check=True)
        loaded = {name.split(".")[0] for name in done.stderr.split()}
        assert not loaded & {"rich", "textual", "kubernetes", "asyncio", "aiohttp", "google", "pydantic"}


# --- what is free for whom --------------------------------------------------------------------------------------------


def test_stranded_is_said_beneath_the_totals(small: Path, env: dict[str, str]) -> None:
    second = top(small, env, "--once").splitlines()[1]
    assert second.startswith("└─ 19.96 free, 18.25 stranded: ") and second.endswith("the largest block is 3 on gpu-m1")
    assert "stranded" not in top(small, env, "--once", "gpu-a1")


def test_lists_of_what_is_stranded_and_which_sizes_start(small: Path, env: dict[str, str]) -> None:
    lines = top(small, env, "--by", "stranded").splitlines()
    assert lines[2].split() == ["NODE", "PRODUCT", "FREE", "STRANDED", "WHY"]
    assert [line.split()[0] for line in lines[3:5]] == ["gpu-a2", "gpu-a1"]
    sizes = {tuple(line.split()[:2]): line.split()[2:] for line in top(small, env, "--by", "size").splitlines()[1:]}
    assert sizes["A100-SXM4-80GB", "mig-1g.10gb"] == ["5", "5", "5", "2", "1", "0"]


def test_what_is_free_for_whom_in_the_document(small: Path, env: dict[str, str]) -> None:
    view = json.loads(top(small, env, "-o", "json"))
    stranded = view["stranded"]
    assert stranded["free"] == stranded["reserved"] + stranded["usable"] + stranded["stranded"]
    assert {row["resource"] for row in view["sizes"]} == {"nvidia.com/gpu", "nvidia.com/mig-1g.10gb"}
