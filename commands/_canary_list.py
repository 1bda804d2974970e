"""`canary list`: every rollout of a namespace or of the cluster, where it is and who holds it."""

from typing import Annotated, Literal

import typer

from k8sai.cluster.options import Options
from k8sai.errors import Usage

Output = Literal["table", "wide", "json", "yaml", "name"]


def list_(
    options: Options,
    *,
    everywhere: Annotated[bool, typer.Option("-A", "--all-namespaces", help="Rollouts of all namespaces.")] = False,
    watch: Annotated[
        bool, typer.Option("-w", "--watch", help="Keep it up to date: in place on a terminal, else a line per change.")
    ] = False,
    output: Annotated[Output, typer.Option("-o", "--output", help="How to print it.")] = "table",
) -> int:
    """Rollouts, those that have ended too, until they are forgotten: phase, step, weight, and who holds them.

    It reads what rollouts remember, not their targets; `status` looks at those as well.

    \b
    Exit codes:
      0   everything could be read
      14  a state is not understood, or who holds a rollout could not be read: it is said which
      16  rollouts may not be read

    \b
    Examples:
      k8sai canary list -n prod
      k8sai canary list -A -o wide
      k8sai canary list -A -o json | jq '.canaries[] | select(.lost)'
    """
    from k8sai.commands._canary_list_run import Wish, run

    if everywhere and options.namespace:
        raise Usage("-n and -A contradict each other", "leave one of them out")
    if watch and output in ("yaml", "name"):
        raise Usage(f"-w prints lines or, with -o json, documents: not {output}", "`k8sai canary list -w -o json`")
    return run(Wish(options, everywhere, watch, output))
