"""`scaffold --update`: what the recipe makes now, merged into the files of a folder."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from k8sai.commands import _print, _scaffold_show, _talk
from k8sai.commands._scaffold_made import new_lock, rendering, tell
from k8sai.commands._scaffold_wanted import Wanted
from k8sai.cookbook import folder, lock
from k8sai.cookbook.layout import KUSTOMIZE, arranged
from k8sai.cookbook.library import open_library
from k8sai.cookbook.said import said, said_before
from k8sai.cookbook.update import Update, update
from k8sai.errors import Exit, NotFound
from k8sai.view import Note

if TYPE_CHECKING:
    from k8sai.cookbook.lock import Lock
    from k8sai.cookbook.recipe import Recipe


def run(wanted: Wanted) -> int:
    """The exit code. Raises NotFound, Usage, Refused."""
    target = Path(wanted.what or ".")
    old = lock.read(target)
    if old is None:
        raise NotFound(f"{target} has no {lock.NAME}", "`k8sai scaffold RECIPE -o DIR` makes one")
    recipe = _recipe(wanted, target, old)
    told = said_before(recipe, old.parameters, target, said(recipe, wanted.values, wanted.sets))
    wanted = replace(wanted, namespace=wanted.namespace or old.namespace)
    rendered = rendering(wanted, recipe, told)
    overlays = list(dict.fromkeys([*old.layout.get(KUSTOMIZE, ()), *wanted.overlays]))
    layout = {**old.layout, **({KUSTOMIZE: overlays} if overlays else {})}
    found = update(target, old, arranged(rendered, layout), new_lock(target, rendered, told, layout))
    if found.unsolved:
        return _unsolved(target, found)
    if wanted.check or wanted.dry_run:
        return _shown(wanted, found)
    folder.write(found.plan)
    _scaffold_show.changes(found.plan, wanted.summary, found.conflicts)
    if found.conflicts:
        return _conflicts(wanted, found)
    _print.flush()
    _tell_unchanged(old, found)
    if found.plan.writes:
        tell(rendered, overlays)
    return Exit.OK


def _recipe(wanted: Wanted, target: Path, old: "Lock") -> "Recipe":
    """The recipe of the lock, from where it was if that is a folder. Says so where it comes from elsewhere now."""
    from k8sai.cookbook.folder import origin_folder

    place = origin_folder(target, old)
    if place is not None and not wanted.recipe_dirs:
        return open_library().find(f"{place}/")
    recipe = open_library(wanted.recipe_dirs).find(old.recipe)
    if recipe.origin != old.origin and not wanted.recipe_dirs:
        _talk.note(Note(f"{recipe.name} is taken from {recipe.origin}; the files were made from {old.origin}", "warn"))
    return recipe


def _unsolved(target: Path, found: Update) -> int:
    for name, line in found.unsolved:
        _talk.error(f"{target / name}:{line}: conflict marks of an earlier update are still there")
    _talk.note(Note("nothing was written", hint=f"decide, remove the marks, then `k8sai scaffold --update {target}`"))
    return Exit.PARTIAL


def _shown(wanted: Wanted, found: Update) -> int:
    """What would be: the difference, or a line for each file."""
    if wanted.summary != "text" or wanted.check:
        _scaffold_show.changes(found.plan, wanted.summary, found.conflicts)
    else:
        _scaffold_show.diff(found.plan)
    if found.conflicts and wanted.summary == "text":
        _scaffold_show.conflicts(found.plan.folder, found.conflicts)
    _print.flush()
    if not found.plan.writes:
        _talk.note(Note("an update would change nothing", "good"))
        return Exit.OK
    if wanted.check:
        _talk.note(
            Note("an update would change files", hint=f"`k8sai scaffold --update {found.plan.folder} --dry-run`")
        )
        return Exit.FINDINGS
    return Exit.PARTIAL if found.conflicts else Exit.OK


def _conflicts(wanted: Wanted, found: Update) -> int:
    if wanted.summary == "text":
        _scaffold_show.conflicts(found.plan.folder, found.conflicts)
    _print.flush()
    count = len(found.conflicts)
    said = "1 conflict is" if count == 1 else f"{count} conflicts are"
    hint = "decide between the marks, and remove them; the next --update takes what is there as decided"
    _talk.note(Note(f"{said} marked in the files", "warn", hint))
    return Exit.PARTIAL


def _tell_unchanged(old: "Lock", found: Update) -> None:
    if found.plan.writes:
        return
    if found.plan.lock == old:
        _talk.note(Note("nothing has changed", "good"))
    else:
        _talk.note(Note(f"the files are as they should be; {lock.NAME} was brought up to date", "good"))
