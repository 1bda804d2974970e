"""The operators of the demo: two rollouts that were begun, carried on by the commands that a user would type."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event
from typing import Final

from k8sai.commands._demo_operator import at_work, code_of

_PACE: Final = ("--steps", "5,25,50,100", "--warmup", "5s", "--interval", "5s", "--keep-old", "5m")
_ROLLOUTS: Final = (("httproute/moderate", "svc/moderate-v2"), ("modelrewrite/embed", "embed-november"))


@contextmanager
def operators(kubeconfig: Path) -> Iterator[None]:
    """Both rollouts go on until this ends; the screen is there first."""
    with at_work([partial(_operate, kubeconfig, target, version) for target, version in _ROLLOUTS]):
        yield


def _operate(kubeconfig: Path, target: str, version: str, stop: Event) -> None:
    where = ("-n", "inference", "--kubeconfig", str(kubeconfig))
    if code_of(("canary", "start", target, "--to", version, *_PACE, *where), stop) == 0:
        code_of(("canary", "run", target, *where), stop)
