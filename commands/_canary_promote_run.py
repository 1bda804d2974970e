"""`canary promote` at work: the last step's gate, full size, all requests; and how long the old version stays."""

from k8sai.ages import epoch, stamp
from k8sai.canary.facts import Phase
from k8sai.canary.running import aims, verbs
from k8sai.commands import _canary_verb_plan
from k8sai.commands._canary_scene import Asked, owned, scene
from k8sai.commands._canary_verb import act
from k8sai.commands._canary_verb_said import ended, say_end


def run(asked: Asked, keep_old: float | None, force: str) -> int:
    """The exit code."""
    where = scene(asked)
    before = where.state
    if asked.dry_run != "none":
        goal, notes = aims.of_promote(before, keep_old), aims.gate_notes(before, force)
        return _canary_verb_plan.show(where, goal, before.handle, where.snapshot, notes)
    if before.phase is Phase.PROMOTED and before.ended:
        return say_end(where, before, "unchanged: it is promoted")
    end = asked.end
    state = act(
        where,
        lambda hands, held: verbs.promote(hands, owned(where, held), keep_old=keep_old, force=force, end=end),
        first=True,
    )
    kept = (
        "" if state.ended else f"; the old version is kept until {stamp(epoch(state.since) + state.settings.keep_old)}"
    )
    return ended(where, state, state.phase is Phase.PROMOTED, f"promoted{kept}")
