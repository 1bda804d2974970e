"""Flags that the verbs of `queue` that write have in common."""

from typing import Annotated, Literal

import typer

Names = Annotated[list[str], typer.Argument(metavar="KIND/NAME", help="cq/NAME, lq/NAME, workload/NAME or job/NAME.")]
DryRun = Annotated[
    Literal["none", "client", "server"],
    typer.Option("--dry-run", help="Only show what would be written; server: the server tries it too."),
]
Timeout = Annotated[
    str, typer.Option("--timeout", metavar="TIME", help="Wait no longer than this: 90s, 10m.", show_default=False)
]
Yes = Annotated[bool, typer.Option("-y", "--yes", help="Ask nothing.")]
Output = Annotated[Literal["table", "json", "yaml", "name"], typer.Option("-o", "--output", help="How to print it.")]
