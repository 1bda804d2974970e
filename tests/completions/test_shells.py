"""Real shells, and a real kubectl, complete our words."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.commands.run import BIN, environment, read_all, run, terminal
from tests.commands.server import write_kubeconfig


def shell(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    write_kubeconfig(tmp_path / ".kube/config", "http://127.0.0.1:1")
    return environment(tmp_path)


def said(argv: list[str], env: dict[str, str], cwd: Path | None = None) -> list[str]:
    done = subprocess.run(argv, env=env, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


LINES = [
    ("k8sai t", ["top"]),
    ("k8sai top --onc", ["--once"]),
    ("k8sai top -o j", ["json"]),
    ("k8sai top --output=y", ["yaml"]),
    ("kubectl-k8sai completion ", ["bash", "zsh", "fish", "kubectl"]),
    ("kubectl-ai_top --context o", ["other"]),
]
BASH = """
source <(k8sai completion bash)
COMP_LINE=$1 COMP_POINT=${#1}
read -r -a COMP_WORDS <<<"${1//=/ = }"
[[ $1 == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_k8sai
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize(("line", "found"), LINES)
def test_bash(line: str, found: list[str], env: dict[str, str]) -> None:
    assert said([shell("bash"), "--norc", "-c", BASH, "bash", line], env) == found


SESSIONS = {
    "bash": (["--norc", "--noprofile", "-i"], "PS1='ready> '; source <(k8sai completion bash)"),
    "zsh": (["-f", "-i"], "PS1='ready> '; autoload -U compinit; compinit -u -D; source <(k8sai completion zsh)"),
}


@pytest.mark.parametrize("name", SESSIONS)
def test_the_tab_key_of_a_shell(name: str, env: dict[str, str]) -> None:
    """Typed into an interactive shell on a terminal: Tab fills in `completion` and `kubectl`."""
    flags, setup = SESSIONS[name]
    with terminal(shell(name), *flags, env={**env, "TERM": "vt100"}) as (_, master):
        os.write(master, f"{setup}\r".encode())
        until(master, b"ready> ", times=2)
        os.write(master, b"k8sai compl\tkube\t\r")
        assert b"kubectl completes our commands by itself" in until(master, b"must be on PATH")


def until(master: int, wanted: bytes, times: int = 1) -> bytes:
    """What the terminal showed until the text was there so many times."""
    shown = b""
    for data in read_all(master):
        shown += data
        if shown.count(wanted) >= times:
            return shown
    pytest.fail(f"{wanted!r} never came: {shown!r}")


@pytest.mark.parametrize(("line", "found"), LINES)
def test_fish(line: str, found: list[str], env: dict[str, str]) -> None:
    program = "k8sai completion fish | source; complete -C $argv[1]"
    shown = [candidate.split("\t")[0] for candidate in said([shell("fish"), "--no-config", "-c", program, line], env)]
    expected = [f"--output={word}" for word in found] if "=" in line else found
    assert sorted(shown) == sorted(expected)


def test_zsh_understands_the_script(env: dict[str, str]) -> None:
    program = "autoload -U compinit && compinit -u -D && source <(k8sai completion zsh) && print -l $_comps[k8sai]"
    assert said([shell("zsh"), "-f", "-c", program], env) == ["_k8sai"]


@pytest.fixture
def kubectl() -> str:
    found = shutil.which("kubectl")
    if found is None:
        binaries = os.environ.get("K8SAI_CONTROLPLANE_BIN", "")
        if not binaries or not Path(binaries, "kubectl").exists():
            pytest.skip("kubectl is neither on PATH nor in K8SAI_CONTROLPLANE_BIN")
        return str(Path(binaries, "kubectl"))
    return found


def test_kubectl_finds_the_plugin(kubectl: str, env: dict[str, str]) -> None:
    assert said([kubectl, "ai-top", "--version"], env) == said([str(BIN / "kubectl-ai_top"), "--version"], env)
    assert said([kubectl, "k8sai", "top", "--version"], env) == said([str(BIN / "k8sai"), "--version"], env)
    assert said([kubectl, "ai-top", "--help"], env)[0] == "Usage: kubectl ai-top [OPTIONS] [NODE]..."
    assert said([kubectl, "k8sai", "top", "--help"], env)[0] == "Usage: kubectl k8sai top [OPTIONS] [NODE]..."


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["ai-top", "--onc"], ["--once"]),
        (["ai-top", "-o", ""], ["table", "wide", "json", "yaml", "csv", "name"]),
        (["ai-top", "--context", ""], ["other", "test"]),
        (["k8sai", "to"], ["top"]),
        (["k8sai", "top", "--by", "q"], ["queue"]),
        (["ai-t"], ["ai-top"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_kubectl_completes(words: list[str], found: list[str], kubectl: str, env: dict[str, str]) -> None:
    done = subprocess.run(
        [kubectl, "__complete", *words], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    *candidates, directive = done.stdout.splitlines()
    assert [line.split("\t")[0] for line in candidates] == found
    assert directive == ":4"


def test_the_scripts_are_what_the_command_prints(env: dict[str, str]) -> None:
    folder = Path(__file__).parents[2] / "completions"
    for name in ("bash", "zsh", "fish"):
        ran = run("k8sai", "completion", name, env=env)
        assert (ran.code, ran.out, ran.err) == (0, (folder / f"k8sai.{name}").read_text(encoding="utf-8"), "")


def test_kubectl_needs_no_script(env: dict[str, str]) -> None:
    ran = run("k8sai", "completion", "kubectl", env=env)
    assert (ran.code, ran.err) == (0, "")
    assert "`kubectl_complete-ai_*`" in ran.out


def test_an_unknown_shell(env: dict[str, str]) -> None:
    ran = run("k8sai", "completion", "tcsh", env=env)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: Invalid value for 'shell': 'tcsh' is not one of ")
