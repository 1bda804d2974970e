"""Apply manifests or a recipe as an expert would: checked first, conflicts explained, written in order, pruned."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from k8sai.cluster.options import Options
from k8sai.commands import _flags
from k8sai.commands._door import entry
from k8sai.errors import Usage

if TYPE_CHECKING:
    from k8sai.commands._apply_run import Wish

Output = Literal["table", "json", "yaml", "name"]
DryRun = Literal["none", "client", "server"]

_WHAT = "What to apply"
_FIELDS = "Fields that others own"
_SET = "The set"


def apply(
    options: Options,
    *,
    recipe: Annotated[
        str, typer.Argument(metavar="[RECIPE]", help="A recipe of the library.", show_default=False)
    ] = "",
    files: Annotated[
        list[str] | None,
        typer.Option(
            "-f",
            "--filename",
            metavar="FILE",
            help="A manifest, a folder, or - for stdin; may be repeated.",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    recursive: Annotated[
        bool, typer.Option("-R", "--recursive", help="Folders within folders too.", rich_help_panel=_WHAT)
    ] = False,
    kustomize: Annotated[
        str,
        typer.Option(
            "-k",
            "--kustomize",
            metavar="DIR",
            help="Not read here: the refusal says how.",
            rich_help_panel=_WHAT,
            show_default=False,
        ),
    ] = "",
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="A parameter of the recipe; may be repeated.", rich_help_panel=_WHAT
        ),
    ] = None,
    values: Annotated[
        list[str] | None,
        typer.Option(
            "--values", metavar="FILE", help="Parameters in a YAML file; may be repeated.", rich_help_panel=_WHAT
        ),
    ] = None,
    recipe_dir: Annotated[
        list[str] | None,
        typer.Option("--recipe-dir", metavar="DIR", help="Look for recipes there first.", rich_help_panel=_WHAT),
    ] = None,
    dry_run: Annotated[
        DryRun, typer.Option("--dry-run", help="server: as it would be written; client: without asking anybody.")
    ] = "none",
    diff: Annotated[
        bool, typer.Option("--diff", help="Only show what would differ; exit code 1 where something does.")
    ] = False,
    leave: Annotated[
        list[str] | None,
        typer.Option(
            "--leave", metavar="FIELD", help="Give the field up: its owner's value stays.", rich_help_panel=_FIELDS
        ),
    ] = None,
    share: Annotated[
        list[str] | None,
        typer.Option(
            "--share", metavar="FIELD", help="Own the field too, with the value it has.", rich_help_panel=_FIELDS
        ),
    ] = None,
    take: Annotated[
        list[str] | None,
        typer.Option("--take", metavar="FIELD", help="Take this field from its owner.", rich_help_panel=_FIELDS),
    ] = None,
    force_conflicts: Annotated[
        bool, typer.Option("--force-conflicts", help="Take every field that others own.", rich_help_panel=_FIELDS)
    ] = False,
    field_manager: Annotated[
        str,
        typer.Option("--field-manager", metavar="NAME", help="Own fields under this name.", rich_help_panel=_FIELDS),
    ] = "k8sai",
    prune: Annotated[
        bool,
        typer.Option(
            "--prune",
            help="Delete what an earlier apply of the set wrote and the set has no more.",
            rich_help_panel=_SET,
        ),
    ] = False,
    set_name: Annotated[
        str,
        typer.Option(
            "--set-name",
            metavar="NAME",
            help="Remember the objects as this set; a recipe has a name.",
            rich_help_panel=_SET,
            show_default=False,
        ),
    ] = "",
    prune_also: Annotated[
        list[str] | None,
        typer.Option(
            "--prune-also",
            metavar="KIND",
            help="Prune this kind too: pvc, ns or crd; may be repeated.",
            rich_help_panel=_SET,
        ),
    ] = None,
    skip_preflight: Annotated[
        bool, typer.Option("--skip-preflight", help="Do not look first whether the cluster is ready for it.")
    ] = False,
    wait: Annotated[
        bool | None,
        typer.Option("--wait/--no-wait", help="Until everything is ready; not unless said.", show_default=False),
    ] = None,
    timeout: Annotated[
        str,
        typer.Option(
            "--timeout",
            metavar="TIME",
            help="Wait no longer than this: 90s, 10m. It implies --wait.",
            show_default=False,
        ),
    ] = "",
    rollback_on_failure: Annotated[
        bool,
        typer.Option("--rollback-on-failure", help="Put back what was there if it does not get ready. Waits."),
    ] = False,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Ask nothing.")] = False,
    output: Annotated[Output, typer.Option("-o", "--output", help="How to print it.")] = "table",
) -> int:
    """Apply manifests, or a recipe, by server-side apply.

    First it is looked whether the cluster is ready for them and whether you may; then every object is tried by dry
    run; then they are written in order: namespaces and definitions, configuration, queues, workloads. What is as it
    should be is not written. Fields that others own are never taken unless you say so.

    What removes or takes something wants a yes: asked on a terminal, -y elsewhere.

    \b
    Exit codes:
      0    done, or nothing to do
      1    --diff: something differs; --wait: something failed
      2    a manifest is invalid
      4    a kind is not served
      5    a conflict, or a check: nothing was written
      7    somebody changed it meanwhile
      12   it failed, and what was there is back
      14   some of it was written; the output says what
      16   a right is missing; nothing was written
      124  --timeout

    \b
    Examples:
      k8sai apply -f train.yaml --diff                        what would change
      k8sai apply -f deploy/ --set-name web --prune           and what has left the folder goes
      k8sai apply -f web.yaml --leave .spec.replicas          the autoscaler keeps the replicas
      k8sai apply vllm --set name=qwen --set model=Qwen/Qwen3-8B --wait
    """
    from k8sai.commands._apply_run import Wish, run
    from k8sai.deploy.plan import Choices

    wish = Wish(
        options=options,
        recipe=recipe,
        files=tuple(files or ()),
        recursive=recursive,
        kustomize=kustomize,
        sets=tuple(sets or ()),
        values=tuple(values or ()),
        recipe_dirs=tuple(recipe_dir or ()),
        dry_run="server" if diff and dry_run == "none" else dry_run,
        diff=diff,
        choices=Choices(tuple(leave or ()), tuple(share or ()), tuple(take or ()), force_conflicts),
        field_manager=field_manager,
        prune=prune,
        set_name=set_name,
        prune_also=tuple(prune_also or ()),
        skip_preflight=skip_preflight,
        wait=wait if wait is not None else bool(timeout or rollback_on_failure),
        timeout=_flags.seconds("--timeout", timeout),
        rollback=rollback_on_failure,
        yes=yes,
        output=output,
    )
    _refuse_contradictions(wish, no_wait=wait is False)
    return run(wish)


def _refuse_contradictions(wish: "Wish", *, no_wait: bool) -> None:
    """Each pair of flags that cannot both be meant gets its sentence, before anything is read. Raises Usage."""
    if wish.kustomize:
        raise Usage(
            f"-k is not read here: {wish.kustomize} may hold generators and plugins that only kustomize runs",
            f"`k8sai apply -f -` reads what `kubectl kustomize {wish.kustomize}` writes",
        )
    if wish.recipe and wish.files:
        raise Usage("a recipe and -f are two sets", "apply them one after the other")
    if not wish.recipe and not wish.files:
        raise Usage("apply needs a recipe or -f FILE", "`k8sai recipe list` shows the recipes")
    if not wish.recipe and (wish.sets or wish.values):
        raise Usage("--set and --values are for a recipe, and -f names files", "leave one of them out")
    if wish.prune and not (wish.recipe or wish.set_name):
        raise Usage(
            "--prune needs to know the set: an earlier apply must have had the same --set-name", "--set-name NAME"
        )
    if no_wait and (wish.timeout is not None or wish.rollback):
        raise Usage("--no-wait does not go with --timeout and --rollback-on-failure, which wait")
    if wish.diff and wish.dry_run == "client":
        raise Usage("--diff asks the server, and --dry-run=client asks nobody", "leave one of them out")


main = entry(_flags.connected(apply), "apply")
