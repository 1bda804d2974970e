"""Figures with what they are measured against, and how they are printed."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of a table. `aim` is what it is meant to be, in words."""

    what: str
    value: str
    ratio: str = ""
    aim: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """One table: what was measured, the unit of the ratios, and the lines."""

    title: str
    against: str
    lines: Sequence[Figure]


@dataclass(frozen=True, slots=True)
class Run:
    """One process from start to end: seconds, peak memory in MB and exit code."""

    seconds: float
    memory: float
    code: int


def table(figures: Figures) -> str:
    """The figures in columns."""
    rows = [("", "median", figures.against, "aim")]
    rows += [(line.what, line.value, line.ratio, line.aim) for line in figures.lines]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = (
        f"  {what:<{widths[0]}}  {value:>{widths[1]}}  {ratio:>{widths[2]}}  {aim}".rstrip()
        for what, value, ratio, aim in rows
    )
    return "\n".join([figures.title, *lines, ""])


# A process of its own, because a child's peak memory starts at that of who forked it, and a benchmark has grown large.
_MEASURE = """
import os, sys, time
null = os.open(os.devnull, os.O_RDWR)
start = time.perf_counter()
quiet = [(os.POSIX_SPAWN_DUP2, null, n) for n in range(3)]
child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=quiet)
_, status, usage = os.wait4(child, 0)
print(time.perf_counter() - start, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status))
"""


def run(command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> Run:
    """Run a process to its end with its output thrown away."""
    measured = subprocess.run(
        [sys.executable, "-S", "-c", _MEASURE, *map(str, command)],
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, memory, code = measured.stdout.split()
    return Run(float(seconds), float(memory), int(code))


def side_by_side(commands: Mapping[str, Callable[[], Run]], rounds: int) -> dict[str, Run]:
    """Each command in turn, so that a busy moment of the machine meets all; medians, and the worst exit code."""
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, start in commands.items():
            runs[name].append(start())
    return {
        name: Run(median(r.seconds for r in done), max(r.memory for r in done), max(r.code for r in done))
        for name, done in runs.items()
    }


def timed(work: Callable[[], object], rounds: int = 5) -> float:
    """The median of seconds that a call takes."""
    spent = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    return median(spent)


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 0.1 else f"{seconds * 1000:.0f} ms"


def times(ratio: float) -> str:
    return f"{ratio:.2f}x" if ratio < 10 else f"{ratio:.0f}x"
