"""The demo's drain: a training of real processes moves and goes on; no process outlives the demo, however it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from k8sai.commands._demo_drain import drain
from k8sai.sim.cluster import Sim
from k8sai.sim.shim import descendants
from tests.commands.drained_training import Drained, fast
from tests.commands.run import environment, terminal

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


def until(true: Callable[[], object]) -> None:
    """Other processes are at it: nobody tells us."""
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        Event().wait(0.1)


def alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if "Z" not in _state(pid)]


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


def _trainers(pid: int) -> list[int]:
    return [one for one in descendants(pid) if b"sim.trainer\0" in _words(one) and b"shim.py" not in _words(one)]


def _words(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_the_training_goes_on_elsewhere(tmp_path: Path) -> None:
    with Sim(fast(tmp_path), processes=True) as sim:
        there = Drained(sim, tmp_path)
        there.trains()
        with drain(there.config, after=0):
            until(lambda: there.told().get("restoredStep", 0) > 0)
            until(lambda: any(one["phase"] == "Restored" for one in there.gangs()))
        [gang] = there.gangs()
        assert gang["restoredStep"] == gang["proof"]["step"] > 0
        assert "h200-00" not in there.nodes()


@pytest.mark.parametrize(
    "end", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, None], ids=["kill", "term", "hup", "^C"]
)
def test_no_process_is_left(tmp_path: Path, end: signal.Signals | None) -> None:
    place = tmp_path / "tmp"
    place.mkdir()
    argv = ("k8sai", "demo", "--scenario", "drain")
    with terminal(*argv, env=environment(tmp_path, TMPDIR=str(place)), columns=120, rows=30) as (process, master):
        until(lambda: len(_trainers(process.pid)) == 2 and _drained(master))
        below = descendants(process.pid)
        if end is None:
            os.write(master, b"\x03")
        else:
            process.send_signal(end)
        until(lambda: _drained(master) and not alive([process.pid, *below]))


def _drained(master: int) -> bool:
    """A terminal that nobody reads stops whoever writes to it."""
    import select

    while select.select([master], [], [], 0)[0]:
        try:
            if not os.read(master, 65536):
                break
        except OSError:
            break
    return True


def test_an_operator_ends_with_whoever_started_it(tmp_path: Path) -> None:
    tied = "from k8sai.commands._demo_operator import tied; tied()"
    argv = [sys.executable, "-c", tied, "sim", "up", "empty", "--foreground"]
    env = environment(tmp_path, XDG_RUNTIME_DIR=str(tmp_path))
    with subprocess.Popen(argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as operator:
        assert operator.stdin and operator.stdout
        assert operator.stdout.readline().startswith("export KUBECONFIG=")
        assert operator.poll() is None
        operator.stdin.close()
        assert operator.wait(60) == 1
