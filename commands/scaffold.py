"""A recipe with your parameters as files you own; and a newer recipe merged into them, with your changes kept."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from k8sai.commands._door import entry
from k8sai.errors import Usage

Summary = Literal["text", "json", "yaml"]


def scaffold(
    what: Annotated[
        str,
        typer.Argument(metavar="[RECIPE]", help="The recipe, by name or folder.", show_default=False),
    ] = "",
    *,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A parameter; may be repeated, and is taken before -f."),
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
) -> int:
    """A recipe with your parameters as files you own.

    Without -o the files are printed. A folder also gets k8sai.lock, from which --update knows what was made. A file
    that you have changed is never overwritten.

    \b
    Examples:
      k8sai scaffold vllm --set name=qwen --set model=Qwen/Qwen3-8B
      k8sai scaffold vllm -f qwen.yaml -n ml -o qwen/
    """
    from k8sai.commands._scaffold_run import Wanted, run

    if not what:
        raise Usage("scaffold needs a recipe", "`k8sai recipe list` shows all")
    wanted = Wanted(
        what=what,
        sets=tuple(sets or ()),
        values=tuple(values or ()),
        out=out or "-",
        namespace=namespace,
        recipe_dirs=tuple(recipe_dir or ()),
    )
    return run(wanted)


main = entry(scaffold, "scaffold")
