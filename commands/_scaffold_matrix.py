"""`scaffold --matrix`: a folder for each variant, and a table of what differs."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from k8sai.commands import _print, _scaffold_show
from k8sai.commands._scaffold_made import planned, printed, rendering, tell
from k8sai.commands._scaffold_wanted import Wanted
from k8sai.cookbook import folder
from k8sai.cookbook.layout import VARIANT, arranged
from k8sai.cookbook.matrix import Variant, differences, table, variants
from k8sai.errors import Exit
from k8sai.view import Page

if TYPE_CHECKING:
    from k8sai.cookbook.folder import Plan
    from k8sai.cookbook.recipe import Recipe
    from k8sai.cookbook.render import File, Rendered
    from k8sai.cookbook.said import Said

_Made = list[tuple[Variant, "Rendered"]]


def run(wanted: Wanted, recipe: "Recipe", told: "Said") -> int:
    """The exit code. All variants are rendered and planned before the first file is written. Raises Refused, Usage."""
    axes = [axis.partition("=")[0] for axis in wanted.matrix]
    made: _Made = []
    files: list[tuple[File, ...]] = []
    plans: list[Plan] = []
    for variant in variants(recipe, wanted.matrix, told.values):
        own = replace(told, values={**told.values, **variant.values})
        rendered, layout = rendering(wanted, recipe, own), {VARIANT: variant.name}
        made.append((variant, rendered))
        files.append(arranged(rendered, layout))
        if not wanted.prints:
            plans.append(planned(Path(wanted.out) / variant.name, rendered, files[-1], own, layout))
    if wanted.prints:
        _print.text(printed(_with_folders(made, files)))
        _print.flush()
    else:
        _carry_out(wanted, plans, made, axes)
    tell(made[0][1])
    return Exit.OK


def _with_folders(made: _Made, files: list[tuple["File", ...]]) -> list["File"]:
    return [
        replace(file, name=f"{variant.name}/{file.name}")
        for (variant, _), own in zip(made, files, strict=True)
        for file in own
    ]


def _carry_out(wanted: Wanted, plans: list["Plan"], made: _Made, axes: list[str]) -> None:
    if wanted.dry_run and wanted.summary == "text":
        for plan in plans:
            _scaffold_show.diff(plan)
    elif not wanted.dry_run:
        for plan in plans:
            folder.write(plan)
    if wanted.summary == "text":
        if not wanted.dry_run:
            for plan in plans:
                _scaffold_show.changes(plan, "text")
        _print.line()
        _print.page(Page((table(made, axes),)))
    else:
        _scaffold_show.put(_scaffold_show.document(plans, variants=_described(made, axes)), wanted.summary)
    _print.flush()


def _described(made: _Made, axes: list[str]) -> list[dict[str, Any]]:
    columns = differences(made, axes)
    return [
        {"name": variant.name, "values": variant.values, "differs": {title: values[at] for title, values in columns}}
        for at, (variant, _) in enumerate(made)
    ]
