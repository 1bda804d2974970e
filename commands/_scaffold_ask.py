"""Asks for the parameters that are missing: in a form, or line by line."""

import os
import signal
from collections.abc import Mapping
from typing import TYPE_CHECKING

from k8sai.commands import _talk
from k8sai.commands._ending import ending
from k8sai.cookbook.questions import Question, answer, answered, questions
from k8sai.cookbook.said import Said, said

if TYPE_CHECKING:
    from k8sai.commands._scaffold_wanted import Wanted
    from k8sai.cookbook.recipe import Recipe


def can_ask(wanted: "Wanted") -> bool:
    """Whether somebody sits there: stdin is a terminal, and so is stderr, which a form is drawn on."""
    reads_stdin = any(each.endswith("=-") for each in wanted.sets) or "-" in wanted.values
    return not reads_stdin and _talk.asked_by_a_person()


def ask(wanted: "Wanted", recipe: "Recipe", told: Said) -> Said | None:
    """What was said, with the answers; None where nobody wants to go on. Raises Usage."""
    before = {**told.values, **told.paths}
    given = {name: text for name, value in before.items() if (text := answer(value)) is not None}
    kept = {name: value for name, value in told.values.items() if name not in given}
    if wanted.plain or os.environ.get("TERM", "dumb") == "dumb":
        answers = _by_line(recipe, given)
    else:
        answers = _by_form(recipe, given, wanted.namespace)
    if answers is None:
        return None
    found = said(recipe, (), [f"{name}={text}" for name, text in answers.items() if text.strip()])
    return Said({**kept, **found.values}, found.paths, found.wrong)


def _by_form(recipe: "Recipe", given: Mapping[str, str], namespace: str) -> dict[str, str] | None:
    """The answers of a form; None where it was left. What broke it is raised when the terminal is given back."""
    from k8sai.tui.form import Form

    form = Form(recipe, given, namespace)
    with ending(form.exit) as ended:
        answers = form.run()
    if ended:
        signal.raise_signal(ended[0])
    if form.bug is not None:
        raise form.bug
    return answers


def _by_line(recipe: "Recipe", given: Mapping[str, str]) -> dict[str, str] | None:
    """Each missing parameter until its answer is right, then any others; None at the end of the input."""
    answers = dict(given)
    by_name = {question.name: question for question in questions(recipe)}
    try:
        for question in by_name.values():
            while question.required and question.name not in answers:
                _one(recipe, question, answers)
        while line := _line("another parameter, name=value, or nothing to go on"):
            name, _, text = line.partition("=")
            if name in by_name:
                _try(recipe, name, text, answers)
            else:
                _talk.error(f"{recipe.name} has no parameter {name}", f"it has {', '.join(by_name)}")
    except EOFError:
        return None
    return answers


def _one(recipe: "Recipe", question: Question, answers: dict[str, str]) -> None:
    may = f", one of {', '.join(question.choices)}" if question.choices else ""
    example = f" (for example {question.example})" if question.example else ""
    text = _line(f"{question.name}: {question.title}{may}{example}")
    if text:
        _try(recipe, question.name, text, answers)


def _try(recipe: "Recipe", name: str, text: str, answers: dict[str, str]) -> None:
    """Keep the answer, unless it is wrong: then that is said."""
    wrong = answered(recipe, {name: text}).wrong
    if name in wrong:
        _talk.error(f"{name}: {wrong[name]}")
    else:
        answers[name] = text


def _line(what: str) -> str:
    """One line of the person at the terminal. Raises EOFError at the end."""
    line = _talk.answer(what)
    if line is None:
        raise EOFError
    return line
