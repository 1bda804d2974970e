"""A recipe's parameters as a form: a field for each, what is wrong below it, and the files as they would be."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Static

from k8sai.cookbook.questions import Answered, Question, answered, questions
from k8sai.cookbook.recipe import Recipe
from k8sai.cookbook.render import render
from k8sai.errors import K8saiError
from k8sai.tui import themes
from k8sai.tui.background import begin, in_thread
from k8sai.tui.form_field import FormField
from k8sai.tui.form_preview import preview
from k8sai.tui.frame import few_colours
from k8sai.tui.ink import DARK, Inks
from k8sai.view import several

Answers = dict[str, str]

_PAUSE = 0.08  # seconds without a key before the preview is rendered
_BESIDE = 110  # columns from which the preview is beside the fields


class Form(App[Answers | None]):
    """Gives the answers as texts, or None when it is left. `given` are those there are already."""

    CSS_PATH = "form.tcss"
    TITLE = "k8sai"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-below"),
        (_BESIDE, "-beside"),
    ]
    BINDINGS: ClassVar[list[Any]] = [
        Binding("ctrl+s", "accept", "make the files"),
        Binding("escape", "leave", "leave", show=False),
        Binding("ctrl+c,ctrl+q", "leave", "leave", priority=True),
        Binding("tab", "step(1)", "next", priority=True),  # before the next key, which is for the next field
        Binding("shift+tab", "step(-1)", "previous", priority=True),
        Binding("down", "step(1)", "next", show=False),
        Binding("up", "step(-1)", "previous", show=False),
        Binding("pagedown", "scroll(1)", "preview down", show=False),
        Binding("pageup", "scroll(-1)", "preview up", show=False),
    ]

    def __init__(
        self, recipe: Recipe, given: Mapping[str, str], namespace: str = "", *, plain: bool | None = None
    ) -> None:
        plain = few_colours() if plain is None else plain
        super().__init__(ansi_color=True if plain else None)
        themes.register(self)
        self.theme = "ansi-dark" if plain else DARK.name
        self.recipe = recipe
        self._namespace = namespace
        self._given = given
        self._fields: list[FormField] = []
        self._files = Static(id="files")
        self._said = Static(id="said", markup=False)
        self._asked = False  # somebody wanted to go on: what is missing is wrong from now on

    def compose(self) -> ComposeResult:
        self._inks = Inks(self.current_theme, self.theme_variables)
        self._fields = [FormField(each, self._given.get(each.name, ""), self._inks) for each in questions(self.recipe)]
        title = Text.assemble((self.recipe.name, self._inks["accent"]), f"  {self.recipe.title}")
        yield Static(title, id="form-title")
        with Horizontal(id="form-body"):
            with VerticalScroll(id="fields", can_focus=False):
                yield from self._fields
            with VerticalScroll(id="preview", can_focus=False):
                yield self._files
        yield self._said
        yield Static(self._keys(), id="form-keys")

    def on_mount(self) -> None:
        first = next((each for each in self._fields if each.question.required and not each.answer), self._fields[0])
        self.call_after_refresh(first.take_focus)
        self._look()

    @property
    def bug(self) -> Exception | None:
        """What ended the form, if nobody meant to."""
        return self._exception

    def _fatal_error(self) -> None:
        """Textual would print a traceback of pages; who opened the form says it in one line."""
        self._close_messages_no_wait()

    def on_form_field_changed(self, message: FormField.Changed) -> None:
        message.stop()
        self._look()

    def action_accept(self) -> None:
        """Give the answers, once all that was typed is in them."""
        self.call_after_refresh(self._accept)

    def _accept(self) -> None:
        """If there is nothing wrong with them; else go to the first that is."""
        self._asked = True
        found = self._look()
        if found.complete:
            self.exit(self._answers())
            return
        for each in self._fields:
            if each.question.name in found.wrong or each.question.name in found.missing:
                each.take_focus()
                return

    def action_leave(self) -> None:
        """Without answers."""
        self.exit(None)

    def action_step(self, by: int) -> None:
        """To the next field, or the one before."""
        (self.screen.focus_next if by > 0 else self.screen.focus_previous)()

    def action_scroll(self, by: int) -> None:
        """The preview, a page."""
        area = self.query_one("#preview", VerticalScroll)
        area.scroll_relative(y=by * max(1, area.size.height - 1), animate=False)

    def _answers(self) -> Answers:
        return {each.question.name: each.answer for each in self._fields}

    def _look(self) -> Answered:
        """Say what is wrong with the answers as they are, and render them."""
        found = answered(self.recipe, self._answers())
        for each in self._fields:
            name = each.question.name
            missing = "is missing" if self._asked and name in found.missing else ""
            each.say(found.wrong.get(name, missing))
        self._said.update(self._sentence(found))
        begin(self, partial(self._show, found), "preview")
        return found

    def _sentence(self, found: Answered) -> Text:
        if found.others:
            return Text(f" {found.others[0]}", self._inks["bad"])
        if found.wrong:
            return Text(f" {several(len(found.wrong), 'answer')} cannot be taken", self._inks["bad"])
        if found.missing:
            return Text(f" still missing: {', '.join(found.missing)}", self._inks["warn"])
        return Text(" complete", self._inks["good"])

    async def _show(self, found: Answered) -> None:
        """The files; what is missing is shown by its example."""
        await asyncio.sleep(_PAUSE)
        values, guessed = self._with_examples(found)
        try:
            rendered = await in_thread(lambda: render(self.recipe, values, self._namespace))
        except K8saiError as error:
            if not found.complete:
                return  # what was shown stays until the answers can be rendered again
            self._files.update(Text(error.message, self._inks["bad"]))
            return
        self._files.update(preview(rendered.files, self._inks, guessed))

    def _with_examples(self, found: Answered) -> tuple[dict[str, Any], list[str]]:
        examples = {
            each.question.name: _example(each.question)
            for each in self._fields
            if each.question.name in found.missing or each.question.name in found.wrong
        }
        guessed = answered(self.recipe, {name: text for name, text in examples.items() if text})
        return {**found.values, **guessed.values}, [name for name in examples if name in guessed.values]

    def _keys(self) -> Text:
        keys = (("ctrl+s", "make the files"), ("tab", "next"), ("pgdn pgup", "the preview"), ("esc", "leave"))
        parts = [part for key, words in keys for part in ((f" {key} ", self._inks["key"]), f"{words}  ")]
        return Text.assemble(*parts)


def _example(question: Question) -> str:
    return question.example or question.default or next(iter(question.choices), "")
