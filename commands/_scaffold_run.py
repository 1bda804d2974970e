"""`scaffold`: reads the parameters, renders the recipe, and prints the files or writes them."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from k8sai.commands import _print, _talk
from k8sai.cookbook.library import Library, open_library
from k8sai.cookbook.recipe import Recipe
from k8sai.cookbook.render import File, Rendered, render
from k8sai.cookbook.values import from_file, from_sets, merged
from k8sai.errors import Exit, Usage
from k8sai.view import Note


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the flags say."""

    what: str
    sets: tuple[str, ...]
    values: tuple[str, ...]
    out: str
    namespace: str
    recipe_dirs: tuple[Path, ...]


def run(wanted: Wanted) -> int:
    """The exit code. Raises NotFound, Usage, Refused."""
    recipe = library(wanted).find(wanted.what)
    said = given(recipe, wanted)
    rendered = render(recipe, said, wanted.namespace)
    if not rendered.files:
        raise Usage(f"{recipe.name} makes nothing with these parameters")
    if wanted.out == "-":
        _print.text(printed(rendered.files))
    else:
        from k8sai.commands._scaffold_folder import make

        make(wanted, rendered, said)
    _print.flush()
    tell(rendered)
    return Exit.OK


def library(wanted: Wanted) -> Library:
    """Where recipes are looked for."""
    return open_library(wanted.recipe_dirs)


def given(recipe: Recipe, wanted: Wanted) -> dict[str, object]:
    """The parameters that were said: files in their order, then --set. Raises NotFound, Usage."""
    said: dict[str, object] = {}
    for path in wanted.values:
        said = merged(said, from_file(path))
    return merged(said, from_sets(recipe, wanted.sets))


def printed(files: Iterable[File]) -> str:
    """All files as one stream of documents, each with its name above it where there are several."""
    found = list(files)
    if len(found) == 1:
        return found[0].text
    return "---\n".join(f"# {file.name}\n{file.text}" for file in found)


def tell(rendered: Rendered) -> None:
    """What to know, on stderr."""
    plain = [file.name for file in rendered.files if not file.manifests]
    if plain and len(plain) < len(rendered.files):
        which = f"{plain[0]} holds" if len(plain) == 1 else f"{', '.join(plain)} hold"
        _talk.note(Note(f"{which} no Kubernetes object: `kubectl apply` takes the other files"))
    for note in rendered.notes:
        _talk.note(Note(note))
