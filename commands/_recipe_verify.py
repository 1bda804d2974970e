"""`recipe verify`: whether a folder is still what its lock says, and the recipe still the one it was made from."""

from collections.abc import Sequence
from pathlib import Path

from k8sai.commands import _print, _talk
from k8sai.commands._recipe_document import document
from k8sai.cookbook.library import open_library
from k8sai.cookbook.verifying import Verified, body, page, verified
from k8sai.errors import Exit
from k8sai.view import Note


def show_verified(folder: Path, folders: Sequence[Path], output: str, plain: bool) -> int:
    """The exit code: 1 where something differs. Raises NotFound, Usage."""
    found = verified(folder, open_library(folders))
    if output == "table":
        _print.page(page(found), plain=plain)
        _print.flush()
        for note in _notes(found, folder):
            _talk.note(note)
    else:
        document("RecipeVerify", body(found), output)
    return Exit.OK if found.same else Exit.FINDINGS


def _notes(found: Verified, folder: Path) -> list[Note]:
    if found.same:
        return [Note(f"{folder} is what {found.lock.recipe} made")]
    if found.recipe != "same":
        return [Note(f"the recipe is {found.recipe}", "warn", f"`k8sai scaffold --update {folder} --dry-run`")]
    return [Note("files differ from what the recipe made: that is allowed, they are yours")]
