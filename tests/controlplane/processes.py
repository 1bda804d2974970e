"""Processes that must not outlive the session that started them."""

import atexit
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

# Where util-linux is at hand the kernel ends a child whose parent was killed without a chance to clean up.
_DIE_WITH_PARENT = ("setpriv", "--pdeathsig", "KILL", "--") if shutil.which("setpriv") else ()


class ProcessEnded(RuntimeError):
    """A process that should run has ended; the message carries the end of its log."""


class Processes:
    """Named processes with a log each. Each leads a group of its own, so that Ctrl-C reaches pytest alone."""

    def __init__(self, logs: Path) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self.logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._commands: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {}
        atexit.register(self.kill_all)

    def start(self, name: str, command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> None:
        """Start it; `environment` is added to ours."""
        self._commands[name] = (tuple(map(str, command)), {**os.environ, **(environment or {})})
        self._launch(name)

    def runs(self, name: str) -> bool:
        """It was started and nobody killed it."""
        return name in self._running

    def kill(self, name: str) -> None:
        """End it at once, as a crash would, and wait until its ports are free."""
        process = self._running.pop(name)
        if process.poll() is None:
            os.killpg(process.pid, 9)
        process.wait()

    def start_again(self, name: str) -> None:
        """A killed process, with the arguments it had."""
        self._launch(name)

    def kill_all(self) -> None:
        """The last started first; safe to call twice."""
        for name in reversed(tuple(self._running)):
            self.kill(name)
        atexit.unregister(self.kill_all)

    def check(self, name: str) -> None:
        """Raise ProcessEnded if it is gone; after that it may be started anew."""
        process = self._running.get(name)
        if process is not None and process.poll() is not None:
            del self._running[name]
            raise ProcessEnded(f"{name} ended with {process.returncode}:\n{self.log(name)[-2000:]}")

    def log(self, name: str) -> str:
        return (self.logs / f"{name}.log").read_text(errors="replace")

    def _launch(self, name: str) -> None:
        command, environment = self._commands[name]
        with (self.logs / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                (*_DIE_WITH_PARENT, *command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )

    def wait(self, what: str, ready: Callable[[], bool], seconds: float = 60) -> None:
        """Ask until it is ready. A starting process tells nobody when it is, so this has to ask.

        Raises TimeoutError; ProcessEnded where `what` is the name of a process.
        """
        end = time.monotonic() + seconds
        while not ready():
            self.check(what)
            if time.monotonic() > end:
                raise TimeoutError(f"{what} is not ready after {seconds:.0f} s; its log is in {self.logs}")
            time.sleep(0.05)


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
