"""Where recipes are: the project's own folder, the user's, and the built-in ones; the first with a name is taken."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from k8sai.cookbook.recipe import HEAD, Recipe, load
from k8sai.cookbook.words import meant
from k8sai.errors import NotFound

PROJECT, USER, BUILT_IN = "project", "user", "built in"


@dataclass(frozen=True, slots=True)
class Shelf:
    """A folder of recipes, a folder each. Only what came with the program is trusted."""

    origin: str
    folder: Path
    trusted: bool = False

    def folders(self) -> Iterator[Path]:
        """The recipes' folders, by name."""
        if self.folder.is_dir():
            yield from sorted(each for each in self.folder.iterdir() if (each / HEAD).is_file())


class Library:
    """All recipes there are, those of a shelf before hiding those of the same name after it.

    The shelves are looked through once: what is put there afterwards is in the next library that is opened.
    """

    def __init__(self, shelves: Sequence[Shelf]) -> None:
        self._shelves = tuple(shelves)

    @cached_property
    def folders(self) -> Mapping[str, tuple[Shelf, Path]]:
        """Each recipe's name with where it is taken from, by name."""
        found: dict[str, tuple[Shelf, Path]] = {}
        for shelf in self._shelves:
            for folder in shelf.folders():
                found.setdefault(folder.name, (shelf, folder))
        return dict(sorted(found.items()))

    def find(self, name: str) -> Recipe:
        """The recipe of this name, or in this folder where it is a path. Raises NotFound, Usage."""
        folder = Path(name)
        if ("/" in name or name in (".", "..")) and (folder / HEAD).is_file():
            return load(folder.resolve(), str(folder))
        if name not in self.folders:
            raise NotFound(f"there is no recipe {name}{meant(name, self.folders)}", "`k8sai recipe list` shows all")
        shelf, folder = self.folders[name]
        return load(folder, shelf.origin, trusted=shelf.trusted)


def open_library(folders: Sequence[Path] = (), project: Path | None = None) -> Library:
    """The usual shelves, after those somebody named. `project` is the folder with `recipes` in it: the current one."""
    for folder in folders:
        if not folder.is_dir():
            raise NotFound(f"there is no folder {folder}")
    own = (project or Path()) / "recipes"
    named = [Shelf(str(folder), folder) for folder in folders]
    return Library([*named, *_project(own), Shelf(USER, _user_folder()), Shelf(BUILT_IN, built_in(), trusted=True)])


def built_in() -> Path:
    """The folder of the recipes that came with the program."""
    import k8sai.recipes

    return Path(k8sai.recipes.__path__[0])


def _project(folder: Path) -> list[Shelf]:
    """Nothing where the project is this program's own: its recipes are the built-in ones."""
    if folder.is_dir() and folder.resolve() == built_in().resolve():
        return []
    return [Shelf(PROJECT, folder)]


def _user_folder() -> Path:
    from platformdirs import user_config_path

    return user_config_path("k8sai") / "recipes"
