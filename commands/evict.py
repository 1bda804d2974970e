"""Drain GPU nodes without losing training: ask every gang for a checkpoint, prove it, stop it once."""

import typer

from k8sai.commands import _flags
from k8sai.commands._door import entry
from k8sai.commands._evict_plan import plan
from k8sai.commands._evict_rbac import rbac

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Drain GPU nodes without losing training: checkpoints are asked for and proven, then each gang stops once.",
)


app.command("plan")(_flags.connected(plan))
app.command("rbac")(_flags.connected(rbac))

main = entry(app, "evict")
