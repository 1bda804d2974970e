"""What lists show of a recipe, without loading it: of the built-in ones from a file that is made with them."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from k8sai.cookbook.library import BUILT_IN, Library
from k8sai.cookbook.recipe import Recipe, load
from k8sai.errors import K8saiError

FILE = "index.json"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a list. `broken` says why a recipe cannot be loaded; the rest is then empty."""

    name: str
    origin: str
    title: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    kubernetes: str = ""
    kinds: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    broken: str = ""

    @property
    def group(self) -> str:
        return self.tags[0] if self.tags else ""

    def mentions(self, word: str) -> bool:
        """Whether its name, title, description, tags or kinds have the word in them."""
        return word.lower() in " ".join((self.name, self.title, self.description, *self.tags, *self.kinds)).lower()


def entries(library: Library) -> list[Entry]:
    """All recipes, by name. One that cannot be loaded is listed with the reason."""
    made: dict[str, Entry] | None = None
    found = []
    for name, (shelf, folder) in library.folders.items():
        if shelf.origin == BUILT_IN and made is None:
            made = _made(folder.parent / FILE)
        entry = made.get(name) if shelf.origin == BUILT_IN and made else None
        found.append(entry or _loaded(name, folder, shelf.origin))
    return found


def _made(file: Path) -> dict[str, Entry]:
    """The entries that came with the program; none where somebody works on the recipes and has none yet."""
    try:
        listed = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    lists = ("tags", "kinds", "features")
    return {each["name"]: Entry(**{**each, **{key: tuple(each[key]) for key in lists}}) for each in listed}


def _loaded(name: str, folder: Path, origin: str) -> Entry:
    try:
        return entry_of(load(folder, origin))
    except K8saiError as error:
        return Entry(name, origin, broken=error.message)


def written(folder: Path) -> str:
    """The index of a folder of built-in recipes, as its file holds it."""
    found = (entry_of(load(each, BUILT_IN)) for each in sorted(folder.iterdir()) if (each / "recipe.yaml").is_file())
    return json.dumps([asdict(each) for each in found], indent=1, ensure_ascii=False) + "\n"


def entry_of(recipe: Recipe) -> Entry:
    """A recipe's line."""
    needs = recipe.requires
    return Entry(
        recipe.name,
        recipe.origin,
        recipe.title,
        recipe.description,
        recipe.tags,
        needs.kubernetes,
        needs.kinds,
        needs.features,
    )


if __name__ == "__main__":
    from k8sai.cookbook.library import built_in

    (built_in() / FILE).write_text(written(built_in()), encoding="utf-8")
