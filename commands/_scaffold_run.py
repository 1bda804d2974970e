"""`scaffold`: reads the parameters, renders the recipe, and prints the files or writes them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from k8sai.commands import _print, _talk
from k8sai.cookbook.layout import KUSTOMIZE, arranged
from k8sai.cookbook.library import open_library
from k8sai.cookbook.recipe import Recipe
from k8sai.cookbook.render import File, Rendered, render
from k8sai.cookbook.said import Said, said
from k8sai.cookbook.values import missing
from k8sai.errors import Exit, Refused, Usage
from k8sai.view import Note

if TYPE_CHECKING:
    from k8sai.cookbook.folder import Plan
    from k8sai.cookbook.lock import Lock


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the flags say."""

    what: str
    sets: tuple[str, ...]
    values: tuple[str, ...]
    out: str
    namespace: str
    recipe_dirs: tuple[Path, ...]
    update: bool
    check: bool
    dry_run: bool
    overlays: tuple[str, ...]
    matrix: tuple[str, ...]
    summary: str
    asks: bool
    plain: bool

    @property
    def prints(self) -> bool:
        """Whether the files go to stdout."""
        return self.out in ("", "-")


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


def rendering(wanted: Wanted, recipe: Recipe, told: Said) -> Rendered:
    """What the recipe makes of what was said. Raises Usage, also where it makes nothing."""
    rendered = render(recipe, told.values, wanted.namespace, wrong=told.wrong)
    if not rendered.files:
        raise Usage(f"{recipe.name} makes nothing with these parameters")
    return rendered


def planned(target: Path, rendered: Rendered, files: Iterable[File], told: Said, layout: dict[str, Any]) -> "Plan":
    """The files as they would be written into a folder. Raises Refused, Usage."""
    from k8sai.cookbook import folder, lock

    old = lock.read(target)
    if old is not None and old.recipe != rendered.recipe.name:
        raise Refused(f"{target} was made from the recipe {old.recipe}: nothing was written", "take another folder")
    return folder.fresh(target, files, new_lock(target, rendered, told, layout), old)


def new_lock(target: Path, rendered: Rendered, told: Said, layout: dict[str, Any]) -> "Lock":
    """The lock of a rendering, still without files."""
    from k8sai.cookbook.folder import lock_of

    return lock_of(rendered, told.kept(target), target, layout)


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


def printed(files: Iterable[File]) -> str:
    """All files as one stream of documents, each with its name above it where there are several."""
    found = list(files)
    if len(found) == 1:
        return found[0].text
    return "---\n".join(f"# {file.name}\n{file.text}" for file in found)


def tell(rendered: Rendered, overlays: Sequence[str] = ()) -> None:
    """What to know, on stderr. Overlays have the namespace in them."""
    namespace = rendered.namespace
    if namespace and not overlays and all(each.namespace != namespace for each in rendered.manifests):
        _talk.note(Note(f"the files name no namespace: apply them with -n {namespace}"))
    plain = [file.name for file in rendered.files if not file.manifests]
    if plain and len(plain) < len(rendered.files):
        which = f"{plain[0]} holds" if len(plain) == 1 else f"{', '.join(plain)} hold"
        _talk.note(Note(f"{which} no Kubernetes object: `kubectl apply` takes the other files"))
    for note in rendered.notes:
        _talk.note(Note(note))
