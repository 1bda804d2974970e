"""Flags that `why` and `queue why` have in common."""

from typing import Annotated, Literal

import typer

Output = Annotated[
    Literal["table", "json", "yaml", "name"],
    typer.Option("-o", "--output", help="How to print it; name: the machine word alone."),
]
Plain = Annotated[bool, typer.Option("--plain", help="No columns, no colour: a line per thing.")]
