"""`recipe list` and `recipe explain`: what there is, and what a cluster has not of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from k8sai.commands import _print, _talk
from k8sai.commands._recipe_document import document
from k8sai.cookbook.index import Entry, entries, entry_of
from k8sai.cookbook.library import open_library
from k8sai.errors import Exit, Findings, Usage
from k8sai.view import Note

if TYPE_CHECKING:
    from k8sai.cluster.discovery import Served
    from k8sai.cluster.options import Options
    from k8sai.cookbook.recipe import Recipe


def show_list(
    options: "Options",
    words: Sequence[str],
    tags: Sequence[str],
    lacks: bool,
    folders: Sequence[Path],
    output: str,
    plain: bool,
) -> int:
    """The exit code. Raises NotFound, Usage, and with `lacks` what a cluster may."""
    everything = entries(open_library(folders))
    _insist_on_tags(tags, everything)
    found = [each for each in everything if all(each.mentions(word) for word in words)]
    found = [each for each in found if not tags or set(tags) & set(each.tags)]
    if output == "name":
        _print.names("", (each.name for each in found))
        return Exit.OK
    from k8sai.cookbook import shown

    context, missing = _lacking(options, found) if lacks else ("", None)
    if output in ("json", "yaml"):
        document("RecipeList", {"recipes": shown.list_document(found, missing)}, output, context)
        return Exit.OK
    _print.page(shown.listed(found, missing), wide=output == "wide", plain=plain)
    if not found:
        _print.flush()
        _talk.note(Note("no recipe is like that", hint="`k8sai recipe list` shows all"))
    return Exit.OK


def show_one(options: "Options", name: str, lacks: bool, folders: Sequence[Path], output: str, plain: bool) -> int:
    """The exit code. Raises NotFound, Usage, and with `lacks` what a cluster may."""
    from k8sai.cookbook import shown
    from k8sai.cookbook.makes import made
    from k8sai.cookbook.render import render

    recipe = open_library(folders).find(name)
    first = next((case for case in recipe.cases if not case.fails), None)
    rendered = render(recipe, first.values) if first else None
    makes, notes = (made(rendered), rendered.notes) if rendered else ([], ())
    context, lacking = _lacking(options, [entry_of(recipe)]) if lacks else ("", None)
    missing = lacking.get(recipe.name, []) if lacking is not None else None
    if output == "table":
        _print.page(shown.explained(recipe, makes, notes, missing), plain=plain)
        _print.flush()
        _talk.note(Note(_next(recipe)))
    else:
        document("Recipe", shown.document(recipe, makes, notes, missing), output, context)
    return Exit.OK


def _next(recipe: "Recipe") -> str:
    first = next((case.values for case in recipe.cases if not case.fails), {})
    said = "".join(
        f" --set {name}={value}"
        for name, value in first.items()
        if isinstance(value, str | int) and " " not in str(value)
    )
    return f"`k8sai scaffold {recipe.name}{said} -o -` prints the files"


def _insist_on_tags(tags: Sequence[str], everything: Iterable[Entry]) -> None:
    from k8sai.cookbook.words import meant

    known = sorted({tag for each in everything for tag in each.tags})
    for tag in tags:
        if tag not in known:
            raise Usage(f"no recipe has the tag {tag}{meant(tag, known)}", f"tags: {', '.join(known)}")


# --- what a cluster has not -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Cluster:
    served: "Served"
    minor: int

    def lacks(self, entry: Entry) -> list[str]:
        """What an entry needs and the cluster has not. Gates cannot be asked for: a kind behind one is not served."""
        missing = [kind for kind in entry.kinds if not self._has(kind)]
        if entry.kubernetes and self.minor < int(entry.kubernetes.partition(".")[2]):
            missing.append(f"Kubernetes {entry.kubernetes}")
        return missing

    def _has(self, whole: str) -> bool:
        group, version, kind = whole.split("/")
        return any((one.version, one.kind) == (version, kind) for one in self.served.resources(group))


def _lacking(options: "Options", found: Sequence[Entry]) -> tuple[str, dict[str, list[str]]]:
    """The context that was asked, and what it has not, by recipe."""
    from k8sai.cluster.connect import connect
    from k8sai.cluster.discovery import served
    from k8sai.cluster.writing import Writer

    connection = connect(options)
    with _talk.Progress(f"asking {connection.server} what it serves"):
        version = Writer(connection).server_version()
        cluster = _Cluster(served(connection), _minor(version, connection.server))
        lacking = {each.name: cluster.lacks(each) for each in found}
    context = connection.context
    connection.close()
    return context, lacking


def _minor(version: str, server: str) -> int:
    """37 of `v1.37.0-eks-1`."""
    import re

    found = re.match(r"v?1\.(\d+)", version)
    if found is None:
        raise Findings(f"{server} does not say which Kubernetes it is: {version!r}")
    return int(found.group(1))
