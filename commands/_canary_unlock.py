"""`canary unlock`: the Lease of an operator who is gone is taken away."""

from typing import Annotated

import typer

from k8sai.cluster.options import Options
from k8sai.commands._canary_flags import Names, Output, Plan


def unlock(
    options: Options,
    names: Names,
    *,
    force: Annotated[bool, typer.Option("--force", help="From somebody who is alive, too.")] = False,
    plan: Plan = False,
    output: Output = "table",
) -> int:
    """Take a rollout's Lease away from an operator who is gone; the history says so.

    An expired Lease is watched for 20 s first: a holder with a wrong clock renews it. Nobody has to unlock to go on:
    `run`, `step` and `rollback` take an expired Lease over by themselves. With --force it is taken from whoever holds
    it: that one stops before its next write.

    \b
    Exit codes:
      0    nobody holds it
      4    there is no canary of that name
      8    its holder is alive: nothing was written
      16   a right is missing

    \b
    Examples:
      k8sai canary unlock isvc/chat -n prod
      k8sai canary unlock isvc/chat -n prod --force
    """
    from k8sai.commands._canary_found import Wish
    from k8sai.commands._canary_unlock_run import run

    return run(Wish(options, tuple(names), "client" if plan else "none", output, force))
