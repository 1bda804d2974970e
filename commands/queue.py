"""Kueue's queues: quota as a sum that adds up, why a workload waits, what a change would do; stop, resume and move."""

import typer

from k8sai.commands import _flags
from k8sai.commands._door import entry
from k8sai.commands._queue_describe import describe
from k8sai.commands._queue_init import init
from k8sai.commands._queue_list import list_
from k8sai.commands._queue_move import move
from k8sai.commands._queue_pending import pending
from k8sai.commands._queue_resume import resume
from k8sai.commands._queue_simulate import simulate
from k8sai.commands._queue_stop import stop
from k8sai.commands._queue_why import why

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Kueue's queues: quota as a sum that adds up, why a workload waits, what a change would do.",
)

app.command("list")(_flags.connected(list_))
app.command("describe")(_flags.connected(describe))
app.command("pending")(_flags.connected(pending))
app.command("why")(_flags.connected(why))
app.command("simulate")(_flags.connected(simulate))
app.command("stop")(_flags.connected(stop))
app.command("resume")(_flags.connected(resume))
app.command("move")(_flags.connected(move))
app.command("init")(_flags.connected(init))

main = entry(app, "queue")
