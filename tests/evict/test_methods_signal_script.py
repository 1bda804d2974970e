"""The script that looks before it signals: real processes, real shells."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from k8sai.evict.methods import signal_script as script

CHILD = """
import signal, sys
for number in sys.argv[2].split(","):
    if number:
        signal.signal(int(number), lambda got, _: print("got", got, flush=True))
print("ready", flush=True)
sys.stdin.read()
"""
SHELLS = [
    pytest.param(words, id=words[0], marks=pytest.mark.skipif(not shutil.which(words[0]), reason="no such shell"))
    for words in (["sh"], ["bash", "--posix"], ["dash"], ["busybox", "sh"])
]
Start = Callable[..., "Popen[str]"]


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A folder that stands for the /proc of a container: links to the processes in it."""
    (tmp_path / "proc").mkdir()
    return tmp_path / "proc"


@pytest.fixture
def start(proc: Path) -> Iterator[Start]:
    started: list[Popen[str]] = []

    def run(title: str, *handles: int, name: str = "") -> "Popen[str]":
        numbers = ",".join(map(str, handles))
        child = Popen([sys.executable, "-c", CHILD, title, numbers], stdin=PIPE, stdout=PIPE, text=True)
        started.append(child)
        assert child.stdout is not None and child.stdout.readline() == "ready\n"
        (proc / (name or str(child.pid))).symlink_to(f"/proc/{child.pid}")
        return child

    yield run
    for child in started:
        child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout):
            assert stream is not None
            stream.close()


def play(proc: Path, word: str, name: str, pattern: str, shell: list[str] | None = None) -> tuple[int, list[str]]:
    words = [*(shell or ["sh"]), *script.argv(word, name, pattern)[1:]]
    done = subprocess.run(words, env={"K8SAI_PROC": str(proc), "PATH": "/usr/bin:/bin"}, capture_output=True, text=True)
    return done.returncode, done.stdout.splitlines()


def heard(child: "Popen[str]") -> str:
    """The next thing it says."""
    assert child.stdout is not None
    return child.stdout.readline().strip()


def lives(child: "Popen[str]") -> bool:
    return child.poll() is None


@pytest.mark.parametrize("shell", SHELLS)
def test_a_process_that_handles_it_is_signalled(proc: Path, start: Start, shell: list[str]) -> None:
    child = start("train-a", signal.SIGUSR1)
    code, lines = play(proc, "check", "USR1", "train-[a-z] ", shell)
    assert (code, [line.split()[:2] for line in lines]) == (0, [[str(child.pid), "handled"]])
    assert play(proc, "send", "USR1", "train-[a-z] ", shell) == (0, [f"{child.pid} sent"])
    assert heard(child) == f"got {int(signal.SIGUSR1)}"


@pytest.mark.parametrize("shell", SHELLS)
def test_a_process_without_a_handler_is_not_killed(proc: Path, start: Start, shell: list[str]) -> None:
    child = start("train-a", signal.SIGUSR2)
    code, lines = play(proc, "send", "USR1", "train-a", shell)
    assert (code, lines[0].split()[:2]) == (script.UNHANDLED, [str(child.pid), "unhandled"])
    assert lives(child)


def test_one_of_several_without_a_handler_spares_all(proc: Path, start: Start) -> None:
    good, bare = start("train-a", signal.SIGUSR1, signal.SIGUSR2), start("train-b")
    assert play(proc, "send", "USR1", "train-")[0] == script.UNHANDLED
    assert lives(bare)
    assert play(proc, "send", "USR2", "train-a") == (0, [f"{good.pid} sent"])
    assert heard(good) == f"got {int(signal.SIGUSR2)}", "the first one never came"


def test_all_that_fit_are_signalled(proc: Path, start: Start) -> None:
    children = [start(f"train-{name}", signal.SIGUSR1) for name in "abc"]
    code, lines = play(proc, "send", "USR1", "train-")
    assert (code, sorted(lines)) == (0, sorted(f"{child.pid} sent" for child in children))
    assert [heard(child) for child in children] == [f"got {int(signal.SIGUSR1)}"] * 3


def test_nobody_fits(proc: Path, start: Start) -> None:
    child = start("train-a", signal.SIGUSR1)
    assert play(proc, "send", "USR1", "^serve")[0] == script.NOBODY
    assert lives(child)


def test_without_a_pattern_it_is_the_first_process_by_its_real_number(proc: Path, start: Start) -> None:
    first, other = start("init", signal.SIGUSR1, name="1"), start("train-a", signal.SIGUSR1)
    assert play(proc, "send", "USR1", "") == (0, [f"{first.pid} sent"])
    assert heard(first) == f"got {int(signal.SIGUSR1)}"
    assert lives(other)


def test_a_process_that_is_linked_twice_is_signalled_once(proc: Path, start: Start) -> None:
    child = start("train-a", signal.SIGUSR1)
    (proc / "1").symlink_to(f"/proc/{child.pid}")
    assert play(proc, "send", "USR1", "train-a") == (0, [f"{child.pid} sent"])


def test_the_script_does_not_find_itself() -> None:
    """Its own command line has the pattern in it, and that of every shell it forks."""
    code, lines = play(Path("/proc"), "check", "USR1", "no-such-training-anywhere")
    assert (code, lines) == (script.NOBODY, ["no process fits"])


def test_there_is_no_proc(tmp_path: Path) -> None:
    assert play(tmp_path / "nowhere", "check", "USR1", "train")[0] == script.NO_PROC
    assert play(tmp_path, "check", "USR1", "")[0] == script.NO_PROC


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("number", [1, 2, 4, 5, 8, 9, 10, 12, 13, 16, 17, 31, 32, 33, 60, 61, 63, 64])
def test_every_bit_of_the_mask_is_read(tmp_path: Path, number: int, shell: list[str]) -> None:
    """Against the mask as the kernel writes it, one bit set at a time, its neighbours not."""
    place = tmp_path / "1"
    place.mkdir()
    (place / "cmdline").write_bytes(b"train\0--x\0")
    (place / "status").write_text(f"Name:\ttrain\nPid:\t1\nSigCgt:\t{1 << (number - 1):016x}\n")
    words = [*shell, "-c", script.SCRIPT, script.NAME, "check"]
    for asked in (number - 1, number, number + 1):
        if 1 <= asked <= 64:
            environment = {"K8SAI_PROC": str(tmp_path), "PATH": "/usr/bin:/bin"}
            done = subprocess.run([*words, str(asked), ""], env=environment, capture_output=True, text=True)
            assert done.returncode == (0 if asked == number else script.UNHANDLED), (asked, done)


def test_nothing_a_contract_says_becomes_a_command(proc: Path, start: Start, tmp_path: Path) -> None:
    start("train-a", signal.SIGUSR1)
    for pattern in (f"$(touch {tmp_path}/made)", f"`touch {tmp_path}/made`", f"x' ; touch {tmp_path}/made ; '", "-f x"):
        assert play(proc, "send", "USR1", pattern)[0] == script.NOBODY
    assert not (tmp_path / "made").exists()


def test_numbers_are_those_of_linux() -> None:
    if sys.platform == "linux":
        own = {one.name.removeprefix("SIG"): int(one) for one in signal.Signals}
        assert {name: own[name] for name in script.NUMBERS if name in own} == {
            name: number for name, number in script.NUMBERS.items() if name in own
        }
