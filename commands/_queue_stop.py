"""`queue stop`: nothing new is admitted; what runs goes on, unless it is drained."""

from typing import Annotated

import typer

from k8sai.cluster.options import Options
from k8sai.commands import _flags
from k8sai.commands._queue_flags import DryRun, Names, Output, Timeout, Yes
from k8sai.errors import Usage


def stop(
    options: Options,
    names: Names,
    *,
    drain: Annotated[bool, typer.Option("--drain", help="Evict what runs, too.")] = False,
    through: Annotated[
        bool,
        typer.Option(
            "--through-local-queues",
            help="Drain a ClusterQueue's LocalQueues: what is evicted keeps its place in line.",
        ),
    ] = False,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why; `queue why` repeats it.", show_default=False)
    ] = "",
    dry_run: DryRun = "none",
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Of a drain: until the last one is gone.")] = True,
    timeout: Timeout = "",
    yes: Yes = False,
    output: Output = "table",
) -> int:
    """Stop a queue, or one workload: nothing new is admitted.

    What is admitted goes on. What has quota reserved and waits for its admission checks loses it: such workloads are
    listed, and it wants a yes. --drain evicts everything: each with its GPUs, how long it has run and what is known of
    its checkpoints is listed first, and it wants a yes. Asked on a terminal, -y elsewhere.

    \b
    Exit codes:
      0    it is stopped, and drained where that was asked for
      4    there is no such queue, workload or job
      5    nobody said yes, or it runs and --drain was not given; nothing was written
      7    somebody else changed it meanwhile
      16   a right is missing; nothing was written
      124  --timeout: it is stopped, and not all are gone

    \b
    Examples:
      k8sai queue stop cq/team-a --reason "nodes are replaced"
      k8sai queue stop lq/batch -n ml --drain
      k8sai queue stop cq/team-a --drain --through-local-queues
      k8sai queue stop job/sft -n ml                            a waiting job: it is not admitted
    """
    from k8sai.commands._queue_stop_run import run
    from k8sai.commands._queue_stop_scene import Wish

    if through and not drain:
        raise Usage("--through-local-queues is a way to drain", "add --drain")
    return run(
        Wish(
            options=options,
            names=tuple(names),
            drain=drain,
            through=through,
            reason=reason,
            dry_run=dry_run,
            wait=wait,
            timeout=_flags.seconds("--timeout", timeout),
            yes=yes,
            output=output,
        )
    )
