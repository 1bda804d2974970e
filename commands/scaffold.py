"""A recipe with your parameters as files you own; and a newer recipe merged into them, with your changes kept."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from k8sai.commands._door import entry
from k8sai.errors import Usage

if TYPE_CHECKING:
    from k8sai.commands._scaffold_wanted import Wanted

Summary = Literal["text", "json", "yaml"]


def scaffold(
    what: Annotated[
        str,
        typer.Argument(
            metavar="[RECIPE]",
            help="The recipe, by name or folder; with --update or --check the folder that was made.",
            show_default=False,
        ),
    ] = "",
    *,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A parameter; may be repeated, and counts more than -f."),
    ] = None,
    values: Annotated[
        list[str] | None,
        typer.Option("-f", "--values", metavar="FILE", help="Parameters from a YAML or JSON file; may be repeated."),
    ] = None,
    out: Annotated[
        str,
        typer.Option("-o", "--output", metavar="DIR", help="Where the files go; - prints them.", show_default=False),
    ] = "",
    namespace: Annotated[
        str, typer.Option("-n", "--namespace", metavar="NAME", help="The namespace of the objects.", show_default=False)
    ] = "",
    recipe_dir: Annotated[
        list[Path] | None,
        typer.Option("--recipe-dir", metavar="DIR", help="Look for recipes here first; may be repeated."),
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Merge what the recipe makes now into the files of the folder.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Exit code 1 if an update would change a file; nothing is written.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would change; write nothing.")] = False,
    kustomize: Annotated[bool, typer.Option("--kustomize", help="Lay the files out as base/ and overlays/.")] = False,
    overlay: Annotated[
        list[str] | None,
        typer.Option("--overlay", metavar="NAME", help="An overlay, with --kustomize; may be repeated."),
    ] = None,
    matrix: Annotated[
        list[str] | None,
        typer.Option("--matrix", metavar="NAME=V,V", help="A variant for each value; several make all combinations."),
    ] = None,
    summary: Annotated[Summary, typer.Option("--summary", help="How to say what was done.")] = "text",
    no_input: Annotated[bool, typer.Option("--no-input", help="Never ask for parameters.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Ask line by line instead of in a form.")] = False,
) -> int:
    """A recipe with your parameters as files you own.

    Without -o the files are printed. A folder also gets k8sai.lock, from which --update knows what was made: what the
    recipe makes now is merged into the files, and your changes stay. A file of yours is never overwritten. At a
    terminal, parameters that are missing are asked for in a form.

    \b
    Exit codes:
      0    written, printed, or nothing to do
      1    --check: an update would change a file
      5    a file is there that is not what was made: nothing was written
      14   --update: conflicts are marked in the files, as git does
      130  the form was left: nothing was written

    \b
    Examples:
      k8sai scaffold vllm --set name=qwen --set model=Qwen/Qwen3-8B
      k8sai scaffold vllm -f qwen.yaml -o qwen/
      k8sai scaffold --update qwen/ --set gpus=4 --dry-run
      k8sai scaffold jobset-train -f run.yaml --matrix workers=2,4,8 -o sweep/
    """
    from k8sai.commands._scaffold_run import run
    from k8sai.commands._scaffold_wanted import Wanted

    wanted = Wanted(
        what=what,
        sets=tuple(sets or ()),
        values=tuple(values or ()),
        out=out,
        namespace=namespace,
        recipe_dirs=tuple(recipe_dir or ()),
        update=update or check,
        check=check,
        dry_run=dry_run,
        overlays=tuple(overlay or (["default"] if kustomize else [])),
        matrix=tuple(matrix or ()),
        summary=summary,
        asks=not no_input,
        plain=plain,
    )
    _refuse_contradictions(wanted)
    return run(wanted)


def _refuse_contradictions(wanted: "Wanted") -> None:
    """Flags that cannot be meant together. Raises Usage."""
    if not wanted.what and not wanted.update:
        raise Usage("scaffold needs a recipe", "`k8sai recipe list` shows all")
    if wanted.update and wanted.out:
        raise Usage("--update merges into the folder it is given: -o means nothing with it", "leave -o out")
    if wanted.update and wanted.matrix:
        raise Usage("--update is of one folder, and --matrix makes several", "update each folder")
    if wanted.matrix and wanted.overlays:
        raise Usage(
            "--matrix makes a folder for each variant, and --kustomize one for each overlay", "take one of them"
        )
    printing = not wanted.update and wanted.out in ("", "-")
    for flag, given in (("--dry-run", wanted.dry_run), ("--summary", wanted.summary != "text")):
        if printing and given:
            raise Usage(f"{flag} is about writing files, and without -o they are printed", "say where: -o DIR")


main = entry(scaffold, "scaffold")
