"""Delete a set that was applied, or what files name: the last written first, and never data that was not named."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from k8sai.cluster.options import Options
from k8sai.commands import _flags
from k8sai.commands._door import entry
from k8sai.errors import Usage

if TYPE_CHECKING:
    from k8sai.commands._delete_run import Wish

Output = Literal["table", "json", "yaml", "name"]
DryRun = Literal["none", "client", "server"]
Cascade = Literal["background", "foreground", "orphan"]


def delete(
    options: Options,
    *,
    recipe: Annotated[
        str, typer.Argument(metavar="[RECIPE]", help="What was applied from this recipe.", show_default=False)
    ] = "",
    files: Annotated[
        list[str] | None,
        typer.Option("-f", "--filename", metavar="FILE", help="A manifest, a folder, or - for stdin; may be repeated."),
    ] = None,
    recursive: Annotated[bool, typer.Option("-R", "--recursive", help="Folders within folders too.")] = False,
    set_name: Annotated[
        str, typer.Option("--set-name", metavar="NAME", help="The set of this name.", show_default=False)
    ] = "",
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Of a recipe: name=… tells which set it is; may be repeated."),
    ] = None,
    recipe_dir: Annotated[
        list[str] | None, typer.Option("--recipe-dir", metavar="DIR", help="Look for recipes there first.")
    ] = None,
    delete_also: Annotated[
        list[str] | None,
        typer.Option("--delete-also", metavar="KIND", help="Delete this kind too: pvc, ns or crd; may be repeated."),
    ] = None,
    cascade: Annotated[
        Cascade, typer.Option("--cascade", help="What becomes of pods and others that these objects own.")
    ] = "background",
    dry_run: Annotated[
        DryRun, typer.Option("--dry-run", help="Only show what would be deleted; server: the server tries it too.")
    ] = "none",
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Until all of it is gone.")] = True,
    timeout: Annotated[
        str, typer.Option("--timeout", metavar="TIME", help="Wait no longer than this: 90s, 10m.", show_default=False)
    ] = "",
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Ask nothing.")] = False,
    output: Annotated[Output, typer.Option("-o", "--output", help="How to print it.")] = "table",
) -> int:
    """Delete a set that was applied, or what files name.

    The last written goes first. Each object is deleted by its uid: another one that has its name by now stays. Claims
    of volumes, namespaces and definitions stay unless they are named by --delete-also. It wants a yes: asked on a
    terminal, -y elsewhere.

    \b
    Exit codes:
      0    all of it is gone
      4    there is no such set, or none of the objects
      5    nobody said yes
      14   some of it could not be deleted
      16   a right is missing; nothing was deleted
      124  --timeout

    \b
    Examples:
      k8sai delete --set-name web -n ml               what apply --set-name web wrote
      k8sai delete vllm --set name=qwen               what apply vllm --set name=qwen … wrote
      k8sai delete -f train.yaml -y
      k8sai delete --set-name web --delete-also pvc   and the volumes
    """
    from k8sai.commands._delete_run import Wish, run

    wish = Wish(
        options=options,
        recipe=recipe,
        files=tuple(files or ()),
        recursive=recursive,
        set_name=set_name,
        sets=tuple(sets or ()),
        recipe_dirs=tuple(recipe_dir or ()),
        also=tuple(delete_also or ()),
        cascade=cascade,
        dry_run=dry_run,
        wait=wait,
        timeout=_flags.seconds("--timeout", timeout),
        yes=yes,
        output=output,
    )
    _refuse_contradictions(wish)
    return run(wish)


def _refuse_contradictions(wish: "Wish") -> None:
    """Each pair of flags that cannot both be meant gets its sentence, before anything is read. Raises Usage."""
    ways = (("RECIPE", wish.recipe), ("-f", wish.files), ("--set-name", wish.set_name))
    given = [name for name, value in ways if value]
    if not given:
        raise Usage("delete needs to know what: RECIPE, --set-name NAME or -f FILE", "see `k8sai delete --help`")
    if len(given) > 1:
        raise Usage(f"{' and '.join(given)} each say what to delete", "leave all but one of them out")
    if wish.sets and not wish.recipe:
        raise Usage("--set is for a recipe", "name the recipe first")


main = entry(_flags.connected(delete), "delete")
