"""The recipe library: list it, explain one, make, lint, test and verify them."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from k8sai.cluster.options import Options
from k8sai.commands import _flags
from k8sai.commands._door import entry

Output = Literal["table", "wide", "json", "yaml", "name"]
Result = Literal["table", "json", "yaml"]

_Folders = Annotated[
    list[Path] | None,
    typer.Option("--recipe-dir", metavar="DIR", help="A folder of recipes to look in first; may be repeated."),
]
_Plain = Annotated[bool, typer.Option("--plain", help="Words, no colour: a line per thing.")]
_Lacks = Annotated[bool, typer.Option("--lacks", help="Ask the cluster what it has not of what is needed.")]
_Crds = Annotated[
    Path | None,
    typer.Option("--crds", metavar="DIR", help="A folder with CustomResourceDefinitions to hold custom kinds against."),
]

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="The recipe library: list it, explain one, make, lint, test and verify them.",
)


def list_(
    options: Options,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[WORD]...", help="Only recipes that mention all of these.")
    ] = None,
    *,
    tags: Annotated[
        list[str] | None, typer.Option("--tag", metavar="TAG", help="Only with this tag; may be repeated: any of them.")
    ] = None,
    lacks: _Lacks = False,
    folders: _Folders = None,
    output: Annotated[Output, typer.Option("-o", "--output", help="How to print it.")] = "table",
    plain: _Plain = False,
) -> int:
    """All recipes: the project's own in ./recipes, yours, and the built-in ones.

    With --lacks each says what it needs and the cluster has not: kinds that are not served, an older Kubernetes.

    \b
    Examples:
      k8sai recipe list --tag serving
      k8sai recipe list kueue -o wide
      k8sai recipe list --lacks            what would have to be installed first
    """
    from k8sai.commands._recipe_run import show_list

    return show_list(options, tuple(words or ()), tuple(tags or ()), lacks, tuple(folders or ()), output, plain)


def explain(
    options: Options,
    name: Annotated[str, typer.Argument(metavar="RECIPE", help="The recipe, by name or folder.")],
    *,
    lacks: _Lacks = False,
    folders: _Folders = None,
    output: Annotated[Result, typer.Option("-o", "--output", help="How to print it.")] = "table",
    plain: _Plain = False,
) -> int:
    """One recipe: what it is for, its parameters, and what it makes, asks of GPUs and takes to apply.

    What it makes is shown for the values of its first test; other parameters may make more or less.

    \b
    Examples:
      k8sai recipe explain vllm
      k8sai recipe explain jobset-train --lacks
      k8sai recipe explain vllm -o json    the parameters as JSON Schema
    """
    from k8sai.commands._recipe_run import show_one

    return show_one(options, name, lacks, tuple(folders or ()), output, plain)


def lint(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[RECIPE]...", help="Recipes, by name or folder.")
    ] = None,
    *,
    files: Annotated[
        list[str] | None,
        typer.Option("-f", "--filename", metavar="FILE", help="Manifests instead: a file, a folder or - for stdin."),
    ] = None,
    recursive: Annotated[bool, typer.Option("-R", "--recursive", help="Folders of folders too.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count too.")] = False,
    folders: _Folders = None,
    output: Annotated[Result, typer.Option("-o", "--output", help="How to print it.")] = "table",
    plain: _Plain = False,
) -> int:
    """What is wrong with recipes or manifests, before any cluster is asked. Exits with 1 where something is.

    Without names and files every recipe is looked at. Rules have stable names; docs/recipes.md lists them.

    \b
    Examples:
      k8sai recipe lint vllm
      k8sai recipe lint -f deploy/ -R
      k8sai recipe lint ./recipes/ours --strict
    """
    from k8sai.commands._recipe_check import show_findings

    return show_findings(tuple(names or ()), tuple(files or ()), recursive, strict, tuple(folders or ()), output, plain)


def test(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[RECIPE]...", help="Recipes, by name or folder.")
    ] = None,
    *,
    crds: _Crds = None,
    folders: _Folders = None,
    output: Annotated[Result, typer.Option("-o", "--output", help="How to print it.")] = "table",
    plain: _Plain = False,
) -> int:
    """Renders every case that recipes declare and holds it against schemas. Exits with 1 where one fails.

    Built-in kinds are held against Kubernetes' own strict schemas where the package kubernetes-validate is installed,
    custom kinds against the definitions in --crds. Without names every recipe is tested.

    \b
    Examples:
      k8sai recipe test vllm
      k8sai recipe test --crds ./crds
    """
    from k8sai.commands._recipe_check import show_outcomes

    return show_outcomes(tuple(names or ()), crds, tuple(folders or ()), output, plain)


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the recipe is called: words with dashes.")],
    *,
    source: Annotated[
        str,
        typer.Option("--from-file", metavar="FILE", help="A manifest to make it from; - is stdin.", show_default=False),
    ] = "",
    into: Annotated[Path, typer.Option("--into", metavar="DIR", help="The folder of recipes it is put in.")] = Path(
        "recipes"
    ),
) -> int:
    """A working recipe from a manifest: names, images, GPUs, memory and replicas become parameters.

    The recipe renders to the manifest it came from; its test says so. Nothing that is there is overwritten.

    \b
    Examples:
      k8sai recipe new our-server --from-file deployment.yaml
      kubectl get deployment web -o yaml | k8sai recipe new web --from-file -
    """
    from k8sai.commands._recipe_new import make

    return make(name, source, into)


def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that `scaffold` made.")],
    *,
    folders: _Folders = None,
    output: Annotated[Result, typer.Option("-o", "--output", help="How to print it.")] = "table",
    plain: _Plain = False,
) -> int:
    """Whether files are still what their recipe made, and whether the recipe is still the same. Exits with 1 if not.

    \b
    Examples:
      k8sai recipe verify ./qwen
    """
    from k8sai.commands._recipe_verify import show_verified

    return show_verified(folder, tuple(folders or ()), output, plain)


app.command("list")(_flags.connected(list_))
app.command()(_flags.connected(explain))
app.command()(new)
app.command()(lint)
app.command()(test)
app.command()(verify)

main = entry(app, "recipe")
