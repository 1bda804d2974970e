"""`canary promote`: the canary becomes the stable side."""

from typing import Annotated

import typer

from k8sai.cluster.options import Options
from k8sai.commands import _flags
from k8sai.commands._canary_flags import BackendName, DryRun, Names, Output, Plan, Prometheus, Timeout


def promote(
    options: Options,
    names: Names,
    *,
    keep_old: Annotated[
        str,
        typer.Option("--keep-old", metavar="TIME", help="Keep the old version so long: 30m, 0.", show_default=False),
    ] = "",
    force: Annotated[
        str,
        typer.Option(
            "--force", metavar="REASON", help="Below the last step, or past the gate; it is kept.", show_default=False
        ),
    ] = "",
    plan: Plan = False,
    dry_run: DryRun = "none",
    prometheus: Prometheus = "",
    timeout: Timeout = "",
    backend: BackendName = "",
    output: Output = "table",
) -> int:
    """Bring the canary to full size, then give it all requests, then make its spec the stable one.

    The old version is kept for a while, as `start` was told, so that `rollback` is quick; `run`, or `promote` again
    after that time, gives back what it holds. Refused below the last step, and where the gate has not passed.

    \b
    Exit codes:
      0    it is promoted
      4    there is no rollout
      5    it is below the last step, paused or not ready; nothing was written
      7    somebody else changed it
      8    another operator holds it, or was quicker
      12   the gate has failed: nothing was written; or it was rolled back since it cannot serve
      13   the gate has no verdict yet; nothing was written
      16   a right is missing
      124  --timeout, or its pods did not come up in time

    \b
    Examples:
      k8sai canary promote isvc/chat -n prod
      k8sai canary promote httproute/chat --keep-old 0
      k8sai canary promote httproute/chat --force "the night was quiet"
    """
    from k8sai.commands._canary_kept import dry
    from k8sai.commands._canary_promote_run import run
    from k8sai.commands._canary_scene import Asked

    seconds = _flags.seconds("--timeout", timeout)
    asked = Asked(options, tuple(names), backend, dry(plan, dry_run), output, seconds, prometheus)
    return run(asked, _flags.seconds("--keep-old", keep_old), force.strip())
