"""`canary step` at work: what stands already is left alone; else the Lease, the gate, one shift, and what it became."""

from k8sai.canary.running import aims, verbs
from k8sai.commands import _canary_verb_plan
from k8sai.commands._canary_scene import Asked, owned, scene
from k8sai.commands._canary_verb import act
from k8sai.commands._canary_verb_said import ended, say_end


def run(asked: Asked, to: int | None, force: str, expect: int | None) -> int:
    """The exit code."""
    where = scene(asked)
    before = where.state
    goal = aims.of_step(before, to, expect)
    if asked.dry_run != "none":
        return _canary_verb_plan.show(where, goal, before.handle, where.snapshot, aims.gate_notes(before, force))
    if goal is None:
        return say_end(where, before, f"unchanged: the canary has {before.weight} %")
    target = aims.target_of(before, to, expect)
    end = asked.end
    state = act(
        where,
        lambda hands, held: verbs.step(hands, owned(where, held), to, force=force, expect=expect, end=end),
        first=True,
    )
    return ended(
        where, state, state.weight == target, f"has {state.weight} %, step {state.step + 1} of {len(state.steps)}"
    )
