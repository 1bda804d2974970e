"""The map of very many nodes while events arrive: first paint, and from a key to what it changes on the screen.

The cluster is a process of its own, the screen another in a terminal of 200x50. A key counts as painted when the text
that only it can change (the node under the cursor, a word of the title) has arrived, with all that came along.
"""

import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from threading import Condition, Thread

from tests.bench.figures import Figure, Figures, milliseconds
from tests.bench.screen import terminal

_NODES = int(os.environ.get("K8SAI_BENCH_NODES", "100000"))
_EVENTS = 1000  # a second
_PRESSES = 60  # of each key
_PAGES = max(1, min(4, _NODES // 10_000))  # as many as there are for sure: a page key at the end changes nothing
_REST = (0.05, 0.25)  # seconds between two keys
_SETTLED = 0.004  # seconds of silence that end a frame
_STALLED = 10.0  # seconds without an answer to a key
_OVERLAP = 200  # bytes
_PATIENCE = 300.0
_ESCAPE = re.compile(rb"\x1b\[[0-9;?]*[a-zA-Z]")
_NODE = re.compile(rb"h100-\d+")
_TINT = re.compile(rb"colour (namespace|owner|queue|priority|utilisation|state)")
_TITLE = re.compile(rb"(Map|Nodes) [0-9,]+( nodes)?( \xe2\x86\x92 [\w-]+)*")
_DOWN, _UP, _LEFT, _RIGHT = b"\x1b[B", b"\x1b[A", b"\x1b[D", b"\x1b[C"
_PAGE_DOWN, _PAGE_UP, _HOME, _END = b"\x1b[6~", b"\x1b[5~", b"\x1b[H", b"\x1b[F"


def measure() -> Figures:
    """Scroll, zoom and colours on the map, and the same keys of the Nodes pane."""
    with tempfile.TemporaryDirectory() as folder:
        kubeconfig = Path(folder) / "config"
        began = time.perf_counter()
        with _crowd(kubeconfig) as crowd:
            loaded = time.perf_counter() - began
            with terminal(kubeconfig, {"XDG_STATE_HOME": folder}) as (ours, process):
                lines = list(_story(Typist(ours), crowd, process))
    heading = f"the map ({_NODES:,} nodes, {_EVENTS:,} events a second, 200x50, the cluster loaded in {loaded:.0f} s)"
    return Figures(heading, "p95, worst", lines)


def _story(typist: "Typist", crowd: "subprocess.Popen[bytes]", process: "subprocess.Popen[bytes]") -> Iterator[Figure]:
    yield Figure("command to the first node on the screen", f"{typist.until(_NODE):.1f} s")
    yield Figure("command to all of it read", f"{typist.until(re.compile(rb'live')):.1f} s")
    yield Figure("memory of the screen", f"{_memory(process.pid):.0f} MB")
    quiet = "while nothing happens: "
    yield Figure("map opened for the first time", milliseconds(typist.press(b"2", _TITLE)))
    yield _figure(quiet + "page down, page up", typist.presses([_PAGE_DOWN, _PAGE_UP], _NODE))
    assert crowd.stdin is not None
    crowd.stdin.write(b"go\n")
    crowd.stdin.flush()
    time.sleep(3)
    yield _figure("one line down or up", typist.presses([_DOWN, _UP], _NODE))
    yield _figure("one cell right or left", typist.presses([_RIGHT, _LEFT], _NODE))
    yield _figure("page down, page up", typist.presses([_PAGE_DOWN] * _PAGES + [_PAGE_UP] * _PAGES, _NODE))
    yield _figure("last, first", typist.presses([_END, _HOME], _NODE))
    yield _figure("to a node and back", typist.presses([b"+", b"-"], _TITLE))
    yield _figure("colour by the next thing", typist.presses([b"c"], _TINT))
    typist.press(b"b", re.compile(rb"by zone"))
    yield _figure("into a zone and out", typist.presses([b"+", b"-"], _TITLE))
    yield _figure("Nodes, and back to the map", typist.presses([b"1", b"2"], _TITLE))
    yield Figure("memory of the screen, at the end", f"{_memory(process.pid):.0f} MB")


def _figure(what: str, spent: Sequence[float]) -> Figure:
    ordered = sorted(spent)
    late = ordered[min(len(ordered) - 1, len(ordered) * 95 // 100)]
    return Figure(
        what, milliseconds(median(spent)), f"{milliseconds(late)}, {milliseconds(ordered[-1])}", "p95 < 50 ms"
    )


class Typist:
    """Presses keys and sees what comes of them. A thread reads all the time: a screen that nobody reads waits."""

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal
        self._began = time.perf_counter()
        self._news = Condition()
        self._come: list[tuple[float, bytes]] = []  # what came when, since somebody looked
        self._rest = b""  # the end of what was looked at: a word may continue
        self._shown: dict[re.Pattern[bytes], bytes] = {}  # the last of each thing that was wanted
        self._chance = random.Random(11)
        Thread(target=self._read, daemon=True).start()

    def until(self, wanted: re.Pattern[bytes]) -> float:
        """Seconds from the start until the text is on the screen."""
        while True:
            for at, chunk in self._taken(1.0):
                if self._found(wanted, chunk):
                    return at - self._began
            if time.perf_counter() - self._began > _PATIENCE:
                raise TimeoutError(f"{wanted.pattern!r} was not painted in {_PATIENCE:.0f} s: {self._rest!r}")

    def press(self, key: bytes, wanted: re.Pattern[bytes]) -> float:
        """Seconds from a key until the text that it changes is there, whole."""
        shown = self._shown.get(wanted, b"")
        for _, chunk in self._taken(0.0):
            shown = self._found(wanted, chunk) or shown
        start = time.perf_counter()
        os.write(self._terminal, key)
        last, changed = start, False
        while time.perf_counter() - start < _STALLED:
            come = self._taken(_SETTLED if changed else 0.5)
            if changed and not come:
                return last - start
            for at, chunk in come:
                last = at
                now = self._found(wanted, chunk)
                changed = changed or bool(now and now != shown)
                self._shown[wanted] = shown = now or shown
        raise TimeoutError(f"nothing came of {key!r} after {shown!r}: {self._rest!r}")

    def presses(self, keys: Sequence[bytes], wanted: re.Pattern[bytes]) -> list[float]:
        """The same for many, with rests of all lengths in between; the first round is not counted.

        Before it nobody knows what the screen shows of what is wanted, and any frame would do for an answer.
        """
        spent = []
        for number in range(len(keys) + _PRESSES):
            time.sleep(self._chance.uniform(*_REST))
            spent.append(self.press(keys[number % len(keys)], wanted))
        return spent[len(keys) :]

    def _found(self, wanted: re.Pattern[bytes], chunk: bytes) -> bytes:
        """The last match that is whole, in what came now and the end of what came before."""
        raw = self._rest + chunk
        self._rest = raw[-_OVERLAP:]
        text = _ESCAPE.sub(b"", raw)
        found = [match.group(0) for match in wanted.finditer(text) if match.end() < len(text)]
        return found[-1] if found else b""

    def _taken(self, seconds: float) -> list[tuple[float, bytes]]:
        """What has come, waiting so long for the first of it."""
        with self._news:
            if not self._come and seconds:
                self._news.wait(seconds)
            come, self._come = self._come, []
            return come

    def _read(self) -> None:
        while True:
            try:
                chunk = os.read(self._terminal, 1 << 16)
            except OSError:  # the screen has ended, or the terminal was closed
                return
            with self._news:
                self._come.append((time.perf_counter(), chunk))
                self._news.notify()


@contextmanager
def _crowd(kubeconfig: Path) -> "Iterator[subprocess.Popen[bytes]]":
    command = [sys.executable, "-m", "tests.bench.crowd", str(_NODES), str(_EVENTS), str(kubeconfig)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
    assert process.stdout is not None
    try:
        if process.stdout.readline().strip() != b"ready":
            raise ChildProcessError("the embedded cluster did not load")
        yield process
    finally:
        process.kill()
        process.wait()


def _memory(pid: int) -> float:
    """Resident MB of a process; 0 where the system does not say."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0.0
    return pages * resource.getpagesize() / 1e6
