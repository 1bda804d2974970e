"""`k8sai sim` as a user types it: up, twice, status, load, down, after kill -9, and what can be typed wrongly."""

import json
import os
import shlex
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.run import Ran, environment, run
from tests.contract.api import Api


@pytest.fixture
def env(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A user of our own, whose embedded cluster ends with the test."""
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    found = environment(tmp_path, XDG_RUNTIME_DIR=str(runtime))
    yield found
    run("k8sai", "sim", "down", env=found)


def status(env: dict[str, str]) -> tuple[int, dict[str, object]]:
    ran = run("k8sai", "sim", "status", "-o", "json", env=env)
    found: dict[str, object] = json.loads(ran.out)
    return ran.code, found


def exported(ran: Ran) -> Path:
    word = shlex.split(ran.out)[1]
    return Path(word.removeprefix("KUBECONFIG="))


def test_a_life(env: dict[str, str]) -> None:
    assert status(env)[1]["running"] is False
    first = run("kubectl-ai_sim", "up", "cpu-only", env=env)
    assert first.code == 0
    assert "`kubectl ai-top`" in first.err
    path = exported(first)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = run("k8sai", "sim", "up", env=env)
    assert (again.code, again.out) == (0, first.out)
    assert "already running" in again.err
    other = run("k8sai", "sim", "up", "huge", env=env)
    assert (other.code, other.out) == (5, "")
    code, found = status(env)
    assert (code, found["running"], found["scenario"], found["nodes"]) == (0, True, "cpu-only", 6)
    loaded = run("k8sai", "sim", "load", "huge", "--nodes", "12", env=env)
    assert (loaded.code, loaded.out) == (0, "")
    assert status(env)[1]["nodes"] == 12
    down = run("k8sai", "sim", "down", env=env)
    assert (down.code, status(env)[0]) == (0, 1)
    assert not path.exists()
    assert run("k8sai", "sim", "down", env=env).code == 0


def test_up_again_after_kill_9(env: dict[str, str]) -> None:
    run("k8sai", "sim", "up", "empty", env=env)
    pid = status(env)[1]["pid"]
    assert isinstance(pid, int)
    os.kill(pid, signal.SIGKILL)
    ran = run("k8sai", "sim", "up", "empty", env=env)
    assert ran.code == 0
    assert status(env)[1]["pid"] != pid


def test_rights_are_enforced_where_asked(env: dict[str, str]) -> None:
    assert run("k8sai", "sim", "up", "empty", "--rbac", env=env).code == 0
    server = str(status(env)[1]["server"])
    pods = Api(server, token="alice").get("/api/v1/pods").refused(403, "Forbidden")
    assert pods["message"].startswith('pods is forbidden: User "alice" cannot list')
    assert Api(server).get("/api/v1/pods").ok()["items"] == []


def test_somebody_elses_kubeconfig_is_left_alone(env: dict[str, str], tmp_path: Path) -> None:
    mine = tmp_path / "config"
    mine.write_text("contexts: [{name: production}]\n", encoding="utf-8")
    ran = run("k8sai", "sim", "up", "empty", "--kubeconfig", mine, env=env)
    assert (ran.code, ran.out) == (5, "")
    assert "production" in mine.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["up", "dmo"], 4, "did you mean demo?"),
        (["up", "--nodes", "-1"], 2, "no fewer than 0 nodes"),
        (["up", "--nodes", "5", "demo"], 2, "fixed size"),
        (["up", "--port", "70000"], 2, "between 1 and 65535"),
        (["up", "--speed", "0"], 2, "time runs forwards"),
        (["up", "./absent.yaml"], 4, "No such file"),
        (["load", "demo"], 4, "no embedded cluster is running"),
        (["load"], 2, "load takes one scenario"),
        (["load", "demo", "-f", "x.yaml"], 2, "load takes one scenario"),
    ],
)
def test_wrong_words(env: dict[str, str], args: list[str], code: int, said: str) -> None:
    ran = run("k8sai", "sim", *args, env=env)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert "Traceback" not in ran.err
