"""`canary forget`: what is kept of a rollout is taken away; the target stays as it is."""

from typing import Annotated

import typer

from k8sai.cluster.options import Options
from k8sai.commands._canary_flags import DryRun, Names, Output, Plan


def forget(
    options: Options,
    names: Names,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Also of a rollout that is on its way, or that somebody holds.")
    ] = False,
    plan: Plan = False,
    dry_run: DryRun = "none",
    output: Output = "table",
) -> int:
    """Take away what is kept of a rollout: its state, its history, the snapshot that leads back, its Lease.

    The target and its canary are not touched: requests go where they go now. Whoever runs it stops at the next write.

    \b
    Exit codes:
      0    it is forgotten
      4    there is no canary of that name
      5    it is on its way: nothing was written
      8    somebody holds it: nothing was written
      16   a right is missing

    \b
    Examples:
      k8sai canary forget isvc/chat -n prod
      k8sai canary forget isvc/chat -n prod --plan
    """
    from k8sai.commands._canary_forget_run import run
    from k8sai.commands._canary_found import Wish
    from k8sai.commands._canary_kept import dry

    return run(Wish(options, tuple(names), dry(plan, dry_run), output, force))
