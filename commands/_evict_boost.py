"""`evict boost`: tell Kueue which gangs would lose most by a preemption."""

from typing import Annotated, Literal

import typer

from k8sai.cluster.options import Options
from k8sai.commands._flags import seconds
from k8sai.errors import Usage


def boost(
    options: Options,
    *,
    everywhere: Annotated[bool, typer.Option("-A", "--all-namespaces", help="In all namespaces.")] = False,
    selector: Annotated[
        str, typer.Option("-l", "--selector", metavar="LABELS", help="Workloads with these labels.", show_default=False)
    ] = "",
    most: Annotated[int, typer.Option("--most", metavar="N", help="The highest boost.")] = 10,
    interval: Annotated[
        str, typer.Option("--interval", metavar="TIME", help="Between two checkpoints, where no contract says it.")
    ] = "1h",
    clear: Annotated[
        bool, typer.Option("--clear", help="Take away what was published here, and nothing else.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be written.")] = False,
    watch: Annotated[bool, typer.Option("--watch/--once", "-w", help="Go on until it is interrupted.")] = False,
    every: Annotated[str, typer.Option("--every", metavar="TIME", help="Of -w: the time between two rounds.")] = "1m",
    output: Annotated[Literal["table", "json", "yaml"], typer.Option("-o", "--output", help="How to print it.")] = (
        "table"
    ),
) -> int:
    """Publish on Kueue's Workloads how much their gangs would lose, as annotation kueue.x-k8s.io/priority-boost.

    With M the most, A the age of the newest checkpoint and I the time between two: M from the start until the first
    checkpoint, at the longest for 2 I; then M * A / I in ten steps, 0 right after a checkpoint and at the most M. What
    does not run loses its boost. One that somebody else has set stays.

    Kueue goes by it in choosing whom to preempt, with its feature gate PriorityBoost alone, which is alpha and off:
    without it nothing happens. `k8sai evict rbac --boost` prints the rights.

    \b
    Exit codes:
      0    done, or nothing to do
      4    this cluster has no Kueue
      16   a right is missing
      130  -w was interrupted

    \b
    Examples:
      k8sai evict boost --dry-run
      k8sai evict boost -A -w --every 2m
      k8sai evict boost -n ml -l team=nlp --most 50
      k8sai evict boost -A --clear
    """
    from k8sai.commands._evict_boost_run import Asked, run

    if most < 1:
        raise Usage(f"--most {most}: at least 1", "leave it out for 10")
    given = seconds("--interval", interval)
    if not given:
        raise Usage(f"--interval {interval}: more than nothing", "leave it out for 1h")
    if watch and (clear or output != "table"):
        raise Usage("-w goes on publishing, in lines", "leave -w out, or --clear and -o")
    pause = max(seconds("--every", every) or 0.0, 1.0)
    return run(Asked(options, everywhere, selector, most, given, clear, dry_run, pause if watch else 0.0, output))
