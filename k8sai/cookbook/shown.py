"""Recipes as tables and documents: the list, one explained, findings and how tests went."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from k8sai.cookbook.checking import Outcome
from k8sai.cookbook.index import Entry
from k8sai.cookbook.lint.finding import Finding
from k8sai.cookbook.makes import VERBS, Made, rights, total
from k8sai.cookbook.recipe import Recipe
from k8sai.cookbook.words import shown
from k8sai.view import Cell, Column, Page, Row, Table, Tone, Tree

Json = dict[str, Any]
Lacks = Mapping[str, Sequence[str]]  # a recipe's name -> what the cluster has not

_WIDEST = 24  # characters of choices in a column
_TONES: dict[str, Tone] = {"error": "bad", "warning": "warn"}


def listed(entries: Iterable[Entry], lacks: Lacks | None) -> Page:
    """A line a recipe; with `lacks` what it needs and the cluster has not."""
    columns = [Column("NAME"), Column("GROUP"), Column("TITLE", shrink=True)]
    columns += [Column("LACKS", shrink=True)] if lacks is not None else []
    columns += [Column("FROM", wide=True), Column("NEEDS", wide=True)]
    return Page((Table(tuple(columns), tuple(_row(each, lacks) for each in entries)),))


def _row(entry: Entry, lacks: Lacks | None) -> Row:
    title = Cell(f"cannot be loaded: {entry.broken}", "bad") if entry.broken else Cell(entry.title)
    cells = [Cell(entry.name), Cell(entry.group), title]
    if lacks is not None:
        missing = lacks.get(entry.name, ())
        cells.append(Cell(", ".join(missing), "warn") if missing else Cell("-", "dim"))
    cells += [Cell(entry.origin), Cell(", ".join(needs(entry)) or "-")]
    return Row(entry.name, tuple(cells))


def needs(entry: Entry) -> list[str]:
    """What a recipe asks of a cluster, in words."""
    version = [f"Kubernetes {entry.kubernetes}"] if entry.kubernetes else []
    return [*version, *entry.kinds, *(f"gate {each}" for each in entry.features)]


def list_document(entries: Iterable[Entry], lacks: Lacks | None) -> list[Json]:
    """The recipes of a list, for scripts."""
    return [
        {
            "name": each.name,
            "title": each.title,
            "description": each.description,
            "tags": list(each.tags),
            "from": each.origin,
            "requires": {"kubernetes": each.kubernetes, "kinds": list(each.kinds), "features": list(each.features)},
            **({"broken": each.broken} if each.broken else {}),
            **({"lacks": list(lacks.get(each.name, ()))} if lacks is not None else {}),
        }
        for each in entries
    ]


# --- one of them ------------------------------------------------------------------------------------------------------


def explained(recipe: Recipe, made: Sequence[Made], notes: Sequence[str], lacks: Sequence[str] | None) -> Page:
    """All of a recipe: what it is for, its parameters, and what came of the example that its first test is."""
    head = Tree(Cell(f"{recipe.name}: {recipe.title}"), (Tree(Cell(recipe.description)), *_facts(recipe, made, lacks)))
    parts: list[Table | Tree] = [head, _parameters(recipe)]
    if made:
        parts.append(_made(made))
    if notes:
        parts.append(Tree(Cell("Afterwards"), tuple(Tree(Cell(note)) for note in notes)))
    return Page(tuple(parts))


def _facts(recipe: Recipe, made: Sequence[Made], lacks: Sequence[str] | None) -> list[Tree]:
    needed = ", ".join(_needed(recipe)) or "nothing special"
    lines = [f"tags: {', '.join(recipe.tags)}", f"from: {recipe.origin} ({recipe.digest[:19]}…)", f"needs: {needed}"]
    if made:
        resources = ", ".join(_resource(group, plural) for group, plural in rights([one.manifest for one in made]))
        lines.append(f"rights to apply it: {', '.join(VERBS)} on {resources}")
        lines.append(f"GPUs: {_gpus(total(made)) or 'none'}")
    facts = [Tree(Cell(line)) for line in lines]
    if lacks is not None:
        text = f"this cluster lacks: {', '.join(lacks)}" if lacks else "this cluster has all of it"
        facts.append(Tree(Cell(text, "warn" if lacks else "good")))
    return facts


def _needed(recipe: Recipe) -> list[str]:
    version = [f"Kubernetes {recipe.requires.kubernetes}"] if recipe.requires.kubernetes else []
    return [*version, *recipe.requires.kinds, *(f"gate {each}" for each in recipe.requires.features)]


def _parameters(recipe: Recipe) -> Table:
    required = set(recipe.parameters.get("required") or ())
    columns = (Column("PARAMETER"), Column("TYPE"), Column("DEFAULT"), Column("WHAT IT IS", shrink=True))
    rows = []
    for name, schema in recipe.properties.items():
        default = Cell("required", "warn") if name in required else Cell("-", "dim")
        if "default" in schema:
            default = Cell(shown(schema["default"]))
        rows.append(Row(name, (Cell(name), Cell(kind_of(schema)), default, Cell(_meaning(schema)))))
    return Table(columns, tuple(rows))


def _meaning(schema: Json) -> str:
    examples = schema.get("examples") or ()
    about = [str(schema.get("title", "")), str(schema.get("description", ""))]
    if kind_of(schema) == "choice":
        about.append(f"One of {', '.join(shown(each) for each in schema['enum'])}")
    text = ". ".join(part.rstrip(".") for part in about if part)
    return f"{text} (for example {shown(examples[0])})" if examples else text


def kind_of(schema: Json) -> str:
    """What a value of a parameter looks like, in a word or as the choices there are."""
    if "x-k8sai-file" in schema:
        return "file"
    if "enum" in schema:
        choices = "|".join(shown(each) for each in schema["enum"])
        return choices if len(choices) <= _WIDEST else "choice"
    if schema.get("x-k8sai-quantity"):
        return "quantity"
    kinds = schema.get("type", "any")
    return "|".join(str(each) for each in kinds) if isinstance(kinds, list) else str(kinds)


def _made(made: Sequence[Made]) -> Table:
    columns = (Column("MAKES"), Column("API"), Column("GPUS"))
    rows = [
        Row(
            each.manifest.ref, (Cell(each.manifest.ref), Cell(each.manifest.api_version), Cell(_gpus(each.gpus) or "-"))
        )
        for each in made
    ]
    return Table(columns, tuple(rows))


def _gpus(amounts: Mapping[str, Decimal]) -> str:
    return ", ".join(f"{_number(amount)} {resource}" for resource, amount in amounts.items())


def _number(amount: Decimal) -> int | float:
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def _resource(group: str, plural: str) -> str:
    return f"{plural}.{group}" if group else plural


def document(recipe: Recipe, made: Sequence[Made], notes: Sequence[str], lacks: Sequence[str] | None) -> Json:
    """The kind `Recipe`."""
    return {
        "name": recipe.name,
        "title": recipe.title,
        "description": recipe.description,
        "tags": list(recipe.tags),
        "from": recipe.origin,
        "digest": recipe.digest,
        "parameters": recipe.parameters,
        "requires": {
            "kubernetes": recipe.requires.kubernetes,
            "kinds": list(recipe.requires.kinds),
            "features": list(recipe.requires.features),
        },
        "makes": [
            {"apiVersion": each.manifest.api_version, "kind": each.manifest.kind, "name": each.manifest.name}
            for each in made
        ],
        "gpus": {resource: _number(amount) for resource, amount in total(made).items()},
        "rights": [
            {"verbs": list(VERBS), "group": group, "resource": plural}
            for group, plural in rights([each.manifest for each in made])
        ],
        "notes": list(notes),
        **({"lacks": list(lacks)} if lacks is not None else {}),
    }


# --- findings and tests -----------------------------------------------------------------------------------------------


def findings(found: Iterable[Finding]) -> Page:
    """A line a finding, errors and warnings apart by tone."""
    columns = (Column("PLACE"), Column("LEVEL"), Column("RULE"), Column("OBJECT"), Column("WHAT IS WRONG", shrink=True))
    return Page((Table(columns, tuple(_finding(number, each) for number, each in enumerate(found))),))


def _finding(number: int, each: Finding) -> Row:
    what = f"{each.where}: {each.message}" if each.where else each.message
    cells = (
        Cell(each.place),
        Cell(each.severity, _TONES[each.severity]),
        Cell(each.rule),
        Cell(each.object),
        Cell(what),
    )
    return Row(str(number), cells)


def findings_document(found: Iterable[Finding]) -> list[Json]:
    """Findings for scripts."""
    return [
        {
            "rule": each.rule,
            "severity": each.severity,
            "file": each.file,
            "line": each.line,
            "object": each.object,
            "path": each.where,
            "message": each.message,
        }
        for each in found
    ]


def outcomes(went: Iterable[tuple[Recipe, Outcome]]) -> Page:
    """A line a case, with what is wrong below it."""
    columns = (Column("RECIPE"), Column("CASE"), Column("RESULT"), Column("MADE", shrink=True))
    rows = []
    for recipe, each in went:
        made = ", ".join(one.ref for one in each.manifests) or ("refused, as it should be" if each.case.fails else "-")
        result = Cell("failed", "bad") if each.wrong else Cell("ok", "good")
        text = Cell("; ".join(each.wrong), "bad") if each.wrong else Cell(made)
        rows.append(Row(f"{recipe.name}/{each.case.name}", (Cell(recipe.name), Cell(each.case.name), result, text)))
    return Page((Table(columns, tuple(rows)),))


def outcomes_document(went: Iterable[tuple[Recipe, Outcome]]) -> list[Json]:
    """The same for scripts."""
    return [
        {
            "recipe": recipe.name,
            "case": each.case.name,
            "ok": not each.wrong,
            "makes": [one.ref for one in each.manifests],
            "wrong": list(each.wrong),
            "unjudged": list(each.unjudged),
        }
        for recipe, each in went
    ]
