"""The installed `k8sai`, run as a user runs it: a process, its two streams and its exit code."""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Document = dict[str, Any]
PROGRAM = Path(sys.executable).with_name("k8sai")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended."""

    code: int
    out: str
    err: str

    def document(self, code: int = 0) -> Document:
        """The JSON printed by a run that ended with this code."""
        assert self.code == code, self.err
        document: Document = json.loads(self.out)
        return document


def k8sai(*arguments: str, kubeconfig: Path, seconds: float = 60) -> Ended:
    """Run it to its end."""
    done = subprocess.run(
        [PROGRAM, *arguments],
        env=_environment(kubeconfig),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


class Following:
    """A running `top -w -o json`: the documents it prints, as they come."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.seen: list[Document] = []
        self._lines: queue.SimpleQueue[Document | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def until(self, reached: Callable[[Document], bool], seconds: float = 60) -> Document:
        """The first document from here on that is as asked; raises TimeoutError; fails if the program ends."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                document = self._lines.get(timeout=left)
            except queue.Empty:
                break
            assert document is not None, f"it ended with {self.process.wait()}"
            self.seen.append(document)
            if reached(document):
                return document
        last = {key: self.seen[-1].get(key) for key in ("sentence", "totals")} if self.seen else "nothing"
        raise TimeoutError(f"{len(self.seen)} documents in {seconds:.0f} s, the last one: {last}")

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(json.loads(line))
        self._lines.put(None)


@contextmanager
def following(*arguments: str, kubeconfig: Path) -> Iterator[Following]:
    """`k8sai top -w -o json`, ended at the end of the block."""
    command = [str(PROGRAM), "top", "-w", "-o", "json", *arguments]
    env = _environment(kubeconfig)
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield Following(process)
        finally:
            process.kill()


def _environment(kubeconfig: Path) -> dict[str, str]:
    return {**os.environ, "KUBECONFIG": str(kubeconfig), "NO_COLOR": "1"}
