"""`canary history`: who did what to a rollout, when and why."""

from typing import Annotated, Literal

import typer

from k8sai.cluster.options import Options
from k8sai.commands._canary_flags import Names

Output = Literal["table", "wide", "json", "yaml"]


def history(
    options: Options,
    names: Names,
    *,
    output: Annotated[Output, typer.Option("-o", "--output", help="How to print it.")] = "table",
) -> int:
    """What happened to a target's rollouts: who, when, which verb, from which weight to which, and why.

    The last 50 lines, the newest at the end; they outlive a rollout and go on with the next one, until `forget`.

    \b
    Exit codes:
      0    it was read
      4    there is no canary of that name

    \b
    Examples:
      k8sai canary history isvc/chat -n prod
      k8sai canary history isvc/chat -o json | jq '.entries[] | select(.verb == "rollback")'
    """
    import time

    from k8sai.canary.shown.listed import entries, heading
    from k8sai.canary.shown.listed import history as table
    from k8sai.commands import _print
    from k8sai.commands._canary_kept import find
    from k8sai.view import Page

    found = find(options, tuple(names))
    state, now = found.held().state, time.time()
    if output in ("json", "yaml"):
        made = heading("CanaryHistory", now, found.connection.context, ())
        target = {"name": found.ref.name, "namespace": found.ref.namespace, "target": found.ref.title, "id": state.id}
        _print.document({**made, **target, "entries": entries(state.history)}, output)
    else:
        _print.page(Page((table(state.history, now),)), wide=output == "wide")
    _print.flush()
    return 0
