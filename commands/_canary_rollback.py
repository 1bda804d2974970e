"""`canary rollback`: back to the stable side, whatever the state of everything else."""

from typing import Annotated

import typer

from k8sai.cluster.options import Options
from k8sai.commands import _flags
from k8sai.commands._canary_flags import BackendName, DryRun, Names, Output, Plan, Timeout, Yes


def rollback(
    options: Options,
    names: Names,
    *,
    to_weight: Annotated[
        int, typer.Option("--to-weight", metavar="PERCENT", min=0, max=99, help="Only so far; it pauses there.")
    ] = 0,
    gradual: Annotated[bool, typer.Option("--gradual", help="Down the steps, for caches that are cold.")] = False,
    steal: Annotated[bool, typer.Option("--steal", help="Also where another operator holds it; it is kept.")] = False,
    restore_spec: Annotated[
        bool,
        typer.Option(
            "--restore-spec", help="Then write the old version's text back too, where that starts a new revision."
        ),
    ] = False,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why; `history` repeats it.", show_default=False)
    ] = "",
    plan: Plan = False,
    dry_run: DryRun = "none",
    timeout: Timeout = "",
    yes: Yes = False,
    backend: BackendName = "",
    output: Output = "table",
) -> int:
    """Give all requests back to the stable side, then take the canary's pods, then its spec.

    Always allowed: it asks neither Prometheus nor the gate, and wins over what is on its way. It waits for the stable
    side's replicas before the last requests move, unless the canary has nobody who answers. Asked again, it goes on,
    or writes nothing.

    \b
    Exit codes:
      0    it is rolled back, or was
      4    there is no rollout
      5    it is promoted and the old version is gone
      8    another operator holds it: --steal takes it away
      16   a right is missing
      124  --timeout: what was written stands, and the same command again goes on

    \b
    Examples:
      k8sai canary rollback isvc/chat -n prod
      k8sai canary rollback httproute/chat --steal --reason "on call"
      k8sai canary rollback httproute/chat --to-weight 5
    """
    from k8sai.commands._canary_kept import dry
    from k8sai.commands._canary_rollback_run import Back, run
    from k8sai.commands._canary_scene import Asked

    seconds = _flags.seconds("--timeout", timeout)
    asked = Asked(options, tuple(names), backend, dry(plan, dry_run), output, seconds, steal=steal)
    return run(asked, Back(to_weight, gradual, restore_spec, reason.strip()))
