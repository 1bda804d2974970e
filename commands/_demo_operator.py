"""Operators of the demo: commands that a user would type, which end with the demo, however that ends."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread
from typing import Final

_TIED: Final = "from k8sai.commands._demo_operator import tied; tied()"
_PATIENCE: Final = 5.0  # seconds a command has to end once it is told to

Job = Callable[[Event], None]


@contextmanager
def at_work(jobs: Sequence[Job]) -> Iterator[None]:
    """Each job on a thread of its own until this ends: then its event is set, and it is waited for."""
    stop = Event()
    threads = [Thread(target=job, args=(stop,), name="operator of the demo", daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def code_of(words: Sequence[str], stop: Event) -> int | None:
    """The exit code of `k8sai WORDS`; None where it was stopped."""
    if stop.is_set():
        return None
    command = (sys.executable, "-c", _TIED, *words)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        while run.poll() is None:
            if stop.wait(0.2):
                _end(run)
                return None
        return run.returncode


def _end(run: "subprocess.Popen[bytes]") -> None:
    run.terminate()
    try:
        run.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        run.kill()


def tied() -> None:
    """The command of our arguments; it ends at once when whoever holds the other end of stdin was killed."""
    from k8sai.commands._door import dispatch

    Thread(target=_end_with_stdin, daemon=True).start()
    dispatch()


def _end_with_stdin() -> None:
    while os.read(0, 4096):
        pass
    os._exit(1)
