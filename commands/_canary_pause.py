"""`canary pause`: a person holds a rollout where it is."""

from typing import Annotated

import typer

from k8sai.cluster.options import Options
from k8sai.commands._canary_flags import DryRun, Names, Output, Plan


def pause(
    options: Options,
    names: Names,
    *,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why; `status` repeats it.", show_default=False)
    ] = "",
    plan: Plan = False,
    dry_run: DryRun = "none",
    output: Output = "table",
) -> int:
    """Hold a rollout at its weight until `resume`, also while somebody runs it: their `run` ends with exit 10.

    A shift that has begun is finished first. A canary that cannot serve is rolled back all the same.

    \b
    Exit codes:
      0    it is paused
      4    there is no canary of that name
      5    it has ended, or is on its way back or to the end: nothing was written
      16   a right is missing

    \b
    Examples:
      k8sai canary pause isvc/chat -n prod --reason "on call looks at the logs"
      k8sai canary pause httproute/chat --plan
    """
    import time

    from k8sai.canary.running import pausing
    from k8sai.commands import _talk
    from k8sai.commands._canary_found import Wish
    from k8sai.commands._canary_kept import dry, find, write
    from k8sai.view import Note

    found = find(options, tuple(names))
    by = found.who
    wish = Wish(options, tuple(names), dry(plan, dry_run), output)
    after = write(found, wish, lambda state: pausing.pause(state, time.time(), by, reason.strip()), "paused")
    where = f"{found.ref.title} -n {found.ref.namespace}"
    if after.pending:
        _talk.note(Note(f"it is on its way to {after.pending.weight} %: that is finished first"))
    stays = f"the canary keeps {after.pending.weight if after.pending else after.weight} % of the requests"
    _talk.note(Note(stays, hint=f"`k8sai canary resume {where}` or `k8sai canary rollback {where}`"))
    return 0
