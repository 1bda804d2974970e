"""`canary rollback` at work: the way back, and what is left of the canary."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from k8sai.canary.facts import Phase
from k8sai.canary.running import aims
from k8sai.canary.running.rollback import restore, rollback
from k8sai.commands import _canary_verb_plan, _talk
from k8sai.commands._canary_scene import Asked, Scene, owned, scene
from k8sai.commands._canary_verb import act
from k8sai.commands._canary_verb_said import ended, say_end
from k8sai.view import Note

if TYPE_CHECKING:
    from k8sai.canary.keeping.kept import Held
    from k8sai.canary.running.hands import Hands
    from k8sai.canary.state import State


@dataclass(frozen=True, slots=True)
class Back:
    """How far, and how."""

    to_weight: int = 0
    gradual: bool = False
    restore: bool = False
    reason: str = ""


def run(asked: Asked, how: Back) -> int:
    """The exit code."""
    where = scene(asked)
    before, end = where.state, asked.end
    if asked.dry_run != "none":
        goal = aims.of_rollback(before, where.seen(), how.to_weight, restore=how.restore)
        return _canary_verb_plan.show(where, goal, before.handle, where.snapshot)
    if before.phase is Phase.ROLLED_BACK and not before.pending and not how.restore:
        return say_end(where, before, "unchanged: it is rolled back")

    def back(hands: "Hands", held: "Held | None") -> "Held":
        ours = owned(where, held)
        done = rollback(hands, ours, to_weight=how.to_weight, gradual=how.gradual, reason=how.reason, end=end)
        return restore(hands, done, end=end) if how.restore else done

    state = act(where, back)
    wanted = state.phase is Phase.ROLLED_BACK or (bool(how.to_weight) and state.weight == how.to_weight)
    code = ended(where, state, wanted, f"rolled back to {state.weight} %" if how.to_weight else "rolled back")
    _warn(where, state)
    return code


def _warn(where: Scene, state: "State") -> None:
    """What is left may be promoted by whoever unpins it: the backend knows."""
    place = where.place.again()
    for text in where.backend.see(place.target, state.handle, place.reading).notes:
        _talk.note(Note(text, "warn"))
