"""`canary step`: to the next step, once the gate of this one has passed."""

from typing import Annotated

import typer

from k8sai.cluster.options import Options
from k8sai.commands import _flags
from k8sai.commands._canary_flags import BackendName, DryRun, Names, Output, Plan, Prometheus, Timeout
from k8sai.errors import Usage


def step(
    options: Options,
    names: Names,
    *,
    next_: Annotated[bool, typer.Option("--next", help="To the next step; this is what it does by itself.")] = False,
    to: Annotated[int | None, typer.Option("--to", metavar="PERCENT", help="To this step.", show_default=False)] = None,
    expect: Annotated[
        int | None,
        typer.Option("--expect", metavar="PERCENT", help="Only from this weight on.", show_default=False),
    ] = None,
    force: Annotated[
        str, typer.Option("--force", metavar="REASON", help="Past the gate, or a step; it is kept.", show_default=False)
    ] = "",
    plan: Plan = False,
    dry_run: DryRun = "none",
    prometheus: Prometheus = "",
    timeout: Timeout = "",
    backend: BackendName = "",
    output: Output = "table",
) -> int:
    """Send the next step's share of the requests to the canary, where the gate of this step has passed.

    The requests since the last look are counted first. It ends when the controllers report the new weight. Asked again
    for a step that stands, it writes nothing. Of two at once one acts.

    \b
    Exit codes:
      0    the canary has that weight
      4    there is no rollout
      5    it is paused, not ready, or a step would be skipped; nothing was written
      7    somebody else changed it, or --expect does not hold
      8    another operator holds it, or was quicker
      12   the gate of this step has failed: nothing was written; or it was rolled back since it cannot serve
      13   the gate has no verdict yet; nothing was written
      16   a right is missing
      124  --timeout

    \b
    Examples:
      k8sai canary step isvc/chat -n prod --next
      k8sai canary step httproute/chat --to 25 --expect 5       as a pipeline says it
      k8sai canary step httproute/chat --next --plan
    """
    from k8sai.commands._canary_kept import dry
    from k8sai.commands._canary_scene import Asked
    from k8sai.commands._canary_step_run import run

    if next_ and to is not None:
        raise Usage("--next and --to say different things", "leave one of them out")
    seconds = _flags.seconds("--timeout", timeout)
    asked = Asked(options, tuple(names), backend, dry(plan, dry_run), output, seconds, prometheus)
    return run(asked, to, force.strip(), expect)
