"""One recipe many times: every combination of some parameters' values, named and labelled, and what differs."""

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from k8sai.cookbook.recipe import Recipe
from k8sai.cookbook.render import File, Rendered
from k8sai.cookbook.values import from_sets
from k8sai.errors import Usage
from k8sai.view import Cell, Column, Row, Table

Json = dict[str, Any]
Path = tuple[str, ...]

LABEL: Final = "k8sai.dev/variant"
_MOST = 200  # variants: more is a mistake
_LONGEST = 63  # characters of a label's value
_NAME = "name"  # the parameter that objects are named after


@dataclass(frozen=True, slots=True)
class Variant:
    """One combination: its name, and what it says, by parameter."""

    name: str
    values: Json


def variants(recipe: Recipe, axes: Sequence[str], said: Mapping[str, Any]) -> list[Variant]:
    """Every combination of `name=value,value,…`; the last axis changes first. Raises Usage."""
    parsed: dict[str, list[Any]] = {}
    for axis in axes:
        name, values = _axis(recipe, axis)
        if name in parsed:
            raise Usage(f"--matrix {axis}: there is one for {name} already", "put the values of both into one")
        parsed[name] = values
    count = 1
    for values in parsed.values():
        count *= len(values)
    if count > _MOST:
        raise Usage(f"--matrix makes {count} variants, more than the {_MOST} that are allowed")
    found = []
    for combination in itertools.product(*parsed.values()):
        chosen = dict(zip(parsed, combination, strict=True))
        name = "-".join(f"{_short(parameter)}{_short(str(value))}" for parameter, value in chosen.items())
        found.append(Variant(name, {**_named(recipe, said, name, chosen), **chosen}))
    _distinct(found)
    return found


def labelled(files: Iterable[File], variant: str) -> tuple[File, ...]:
    """The files with the label on every object, and on every pod it makes where those have labels."""
    return tuple(_labelled(file, variant) if file.manifests else file for file in files)


def differences(made: Sequence[tuple[Variant, Rendered]], axes: Iterable[str]) -> list[tuple[str, list[Any]]]:
    """What is not the same in all variants: each parameter, then each field with the value of every variant, None where
    it is absent; of lists of values what is not in all. Names that only carry the variant's own are left out. A field
    is called by as much of its path as tells it from the others."""
    found = [(name, [variant.values[name] for variant, _ in made]) for name in axes]
    fields: dict[Path, list[Any]] = {}
    for number, (variant, rendered) in enumerate(made):
        for manifest in rendered.manifests:
            for path, value in _leaves(manifest.object, (manifest.kind,)):
                fields.setdefault(path, [None] * len(made))[number] = _without(value, variant.name)
    differing = {path: values for path, values in fields.items() if any(each != values[0] for each in values)}
    return [*found, *((_title(path, differing), _own(values)) for path, values in differing.items())]


def table(made: Sequence[tuple[Variant, Rendered]], axes: Sequence[str]) -> Table:
    """A row a variant, and a column for each thing that differs."""
    columns = differences(made, axes)
    titles = [title.upper() if number < len(axes) else title for number, (title, _) in enumerate(columns)]
    rows = [
        Row(variant.name, (Cell(variant.name), *(Cell(_said(values[number])) for _, values in columns)))
        for number, (variant, _) in enumerate(made)
    ]
    return Table((Column("VARIANT"), *(Column(title, shrink=True) for title in titles)), tuple(rows))


def _axis(recipe: Recipe, axis: str) -> tuple[str, list[Any]]:
    name, equals, texts = axis.partition("=")
    if not equals or not texts:
        raise Usage(f"--matrix {axis}: this is not name=value,value", "--matrix workers=2,4,8")
    if (recipe.properties.get(name) or {}).get("type") in ("array", "object"):
        raise Usage(f"--matrix {axis}: {name} is a list or a mapping, and commas part the variants")
    values = [from_sets(recipe, [f"{name}={text.strip()}"])[name] for text in texts.split(",") if text.strip()]
    return name, values


def _named(recipe: Recipe, said: Mapping[str, Any], suffix: str, chosen: Json) -> Json:
    """The name with the variant's own, unless the variants are of names."""
    if _NAME in chosen:
        return {}
    name = said.get(_NAME, (recipe.properties.get(_NAME) or {}).get("default"))
    if _NAME not in recipe.properties or not isinstance(name, str):
        raise Usage(
            f"--matrix needs names that differ, and {recipe.name} is given no {_NAME}", f"say one: --set {_NAME}=…"
        )
    return {_NAME: f"{name}-{suffix}"}


def _distinct(found: Sequence[Variant]) -> None:
    names = [variant.name for variant in found]
    for name in names:
        if names.count(name) > 1:
            raise Usage(
                f"--matrix makes two variants that would be called {name}", "leave out values that are the same"
            )
        if not name or len(name) > _LONGEST:
            raise Usage(
                f"--matrix: {name or 'a variant without a name'} cannot be a label", "use fewer or shorter values"
            )


def _short(text: str) -> str:
    """As it can be in a label and in an object's name."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _labelled(file: File, variant: str) -> File:
    from k8sai.cookbook.tree import read, written
    from k8sai.manifests import parse

    documents = [each for each in read(file.text, file.name) if each is not None]
    for document in documents:
        _label(document, variant, always=True)
        _label_pods(document, variant)
    text = written(documents)
    return File(file.name, text, tuple(parse(text.encode(), file.manifests[0].file)))


def _label(holder: Any, variant: str, *, always: bool) -> None:
    meta = holder.get("metadata")
    if isinstance(meta, dict) and (always or isinstance(meta.get("labels"), dict)):
        meta.setdefault("labels", {})[LABEL] = variant


def _label_pods(node: Any, variant: str) -> None:
    """Templates of pods, however deep."""
    if isinstance(node, dict):
        spec = node.get("spec")
        if isinstance(spec, dict) and isinstance(spec.get("containers"), list):
            _label(node, variant, always=False)
        for value in node.values():
            _label_pods(value, variant)
    elif isinstance(node, list):
        for item in node:
            _label_pods(item, variant)


def _leaves(value: Any, path: Path) -> Iterable[tuple[Path, Any]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _leaves(each, (*path, str(key)))
    elif isinstance(value, list) and any(isinstance(each, dict | list) for each in value):
        for number, each in enumerate(value):
            name = each.get("name", number) if isinstance(each, dict) else number
            yield from _leaves(each, (*path[:-1], f"{path[-1]}[{name}]"))
    else:
        yield path, value


def _without(value: Any, name: str) -> Any:
    if isinstance(value, str):
        return value.replace(f"-{name}", "").replace(name, "")
    return [_without(each, name) for each in value] if isinstance(value, list) else value


def _title(path: Path, paths: Iterable[Path]) -> str:
    """As short as it can be without being another's."""
    others = [each for each in paths if each != path]
    count = next((n for n in range(1, len(path)) if all(each[-n:] != path[-n:] for each in others)), len(path))
    return ".".join(path[-count:])


def _own(values: Sequence[Any]) -> list[Any]:
    """Of lists only what is not in all of them."""
    if not all(isinstance(each, list) for each in values):
        return list(values)
    shared = [item for item in values[0] if all(item in each for each in values)]
    return [[item for item in each if item not in shared] for each in values]


def _said(value: Any) -> str:
    if value is None:
        return "-"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
