"""Canaries: a new version of a model beside the old one, a growing share of the requests, and a gate that is honest."""

import typer

from k8sai.commands import _flags
from k8sai.commands._canary_forget import forget
from k8sai.commands._canary_history import history
from k8sai.commands._canary_list import list_
from k8sai.commands._canary_pause import pause
from k8sai.commands._canary_promote import promote
from k8sai.commands._canary_resume import resume
from k8sai.commands._canary_rollback import rollback
from k8sai.commands._canary_run import run
from k8sai.commands._canary_start import start
from k8sai.commands._canary_status import status
from k8sai.commands._canary_step import step
from k8sai.commands._canary_unlock import unlock
from k8sai.commands._canary_watch import watch
from k8sai.commands._door import entry

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Roll a model out as a canary: shift, gate, promote, or roll back. No data is no verdict.",
)


app.command("start")(_flags.connected(start))
app.command("status")(_flags.connected(status))
app.command("watch")(_flags.connected(watch))
app.command("step")(_flags.connected(step))
app.command("promote")(_flags.connected(promote))
app.command("rollback")(_flags.connected(rollback))
app.command("run")(_flags.connected(run))
app.command("pause")(_flags.connected(pause))
app.command("resume")(_flags.connected(resume))
app.command("list")(_flags.connected(list_))
app.command("history")(_flags.connected(history))
app.command("forget")(_flags.connected(forget))
app.command("unlock")(_flags.connected(unlock))

main = entry(app, "canary")
