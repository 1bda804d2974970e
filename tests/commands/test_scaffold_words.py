"""Completion of recipes' names and of their parameters; and what is asked of somebody at a terminal."""

import os
import signal
from pathlib import Path

import pytest

from k8sai.errors import Exit
from tests.commands.run import environment, read_all, run, terminal
from tests.commands.scaffolding import project_in


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a recipe `web` in it, and nothing of anybody's."""
    monkeypatch.chdir(tmp_path)
    return project_in(tmp_path)


def completed(project: Path, *words: str) -> list[str]:
    ran = run("kubectl_complete-ai_scaffold", *words, env=environment(project))
    assert (ran.code, ran.err) == (0, "")
    return ran.out.splitlines()


def test_recipes_are_completed(project: Path) -> None:
    assert completed(project, "we") == ["web\tA web server", ":4"]
    assert completed(project, "./re") == [":0"]
    assert completed(project, "--update", "") == [":0"]


def test_parameters_are_completed_without_a_space(project: Path) -> None:
    found = ["name=\tName", "model=\tModel", "gpus=\tGPUs", "objects=\tObjects", ":6"]
    assert completed(project, "web", "--set", "") == found
    assert completed(project, "web", "--set", "name=a", "--set", "m") == ["model=\tModel", ":6"]
    assert completed(project, "--set", "") == [":6"]
    (project / "recipes").rename(project / "mine")
    assert completed(project, "--recipe-dir", "mine", "web", "--set", "") == found
    assert completed(project, "mine/web", "--set", "g") == ["gpus=\tGPUs", ":6"]


# --- at a terminal ----------------------------------------------------------------------------------------------------


def typed(project: Path, *words: str, lines: str) -> tuple[int, str]:
    """The exit code and all that was shown when these lines were typed ahead."""
    with terminal("kubectl-ai_scaffold", *words, env=environment(project, NO_COLOR="1")) as (process, master):
        os.write(master, lines.encode())
        shown = b"".join(read_all(master)).decode().replace("\r\n", "\n")
        return process.wait(60), shown


def test_line_by_line_until_the_answers_are_right(project: Path) -> None:
    code, shown = typed(project, "web", "--plain", "-o", "out", lines="Q\nqwen\nsome\ngpu=1\ngpus=2\n\n")
    assert code == Exit.OK
    assert "name: Name (for example qwen): " in shown
    assert "error: name: Q is not of the form ^[a-z]+[-a-z0-9]*$\n" in shown
    assert "error: web has no parameter gpu\n" in shown
    assert shown.endswith("out/deployment.yaml created\nnote: ask qwen\n")
    text = (project / "out/deployment.yaml").read_text()
    assert 'args: ["some"]' in text and "nvidia.com/gpu: 2" in text


def test_the_end_of_the_input_leaves(project: Path) -> None:
    code, shown = typed(project, "web", "--plain", "-o", "out", lines="qwen\n\x04")
    assert code == Exit.INTERRUPT
    assert shown.endswith("note: left: nothing was written\n")
    assert not (project / "out").exists()


def test_the_form_at_a_terminal(project: Path) -> None:
    with terminal("kubectl-ai_scaffold", "web", "-o", "out", env=environment(project)) as (process, master):
        shown = b""
        for part in read_all(master):
            before, shown = shown, shown + part
            if b"still missing" in shown and b"still missing" not in before:
                os.write(master, b"qwen\tsome\x13")
        assert process.wait(60) == Exit.OK
    assert b"out/deployment.yaml created" in shown
    assert 'name: "qwen"' in (project / "out/deployment.yaml").read_text()


@pytest.mark.parametrize("how", ["SIGHUP", "SIGTERM", "gone"])
def test_the_form_ends_with_its_terminal(project: Path, how: str) -> None:
    with terminal("kubectl-ai_scaffold", "web", "-o", "out", env=environment(project)) as (process, master):
        shown = b""
        for part in read_all(master):
            shown += part
            if b"still missing" in shown:
                break
        if how == "gone":
            os.dup2(os.open(os.devnull, os.O_RDWR), master)  # as if the window were closed
        else:
            process.send_signal(getattr(signal, how))
            for _ in read_all(master):  # a terminal takes what is written
                continue
        assert process.wait(30) == -(signal.SIGTERM if how == "SIGTERM" else signal.SIGHUP)
    assert not (project / "out").exists()


@pytest.mark.parametrize("flags", [("--no-input",), ("--set", "objects=-")])
def test_never_asked(project: Path, flags: tuple[str, ...]) -> None:
    code, shown = typed(project, "web", *flags, lines="\x04")
    assert code == Exit.USAGE
    assert "error: web: model is missing: Model\n" in shown
