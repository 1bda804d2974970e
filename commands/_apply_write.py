"""`apply` carries its plan out, waits, and says at the end what stands."""

from collections.abc import Callable

from k8sai.cluster.writing import Target
from k8sai.commands import _print, _talk
from k8sai.commands._apply_show import say_document
from k8sai.commands._apply_wish import Scene
from k8sai.deploy import shown
from k8sai.deploy.applying import Outcome, Run
from k8sai.deploy.plan import Plan
from k8sai.deploy.pruning import contents_of
from k8sai.deploy.readiness import State
from k8sai.deploy.rollback import roll_back
from k8sai.deploy.waiting import Wait, judged
from k8sai.errors import Exit, Usage
from k8sai.view import Note

_NAMED = 8  # objects that are named in a sentence


def write(scene: Scene, plan: Plan) -> int:
    """The plan, phase by phase; the exit code. Whatever happens, what stands is said."""
    inventory, now = scene.inventory, contents_of(scene.placed.items)

    def remember() -> None:
        if inventory is not None:
            inventory.keep(inventory.had | now)

    home = inventory.owner.namespace if inventory else ""
    run = Run(scene.writer, plan, scene.wish.choices, _teller(scene.wish.output), remember, home)
    waited = Exit.OK
    try:
        if run.write():
            waited = _waited(scene, run) if scene.wish.wait else Exit.OK
            if waited == Exit.OK and run.delete() and inventory is not None and scene.wish.prune:
                inventory.keep(now | scene.still)
    except BaseException:
        _account(scene, plan, run)
        if scene.wish.rollback:
            _talk.note(Note("nothing was put back: that is for what fails or is late, not for what is stopped", "warn"))
        raise
    code = _account(scene, plan, run) or waited
    for text in scene.source.notes if code == Exit.OK else ():
        _talk.note(Note(text))
    if code != Exit.OK and scene.wish.rollback:
        undone = _rolled_back(scene, run)
        return undone if undone == Exit.PARTIAL or code != Exit.TIMEOUT else code
    return code


def _teller(output: str) -> Callable[[Outcome], None]:
    """Says each object as soon as it is written, in kubectl's words."""

    def tell(outcome: Outcome) -> None:
        ref = outcome.change.target.ref
        if output == "name" and outcome.stands:
            _print.outlived(lambda: _print.line(ref))
        elif output == "table" and outcome.stands:
            words, tone = f"{ref} {shown.became(outcome)}", shown.TONES[outcome.change.op]
            _print.outlived(lambda: _print.toned(words, tone))

    return tell


def _account(scene: Scene, plan: Plan, run: Run) -> Exit:
    """What failed and why, what was not tried, what stands; the exit code."""
    if scene.wish.output in ("json", "yaml"):
        _print.outlived(lambda: say_document(scene, plan, run.outcomes))
    _print.outlived(_print.flush)
    for one in run.failed:
        assert one.error is not None
        _talk.error(f"{shown.title(one.change)}: {one.error.message}", one.error.hint)
    if not run.failed and not run.untried:
        return Exit.OK
    stands = [one for one in run.outcomes if one.state in ("written", "deleted")]
    words = f"{len(stands)} of {len(plan.changes)} objects were written"
    if names := [shown.title(one) for one in run.untried]:
        few = names if len(names) <= _NAMED else [*names[: _NAMED - 1], f"{len(names) - _NAMED + 1} more"]
        words += f"; not tried: {', '.join(few)}"
    again = "" if scene.wish.rollback else "apply again: what stands is not written again"
    _talk.note(Note(words, "warn", again))
    first = next((one.error for one in run.failed if one.error), None)
    return first.exit if first is not None and not stands else Exit.PARTIAL


# --- waiting ----------------------------------------------------------------------------------------------------------


def _waited(scene: Scene, run: Run) -> Exit:
    """Until all is ready; else what is not and why, and back to what was where that is wished."""
    with _talk.Progress("waiting") as line:
        judge = judged(scene.connection, [one.change.target for one in run.outcomes])
        wait = Wait(scene.connection, judge, progress(line))
        try:
            ready = wait.until_ready(run.outcomes, scene.wish.timeout)
        except KeyboardInterrupt:
            late(wait, "everything was written; not waited for any longer")
            raise
    if ready:
        return Exit.OK
    failed = [state for state in wait.late.values() if state.level == "failed"]
    seconds = scene.wish.timeout or 0
    late(wait, "it failed" if failed else f"not ready within {seconds:g} s")
    return Exit.FINDINGS if failed else Exit.TIMEOUT


def progress(shown_on: _talk.Progress) -> Callable[[Target, State], None]:
    """On a terminal in one line that changes; in a pipe a line for each change."""
    states: dict[Target, State] = {}

    def tell(target: Target, state: State) -> None:
        states[target] = state
        waiting = [(one, how) for one, how in states.items() if how.level != "ready"]
        words = ", ".join(f"{one.ref}: {how.text}" for one, how in waiting[:3])
        shown_on.say(f"waiting for {len(waiting)} of {len(states)}: {words}")
        if not _talk.live():
            _talk.line(f"{target.ref}: {state.text}")

    return tell


def late(wait: Wait, why: str) -> None:
    for target, state in wait.late.items():
        _talk.error(f"{target.ref}: {why}: {state.text}", _next(target))


def _next(target: Target) -> str:
    """The command that tells more."""
    from k8sai.why.kinds import kind_of

    where = f" -n {target.namespace}" if target.namespace else ""
    try:
        word = kind_of(f"{target.resource.kind.lower()}.{target.resource.group}".rstrip(".")).word
    except Usage:
        return f"`kubectl describe {target.plural} {target.name}{where}`"
    return f"`k8sai why {word}/{target.name}{where}`"


def _rolled_back(scene: Scene, run: Run) -> Exit:
    """Every object with what became of it."""
    with _talk.Progress("putting back what was there"):
        undone = roll_back(scene.writer, run.outcomes)
    for one in undone:
        title = shown.title(one.outcome.change)
        if one.error is not None:
            _talk.error(f"{title} could not be put back: {one.error.message}", one.error.hint)
        else:
            _talk.line(f"{title} {one.word}")
    return Exit.PARTIAL if any(one.error for one in undone) else Exit.FAILED_SAFE
