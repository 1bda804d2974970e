"""`evict status`: where a drain is, who holds it, and how it ended."""

from typing import Annotated

import typer

from k8sai.cluster.options import Options
from k8sai.commands import _evict_flags as flags

DrainId = Annotated[
    str, typer.Argument(metavar="[ID]", help="The drain; the one on its way, else the newest.", show_default=False)
]


def status(
    options: Options,
    drain: DrainId = "",
    *,
    every: Annotated[bool, typer.Option("--all", help="All drains, a line each.")] = False,
    watch: Annotated[bool, typer.Option("-w", "--watch", help="Follow it until it is over.")] = False,
    state_namespace: flags.StateNamespace = "",
    output: flags.Output = "table",
) -> int:
    """Show a drain: each gang with its phase and proof, what is in the way, and who holds it.

    \b
    Exit codes:
      0    it is over, and all of it is as it was planned; or --all
      4    there is no such drain
      9    it is not over, and its operator is gone: `resume` goes on
      10   it is on its way
      11   it ended at a disruption budget
      12   it ended with a checkpoint that failed or was not proven; that gang runs on
      14   it ended with some of it done

    \b
    Examples:
      k8sai evict status
      k8sai evict status 7f3c2a -w
      k8sai evict status --all
      k8sai evict status 7f3c2a -o json
    """
    from k8sai.commands._evict_site import Site
    from k8sai.commands._evict_status_run import follow, show_all, show_one

    site = Site(options, state_namespace)
    if every:
        return show_all(site, output)
    return follow(site, drain, output) if watch else show_one(site, drain, output)
