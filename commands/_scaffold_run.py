"""`scaffold`: reads the parameters, renders the recipe, and prints the files or writes them."""

from pathlib import Path
from typing import TYPE_CHECKING

from k8sai.commands import _print, _talk
from k8sai.commands._scaffold_made import planned, printed, rendering, tell
from k8sai.commands._scaffold_wanted import Wanted
from k8sai.cookbook.layout import KUSTOMIZE, arranged
from k8sai.cookbook.library import open_library
from k8sai.cookbook.said import said
from k8sai.cookbook.values import missing
from k8sai.errors import Exit
from k8sai.view import Note

if TYPE_CHECKING:
    from k8sai.cookbook.folder import Plan


def run(wanted: Wanted) -> int:
    """The exit code. Raises NotFound, Usage, Refused."""
    if wanted.update:
        from k8sai.commands._scaffold_update import run as update

        return update(wanted)
    recipe = open_library(wanted.recipe_dirs).find(wanted.what)
    told = said(recipe, wanted.values, wanted.sets)
    if wanted.matrix:
        from k8sai.commands._scaffold_matrix import run as every

        return every(wanted, recipe, told)
    if wanted.asks and not told.wrong and missing(recipe, told.values, wanted.namespace):
        from k8sai.commands._scaffold_ask import ask, can_ask

        if can_ask(wanted):
            answered = ask(wanted, recipe, told)
            if answered is None:
                _talk.note(Note("left: nothing was written"))
                return Exit.INTERRUPT
            told = answered
    rendered = rendering(wanted, recipe, told)
    layout = {KUSTOMIZE: list(wanted.overlays)} if wanted.overlays else {}
    files = arranged(rendered, layout)
    if wanted.prints:
        _print.text(printed(files))
        _print.flush()
    else:
        plan = planned(Path(wanted.out), rendered, files, told, layout)
        carry_out(wanted, plan)
    tell(rendered, wanted.overlays)
    return Exit.OK


def carry_out(wanted: Wanted, plan: "Plan") -> None:
    """Write what was planned, or show what would be; then say what became of each file."""
    from k8sai.commands import _scaffold_show
    from k8sai.cookbook.folder import write

    if wanted.dry_run and wanted.summary == "text":
        _scaffold_show.diff(plan)
        return
    if not wanted.dry_run:
        write(plan)
    _scaffold_show.changes(plan, wanted.summary)
