"""`delete` at work: find, show, ask, delete, wait."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from k8sai.ages import stamp
from k8sai.cluster.options import Options
from k8sai.cluster.writing import Propagation, Target, Writer
from k8sai.commands import _print, _talk
from k8sai.commands._apply_source import set_name
from k8sai.commands._apply_write import late, progress
from k8sai.deploy import document, shown
from k8sai.deploy.applying import Outcome
from k8sai.deploy.applyset import ApplySet, checked_name, insist_on_spared
from k8sai.deploy.deletion import Doomed, delete, going, insist_on_rights, of_files, of_set
from k8sai.deploy.placing import place, unserved
from k8sai.deploy.pruning import Inventory
from k8sai.deploy.readiness import State
from k8sai.deploy.waiting import Wait
from k8sai.errors import Exit, NotFound, Refused
from k8sai.manifests import read
from k8sai.view import Note

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection

_PROPAGATION: dict[str, Propagation] = {"background": "Background", "foreground": "Foreground", "orphan": "Orphan"}


@dataclass(frozen=True, slots=True)
class Wish:
    """The flags."""

    options: Options
    recipe: str
    files: tuple[str, ...]
    recursive: bool
    set_name: str
    sets: tuple[str, ...]
    recipe_dirs: tuple[str, ...]
    also: tuple[str, ...]
    cascade: str
    dry_run: str
    wait: bool
    timeout: float | None
    yes: bool
    output: str


def run(wish: Wish) -> int:
    """Find, show, ask, delete; the exit code."""
    insist_on_spared(wish.also)
    from k8sai.cluster.connect import connect

    manifests = read(wish.files, wish.recursive) if wish.files else []
    name = "" if wish.files else checked_name(wish.set_name or _set_of(wish))
    connection = connect(wish.options)
    writer = Writer(connection)
    inventory = Inventory(writer, ApplySet(name, connection.namespace)) if name else None
    if inventory is not None:
        if not inventory.exists:
            raise NotFound(
                f"there is no set {name} in namespace {connection.namespace}",
                f"`kubectl get configmaps -l applyset.kubernetes.io/id -n {connection.namespace}` lists them",
            )
        doomed = of_set(inventory, wish.also)
    else:
        placed = place(manifests, writer, connection.namespace, insisted=bool(wish.options.namespace))
        for one in placed.unserved:
            raise unserved(one)
        doomed = of_files(placed, writer, wish.also)
        if not doomed.plan.changes and not doomed.plan.kept:
            raise NotFound("none of it is there", f"{', '.join(one.ref for one in doomed.absent[:3])}: not found")
    _remark(doomed)
    insist_on_rights(writer, doomed.plan)
    if wish.dry_run == "none":
        _insist_on_a_yes(wish, doomed)
    return _deleted(wish, connection, writer, inventory, doomed)


def _set_of(wish: Wish) -> str:
    """The set that an apply of the recipe with this `name` made."""
    from k8sai.cookbook.library import open_library
    from k8sai.cookbook.values import from_sets

    recipe = open_library([Path(folder) for folder in wish.recipe_dirs]).find(wish.recipe)
    called = from_sets(recipe, wish.sets).get("name") or (recipe.properties.get("name") or {}).get("default")
    return set_name(recipe, called)


def _remark(doomed: Doomed) -> None:
    for target in doomed.absent:
        _talk.note(Note(f"{target.ref} is not there"))
    for text in doomed.plan.kept:
        _talk.note(Note(f"{text} stays", "plain", "--delete-also KIND deletes it too"))


def _insist_on_a_yes(wish: Wish, doomed: Doomed) -> None:
    """Raises Refused."""
    changes = doomed.plan.changes
    if wish.yes or not changes:
        return
    count = f"{len(changes)} {'object' if len(changes) == 1 else 'objects'}"
    if not _talk.asked_by_a_person():
        raise Refused(f"this would delete {count}, and nobody can be asked", "-y says yes, --dry-run=server shows them")
    _talk.block(shown.diff(doomed.plan))
    if not _talk.ask(f"Delete {count}?"):
        raise Refused("nothing was deleted")


# --- deleting ---------------------------------------------------------------------------------------------------------


def _deleted(wish: Wish, connection: "Connection", writer: Writer, inventory: Inventory | None, doomed: Doomed) -> int:
    dry = "" if wish.dry_run == "none" else wish.dry_run
    outcomes: list[Outcome] = []
    tell = _teller(wish.output, dry)
    if dry == "client":
        for change in doomed.plan.changes:
            tell(Outcome(change, "deleted"))
    else:
        how = _PROPAGATION[wish.cascade]
        outcomes += delete(writer, doomed.plan, tell, propagation=how, dry_run=bool(dry))
    failed = [one for one in outcomes if one.state == "failed"]
    code = Exit.OK
    if not dry:
        if inventory is not None and not failed:
            _forget(writer, inventory, doomed)
        code = _waited(wish, connection, doomed, outcomes) if wish.wait else Exit.OK
    if wish.output in ("json", "yaml"):
        at = stamp(time.time())
        made = document.document(
            doomed.plan,
            context=connection.context,
            at=at,
            dry_run=wish.dry_run,
            outcomes=outcomes if dry != "client" else None,
        )
        _print.outlived(lambda: _print.document(made, wish.output))
    return _account(outcomes, failed) or code


def _teller(output: str, dry_run: str) -> Callable[[Outcome], None]:
    suffix = {"server": " (server dry run)", "client": " (dry run)"}.get(dry_run, "")

    def tell(outcome: Outcome) -> None:
        ref = outcome.change.target.ref
        if output == "name" and outcome.stands:
            _print.outlived(lambda: _print.line(ref))
        elif output == "table" and outcome.stands:
            words = f"{ref} {'deleted' if outcome.state == 'deleted' else 'gone already'}{suffix}"
            _print.outlived(lambda: _print.toned(words, "bad"))

    return tell


def _forget(writer: Writer, inventory: Inventory, doomed: Doomed) -> None:
    """The parent goes last; where something stays, it goes on naming that."""
    if doomed.plan.kept:
        inventory.keep(doomed.still)
    else:
        writer.delete(inventory.parent, uid=inventory.uid)


def _waited(wish: Wish, connection: "Connection", doomed: Doomed, outcomes: list[Outcome]) -> Exit:
    states = {one.change.target: State("progress", "ending") for one in outcomes if one.state == "deleted"}
    with _talk.Progress("waiting") as line:
        wait = Wait(connection, going(doomed.plan), progress(line) if _talk.live() else _quiet)
        try:
            gone = wait.until(states, wish.timeout)
        except KeyboardInterrupt:
            late(wait, "it is being deleted; not waited for any longer")
            raise
    if not gone:
        late(wait, f"not gone within {wish.timeout or 0:g} s")
    return Exit.OK if gone else Exit.TIMEOUT


def _quiet(_target: Target, _state: State) -> None:
    """In a pipe nothing is said of what is ending."""


def _account(outcomes: list[Outcome], failed: list[Outcome]) -> Exit:
    for one in failed:
        assert one.error is not None
        _talk.error(f"{shown.title(one.change)}: {one.error.message}", one.error.hint)
    if not failed:
        return Exit.OK
    first = failed[0].error
    return Exit.PARTIAL if len(failed) < len(outcomes) or first is None else first.exit
