"""`canary watch`: a rollout as it goes, on a terminal as a screen, else a line or a document per change."""

from typing import Annotated, Literal

import typer

from k8sai.cluster.options import Options
from k8sai.commands._canary_flags import BackendName, Names, Prometheus


def watch(
    options: Options,
    names: Names,
    *,
    plain: Annotated[bool, typer.Option("--plain", help="Lines of words, never painted over.")] = False,
    prometheus: Prometheus = "",
    backend: BackendName = "",
    output: Annotated[
        Literal["screen", "lines", "jsonl"], typer.Option("-o", "--output", help="How to show it; jsonl: documents.")
    ] = "screen",
) -> int:
    """A rollout as it goes: both sides with their pods, the three weights, the gate's evidence and what happens.

    On a terminal the full screen, where h holds it and b brings it back, after they have asked. Nothing else writes.
    Ends by itself where the rollout does, with its exit code; q and Ctrl-C leave everything as it is.

    \b
    Exit codes: as `canary status`

    \b
    Examples:
      k8sai canary watch isvc/chat -n prod
      k8sai canary watch httproute/chat --plain | tee rollout.log
      k8sai canary watch rollout/chat -o jsonl
    """
    from k8sai.commands._canary_watch_run import follow

    return follow(options, tuple(names), backend, prometheus, "lines" if plain and output == "screen" else output)
