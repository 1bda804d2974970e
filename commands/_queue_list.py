"""`queue list`: the tree of cohorts and queues with what each has, uses and may still take."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from k8sai.cluster.options import Options

Output = Literal["table", "wide", "json", "yaml", "name"]


def list_(
    options: Options,
    *,
    recording: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="Read a recording or `kubectl get -o json`; - is stdin."),
    ] = None,
    output: Annotated[Output, typer.Option("-o", "--output", help="How to print it.")] = "table",
) -> int:
    """Cohorts, ClusterQueues and LocalQueues as a tree: quota, use, what is free and what waits.

    \b
    Examples:
      k8sai queue list
    """
    from k8sai.commands import _print
    from k8sai.commands._queue_read import read
    from k8sai.queues.usage import tree

    found, _, _ = read(options, recording)
    filled = tree(found)
    for name, node in filled.queues.items():
        for share in node.owner.shares if node.leaf else ():  # type: ignore[union-attr]
            _print.line(f"{name} {share.flavor} {share.resource} {filled.available(node, share)}")
    return 0
