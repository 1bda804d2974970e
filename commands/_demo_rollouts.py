"""The operators of the demo: two rollouts that were begun, carried on by the commands that a user would type."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Final

_PACE: Final = ("--steps", "5,25,50,100", "--warmup", "5s", "--interval", "5s", "--keep-old", "5m")
_ROLLOUTS: Final = (("httproute/moderate", "svc/moderate-v2"), ("modelrewrite/embed", "embed-november"))
_K8SAI: Final = "from k8sai.commands._door import dispatch; dispatch()"
_PATIENCE: Final = 5.0  # seconds a command has to end once it is told to


@contextmanager
def operators(kubeconfig: Path) -> Iterator[None]:
    """Both rollouts go on until this ends; the screen is there first."""
    stop = Event()
    threads = [
        Thread(target=_operate, args=(kubeconfig, target, version, stop), name=f"operator of {target}", daemon=True)
        for target, version in _ROLLOUTS
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _operate(kubeconfig: Path, target: str, version: str, stop: Event) -> None:
    where = ("-n", "inference", "--kubeconfig", str(kubeconfig))
    if _ended(("start", target, "--to", version, *_PACE, *where), stop) == 0:
        _ended(("run", target, *where), stop)


def _ended(words: Sequence[str], stop: Event) -> int | None:
    """The exit code of `k8sai canary WORDS`; None where it was stopped."""
    if stop.is_set():
        return None
    command = (sys.executable, "-c", _K8SAI, "canary", *words)
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as run:
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
