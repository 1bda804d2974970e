"""Canaries: a new version of a model beside the old one, a growing share of the requests, and a gate that is honest."""

import typer

from k8sai.commands import _flags
from k8sai.commands._canary_status import status
from k8sai.commands._canary_watch import watch
from k8sai.commands._door import entry

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Roll a model out as a canary: shift, gate, promote, or roll back. No data is no verdict.",
)


app.command("status")(_flags.connected(status))
app.command("watch")(_flags.connected(watch))

main = entry(app, "canary")
