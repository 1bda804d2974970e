"""`scaffold -o DIR`: writes a rendering into a folder, and says what became of each file."""

from pathlib import Path
from typing import TYPE_CHECKING

from k8sai.commands import _print
from k8sai.cookbook import folder, lock
from k8sai.cookbook.folder import Change, Plan
from k8sai.cookbook.render import Rendered
from k8sai.errors import Refused

if TYPE_CHECKING:
    from k8sai.commands._scaffold_run import Wanted
    from k8sai.view import Tone

_SAID: "dict[str, tuple[str, Tone]]" = {
    "create": ("created", "good"),
    "update": ("updated", "good"),
    "unchanged": ("unchanged", "dim"),
    "delete": ("deleted", "warn"),
    "conflict": ("conflict", "bad"),
}


def make(wanted: "Wanted", rendered: Rendered, said: dict[str, object]) -> None:
    """Write the files. Raises Refused, Usage."""
    target = Path(wanted.out)
    old = lock.read(target)
    if old is not None and old.recipe != rendered.recipe.name:
        raise Refused(f"{target} was made from the recipe {old.recipe}: nothing was written", "take another folder")
    plan = folder.fresh(target, rendered.files, folder.lock_of(rendered, said), old)
    folder.write(plan)
    list_changes(plan)


def list_changes(plan: Plan) -> None:
    """A line for each file."""
    for change in plan.changes:
        _print.toned(said(plan.folder, change), _SAID[change.op][1])


def said(target: Path, change: Change) -> str:
    """`qwen/deployment.yaml created`."""
    return f"{target / change.name} {_SAID[change.op][0]}"
