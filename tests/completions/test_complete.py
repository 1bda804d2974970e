"""Candidates for every place on a line, from the executable that kubectl and the shells ask."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from k8sai.commands import _objects
from tests.commands.run import BIN, environment, run
from tests.commands.server import Canned, write_kubeconfig

OUTPUTS = ["table", "wide", "json", "yaml", "csv", "name"]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    write_kubeconfig(tmp_path / ".kube/config", "http://127.0.0.1:1")
    return environment(tmp_path)


def asked(env: dict[str, str], *words: str, executable: str = "kubectl_complete-ai_top") -> tuple[list[str], str]:
    """The candidates without their descriptions, and the directive."""
    ran = run(executable, *words, env=env)
    assert (ran.code, ran.err) == (0, "")
    *found, directive = ran.out.splitlines()
    return [line.split("\t")[0] for line in found], directive


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["-o", ""], OUTPUTS),
        (["-o", "j"], ["json"]),
        (["--output", "y"], ["yaml"]),
        (["--output="], OUTPUTS),
        (["--output=w"], ["wide"]),
        (["--onc"], ["--once"]),
        (["--once", "--on"], []),
        (["--as-group", "a", "--as-g"], ["--as-group"]),
        (["-w", "--by", "p"], ["product", "pod", "pending"]),
        (["--context", ""], ["other", "test"]),
        (["--cluster", ""], ["gone", "test"]),
        (["--user", ""], ["eve"]),
        (["--token", ""], []),
        (["--", "--on"], []),
        (["--no-such-flag=x"], []),
    ],
    ids=lambda value: " ".join(value),
)
def test_candidates(words: list[str], found: list[str], env: dict[str, str]) -> None:
    assert asked(env, *words) == (found, ":4")


def test_file_names_are_the_shells(env: dict[str, str]) -> None:
    assert asked(env, "--from", "") == ([], ":0")
    assert asked(env, "--kubeconfig=") == ([], ":0")


def test_descriptions(env: dict[str, str]) -> None:
    assert run("kubectl_complete-ai_top", "--once", env=env).out == "--once\tPrint what is there now and end.\n:4\n"


def test_k8sai_has_the_commands_as_words(env: dict[str, str]) -> None:
    commands, directive = asked(env, "", executable="kubectl_complete-k8sai")
    assert directive == ":4" and {"top", "completion"} <= set(commands)
    assert asked(env, "top", "-o", "", executable="kubectl_complete-k8sai") == (OUTPUTS, ":4")
    assert asked(env, "completion", "z", executable="kubectl_complete-k8sai") == (["zsh"], ":4")
    assert asked(env, "--v", executable="kubectl_complete-k8sai") == (["--version"], ":4")


@pytest.mark.parametrize("words", [["--context", ""], ["-n", ""], [""]], ids=" ".join)
def test_a_broken_kubeconfig_is_silence(words: list[str], tmp_path: Path) -> None:
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube/config").write_text("{")
    assert asked(environment(tmp_path), *words) == ([], ":4")


def named(*names: str) -> tuple[int, dict[str, object]]:
    return 200, {"kind": "PartialObjectMetadataList", "items": [{"metadata": {"name": name}} for name in names]}


@pytest.fixture
def cluster() -> Iterator[Canned]:
    with Canned({"/api/v1/namespaces": named("default", "team-a"), "/api/v1/nodes": named("gpu-1", "gpu-2")}) as server:
        yield server


def until_known(env: dict[str, str], *words: str) -> list[str]:
    """Pressing Tab until the answer is there; each press takes no longer than its budget."""
    for _ in range(100):
        found, directive = asked(env, *words)
        assert directive == ":4"
        if found:
            return found
    pytest.fail("the names never came")


def test_object_names(tmp_path: Path, cluster: Canned) -> None:
    write_kubeconfig(tmp_path / ".kube/config", cluster.url)
    env = environment(tmp_path, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert until_known(env, "-n", "") == ["default", "team-a"]
    assert until_known(env, "gpu") == ["gpu-1", "gpu-2"]
    before = len(cluster.paths)
    assert asked(env, "--namespace=t") == (["team-a"], ":4")
    assert len(cluster.paths) == before, "a fresh answer is not asked for again"
    kept = list((tmp_path / "cache/k8sai/completion").glob("*.json"))
    assert len(kept) == 2
    assert {stat.S_IMODE(file.stat().st_mode) for file in kept} == {0o600}
    assert stat.S_IMODE(kept[0].parent.stat().st_mode) == 0o700


def test_another_context_is_another_answer(tmp_path: Path, cluster: Canned) -> None:
    write_kubeconfig(tmp_path / ".kube/config", cluster.url)
    env = environment(tmp_path, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert until_known(env, "-n", "") == ["default", "team-a"]
    assert asked(env, "--context", "other", "-n", "") == ([], ":4")


def test_an_old_answer_is_better_than_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is away: what is a minute old is shown, what is older than an hour is not."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("KUBECONFIG", str(write_kubeconfig(tmp_path / "config", "http://127.0.0.1:1")))
    monkeypatch.setattr(_objects, "_ask_elsewhere", lambda *_: None)
    monkeypatch.setattr(_objects, "BUDGET", 0.0)
    file = _objects._folder() / f"{_objects._key('nodes', _objects._options({}))}.json"
    file.write_text('["gpu-1"]')
    for seconds, found in ((0, ["gpu-1"]), (60, ["gpu-1"]), (4000, [])):
        then = file.stat().st_mtime - seconds
        os.utime(file, (then, then))
        assert _objects.names("nodes", {}) == found


def test_the_flags_on_the_line_reach_the_cluster() -> None:
    options = _objects._options({"--as": ["eve"], "--as-group": ["a", "b"], "--insecure-skip-tls-verify": [], "-x": []})
    assert (options.as_user, options.as_group, options.insecure_skip_tls_verify) == ("eve", ("a", "b"), True)
    assert (options.context, options.request_timeout) == ("", "")


def test_completing_imports_neither_typer_nor_a_client(env: dict[str, str]) -> None:
    program = (
        "import sys\nsys.argv = ['kubectl_complete-ai_top', '--context', '']\n"
        "from k8sai.commands._complete import main\nmain()\nsys.stderr.write(' '.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "other\ntest\n:4\n"
    heavy = {"typer", "rich", "urllib3", "kubernetes", "msgspec", "google.protobuf", "asyncio", "subprocess", "textual"}
    assert set(done.stderr.split()) & heavy <= {"subprocess"}


def test_a_reader_that_left_is_no_error(env: dict[str, str]) -> None:
    with subprocess.Popen(
        [BIN / "kubectl_complete-ai_top", "-"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
