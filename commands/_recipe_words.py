"""Recipes and their parameters for completion, read as they are: nobody who presses Tab wants a recipe checked."""

from collections.abc import Iterator, Sequence
from pathlib import Path

Word = tuple[str, str]


def words(source: str, arguments: Sequence[str], recipe_dirs: Sequence[str]) -> Iterator[Word]:
    """Names of recipes, or `name=` of the parameters of the one that was named, each with what it is."""
    from k8sai.cookbook.library import open_library

    folders = open_library([Path(each) for each in recipe_dirs]).folders
    if source == "recipes":
        for name, (_, folder) in folders.items():
            yield name, _title(folder)
        return
    named = [folders[name][1] if name in folders else Path(name) for name in arguments]
    for folder in named:
        if (folder / "recipe.yaml").is_file():
            yield from _parameters(folder)
            return


def _title(folder: Path) -> str:
    """From the line that says it; a YAML reader would take seconds for all of them."""
    for line in (folder / "recipe.yaml").read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("title: "):
            return line.removeprefix("title: ").strip("\"' ")
    return ""


def _parameters(folder: Path) -> Iterator[Word]:
    from k8sai.yaml_in import documents

    (head,) = documents((folder / "recipe.yaml").read_bytes())
    for name, schema in ((head.get("parameters") or {}).get("properties") or {}).items():
        yield f"{name}=", str(schema.get("title") or "")
