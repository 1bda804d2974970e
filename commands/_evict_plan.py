"""`evict plan`: what a drain would do, in which order, at what loss; nothing is written."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from k8sai.cluster.options import Options
from k8sai.commands import _evict_flags as flags

if TYPE_CHECKING:
    from k8sai.evict.planning.wish import Wish


@flags.wishing
def plan(
    options: Options,
    *,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Keep the plan, for `run --plan`.", show_default=False)
    ] = None,
    wish: "Wish",
    output: flags.Output = "table",
) -> int:
    """Show what a drain of these nodes would do: which gangs stop, how their checkpoints are proven, what is lost.

    Every gang with a pod on the nodes is there with all its pods, wherever they are. NOW is what is lost when it is
    stopped this moment, PLAN what is lost as planned, both in GPU-hours. Evictions are tried with dryRun; not even a
    Lease is written.

    \b
    Exit codes, the worst first:
      16   nodes or pods may not be read, or a right of `run` is missing
      5    something is refused: the table says what, and which flag accepts it
      11   a disruption budget that can never pass
      6    a gang finds no room elsewhere, and --allow-park was not given
      1    more would be lost than --max-loss
      0    nothing stands in the way

    \b
    Examples:
      k8sai evict plan gpu-1 gpu-2 --ignore-daemonsets
      k8sai evict plan -l rack=r7 -o wide --price 2.50
      k8sai evict plan gpu-1 --out plan.json     then: k8sai evict run --plan plan.json
      k8sai evict plan --gang ml/llm-70b
      k8sai evict plan --device GPU-8c6e0f2a-…          who holds one GPU (DRA)
    """
    from k8sai.commands._evict_plan_run import Asked, run

    return run(Asked(options, wish, out, output))
