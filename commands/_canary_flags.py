"""Flags that the verbs of `canary` have in common."""

from typing import Annotated, Literal

import typer

Names = Annotated[
    list[str], typer.Argument(metavar="KIND/NAME", help="isvc/NAME, llmisvc/NAME, httproute/NAME, rollout/NAME, ….")
]
BackendName = Annotated[
    str, typer.Option("--backend", metavar="NAME", help="Take this backend instead of the one that is found.")
]
Plan = Annotated[bool, typer.Option("--plan", help="Only show what would be written, object by object.")]
DryRun = Annotated[
    Literal["none", "client", "server"],
    typer.Option("--dry-run", help="As --plan; server: the server tries it too."),
]
Prometheus = Annotated[
    str,
    typer.Option(
        "--prometheus",
        metavar="WHERE",
        help="NAMESPACE/SERVICE:PORT or a URL; by default it is found.",
        show_default=False,
    ),
]
Timeout = Annotated[
    str, typer.Option("--timeout", metavar="TIME", help="Wait no longer than this: 90s, 10m.", show_default=False)
]
Yes = Annotated[bool, typer.Option("-y", "--yes", help="Ask nothing.")]
Output = Annotated[Literal["table", "json", "yaml", "name"], typer.Option("-o", "--output", help="How to print it.")]


def insist_on_address(prometheus: str) -> None:
    """A typing error is told at once, and not as requests that nobody counts. Raises Usage."""
    from k8sai.cluster.prometheus import prometheus_at

    if prometheus:
        prometheus_at(prometheus)
