"""`canary start` at work: think it through, look for room, rights and GitOps, then begin and wait."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from k8sai.canary.facts import ENDED, Phase
from k8sai.canary.running.starting import insist_on_none, same, start, think
from k8sai.canary.running.wishes import steps_of
from k8sai.commands import _canary_verb_plan, _print, _talk
from k8sai.commands._canary_scene import Asked, Scene, scene
from k8sai.commands._canary_verb import act
from k8sai.commands._canary_verb_said import ended
from k8sai.errors import Exit, Refused
from k8sai.view import Note

if TYPE_CHECKING:
    from k8sai.canary.facts import Wish
    from k8sai.canary.running.starting import Thought
    from k8sai.canary.state import Settings


@dataclass(frozen=True, slots=True)
class Begin:
    """What was asked for."""

    wish: "Wish"
    settings: "Settings"
    steps: str
    emit_patch: bool


def run(asked: Asked, what: Begin) -> int:
    """The exit code."""
    where = scene(asked)
    if where.backend.read_only:
        raise Refused(
            f"{where.title} is rolled out by {where.backend.name}, which k8sai only shows",
            f"`k8sai canary status {where.where}`",
        )
    if what.emit_patch:
        return _emitted(where, what)
    ours = where.held is not None and same(where.held.state, what.wish)
    thought = None if ours else _thought_through(where, what)
    if asked.dry_run != "none":
        return _planned(where, what, thought)
    state = act(where, lambda hands, held: start(hands, held, thought, asked.end))
    ready = state.phase not in (*ENDED, Phase.DRIFTED)
    return ended(where, state, ready, f"serves beside the old version, at {state.weight} %")


def _thought_through(where: Scene, what: Begin) -> "Thought":
    """Everything that can be known before the first write. Raises Refused, NoCapacity, Forbidden, Usage."""
    insist_on_none(where.held.state if where.held else None)
    place, asked = where.place, steps_of(what.steps) if what.steps else ()
    with _talk.Progress(f"looking whether {where.title} can be rolled out"):
        thought = think(where.backend, place.target, what.wish, what.settings, asked, place.reading)
        notes = (*thought.prepared.notes, *_checked(where, thought))
    for text in dict.fromkeys(notes):
        _talk.note(Note(text))
    return thought


def _checked(where: Scene, thought: "Thought") -> tuple[str, ...]:
    """Rights, GitOps, room. Raises Forbidden, Refused, NoCapacity."""
    from k8sai.canary.checks import gitops, rights, room
    from k8sai.canary.checks.room_site import site_of

    place, prepared = where.place, thought.prepared
    name, space = where.backend.name, place.ref.namespace
    needed = rights.needed(name, place.ref, begins=True)
    notes = rights.insist(place.writer, needed, space, place.reading)
    allow = thought.settings.allow_gitops
    notes += gitops.insist(where.title, place.target, name, place.reading, allow=allow)
    if not prepared.demand and not prepared.peak:
        return notes
    seen = where.backend.see(place.target, prepared.handle, place.reading)
    running = (seen.canary.replicas or 0) if seen.canary else 0
    site = site_of(
        *(place.connection, place.objects, place.reading, space, seen.stable.labels), backend=name, running=running
    )
    found = room.whole(site, prepared.demand, prepared.peak, swap=thought.wish.swap)
    return (*notes, *room.insist(found))


def _planned(where: Scene, what: Begin, thought: "Thought | None") -> int:
    from k8sai.canary.backend import Begin as Goal

    if thought is None:
        state = where.state
        return _canary_verb_plan.show(where, Goal(what.wish, state.start), state.handle, where.snapshot)
    prepared = thought.prepared
    steps = f"steps: {', '.join(f'{one} %' for one in thought.steps)}"
    goal = Goal(what.wish, prepared.start)
    return _canary_verb_plan.show(where, goal, prepared.handle, prepared.before, (steps,))


def _emitted(where: Scene, what: Begin) -> int:
    """What to put into Git. Nothing is asked of GitOps itself: that is what it is for."""
    from k8sai.canary.backend import Begin as Goal
    from k8sai.canary.checks.gitops_keeper import managed_by
    from k8sai.canary.checks.gitops_patch import text
    from k8sai.canary.running.planning import plan

    place, keeper = where.place, managed_by(where.place.target)
    prepared = where.backend.prepare(place.target, what.wish, place.reading)
    goal = Goal(what.wish, prepared.start)
    found = plan(where.backend, place.ref, goal, prepared.handle, prepared.before, place.objects)
    _print.text(text(keeper, place.target, where.backend.name, (one.write for one in found.writes)))
    _print.flush()
    _talk.note(
        Note(f"{where.title} is kept by {keeper.title}" if keeper else f"nothing says that {where.title} is kept")
    )
    return Exit.OK
