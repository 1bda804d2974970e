"""What comes of a recipe with what was said: rendered, planned for a folder, printed, and what to know of it."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from k8sai.commands import _talk
from k8sai.commands._scaffold_wanted import Wanted
from k8sai.cookbook.recipe import Recipe
from k8sai.cookbook.render import File, Rendered, render
from k8sai.cookbook.said import Said
from k8sai.errors import Refused, Usage
from k8sai.view import Note

if TYPE_CHECKING:
    from k8sai.cookbook.folder import Plan
    from k8sai.cookbook.lock import Lock


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
