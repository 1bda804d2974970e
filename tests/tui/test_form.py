"""The form of a recipe's parameters: keys, answers, what is said below a field, and the files beside it."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Select, Static, Switch

from k8sai.cookbook.recipe import Recipe
from k8sai.tui.form import Answers, Form
from k8sai.tui.form_field import FormField
from tests.cookbook import making
from tests.tui.stage import SMALL

Story = Callable[[Pilot[Answers | None], Form], Awaitable[None]]
Compare = Callable[..., bool]

HEAD = """\
apiVersion: k8sai.dev/v1alpha1
kind: Recipe
title: A server on GPUs
description: A test.
tags: [serving]
parameters:
  required: [name, gpus]
  properties:
    name: {type: string, title: Name of the server, pattern: "^[a-z]+$", examples: [qwen]}
    mode: {enum: [fast, slow], title: Mode, default: fast, description: How it is run.}
    gpus: {type: integer, title: GPUs per pod, minimum: 1, description: The model is split over all of them.}
    spot: {type: boolean, title: On spot nodes, default: false}
    args: {type: array, items: {type: string}, title: Arguments of the server}
tests: [{name: smallest, set: {name: qwen, gpus: 1}}]
"""
POD = """\
    apiVersion: v1
    kind: Pod
    metadata:
      name: ${name}
      labels: {mode: "${mode}", spot: {$if: spot, then: "true", else: "false"}}
    spec:
      # One of them.
      containers:
      - name: main
        args: {$if: "args != null", then: {$eval: args}}
        resources: {limits: {nvidia.com/gpu: {$eval: gpus}}}
"""
SERVICE = """\
    apiVersion: v1
    kind: Service
    metadata: {name: "${name}"}
"""
LARGE = (120, 40)
SIZES = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "120x40"])


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    return making.recipe(tmp_path, HEAD, pod=POD, service=SERVICE)


def play(recipe: Recipe, story: Story, **given: str) -> Answers | None:
    """What the form gives in the end."""

    async def run() -> Answers | None:
        form = Form(recipe, given, plain=False)
        async with form.run_test(size=SMALL) as pilot:
            await settled(pilot)
            await story(pilot, form)
        return form.return_value

    return asyncio.run(run())


async def settled(pilot: Pilot[Any]) -> None:
    """Every key has done its work, and the files are shown."""
    await pilot.pause()
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


async def keys(pilot: Pilot[Any], *pressed: str) -> None:
    await pilot.press(*pressed)
    await settled(pilot)


def below(form: Form, name: str) -> str:
    (field,) = (each for each in form.query(FormField) if each.question.name == name)
    return str(field.query_one(".field-below", Static).content)


def shown(form: Form, which: str) -> str:
    return str(form.query_one(which, Static).content)


def test_it_is_filled_in_and_accepted(recipe: Recipe) -> None:
    async def story(pilot: Pilot[Any], form: Form) -> None:
        assert "still missing: name, gpus" in shown(form, "#said")
        await keys(pilot, "a", "b", "tab", "2")
        assert "complete" in shown(form, "#said")
        await pilot.press("ctrl+s")

    assert play(recipe, story) == {"name": "ab", "gpus": "2", "mode": "", "spot": "", "args": ""}


def test_a_field_for_each_kind_of_parameter(recipe: Recipe) -> None:
    async def story(pilot: Pilot[Any], form: Form) -> None:
        kinds = [type(field.query("Input, Select, Switch").first()) for field in form.query(FormField)]
        assert kinds == [Input, Input, Select, Switch, Input]
        placeholders = [each.placeholder for each in form.query(Input)]
        assert placeholders == ["for example qwen", "a number", "one, two, …"]
        await keys(pilot, "a", "tab", "1", "tab", "enter", "down", "enter", "tab", "space", "tab", *"x,y")
        await pilot.press("ctrl+s")

    found = play(recipe, story)
    assert found is not None
    assert (found["mode"] in ("fast", "slow"), found["spot"], found["args"]) == (True, "true", "x,y")


def test_what_is_wrong_is_said_below_the_field_as_it_is_typed(recipe: Recipe) -> None:
    async def story(pilot: Pilot[Any], form: Form) -> None:
        await keys(pilot, "Q", "tab", "0")
        assert below(form, "name") == "! Q is not of the form ^[a-z]+$"
        assert below(form, "gpus") == "! 0 is less than 1"
        assert "2 answers cannot be taken" in shown(form, "#said")
        await keys(pilot, "backspace", "8")
        assert below(form, "gpus") == "The model is split over all of them."
        await keys(pilot, "shift+tab", "backspace", "a")
        assert below(form, "name") == ""
        await pilot.press("ctrl+s")

    found = play(recipe, story)
    assert found is not None and (found["name"], found["gpus"]) == ("a", "8")


def test_what_is_missing_is_wrong_only_once_somebody_wants_to_go_on(recipe: Recipe) -> None:
    async def story(pilot: Pilot[Any], form: Form) -> None:
        await keys(pilot, "a")
        assert below(form, "gpus") == "The model is split over all of them."
        await keys(pilot, "ctrl+s")
        assert below(form, "gpus") == "! is missing"
        assert form.is_running
        await keys(pilot, "3", "ctrl+s")  # the cursor is where the answer is missing

    found = play(recipe, story)
    assert found is not None and found["gpus"] == "3"


@pytest.mark.parametrize("key", ["escape", "ctrl+c", "ctrl+q"])
def test_it_can_be_left(recipe: Recipe, key: str) -> None:
    async def story(pilot: Pilot[Any], form: Form) -> None:
        await keys(pilot, "a", "tab", "2")
        await pilot.press(key)

    assert play(recipe, story) is None


def test_the_files_are_shown_as_they_would_be(recipe: Recipe) -> None:
    async def story(pilot: Pilot[Any], form: Form) -> None:
        files = shown(form, "#files")
        assert files.startswith("# with an example for name\n") or "pod.yaml" not in files
        await keys(pilot, "a", "b", "tab", "2")
        files = shown(form, "#files")
        assert files.startswith("pod.yaml\napiVersion: v1\nkind: Pod\n")
        assert "name: ab" in files and "nvidia.com/gpu: 2" in files and "# One of them." in files
        assert "\nservice.yaml\n" in files
        await keys(pilot, "0")
        assert "nvidia.com/gpu: 20" in shown(form, "#files")
        await keys(pilot, "pagedown")
        assert form.query_one("#preview").scroll_y > 0
        await keys(pilot, "pageup", "escape")

    play(recipe, story)


def test_what_was_given_is_filled_in(recipe: Recipe) -> None:
    async def story(pilot: Pilot[Any], form: Form) -> None:
        assert isinstance(form.focused, Input) and form.focused.value == ""
        await keys(pilot, "4", "ctrl+s")

    found = play(recipe, story, name="qwen", mode="slow", spot="true", args="a, b")
    assert found == {"name": "qwen", "gpus": "4", "mode": "slow", "spot": "true", "args": "a, b"}


@SIZES
@pytest.mark.parametrize("pressed", [(), ("Q", "tab", "2"), ("a", "b", "tab", "2")], ids=["empty", "wrong", "complete"])
def test_picture(snap_compare: Compare, recipe: Recipe, size: tuple[int, int], pressed: tuple[str, ...]) -> None:
    async def before(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await keys(pilot, *pressed)

    assert snap_compare(Form(recipe, {}, plain=False), terminal_size=size, run_before=before)


def test_picture_without_colours(snap_compare: Compare, recipe: Recipe) -> None:
    async def before(pilot: Pilot[Any]) -> None:
        await keys(pilot, "Q")

    assert snap_compare(Form(recipe, {"gpus": "2"}, plain=True), terminal_size=SMALL, run_before=before)
