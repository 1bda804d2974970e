"""`top --by …`, whole outputs: as tables, in words for a screen reader, as names and as a spreadsheet."""

import csv
import io
import json
import os
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import pytest

from k8sai.commands._lists import By
from k8sai.errors import Exit
from tests.commands.run import environment, on_terminal, run

SMALL = Path(__file__).parents[1] / "clusters/small.json"
AT = "2026-11-21T10:00:00Z"

WORKLOADS = """\
NAMESPACE    WORKLOAD                     CARDS  ASKS    PODS  STATE    NODES  CLIQUES  WAITS   AGE
team-vision  Job/train                        8     0  3 of 3  running      1  c0.1             14h
team-llm     Job/pretrain                     6     0  1 of 2  running      1  c0.1             14h
team-llm     StatefulSet/notebook             2     0  1 of 1  running      1                   14h
serving      Pod/chat-0                    0.75     0  1 of 1  running      1                   14h
serving      ReplicaSet/small-5d8f7c9b6d   0.29     0  2 of 2  running      1                   14h
team-vision  Job/sweep                        0    16  0 of 2  waiting      0            120m  120m
team-llm     Pod/eval-0                       0     1  0 of 1  waiting      0              2m    2m
"""
IN_WORDS = """\
workloads: 7
workload team-vision/Job/train: cards 8, asks 0, pods 3 of 3, state running, nodes 1, cliques c0.1, age 14h
workload team-llm/Job/pretrain: cards 6, asks 0, pods 1 of 2, state running, nodes 1, cliques c0.1, age 14h
workload team-llm/StatefulSet/notebook: cards 2, asks 0, pods 1 of 1, state running, nodes 1, age 14h
workload serving/Pod/chat-0: cards 0.75, asks 0, pods 1 of 1, state running, nodes 1, age 14h
workload serving/ReplicaSet/small-5d8f7c9b6d: cards 0.29, asks 0, pods 2 of 2, state running, nodes 1, age 14h
workload team-vision/Job/sweep: cards 0, asks 16, pods 0 of 2, state waiting, nodes 0, waits 120m, age 120m
workload team-llm/Pod/eval-0: cards 0, asks 1, pods 0 of 1, state waiting, nodes 0, waits 2m, age 2m
"""
TEAMS = """\
NAMESPACE    PODS  USED  SHARE  RESERVED  ENDING  WAITING  PENDING
team-vision     3     8    22%         0       0        2       16
team-llm        3     8    22%         1       3        1        1
serving         3  1.04     3%         0       0        0        0
"""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path)


def dated(file: Path) -> Path:
    """kubectl does not say when: the file's own time is the time of the data."""
    seconds = datetime.fromisoformat(AT).timestamp()
    os.utime(file, (seconds, seconds))
    return file


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return dated(Path(shutil.copy(SMALL, tmp_path / "small.json")))


def event(name: str, kind: str, about: str, minute: int, namespace: str = "team-vision", **more: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": namespace or "default", "uid": name},
        "involvedObject": {"kind": kind, "namespace": namespace, "name": about},
        "lastTimestamp": f"2026-11-21T09:{minute:02}:00Z",
        "type": "Normal",
        **more,
    }


def quota(namespace: str, used: str) -> dict[str, Any]:
    status = {"hard": {"requests.nvidia.com/gpu": "8"}, "used": {"requests.nvidia.com/gpu": used}}
    meta = {"name": "gpus", "namespace": namespace, "uid": f"q-{namespace}"}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta, "status": status}


@pytest.fixture
def more(tmp_path: Path) -> Path:
    """The same cluster, with events and quotas: `kubectl get nodes,pods,events,quota -o json`."""
    objects = json.loads(SMALL.read_text())
    objects["items"] += [
        event("e1", "Pod", "sweep-0", 40, type="Warning", reason="FailedScheduling", message="no\nroom", count=7),
        event("e2", "Node", "gpu-a2", 55, "", type="Warning", reason="NodeNotReady", message="away"),
        event("e3", "Pod", "web-0", 59, "shop", reason="Started", message="other people's"),
        event("e4", "Job", "train", 10, reason="SuccessfulCreate", message="made", source={"component": "job"}),
        quota("team-vision", "8"),
        quota("serving", "2"),
    ]
    file = tmp_path / "more.json"
    file.write_text(json.dumps(objects))
    return dated(file)


def top(file: Path, env: dict[str, str], *flags: str) -> str:
    ran = run("kubectl-ai_top", "--from", file, *flags, env=env)
    assert (ran.code, ran.err) == (Exit.OK, "")
    return ran.out


def test_workloads(small: Path, env: dict[str, str]) -> None:
    assert top(small, env, "--by", "workload") == WORKLOADS
    assert top(small, env, "--by", "workload", "--plain") == IN_WORDS
    assert top(small, env, "--by", "workload", "-o", "name").split()[:2] == ["job/train", "job/pretrain"]
    rows = list(csv.DictReader(io.StringIO(top(small, env, "--by", "workload", "-o", "csv", "-n", "serving"))))
    assert [(row["kind"], row["name"], row["used"]) for row in rows] == [
        ("Pod", "chat-0", "0.75"),
        ("ReplicaSet", "small-5d8f7c9b6d", "0.285714"),
    ]
    wide = top(small, env, "--by", "workload", "-o", "wide")
    assert "REASON" in wide.splitlines()[0] and "Unschedulable" in wide


def test_workloads_in_the_document(small: Path, env: dict[str, str]) -> None:
    view = json.loads(top(small, env, "-o", "json"))
    sweep = next(one for one in view["workloads"] if one["name"] == "sweep")
    assert {key: sweep[key] for key in ("namespace", "kind", "queue", "state", "pendingPods", "pending")} == {
        "namespace": "team-vision",
        "kind": "Job",
        "queue": "research",
        "state": "waiting",
        "pendingPods": 2,
        "pending": 16,
    }
    assert sum(one["used"] for one in view["workloads"]) == pytest.approx(view["totals"]["used"], abs=1e-3)


def test_workloads_of_the_nodes_listed(small: Path, env: dict[str, str]) -> None:
    lines = top(small, env, "gpu-h1", "--by", "workload", "--plain").splitlines()
    assert lines[0] == "workloads: 1" and lines[1].startswith("workload team-vision/Job/train: ")


def test_teams(small: Path, more: Path, env: dict[str, str]) -> None:
    assert top(small, env, "--by", "namespace") == TEAMS
    limited = top(more, env, "--by", "namespace", "--plain").splitlines()
    assert limited[1].endswith("pending 16, quota 8 of 8 gpu")
    assert limited[2].endswith("pending 1")
    assert top(more, env, "--by", "queue").splitlines()[0].split()[:4] == ["QUEUE", "PODS", "USED", "SHARE"]


EVENTS = """\
events: 3
object Node/gpu-a2: last 5m, times 1, type Warning, reason NodeNotReady, message away
object team-vision/Pod/sweep-0: last 20m, times 7, type Warning, reason FailedScheduling, message no room
object team-vision/Job/train: last 50m, times 1, type Normal, reason SuccessfulCreate, message made
"""


def test_events_of_what_has_to_do_with_gpus(more: Path, env: dict[str, str]) -> None:
    assert top(more, env, "--by", "event", "--plain") == EVENTS
    heading, *lines = top(more, env, "--by", "event").splitlines()
    assert heading.split() == ["NAMESPACE", "OBJECT", "LAST", "TIMES", "TYPE", "REASON", "MESSAGE"]
    assert lines[1].split() == ["team-vision", "Pod/sweep-0", "20m", "7", "Warning", "FailedScheduling", "no", "room"]
    assert top(more, env, "--by", "event", "-o", "name").split() == ["event/e2", "event/e1", "event/e4"]
    assert top(more, env, "--by", "event", "-o", "csv").splitlines()[0].startswith("namespace,object,last,times,type")


def test_a_file_without_events_says_so(small: Path, env: dict[str, str]) -> None:
    ran = run("kubectl-ai_top", "--from", small, "--by", "event", env=env)
    assert (ran.code, ran.out) == (Exit.FORBIDDEN, "")
    assert ran.err.splitlines()[0].endswith("holds no events")


def test_cards(small: Path, env: dict[str, str]) -> None:
    lines = top(small, env, "--by", "card", "--plain").splitlines()
    assert lines[0] == "cards: 38"
    assert lines[1] == (
        "card gpu-a1/0: state held, used 1, namespace team-llm, pod notebook-0, owner StatefulSet/notebook, "
        "product A100-SXM4-80GB"
    )
    assert lines[3] == "card gpu-a1/2: state free but cordoned, used 0, product A100-SXM4-80GB"
    assert top(small, env, "--by", "card", "-o", "name").split()[:2] == ["card/gpu-a1/0", "card/gpu-a1/1"]


@pytest.mark.parametrize("by", sorted(set(get_args(By)) - {"event", "idle"}))
def test_every_list_in_words_has_no_sign_and_no_colour(by: str, more: Path, env: dict[str, str]) -> None:
    shown = on_terminal("kubectl-ai_top", "--from", more, "--by", by, "--plain", env=env, columns=40)
    assert shown.code == Exit.OK
    assert shown.out.isascii() and "\x1b" not in shown.out
    again = on_terminal("kubectl-ai_top", "--from", more, "--by", by, "--plain", env=env, columns=200)
    assert again.out == shown.out, "lines do not depend on the terminal"
