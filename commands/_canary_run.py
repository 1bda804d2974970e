"""`canary run`: shift, warm up, gate, shift …, until it is promoted or rolled back."""

from typing import Annotated, Literal

import typer

from k8sai.cluster.options import Options
from k8sai.commands import _flags
from k8sai.commands._canary_flags import BackendName, DryRun, Names, Output, Plan, Prometheus, Yes


def run(
    options: Options,
    names: Names,
    *,
    detach: Annotated[bool, typer.Option("--detach", help="In the cluster, in a Job with the least Role.")] = False,
    runner_image: Annotated[
        str,
        typer.Option("--runner-image", metavar="IMAGE", help="For --detach: one with k8sai in it.", show_default=False),
    ] = "",
    max_duration: Annotated[
        str, typer.Option("--max-duration", metavar="TIME", help="End after this long; the weight stays.")
    ] = "4h",
    on_inconclusive: Annotated[
        Literal["", "hold", "rollback", "promote"],
        typer.Option(
            "--on-inconclusive", help="Without a verdict in time: hold, roll back, or go on.", show_default=False
        ),
    ] = "",
    exit_zero: Annotated[bool, typer.Option("--exit-zero", help="Exit 0 whatever it comes to.")] = False,
    prometheus: Prometheus = "",
    plan: Plan = False,
    dry_run: DryRun = "none",
    yes: Yes = False,
    backend: BackendName = "",
    output: Output = "table",
) -> int:
    """Take a rollout the whole way: each step is warmed up, gated, and then the next one is taken.

    Without numbers, or without a verdict, the weight stays where it is. A canary that cannot serve is rolled back
    without metrics. In the foreground nobody rolls back if this process dies: the weight stays at most at the step
    after the last one that has passed, and `run` again goes on. Ctrl-C leaves the weight.

    \b
    Exit codes:
      0    promoted
      4    there is no rollout
      6    its pods found no room in time: the canary was taken away
      7    somebody else changed it: nothing more was written
      8    another operator holds it
      10   paused by a person
      12   rolled back: its gate failed, it could not serve, or somebody asked for it
      13   no data, or no verdict in time: held
      16   a right is missing
      124  --max-duration
      130  Ctrl-C: the weight stays

    \b
    Examples:
      k8sai canary run isvc/chat -n prod
      k8sai canary run httproute/chat --on-inconclusive rollback --max-duration 2h
      k8sai canary run isvc/chat -n prod --detach --runner-image registry/k8sai:1
    """
    from k8sai.commands._canary_kept import dry
    from k8sai.commands._canary_run_run import Run
    from k8sai.commands._canary_run_run import run as carry_out
    from k8sai.commands._canary_scene import Asked

    lasts = _flags.seconds("--max-duration", max_duration)
    asked = Asked(options, tuple(names), backend, dry(plan, dry_run), output, lasts, prometheus)
    return carry_out(asked, Run(detach, runner_image, on_inconclusive or None, exit_zero))
