"""Where files came from: a folder held against its lock, and the lock against the recipe that is here now."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from k8sai.cookbook import lock
from k8sai.cookbook.folder import read_text
from k8sai.cookbook.library import Library
from k8sai.cookbook.lock import Lock
from k8sai.errors import K8saiError, NotFound
from k8sai.view import Cell, Column, Page, Row, Table, Tone

Of = Literal["same", "changed", "missing"]

_TONES: dict[Of, Tone] = {"same": "good", "changed": "warn", "missing": "bad"}


@dataclass(frozen=True, slots=True)
class Verified:
    """How a folder stands: each file, and the recipe itself."""

    lock: Lock
    files: tuple[tuple[str, Of], ...]
    recipe: Of

    @property
    def same(self) -> bool:
        return self.recipe == "same" and all(each == "same" for _, each in self.files)


def verified(folder: Path, library: Library) -> Verified:
    """The folder held against what its lock says. Raises NotFound where there is none, Usage for a broken one."""
    found = lock.read(folder)
    if found is None:
        raise NotFound(f"{folder} has no {lock.NAME}", "`k8sai scaffold RECIPE -o DIR` makes one")
    return Verified(found, tuple((each.name, _file(folder, each)) for each in found.files), _recipe(found, library))


def _file(folder: Path, kept: lock.Kept) -> Of:
    text = read_text(folder / kept.name)
    if text is None:
        return "missing"
    return "same" if lock.digest_of(text) == kept.digest else "changed"


def _recipe(found: Lock, library: Library) -> Of:
    try:
        recipe = library.find(found.recipe)
    except K8saiError:
        return "missing"
    return "same" if recipe.digest == found.digest else "changed"


def page(found: Verified) -> Page:
    """A line a file, the recipe first."""
    columns = (Column("WHAT"), Column("NAME"), Column("STATE"))
    rows = [_row("recipe", found.lock.recipe, found.recipe), *(_row("file", name, of) for name, of in found.files)]
    return Page((Table(columns, tuple(rows)),))


def _row(what: str, name: str, of: Of) -> Row:
    return Row(f"{what}/{name}", (Cell(what), Cell(name), Cell(of, _TONES[of])))


def body(found: Verified) -> dict[str, Any]:
    """The same for scripts."""
    return {
        "recipe": {"name": found.lock.recipe, "digest": found.lock.digest, "state": found.recipe},
        "files": [{"name": name, "state": of} for name, of in found.files],
        "same": found.same,
    }
