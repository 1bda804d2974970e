"""A recipe: a folder with recipe.yaml, templates beside it and a README. Loaded whole, and not trusted."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from k8sai.cookbook.head import problems
from k8sai.errors import Usage

Json = dict[str, Any]

HEAD = "recipe.yaml"
README = "README.md"
_LARGEST = 1 << 20  # bytes of one file: nobody reads more, and a parser may take very long
_MOST = 50  # templates


@dataclass(frozen=True, slots=True)
class Requires:
    """What a cluster must have: `kinds` as `group/version/Kind`, `features` as gates that are off by default."""

    kubernetes: str = ""
    kinds: tuple[str, ...] = ()
    features: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """Parameters that the recipe promises something of: the objects it makes, or a word of the error."""

    name: str
    values: Json
    makes: tuple[str, ...] | None = None
    fails: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """A file that is rendered; `plain` ones hold no Kubernetes objects."""

    name: str
    text: str
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Recipe:
    """All of a recipe. `parameters` is a complete JSON Schema (2020-12) of an object; `digest` covers every file."""

    name: str
    folder: Path
    origin: str  # where it was found: built in, user, project, or the folder somebody named
    title: str
    description: str
    tags: tuple[str, ...]
    parameters: Json
    requires: Requires
    templates: tuple[Template, ...]
    notes: tuple[Any, ...]
    cases: tuple[Case, ...]
    digest: str
    trusted: bool = field(default=False)

    @property
    def group(self) -> str:
        return self.tags[0]

    @property
    def properties(self) -> Mapping[str, Json]:
        """The schema of each parameter, in the order the author gave them."""
        found: Mapping[str, Json] = self.parameters["properties"]
        return found

    def place(self, template: str) -> str:
        """How a file of it is called to people: `vllm/deployment.yaml`."""
        return f"{self.name}/{template}"


def load(folder: Path, origin: str, *, trusted: bool = False) -> Recipe:
    """The recipe in a folder. Raises Usage with the file and what is wrong with it: all of it at once."""
    contents = {file.name: _content(file, folder.name) for file in _files(folder)}
    texts = {name: _text(content, f"{folder.name}/{name}") for name, content in contents.items() if name != README}
    place = f"{folder.name}/{HEAD}"
    head = _head(texts.pop(HEAD, None), place)
    if wrong := problems(head):
        first, *more = (f"{place}: {each}" for each in wrong)
        raise Usage(first, more=tuple(more))
    plain = set(head.get("plain") or ())
    if missing := plain - texts.keys():
        raise Usage(f"{place}: plain names {', '.join(sorted(missing))}, which is not beside it")
    return Recipe(
        name=folder.name,
        folder=folder,
        origin=origin,
        title=head["title"],
        description=" ".join(head["description"].split()),
        tags=tuple(head["tags"]),
        parameters=_schema(head.get("parameters") or {}),
        requires=_requires(head.get("requires") or {}),
        templates=tuple(Template(name, texts[name], name in plain) for name in sorted(texts)),
        notes=tuple(head.get("notes") or ()),
        cases=tuple(_case(each) for each in head.get("tests") or ()),
        digest=_digest(contents),
        trusted=trusted,
    )


def _digest(contents: Mapping[str, bytes]) -> str:
    """`sha256:…` of the recipe's files: the head, the templates and the README, each by name and content."""
    whole = hashlib.sha256()
    for name, content in sorted(contents.items()):
        whole.update(f"{name}\0{len(content)}\0".encode())
        whole.update(content)
    return f"sha256:{whole.hexdigest()}"


def _files(folder: Path) -> list[Path]:
    """The head, the templates and the README."""
    found = sorted(file for file in folder.glob("*.yaml") if file.is_file())
    if len(found) > _MOST:
        raise Usage(f"{folder.name} has {len(found)} files, more than the {_MOST} a recipe may have")
    return [*found, *folder.glob(README)]


def _content(file: Path, recipe: str) -> bytes:
    try:
        if file.stat().st_size > _LARGEST:
            raise Usage(f"{recipe}/{file.name} is larger than the 1 MiB that a file of a recipe may have")
        return file.read_bytes()
    except OSError as error:
        raise Usage(f"{recipe}/{file.name} cannot be read: {error.strerror}") from error


def _text(content: bytes, place: str) -> str:
    """Lines end with a line feed, whatever they end with in the file."""
    try:
        return content.decode().replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise Usage(f"{place} is not UTF-8: byte {error.start}") from error


def _head(text: str | None, place: str) -> Json:
    from k8sai.cookbook.anchors import refuse_anchors
    from k8sai.yaml_in import documents

    if text is None:
        raise Usage(f"there is no {place}")
    refuse_anchors(text, place)
    try:
        found = documents(text.encode())
    except (ValueError, RecursionError) as error:
        raise Usage(f"{place}: {error}") from error
    if len(found) != 1 or not isinstance(found[0], dict):
        raise Usage(f"{place}: this is not one mapping")
    return dict(found[0])


def _schema(given: Json) -> Json:
    """The parameters' schema with what is implied."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **given,
        "type": "object",
        "additionalProperties": False,
        "properties": dict(given.get("properties") or {}),
    }


def _requires(given: Json) -> Requires:
    return Requires(
        str(given.get("kubernetes") or ""), tuple(given.get("kinds") or ()), tuple(given.get("features") or ())
    )


def _case(given: Json) -> Case:
    makes = given.get("makes")
    return Case(
        given["name"], dict(given.get("set") or {}), None if makes is None else tuple(makes), given.get("fails") or ""
    )
