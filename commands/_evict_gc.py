"""`evict gc`: forget drains that are over."""

from typing import Annotated

import typer

from k8sai.cluster.options import Options
from k8sai.commands import _evict_flags as flags
from k8sai.commands._flags import seconds


def gc(
    options: Options,
    *,
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="TIME", help="That ended so long ago; 7d.", show_default=False)
    ] = "7d",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    state_namespace: flags.StateNamespace = "",
) -> int:
    """Take away the journals of drains that are over, and Leases that nobody holds. What is not over stays.

    \b
    Exit codes:
      0    done, or nothing to do
      16   a right is missing

    \b
    Examples:
      k8sai evict gc
      k8sai evict gc --older-than 0s --dry-run
    """
    from k8sai.commands._evict_gc_run import run
    from k8sai.commands._evict_site import Site

    return run(Site(options, state_namespace), seconds("--older-than", older_than) or 0.0, dry_run=dry_run)
