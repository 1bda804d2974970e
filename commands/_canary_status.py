"""`canary status`: one screen that tells where a rollout is, what holds it, and the next command."""

from typing import Annotated, Literal

import typer

from k8sai.cluster.options import Options
from k8sai.commands import _flags
from k8sai.commands._canary_flags import BackendName, Names, Output, Prometheus, Timeout


def status(
    options: Options,
    names: Names,
    *,
    until: Annotated[
        Literal["", "paused", "promoted", "terminal"],
        typer.Option("--until", help="Wait until it is paused, promoted, or at any end.", show_default=False),
    ] = "",
    explain: Annotated[bool, typer.Option("--explain", help="Also the queries the gate asks Prometheus.")] = False,
    exit_zero: Annotated[bool, typer.Option("--exit-zero", help="Exit 0 whatever the rollout's state.")] = False,
    prometheus: Prometheus = "",
    timeout: Timeout = "",
    backend: BackendName = "",
    output: Output = "table",
) -> int:
    """Where a rollout is: phase, step, the three weights, the gate's evidence, who holds it, and the next command.

    Reads only; works without a Lease, without Prometheus and without a rollout. The weights are what the rollout
    set, what the route's controllers report, and what requests show.

    \b
    Exit codes:
      0    promoted, rolled back as asked, or there is no rollout
      4    there is no such object
      6    its pods found no room: it was taken away
      7    somebody else changed the weight or a version
      9    the operator is lost: `run` continues it
      10   on its way, or paused for a person
      12   its gate failed; it was rolled back
      13   no data, or not enough of it: held
      124  --timeout

    \b
    Examples:
      k8sai canary status isvc/chat -n prod
      k8sai canary status httproute/chat --until terminal --timeout 2h
      k8sai canary status rollout/chat -o json
    """
    from k8sai.commands._canary_status_run import Flags, run

    return run(
        Flags(
            options=options,
            names=tuple(names),
            until=until,
            explain=explain,
            exit_zero=exit_zero,
            prometheus=prometheus,
            timeout=_flags.seconds("--timeout", timeout),
            backend=backend,
            output=output,
        )
    )
