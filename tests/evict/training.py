"""The toy training as real processes: started, asked, signalled, and waited for by what its ranks say."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from k8sai.evict.workload.k8sai_checkpoint import Checkpoint

FILE = Path(__file__).parents[2] / "k8sai/evict/workload/k8sai_checkpoint.py"
PATIENCE = 60.0


class Rank:
    """One process, and the lines that it has said so far."""

    def __init__(self, argv: list[str], env: dict[str, str]) -> None:
        self.lines: list[str] = []
        self._news = threading.Condition()
        self.process = subprocess.Popen(
            argv, env={**os.environ, **env}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            with self._news:
                self.lines.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def said(self, text: str) -> str:
        """Wait for a line with the text as whole words, and return it."""

        def found() -> str:
            return next((line for line in self.lines if f"{text} " in f"{line} "), "")

        with self._news:
            self._news.wait_for(lambda: found() or not self._reader.is_alive(), PATIENCE)
        assert found(), f"never said {text!r}, but:\n" + "\n".join(self.lines[-20:])
        return found()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self.ended()

    def kill(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    def ended(self) -> int:
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert self.process.stdout
        self.process.stdout.close()
        return code


class Training:
    """All ranks of one attempt; the folder outlives it."""

    def __init__(self, path: Path, world: int, *flags: str, http: str = "", **env: str) -> None:
        self.path = path
        argv = [sys.executable, "-m", "k8sai.sim.trainer", "--path", str(path), "--step-seconds", "0.01", *flags]
        self.ranks = [
            Rank(
                [*argv, *(["--http", http] if http and rank == 0 else [])],
                {"RANK": str(rank), "WORLD_SIZE": str(world), **env},
            )
            for rank in range(world)
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill(signal.SIGKILL)
        self.codes()

    def kill(self, number: int = signal.SIGTERM) -> None:
        for rank in self.ranks:
            rank.kill(number)

    def codes(self) -> list[int]:
        """Wait for all to end."""
        return [rank.ended() for rank in self.ranks]

    def said(self, text: str) -> None:
        """Wait until every rank has said it."""
        for rank in self.ranks:
            rank.said(text)

    def saves(self) -> list[list[int]]:
        """The steps that each rank has saved."""
        return [steps(rank.lines, "saved step ") for rank in self.ranks]


def steps(lines: list[str], what: str) -> list[int]:
    return [int(line.rpartition(" ")[2]) for line in lines if f": {what}" in line]


def program(*argv: str, **env: str) -> tuple[int, list[dict[str, Any]]]:
    """Run the file that users copy, as they run it; its exit code, and the JSON lines it printed."""
    done = subprocess.run(
        [sys.executable, str(FILE), *argv], env={**os.environ, **env}, capture_output=True, text=True, timeout=PATIENCE
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def ask(path: Path, id: str, deadline: float = PATIENCE, *flags: str) -> dict[str, Any]:
    """What `request` has printed last."""
    _, said = program("request", "--path", str(path), *flags, K8SAI_REQUEST=id, K8SAI_DEADLINE=str(deadline))
    return said[-1]


@contextmanager
def asking(path: Path, id: str, deadline: float = PATIENCE) -> Iterator["subprocess.Popen[str]"]:
    """`request` on its way."""
    argv = [sys.executable, str(FILE), "request", "--path", str(path), "--id", id, "--deadline", str(deadline)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def keeper(path: Path, **more: Any) -> Checkpoint:
    """A trainer in this process, rank 0 of 1, that writes a file for each step; signals stay as they are."""

    def save(step: int) -> Path:
        folder = made.folder(step)
        (folder / f"rank-{made.rank}").write_text(str(step))
        return folder

    made = Checkpoint(path, save, **{"rank": 0, "world": 1, "signals": False, **more})
    return made
