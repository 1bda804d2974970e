"""`evict abort`: take a drain back as far as that can be done."""

from typing import Annotated

import typer

from k8sai.cluster.options import Options
from k8sai.commands import _evict_flags as flags


def abort(
    options: Options,
    drain: flags.DrainId,
    *,
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Do it here, also where an operator is alive.")
    ] = False,
    state_namespace: flags.StateNamespace = "",
    output: flags.Output = "table",
) -> int:
    """Withdraw requests, start what was stopped, and uncordon the nodes that this drain has cordoned, and no others.

    Of one GPU, its taint is taken away.

    Asked again, it does nothing more. Where an operator is at work, they are told and do it; without a journal it goes
    by the marks in the cluster. Pods that were evicted stay evicted.

    \b
    Exit codes:
      0    nothing of the drain is left in the cluster but its journal
      4    there is no such drain, and no mark of it
      8    another operator holds a node or a gang of it
      14   a gang could not be started: it says why
      16   a right is missing
      130  interrupted: the same command again goes on

    \b
    Examples:
      k8sai evict abort 7f3c2a
    """
    from k8sai.commands._evict_abort_run import run
    from k8sai.commands._evict_site import Site

    return run(Site(options, state_namespace), drain, output, take_over=take_over)
