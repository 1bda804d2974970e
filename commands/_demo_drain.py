"""The demo's drain: the node under a training of real processes is drained by the command that a user would type.

The training is asked for a checkpoint, stopped once, and goes on elsewhere from the step that was proven.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event
from typing import Final

from k8sai.commands._demo_operator import at_work, code_of

_GANG: Final = ("pretrain", "jobset.sigs.k8s.io/jobset-name=llm")
_AFTER: Final = 55.0  # seconds: what would be lost since the checkpoint of its own counts by then
_HOW: Final = ("--yes", "--ignore-daemonsets", "--wait-ready", "5m", "--reason", "new firmware")


@contextmanager
def drain(kubeconfig: Path, after: float = _AFTER) -> Iterator[None]:
    """It begins so many seconds from now, and is given up when this ends."""
    with at_work([partial(_operate, kubeconfig, after)]):
        yield


def _operate(kubeconfig: Path, after: float, stop: Event) -> None:
    if not stop.wait(after) and (node := _node(kubeconfig)):
        code_of(("evict", "run", node, *_HOW, "--kubeconfig", str(kubeconfig)), stop)


def _node(kubeconfig: Path) -> str:
    """The first node that the training runs on; "" where it runs on none."""
    from k8sai.cluster.connect import connect
    from k8sai.cluster.objects import LiveObjects
    from k8sai.cluster.options import Options

    namespace, labels = _GANG
    pods = LiveObjects(connect(Options(kubeconfig=str(kubeconfig)))).list("pods", namespace, labels=labels)
    return str(min((one["spec"].get("nodeName", "") for one in pods), default=""))
