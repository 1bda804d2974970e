"""The full-screen view on 5,000 nodes of the embedded cluster: first paint, and from a key to its repaint."""

import asyncio
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from k8sai.sim.cluster import Sim
from tests.bench.figures import Figure, Figures, milliseconds

_NODES, _COLUMNS, _LINES = 5000, 200, 50
_KEYS = {"down": "\x1b[B", "page down": "\x1b[6~", "end": "\x1b[F", "home": "\x1b[H", "up": "\x1b[A"}
_PRESSES = 15  # of each key
_QUIET = 0.25  # seconds without output that end a repaint
_PATIENCE = 60.0


def measure() -> Figures:
    """Data in memory to first paint in this process; keys and the whole start through a terminal of their own."""
    with Sim("huge", nodes=_NODES) as sim, tempfile.TemporaryDirectory() as folder:
        kubeconfig = Path(folder) / "config"
        sim.write_kubeconfig(kubeconfig)
        paint = _first_paint(kubeconfig)
        with terminal(kubeconfig) as (ours, _):
            screen = Screen(ours)
            start = screen.until_painted()
            answers = {name: [screen.press(key) for _ in range(_PRESSES)] for name, key in _KEYS.items()}
    lines = [
        Figure("data in memory to first paint", milliseconds(paint), aim="under 2 s"),
        Figure("command to full screen, all of it", milliseconds(start)),
        *(
            Figure(f"{name} to repaint", milliseconds(median(spent)), aim="within 50 ms")
            for name, spent in answers.items()
        ),
    ]
    return Figures(f"the screen ({_NODES:,} nodes, {_COLUMNS}x{_LINES})", "", lines)


def _first_paint(kubeconfig: Path) -> float:
    from k8sai.cluster.connect import connect
    from k8sai.cluster.live import read_once
    from k8sai.cluster.options import Options
    from k8sai.fleet.index import Fleet
    from k8sai.tui.app import Cockpit
    from k8sai.tui.feed import Still

    connection, fleet = connect(Options(kubeconfig=str(kubeconfig))), Fleet()
    sources = read_once(connection, fleet)
    connection.close()

    async def paint() -> float:
        start = time.perf_counter()
        async with Cockpit(fleet, Still("bench", sources)).run_test(size=(_COLUMNS, _LINES)) as pilot:
            await pilot.pause()
            return time.perf_counter() - start

    return asyncio.run(paint())


class Screen:
    """A program in a terminal that nobody looks at."""

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal
        self._started = time.perf_counter()

    def until_painted(self) -> float:
        """Seconds from the start to the end of the first burst of output that shows a row of a node."""
        seen, last = b"", 0.0
        while time.perf_counter() - self._started < _PATIENCE:
            chunk = self._read(_QUIET * 4)
            if chunk:
                seen, last = seen + chunk, time.perf_counter() - self._started
            elif b"H100" in seen or b"A100" in seen:
                return last
        raise TimeoutError(f"no node was painted in {_PATIENCE:.0f} s: {seen[-500:]!r}")

    def press(self, key: str) -> float:
        """Seconds from a key to the last output of the burst that answers it."""
        start = time.perf_counter()
        os.write(self._terminal, key.encode())
        last = start
        while self._read(_QUIET):
            last = time.perf_counter()
        return last - start

    def _read(self, seconds: float) -> bytes:
        ready, _, _ = select.select([self._terminal], [], [], seconds)
        return os.read(self._terminal, 1 << 16) if ready else b""


@contextmanager
def terminal(
    kubeconfig: Path, environment: Mapping[str, str] | None = None
) -> "Iterator[tuple[int, subprocess.Popen[bytes]]]":
    """`k8sai top` in a terminal of its own, and our end of that."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _LINES, _COLUMNS, 0, 0))
    known = {"KUBECONFIG": str(kubeconfig), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    command = [str(Path(sys.executable).parent / "k8sai"), "top"]
    process = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, **known, **(environment or {})},
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield ours, process
    finally:
        process.kill()
        process.wait()
        os.close(ours)
