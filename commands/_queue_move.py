"""`queue move`: a job to another LocalQueue of its namespace, waiting or, with --evict, running."""

from typing import Annotated

import typer

from k8sai.cluster.options import Options
from k8sai.commands import _flags
from k8sai.commands._queue_flags import DryRun, Output, Timeout, Yes


def move(
    options: Options,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KIND/NAME]", help="job/NAME, jobset/NAME, workload/NAME.", show_default=False),
    ] = None,
    *,
    to: Annotated[str, typer.Option("--to", metavar="LOCALQUEUE", help="Where to.", show_default=False)] = "",
    evict: Annotated[bool, typer.Option("--evict", help="Also a job that holds quota: it is evicted first.")] = False,
    selector: Annotated[
        str, typer.Option("-l", "--selector", metavar="QUERY", help="All jobs with these labels.", show_default=False)
    ] = "",
    priority_class: Annotated[
        str,
        typer.Option(
            "--priority-class", metavar="NAME", help="Give it this WorkloadPriorityClass as well.", show_default=False
        ),
    ] = "",
    dry_run: DryRun = "none",
    timeout: Timeout = "",
    yes: Yes = False,
    output: Output = "table",
) -> int:
    """Move a job to another LocalQueue of its namespace, and read back that it is there.

    A job that waits is never evicted. One that holds quota is not touched without --evict; with it, it is evicted,
    moved and waits anew, with its age. Whatever breaks off half way, the same command again goes on from there.

    \b
    Exit codes:
      0    it is there, or was there already
      4    there is no such job or queue
      5    it holds quota and --evict was not given, or it would never be admitted there; nothing was written
      7    the write was accepted and the job is not there: somebody else, or Kueue, did otherwise
      14   some of several could not be moved; the output says which
      16   a right is missing; nothing was written
      124  --timeout: the same command again goes on

    \b
    Examples:
      k8sai queue move job/sft --to batch -n ml
      k8sai queue move jobset/train --to batch -n ml --evict
      k8sai queue move -l team=vision --to batch -n ml --dry-run=server
      k8sai queue move job/sft --priority-class high -n ml
    """
    from k8sai.commands._queue_move_run import Flags, run

    return run(
        Flags(
            options=options,
            names=tuple(names or ()),
            to=to,
            evict=evict,
            selector=selector,
            priority_class=priority_class,
            dry_run=dry_run,
            timeout=_flags.seconds("--timeout", timeout),
            yes=yes,
            output=output,
        )
    )
