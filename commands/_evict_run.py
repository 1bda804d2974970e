"""`evict run`: carry a drain out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from k8sai.cluster.options import Options
from k8sai.commands import _evict_flags as flags

if TYPE_CHECKING:
    from k8sai.evict.planning.wish import Wish


@flags.wishing
def run(
    options: Options,
    *,
    plan: Annotated[
        Path | None,
        typer.Option(
            "--plan", metavar="FILE", help="The plan that was agreed to, of `plan --out`.", show_default=False
        ),
    ] = None,
    partial: Annotated[bool, typer.Option("--partial", help="Leave what the plan refuses, drain the rest.")] = False,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Do not ask.")] = False,
    wish: "Wish",
    output: flags.Output = "table",
) -> int:
    """Drain nodes: cordon them all, then of each gang ask for a checkpoint, prove it, stop it once, let it start again.

    The plan is shown and a yes is asked for, with the GPU-hours it costs. Each write stands in a ConfigMap before it is
    made: whatever breaks off, `resume` goes on and `abort` takes back what can be taken back. A gang whose checkpoint
    is not proven in time runs on, unless --on-timeout says otherwise. Pods that are no gang's are evicted last.

    \b
    Exit codes:
      0    done, every gang proven and started again
      3    the API server cannot be reached; `resume` goes on
      5    the plan refuses something, and --partial was not given; nothing was written
      6    a gang finds no room elsewhere, and --allow-park was not given; nothing was written
      7    the cluster is not as it was planned with; nothing was written
      8    another operator holds a node, a gang or the drain
      10   stopped as planned, and not running again within --wait-ready
      11   a disruption budget let a pod not go in time
      12   a checkpoint failed or was not proven in time; that gang runs on
      14   some of it is done; or a gang went on from an older step than was proven
      16   a right is missing
      130  interrupted; `resume` goes on

    \b
    Examples:
      k8sai evict run gpu-1 gpu-2 --ignore-daemonsets
      k8sai evict run --plan plan.json --yes
      k8sai evict run --device GPU-8c6e0f2a-… --wait-ready 15m
      k8sai evict run -l rack=r7 --ignore-daemonsets --max-parallel-gangs 4 --deadline 2h --wait-ready 15m
    """
    from k8sai.commands._evict_run_run import Asked, drain

    return drain(Asked(options, wish, plan, partial, yes, output))
