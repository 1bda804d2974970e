"""`canary run` at work: in the foreground, saying what that means, or in the cluster."""

from dataclasses import dataclass

from k8sai.canary.facts import Phase
from k8sai.canary.running import aims, verbs
from k8sai.canary.state import OnInconclusive, State
from k8sai.commands import _canary_verb_plan, _talk
from k8sai.commands._canary_scene import Asked, Scene, owned, scene
from k8sai.commands._canary_verb import act
from k8sai.commands._canary_verb_said import ended, say_end
from k8sai.errors import Exit, TimedOut
from k8sai.view import Note


@dataclass(frozen=True, slots=True)
class Run:
    """`image` is the runner's, for `detach`."""

    detach: bool
    image: str
    on_inconclusive: OnInconclusive | None
    exit_zero: bool


def run(asked: Asked, how: Run) -> int:
    """The exit code."""
    try:
        code = _run(asked, how)
    except TimedOut as error:
        if not how.exit_zero:
            raise
        _talk.error(error.message, error.hint)
        return Exit.OK
    return Exit.OK if how.exit_zero else code


def _unless_back(state: State, code: int) -> int:
    """Who runs a rollout wants it promoted: `run && next` must not go on where a person has taken it back."""
    return Exit.FAILED_SAFE if code == Exit.OK and state.phase is Phase.ROLLED_BACK else code


def _run(asked: Asked, how: Run) -> int:
    where = scene(asked)
    before, end = where.state, asked.end
    if how.detach:
        return _detached(where, how)
    if asked.dry_run != "none":
        goal, notes = aims.of_run(before, where.seen()), aims.gate_notes(before, "")
        return _canary_verb_plan.show(where, goal, before.handle, where.snapshot, notes)
    if before.phase in (Phase.ROLLED_BACK, Phase.PROMOTED) and before.ended and not before.pending:
        return _unless_back(before, say_end(where, before, f"unchanged: it is {before.phase}", before))
    if not where.detached:
        detach = f"`k8sai canary run {where.where} --detach` runs it in the cluster"
        _talk.note(Note("nobody rolls back if this process dies", "warn", detach))
    state = act(
        where, lambda hands, held: verbs.run(hands, owned(where, held), how.on_inconclusive, end=end), lines=True
    )
    return _unless_back(state, ended(where, state, state.phase is Phase.PROMOTED, "promoted"))


def _detached(where: Scene, how: Run) -> int:
    from k8sai.commands._canary_detach import Detached, detach

    asked = where.asked
    lasts = asked.timeout or 0.0
    flags: tuple[str, ...] = ("--max-duration", f"{lasts:.0f}s")
    flags += ("--on-inconclusive", how.on_inconclusive) if how.on_inconclusive else ()
    return detach(
        where.place, where.state, Detached(how.image, lasts, asked.prometheus, flags, asked.dry_run, asked.output)
    )
