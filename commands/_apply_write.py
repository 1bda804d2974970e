"""`apply` carries its plan out, and says at the end what stands."""

from collections.abc import Callable

from k8sai.commands import _print, _talk
from k8sai.commands._apply_show import say_document
from k8sai.commands._apply_wish import Scene
from k8sai.deploy import shown
from k8sai.deploy.applying import Outcome, Run
from k8sai.deploy.plan import Plan
from k8sai.deploy.pruning import contents_of
from k8sai.errors import Exit
from k8sai.view import Note


def write(scene: Scene, plan: Plan) -> int:
    """The plan, phase by phase; the exit code. Whatever happens, what stands is said."""
    inventory, now = scene.inventory, contents_of(scene.placed.items)

    def remember() -> None:
        if inventory is not None:
            inventory.keep(inventory.had | now)

    home = inventory.owner.namespace if inventory else ""
    run = Run(scene.writer, plan, scene.wish.choices, _teller(scene.wish.output), remember, home)
    try:
        whole = run.write() and run.delete()
        if whole and inventory is not None and scene.wish.prune:
            inventory.keep(now | scene.still)
    except BaseException:
        _account(scene, plan, run)
        raise
    return _account(scene, plan, run)


def _teller(output: str) -> Callable[[Outcome], None]:
    """Says each object as soon as it is written, in kubectl's words."""

    def tell(outcome: Outcome) -> None:
        ref = outcome.change.target.ref
        if output == "name" and outcome.stands:
            _print.line(ref)
        elif output == "table" and outcome.stands:
            _print.toned(f"{ref} {shown.became(outcome)}", shown.TONES[outcome.change.op])

    return tell


def _account(scene: Scene, plan: Plan, run: Run) -> int:
    """What failed and why, what was not tried, what stands; the exit code."""
    if scene.wish.output in ("json", "yaml"):
        say_document(scene, plan, run.outcomes)
    _print.flush()
    for one in run.failed:
        assert one.error is not None
        _talk.error(f"{shown.title(one.change)}: {one.error.message}", one.error.hint)
    if not run.failed and not run.untried:
        return Exit.OK
    stands = [one for one in run.outcomes if one.state in ("written", "deleted")]
    words = f"{len(stands)} of {len(plan.changes)} objects were written"
    if run.untried:
        words += f"; not tried: {', '.join(shown.title(one) for one in run.untried)}"
    _talk.note(Note(words, "warn", "apply again: what stands is not written again"))
    first = next((one.error for one in run.failed if one.error), None)
    return Exit.PARTIAL if stands or first is None else first.exit
