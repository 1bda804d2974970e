"""`evict rbac` at work: what the cluster serves, and the role for it."""

from typing import TYPE_CHECKING

from k8sai.cluster.options import Options
from k8sai.commands import _print
from k8sai.errors import Usage

if TYPE_CHECKING:
    from k8sai.evict.facts import MethodName
    from k8sai.evict.planning.role import For


def run(options: Options, methods: str, what: "For", name: str, output: str, *, device: bool, boost: bool) -> int:
    """Asks the server for its kinds alone, which everybody may."""
    from k8sai.cluster.connect import connect
    from k8sai.cluster.objects import LiveObjects
    from k8sai.evict.planning.role import cluster_role, rules

    ways = _methods(methods)
    objects = LiveObjects(connect(options))
    _print.document(cluster_role(name, rules(objects.served, what, ways, device=device, boost=boost)), output)
    return 0


def _methods(text: str) -> "tuple[MethodName, ...]":
    """Raises Usage for a way that there is not."""
    from k8sai.evict.methods.all import METHODS

    named = tuple(word.strip() for word in text.split(",") if word.strip())
    for word in named:
        if word not in METHODS:
            raise Usage(f"--methods {word}: there is no such way to ask", f"ways: {', '.join(METHODS)}")
    return tuple(one for one in METHODS if one in named)
