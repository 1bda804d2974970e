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

_OF_A_GANG = "Where --gang NAME is; nodes are drained of all."
_OF_THE_STATE = "Looked into too, where not all may be read."

app.command("plan")(_flags.connected(plan, _OF_A_GANG))
app.command("run")(_flags.connected(run, _OF_A_GANG))
app.command("status")(_flags.connected(status, _OF_THE_STATE))
app.command("resume")(_flags.connected(resume, _OF_THE_STATE))
app.command("abort")(_flags.connected(abort, _OF_THE_STATE))
app.command("gc")(_flags.connected(gc, _OF_THE_STATE))
app.command("rbac")(_flags.connected(rbac))
app.command("boost")(_flags.connected(boost))

main = entry(app, "evict")
