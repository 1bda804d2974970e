"""What to ask somebody for a recipe's parameters, and what is wrong with each of the answers."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from k8sai.cookbook.recipe import Recipe
from k8sai.cookbook.values import from_sets, settle
from k8sai.errors import K8saiError, Usage

Json = dict[str, Any]
Sort = Literal["text", "number", "choice", "switch", "list", "mapping", "file"]

_SORTS: Mapping[str, Sort] = {
    "boolean": "switch",
    "integer": "number",
    "number": "number",
    "array": "list",
    "object": "mapping",
}


@dataclass(frozen=True, slots=True)
class Question:
    """One parameter. Answers are texts, as after `--set name=`; an empty one says nothing, and the default is taken."""

    name: str
    title: str
    about: str
    sort: Sort
    required: bool
    default: str = ""
    example: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answered:
    """The values that could be read, and a sentence for each question whose answer is wrong; `others` are about more
    than one. `missing` are the questions without an answer that need one."""

    values: Json
    wrong: Mapping[str, str] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether it can be rendered."""
        return not (self.wrong or self.others or self.missing)


def questions(recipe: Recipe) -> list[Question]:
    """Of every parameter, in the author's order; those that must be said first."""
    required = set(recipe.parameters.get("required") or ())
    found = [_question(name, schema, name in required) for name, schema in recipe.properties.items()]
    return sorted(found, key=lambda question: not question.required)


def answered(recipe: Recipe, answers: Mapping[str, str]) -> Answered:
    """The answers by parameter as values, with everything that is wrong with them."""
    values: Json = {}
    wrong: dict[str, str] = {}
    for name, text in answers.items():
        if not text.strip():
            continue
        try:
            values |= from_sets(recipe, [f"{name}={text}"])
        except K8saiError as error:
            wrong[name] = error.message.removeprefix(f"--set {name}={text}: ")
    missing = [each for each in recipe.parameters.get("required") or () if each not in values and each not in wrong]
    others: list[str] = []
    try:
        settle(recipe, values)
    except Usage as error:
        for each in (error.message, *error.more):
            sentence = each.removeprefix(f"{recipe.name}: ")
            about = _about(recipe, sentence)
            if about is None:
                others.append(sentence)
            elif about in values:
                wrong.setdefault(about, sentence.removeprefix(f"{about}: "))
    return Answered(values, wrong, tuple(others), tuple(missing))


def answer(value: Any) -> str | None:
    """A value as the text that means it; None where no line can."""
    if isinstance(value, str):
        return value if value.isprintable() else None
    if isinstance(value, list) and all(isinstance(each, str) and each.strip() == each for each in value):
        text = ", ".join(value)
        if text.isprintable() and "" not in value and not any("," in each or each[0] in "[{" for each in value):
            return text
    return json.dumps(value, ensure_ascii=False)


def _question(name: str, schema: Json, required: bool) -> Question:
    wanted = schema.get("type")
    kinds = [each for each in (wanted if isinstance(wanted, list) else [wanted]) if each != "null"]
    sort: Sort = _SORTS.get(str(kinds[0]), "text") if len(kinds) == 1 else "text"
    choices = tuple(text for each in schema.get("enum") or () if (text := answer(each)) is not None)
    if "x-k8sai-file" in schema:
        sort = "file"
    elif choices:
        sort = "choice"
    examples = schema.get("examples") or ()
    return Question(
        name,
        str(schema.get("title") or name),
        " ".join(str(schema.get("description") or "").split()),
        sort,
        required,
        _text(schema.get("default")),
        _text(examples[0]) if examples else "",
        choices,
    )


def _text(value: Any) -> str:
    return "" if value is None or value in ([], {}) else answer(value) or ""


def _about(recipe: Recipe, sentence: str) -> str | None:
    """The parameter a sentence is about: it begins with its path."""
    found = re.match(r"[a-z][a-z0-9_]*", sentence)
    return found.group() if found and found.group() in recipe.properties else None
