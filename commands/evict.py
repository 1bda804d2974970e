"""Drain GPU nodes without losing training: ask every gang for a checkpoint, prove it, stop it once."""

import typer

from k8sai.commands import _flags
from k8sai.commands._door import entry
from k8sai.commands._evict_abort import abort
from k8sai.commands._evict_boost import boost
from k8sai.commands._evict_gc import gc
from k8sai.commands._evict_plan import plan
from k8sai.commands._evict_rbac import rbac
from k8sai.commands._evict_resume import resume
from k8sai.commands._evict_run import run
from k8sai.commands._evict_status import status

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Drain GPU nodes without losing training: checkpoints are asked for and proven, then each gang stops once.",
)

app.command("plan")(_flags.connected(plan))
app.command("run")(_flags.connected(run))
app.command("status")(_flags.connected(status))
app.command("resume")(_flags.connected(resume))
app.command("abort")(_flags.connected(abort))
app.command("gc")(_flags.connected(gc))
app.command("rbac")(_flags.connected(rbac))
app.command("boost")(_flags.connected(boost))

main = entry(app, "evict")
