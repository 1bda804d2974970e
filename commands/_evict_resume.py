"""`evict resume`: go on with a drain whose operator is gone."""

from typing import Annotated

import typer

from k8sai.cluster.options import Options
from k8sai.commands import _evict_flags as flags


def resume(
    options: Options,
    drain: flags.DrainId,
    *,
    take_over: Annotated[bool, typer.Option("--take-over", help="Also from an operator who is alive.")] = False,
    state_namespace: flags.StateNamespace = "",
    output: flags.Output = "table",
) -> int:
    """Go on where a drain was left, from any machine: what is in the journal is looked at first, and nothing is done
    twice. It goes by the flags that `run` was given.

    \b
    Exit codes: those of `run`, and
      4    there is no such drain
      8    another operator is at it: --take-over takes it away

    \b
    Examples:
      k8sai evict resume 7f3c2a
      k8sai evict resume 7f3c2a --take-over
    """
    from k8sai.commands._evict_resume_run import run
    from k8sai.commands._evict_site import Site

    return run(Site(options, state_namespace), drain, output, take_over=take_over)
