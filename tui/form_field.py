"""One question of a form: its title, where it is answered, and below what is wrong or what it is about."""

from typing import Any

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Select, Static, Switch

from k8sai.cookbook.questions import Question
from k8sai.tui.ink import Inks


class FormField(Vertical):
    """Says every change of its answer."""

    class Changed(Message):
        """Something was typed or chosen."""

    def __init__(self, question: Question, given: str, inks: Inks) -> None:
        super().__init__(classes="field")
        self.question = question
        self._inks = inks
        self._switched = bool(given)  # whether the switch says something, or stands as the default does
        self._entry = self._widget(given)
        self._word = Static(self._yes_or_no(), classes="field-word")  # beside a switch
        self._below = Static(classes="field-below", markup=False)

    def compose(self) -> ComposeResult:
        yield Static(self._title(), classes="field-title")
        if isinstance(self._entry, Switch):
            yield Horizontal(self._entry, self._word, classes="field-switch")
        else:
            yield self._entry
        yield self._below

    def on_mount(self) -> None:
        self.say("")

    @property
    def answer(self) -> str:
        """As after `--set name=`; "" where nothing is said."""
        entry = self._entry
        if isinstance(entry, Input):
            return entry.value.strip()
        if isinstance(entry, Switch):
            return str(entry.value).lower() if self._switched else ""
        return "" if entry.is_blank() else str(entry.value)

    def say(self, wrong: str) -> None:
        """What is wrong; else what the question is about."""
        self._below.update(
            Text(f"! {wrong}", self._inks["bad"]) if wrong else Text(self.question.about, self._inks["dim"])
        )
        self._below.display = bool(wrong or self.question.about)

    def take_focus(self) -> None:
        """Answer this one now."""
        self._entry.focus()

    def _title(self) -> Text:
        needed = (" *", self._inks["warn"]) if self.question.required else ""
        return Text.assemble(
            (self.question.title, self._inks["strong"]), needed, (f"  {self.question.name}", self._inks["dim"])
        )

    def _yes_or_no(self) -> str:
        return "yes" if isinstance(self._entry, Switch) and self._entry.value else "no"

    def _widget(self, given: str) -> Any:
        question = self.question
        if question.sort == "switch":
            return Switch((given or question.default) == "true", animate=False)
        if question.sort == "choice":
            options = [(each, each) for each in question.choices]
            prompt = f"{question.default} unless chosen" if question.default else "choose"
            blank = not (question.required and given)
            value = given if given in question.choices else Select.NULL
            return Select(options, prompt=prompt, allow_blank=blank, value=value, compact=True)
        return Input(given, placeholder=self._placeholder(), compact=True, select_on_focus=False)

    def _placeholder(self) -> str:
        question = self.question
        if question.default:
            return f"{question.default} unless said"
        sorts = {"list": "one, two, …", "mapping": "name=value, …", "file": "path of a file", "number": "a number"}
        return f"for example {question.example}" if question.example else sorts.get(question.sort, "")

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        self.post_message(self.Changed())

    def on_select_changed(self, message: Select.Changed) -> None:
        message.stop()
        self.post_message(self.Changed())

    def on_switch_changed(self, message: Switch.Changed) -> None:
        message.stop()
        self._switched = True
        self._word.update(self._yes_or_no())
        self.post_message(self.Changed())
