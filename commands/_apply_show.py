"""What `apply` says before it writes, and instead of writing."""

import time

from k8sai.ages import stamp
from k8sai.commands import _print, _talk
from k8sai.commands._apply_source import Source
from k8sai.commands._apply_wish import Scene, Wish
from k8sai.deploy import document, shown
from k8sai.deploy.applying import Outcome
from k8sai.deploy.order import ordered
from k8sai.deploy.plan import Plan
from k8sai.deploy.planning import Drafted
from k8sai.errors import Exit, Refused, Usage
from k8sai.view import Note, Page

_CLIENT_SIDE = "kubectl-client-side-apply"

# --- what is said before ----------------------------------------------------------------------------------------------


def say_checks(scene: Scene, *, failures: bool) -> None:
    """On a terminal every check; in a pipe those that are not well. Failures where no error is going to say them."""
    everything = _talk.asked_by_a_person()
    levels = {"warn", *(("fail",) if failures else ()), *(("ok",) if everything else ())}
    _talk.block(shown.checked(one) for one in scene.checks if one.level in levels)


def insist(drafted: Drafted) -> None:
    """Every object that the server does not take, then the end. Raises Usage."""
    texts = [f"{one.item.manifest.place}: {one.item.manifest.ref}: {one.error.message}" for one in drafted.problems]
    if texts:
        first = drafted.problems[0].error
        raise (Usage if isinstance(first, Usage) else Refused)(texts[0], first.hint, tuple(texts[1:]))


def remark(plan: Plan, drafted: Drafted) -> None:
    """What is worth knowing beside the changes."""
    for text in shown.remarks(plan):
        _talk.note(Note(text, "warn"))
    for text in shown.untried(plan):
        _talk.note(Note(text))
    for given in drafted.unused:
        _talk.note(Note(f"no conflict is about {given}", "warn"))
    for text in plan.kept:
        _talk.note(Note(f"{text} has left the set and stays", "plain", "--prune-also KIND deletes it too"))


def refused(scene: Scene, plan: Plan) -> int:
    """Somebody must decide: every field with both values and whose it is."""
    if scene.wish.output in ("json", "yaml"):
        say_document(scene, plan, None)
    _print.flush()
    _talk.page(Page((shown.contested(plan, time.time()),)))
    _talk.block(shown.contents(plan))
    contested = [one for change in plan.changes for one in change.open]
    printed = scene.wish.printed
    elsewhere = " of `k8sai apply -f FILE`" if printed else ""
    if any(one.owner.name == _CLIENT_SIDE for one in contested):
        text = "some of it was applied by kubectl without --server-side, which owns all it ever wrote"
        _talk.note(Note(text, "plain", f"--force-conflicts{elsewhere} takes it over, once and for all"))
    count = len(contested)
    raise Refused(
        f"{count} {'field belongs' if count == 1 else 'fields belong'} to others: nothing was written",
        (f"keep what `{printed}` prints in FILE; then{elsewhere}: " if printed else "")
        + "--leave FIELD keeps theirs, --share FIELD owns it with the value it has, --take FIELD takes it with yours",
    )


def insist_on_a_yes(wish: Wish, plan: Plan) -> None:
    """What removes or takes something wants a yes; where care was wished, whatever is written. Raises Refused."""
    if wish.yes or not (plan.drastic or (wish.careful and plan.writes)):
        return
    taken = sum(one.choice == "take" for change in plan.changes for one in change.conflicts)
    words = [f"delete {len(plan.deletes)} {_objects(len(plan.deletes))}"] if plan.deletes else []
    words += [f"take {taken} {'field' if taken == 1 else 'fields'} from others"] if taken else []
    if wish.careful and plan.writes:
        words.insert(0, f"write {len(plan.writes)} {_objects(len(plan.writes))}")
    if not _talk.asked_by_a_person():
        shows = "--dry-run=server" if wish.careful else "--diff"
        raise Refused(f"this would {' and '.join(words)}, and nobody can be asked", f"-y says yes, {shows} shows it")
    _talk.block(shown.diff(plan))
    if not _talk.ask(f"{' and '.join(words).capitalize()}?"):
        raise Refused("nothing was written")


def _objects(count: int) -> str:
    return "object" if count == 1 else "objects"


# --- showing ----------------------------------------------------------------------------------------------------------


def show(scene: Scene, plan: Plan) -> int:
    wish = scene.wish
    if wish.output in ("json", "yaml"):
        say_document(scene, plan, None)
    elif wish.output == "name":
        _print.names("", (change.target.ref for change in plan.changes))
    elif wish.diff:
        _print.block(shown.diff(plan))
    else:
        for change in plan.changes:
            asked = "client" if change.untried else "server"
            _print.toned(f"{change.target.ref} {shown.done(change.op, dry_run=asked)}", shown.TONES[change.op])
    return Exit.FINDINGS if wish.diff and plan.differs else Exit.OK


def show_unasked(wish: Wish, source: Source) -> int:
    """Nobody is asked: only whether it can be read, and in which order it would go."""
    made = document.unasked(ordered(source.manifests), at=stamp(time.time()))
    names = [change["object"] for change in made["changes"]]
    if wish.output in ("json", "yaml"):
        _print.document(made, wish.output)
    elif wish.output == "name":
        _print.names("", names)
    else:
        for name in names:
            _print.line(f"{name} applied (dry run)")
    return Exit.OK


def say_document(scene: Scene, plan: Plan, outcomes: list[Outcome] | None) -> None:
    made = document.document(
        plan,
        context=scene.connection.context,
        at=scene.at,
        dry_run=scene.wish.dry_run,
        outcomes=outcomes,
        checks=scene.checks,
    )
    _print.document(made, scene.wish.output)
