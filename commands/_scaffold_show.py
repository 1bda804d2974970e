"""What `scaffold` says of files: what became of each, what would change, and what is in conflict."""

import difflib
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from k8sai.ages import stamp
from k8sai.commands import _print
from k8sai.cookbook.folder import Change, Plan
from k8sai.cookbook.words import shown
from k8sai.view import Cell, Column, Page, Row, Table, Tone

if TYPE_CHECKING:
    from k8sai.cookbook.merge import Conflict

_SAID: "dict[str, tuple[str, Tone]]" = {
    "create": ("created", "good"),
    "update": ("updated", "good"),
    "unchanged": ("unchanged", "dim"),
    "delete": ("deleted", "warn"),
    "conflict": ("in conflict", "bad"),
}


def changes(plan: Plan, summary: str, conflicts: "Sequence[Conflict]" = ()) -> None:
    """A line for each file, or a document."""
    if summary == "text":
        for change in plan.changes:
            word, tone = _SAID[change.op]
            _print.toned(f"{plan.folder / change.name} {word}", tone)
    else:
        put(document([plan], conflicts), summary)


def put(what: dict[str, Any], summary: str) -> None:
    """A document in the format asked for."""
    _print.document(what, summary)


def document(plans: Iterable[Plan], conflicts: "Sequence[Conflict]" = (), **more: Any) -> dict[str, Any]:
    """What was done, as a document of the contract."""
    plans = list(plans)
    lock = plans[0].lock
    return {
        "apiVersion": "k8sai.dev/v1alpha1",
        "kind": "Scaffold",
        "at": stamp(time.time()),
        "context": "",
        "complete": True,
        "hidden": [],
        "recipe": {"name": lock.recipe, "origin": lock.origin, "digest": lock.digest},
        "files": [
            {"file": (plan.folder / change.name).as_posix(), "op": change.op}
            for plan in plans
            for change in plan.changes
        ],
        "conflicts": [_conflict(plans[0].folder, each) for each in conflicts],
        **more,
    }


def _conflict(folder: Path, conflict: "Conflict") -> dict[str, Any]:
    clash = conflict.clash
    sides = {"base": clash.base, "yours": clash.yours, "recipe": clash.recipe}
    return {
        "file": (folder / conflict.file).as_posix(),
        "line": conflict.line,
        "object": conflict.object,
        "path": clash.path,
        **{side: value for side, value in sides.items() if not _is_gone(value)},
    }


def conflicts(folder: Path, found: "Sequence[Conflict]") -> None:
    """Where, of what, and the three values."""
    columns = ("PLACE", "OBJECT", "FIELD", "YOURS", "BASE", "RECIPE")
    rows = [
        Row(
            f"{each.file}:{each.line}",
            (
                Cell(f"{folder / each.file}:{each.line}"),
                Cell(each.object or "-"),
                Cell(each.clash.path or "all of it"),
                *(_value(value) for value in (each.clash.yours, each.clash.base, each.clash.recipe)),
            ),
        )
        for each in found
    ]
    _print.line()
    _print.page(Page((Table(tuple(Column(title, shrink=title != "PLACE") for title in columns), tuple(rows)),)))


def _value(value: Any) -> Cell:
    return Cell("removed", "dim") if _is_gone(value) else Cell(shown(value))


def _is_gone(value: Any) -> bool:
    from k8sai.cookbook.merge_marks import GONE

    return value is GONE


def diff(plan: Plan) -> None:
    """What would change, as `diff -u` says it."""
    _print.block(cell for change in plan.writes for cell in _diff(plan.folder, change))


def _diff(folder: Path, change: Change) -> Iterator[Cell]:
    path = (folder / change.name).as_posix()
    before, after = ((text or "").splitlines() for text in (change.before, change.after))
    source, target = ("/dev/null" if text is None else path for text in (change.before, change.after))
    for line in difflib.unified_diff(before, after, source, target, lineterm=""):
        tone: Tone = "plain"
        if line.startswith("@@"):
            tone = "dim"
        elif line.startswith(("+", "-")):
            tone = "good" if line.startswith("+") else "bad"
        yield Cell(line, tone)
