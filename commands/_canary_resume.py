"""`canary resume`: what a person has paused, or what stands still by itself, goes on."""

from k8sai.cluster.options import Options
from k8sai.commands._canary_flags import DryRun, Names, Output, Plan


def resume(
    options: Options,
    names: Names,
    *,
    plan: Plan = False,
    dry_run: DryRun = "none",
    output: Output = "table",
) -> int:
    """Let a rollout go on where it was paused; whoever runs it finds that by itself.

    Where it paused for want of numbers or of a verdict, its patience begins anew. What has drifted is looked at again:
    while it is not as the rollout left it, it drifts again.

    \b
    Exit codes:
      0    it goes on, or nothing held it
      4    there is no canary of that name
      5    it has ended: nothing was written
      16   a right is missing

    \b
    Examples:
      k8sai canary resume isvc/chat -n prod
    """
    import time

    from k8sai.canary.keeping.lease import Lease
    from k8sai.canary.running import pausing
    from k8sai.commands import _talk
    from k8sai.commands._canary_found import Wish
    from k8sai.commands._canary_kept import dry, find, write
    from k8sai.view import Note

    found = find(options, tuple(names))
    by = found.who
    wish = Wish(options, tuple(names), dry(plan, dry_run), output)
    write(found, wish, lambda state: pausing.resume(state, time.time(), by), "resumed")
    holder = Lease(found.writer, found.ref, "").holder()
    if holder is not None and not holder.expired:
        _talk.note(Note(f"{holder.who} runs it"))
    else:
        _talk.note(Note("nobody runs it", hint=f"`k8sai canary run {found.ref.title} -n {found.ref.namespace}`"))
    return 0
