"""What every command shares: how it is called, how it fails, how it ends."""

import signal
import subprocess
from pathlib import Path

import pytest

from k8sai import __version__
from k8sai.commands import _talk
from k8sai.commands._door import command_names, entry
from k8sai.errors import Exit, Findings, K8saiError, Usage
from tests.commands.run import BIN, environment, on_terminal, run


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path)


@pytest.mark.parametrize("argv", [["k8sai"], ["kubectl-k8sai"], ["kubectl-ai_top"], ["k8sai", "top"]], ids=" ".join)
def test_version(argv: list[str], env: dict[str, str]) -> None:
    ran = run(*argv, "--version", env=env)
    assert (ran.code, ran.out, ran.err) == (Exit.OK, f"k8sai {__version__}\n", "")


def test_overview_has_a_line_per_command(env: dict[str, str]) -> None:
    ran = run("k8sai", env=env)
    lines = ran.out.splitlines()
    assert (ran.code, ran.err) == (Exit.OK, "")
    assert [line.split()[0] for line in lines[lines.index("Commands:") + 1 : -2]] == list(command_names())
    assert lines[-1] == "Each has its own help: k8sai COMMAND --help"


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["k8sai", "top"], "k8sai top"),
        (["kubectl-k8sai", "top"], "kubectl k8sai top"),
        (["kubectl-ai_top"], "kubectl ai-top"),
    ],
)
def test_help_speaks_as_the_tool_was_called(argv: list[str], said: str, env: dict[str, str]) -> None:
    ran = run(*argv, "--help", env=env)
    assert (ran.code, ran.err) == (Exit.OK, "")
    assert ran.out.startswith(f"Usage: {said} [OPTIONS] [NODE]...\n")
    assert f"    {said} --by pending " in ran.out
    assert "\nConnection, as in kubectl:\n" in ran.out
    assert run(*argv, "-h", env=env) == ran


def test_no_such_command(env: dict[str, str]) -> None:
    ran = run("k8sai", "tpo", env=env)
    assert (ran.code, ran.out) == (Exit.USAGE, "")
    assert ran.err == "error: there is no command 'tpo'\n  → did you mean `k8sai top`?\n"


def test_a_flag_before_the_command(env: dict[str, str]) -> None:
    ran = run("kubectl-k8sai", "-n", "x", "top", env=env)
    assert (ran.code, ran.out) == (Exit.USAGE, "")
    assert ran.err.startswith("error: '-n' comes before the command\n  → name the command first: ")
    assert "`kubectl k8sai top`" in ran.err


@pytest.mark.parametrize(
    ("flag", "sentence"),
    [
        ("--onec", "No such option: --onec"),
        ("-o", "Option '-o' requires an argument"),
    ],
)
def test_a_wrong_flag_is_one_sentence(flag: str, sentence: str, env: dict[str, str]) -> None:
    ran = run("kubectl-ai_top", flag, env=env)
    assert (ran.code, ran.out) == (Exit.USAGE, "")
    first, second, rest = ran.err.split("\n", 2)
    assert first.startswith(f"error: {sentence}")
    assert (second, rest) == ("  → see `kubectl ai-top --help`", "")


def test_a_command_with_verbs(env: dict[str, str]) -> None:
    ran = run("kubectl-ai_sim", env=env)
    assert (ran.code, ran.out) == (Exit.USAGE, "")
    assert ran.err.startswith("error: `kubectl ai-sim` needs one of up, ")
    assert ran.err.endswith("\n  → see `kubectl ai-sim --help`\n")
    helped = run("kubectl-ai_sim", "up", "-h", env=env)
    assert (helped.code, helped.err) == (Exit.OK, "")
    assert helped.out.startswith("Usage: kubectl ai-sim up [OPTIONS]")
    assert "kubectl ai-sim up huge --nodes 5000 " in helped.out


def fails(error: BaseException) -> object:
    def command() -> None:
        raise error

    return command


def left(command: object, *argv: str) -> int:
    with pytest.raises(SystemExit) as ended:
        entry(command, "top")(list(argv))
    return int(ended.value.code or 0)


@pytest.mark.parametrize("kind", [K8saiError, *K8saiError.__subclasses__()])
def test_each_error_leaves_with_its_code(kind: type[K8saiError], capsys: pytest.CaptureFixture[str]) -> None:
    assert left(fails(kind("it went wrong", "try `k8sai top --once`"))) == kind.exit
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("error: it went wrong\n  → try `")


def test_a_bug_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert left(fails(ZeroDivisionError("so\nit\x1b[2J was"))) == Exit.BUG
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == (
        "error: a bug in k8sai: ZeroDivisionError: so it?[2J was\n  → run it again with --debug and report it\n"
    )


def test_debug_shows_where(capsys: pytest.CaptureFixture[str]) -> None:
    assert left(fails(Usage("no such thing")), "--debug") == Exit.USAGE
    shown = capsys.readouterr().err
    assert "Traceback" in shown and "tests/commands/test_door.py" in shown
    assert shown.endswith("\nerror: no such thing\n")


def test_interrupt(capsys: pytest.CaptureFixture[str]) -> None:
    assert left(fails(KeyboardInterrupt())) == Exit.INTERRUPT
    assert capsys.readouterr() == ("", "")


def test_a_returned_code_is_the_exit_code() -> None:
    assert left(lambda: Exit.PARTIAL) == Exit.PARTIAL
    assert left(lambda: None) == Exit.OK


def test_a_page_as_an_error_becomes_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    left(fails(Findings("line\n" * 1000)))
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1 and len(shown) < 700


@pytest.mark.parametrize(
    ("argv0", "said"),
    [
        ("/usr/bin/kubectl-ai_top", "see `kubectl ai-top --once` and `kubectl ai-doctor rbac`"),
        ("kubectl-k8sai", "see `kubectl k8sai top --once` and `kubectl k8sai doctor rbac`"),
        ("C:/bin/k8sai.exe", "see `k8sai top --once` and `k8sai doctor rbac`"),
        ("pytest", "see `k8sai top --once` and `k8sai doctor rbac`"),
    ],
)
def test_speak(argv0: str, said: str) -> None:
    assert _talk.speak("see `k8sai top --once` and `k8sai doctor rbac`", argv0) == said


def test_a_sentence_about_k8sai_is_no_command() -> None:
    said = "k8sai never reads Secrets; read it with the k8sai that wrote it"
    assert _talk.speak(said, "kubectl-ai_top") == said


def test_hints_lead_to_the_same_cluster() -> None:
    _talk.carry(["--context", "prod eu"])
    try:
        said = _talk.speak("`k8sai top --by pending` lists them, `k8sai sim up` does not", "kubectl-ai_top")
    finally:
        _talk.carry(())
    assert said == "`kubectl ai-top --by pending --context 'prod eu'` lists them, `kubectl ai-sim up` does not"


@pytest.mark.parametrize(
    "command", ["top", "why job/train", "fit --gpus 8", "snapshot save -o now.gz", "canary run isvc/a -n b"]
)
def test_every_hint_that_reads_a_cluster_leads_to_the_same(command: str) -> None:
    _talk.carry(["--context", "prod"])
    try:
        assert _talk.speak(f"`k8sai {command}`", "k8sai") == f"`k8sai {command} --context prod`"
        assert _talk.speak("`k8sai snapshot show now.gz`", "k8sai") == "`k8sai snapshot show now.gz`"
    finally:
        _talk.carry(())


@pytest.mark.parametrize(
    ("flags", "hint", "said"),
    [
        (["--context", "prod"], "`kubectl get pods -n ml`", "`kubectl get pods -n ml --context prod`"),
        (
            ["--kubeconfig", "my file", "--context", "prod"],
            "`kubectl get nodes --show-labels` shows them",
            "`kubectl get nodes --show-labels --kubeconfig 'my file' --context prod` shows them",
        ),
        (["--context", "prod"], "`kubectl get x --context prod`", "`kubectl get x --context prod`"),
        (["--context", "prod"], "`kubectl config get-contexts`", "`kubectl config get-contexts`"),
        (["--context", "a", "--context", "b"], "`kubectl get pods -n ml`", "`kubectl get pods -n ml`"),
        (["--from", "prod.gz"], "`kubectl get pods -n ml`", "`kubectl get pods -n ml`"),
        (["--from", "prod.gz"], "`k8sai snapshot save -o prod.gz`", "`kubectl ai-snapshot save -o prod.gz`"),
        (["--from", "prod.gz"], "`k8sai top`", "`kubectl ai-top --from prod.gz`"),
    ],
)
def test_other_commands_lead_there_as_far_as_they_can(flags: list[str], hint: str, said: str) -> None:
    _talk.carry(flags)
    try:
        assert _talk.speak(hint, "kubectl-ai_why") == said
    finally:
        _talk.carry(())


def test_a_closed_pipe_is_no_error(env: dict[str, str]) -> None:
    """`k8sai | true`, with more than a pipe holds behind it, says nothing and ends well."""
    with subprocess.Popen(
        [BIN / "k8sai", "completion", "bash"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == Exit.OK


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(
    "argv", ["completion bash", "", "--help", "--version", "top --version", "top --help", "sim up --help"]
)
def test_a_full_disk_is_told(argv: str, env: dict[str, str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([BIN / "k8sai", *argv.split()], env=env, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == Exit.USAGE
    assert done.stderr.decode() == (
        "error: the output cannot be written: No space left on device\n  → write it somewhere else\n"
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_an_error_nobody_can_be_told_keeps_its_code(env: dict[str, str]) -> None:
    with Path("/dev/full").open("wb") as full:
        assert subprocess.run([BIN / "k8sai", "x"], env=env, stderr=full, check=False).returncode == Exit.USAGE


def test_no_stdout_at_all(env: dict[str, str]) -> None:
    done = subprocess.run(["/bin/sh", "-c", f"'{BIN}/k8sai' --version >&-"], env=env, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (Exit.OK, b"")


@pytest.mark.parametrize("told", ["SIGTERM", "SIGHUP"])
def test_sigterm_ends_as_sigterm(told: str) -> None:
    """The default again, so that a parent sees what happened; but only after the command was unwound."""
    program = (
        "import os, signal\nfrom k8sai.commands._door import entry\n"
        "def command():\n"
        f"    try: os.kill(os.getpid(), signal.{told}); signal.pause()\n"
        "    finally: print('unwound')\n"
        "entry(command, 'top')([])"
    )
    done = subprocess.run([BIN / "python", "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.Signals[told], "unwound\n", "")


def test_sigterm_that_was_lost_is_not_lost_for_good() -> None:
    """Python swallows what a handler raises inside a weakref's callback, such as the import system's."""
    code = (
        "import os, signal, weakref\n"
        "from k8sai.commands import _door\n"
        "_door._PATIENCE = 1\n"
        "class Thing: pass\n"
        "def wait():\n"
        "    thing = Thing()\n"
        "    ref = weakref.ref(thing, lambda _: os.kill(os.getpid(), signal.SIGTERM) or sum(range(1000)))\n"
        "    del thing\n"
        "    while True: signal.pause()\n"
        "_door.entry(wait, 'wait')([])\n"
    )
    done = subprocess.run([BIN / "python", "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGTERM


def test_errors_are_red_on_a_terminal_only(env: dict[str, str]) -> None:
    assert on_terminal("k8sai", "x", env=env).out.startswith("\x1b[31merror\x1b[0m: there is no command 'x'\n")
    assert on_terminal("k8sai", "x", env={**env, "NO_COLOR": "1"}).out.startswith("error: there is no command 'x'\n")
    assert on_terminal("k8sai", "x", env={**env, "TERM": "dumb"}).out.startswith("error: there is no command 'x'\n")
    forced = run("k8sai", "x", env={**env, "CLICOLOR_FORCE": "1"})
    assert forced.err.startswith("\x1b[31merror\x1b[0m: ")
