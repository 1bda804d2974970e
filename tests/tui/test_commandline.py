"""The words after `:`, what tab makes of them, and the lines that up brings back."""

import pytest

from k8sai.tui.commandline import Command, complete, parse
from k8sai.tui.filter import Filter
from tests.tui.stage import alone, cockpit, keys, press, screen, write

PANES = ("nodes", "no", "pods", "po")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("po", Command("pane", "po")),
        (" PODS ", Command("pane", "pods")),
        ("po team-a", Command("pane", "po", "team-a")),
        ("po /train", Command("pane", "po", "/train")),
        ("q!", Command("quit", "q!")),
        ("ctx", Command("context", "ctx")),
        ("ctx prod eu", Command("context", "ctx", "prod eu")),
        ("ns team-a", Command("namespace", "ns", "team-a")),
        ("theme nord", Command("theme", "theme", "nord")),
        ("secrets", Command("unknown", "secrets")),
    ],
)
def test_a_line_is_understood(line: str, expected: Command) -> None:
    assert parse(line, PANES) == expected


def test_tab_offers_words_and_what_may_follow_them() -> None:
    following = {"ctx": ["prod-eu", "prod-us", "test"]}
    assert complete("p", ["pods", "pending", "ctx"], following) == ["pods", "pending"]
    assert complete("ctx prod", ["ctx"], following) == ["ctx prod-eu", "ctx prod-us"]
    assert complete("pods x", ["pods"], following) == []


@pytest.mark.parametrize(
    ("typed", "text", "labels"),
    [
        ("h100", "h100", ""),
        ("!h100", "!h100", ""),
        ("!", "", ""),
        ("-l a=b", "", "a=b"),
        ("-f h1.", r"h.*?1.*?\.", ""),
        ("-f", "", ""),
    ],
)
def test_a_filter_is_text_letters_or_labels(typed: str, text: str, labels: str) -> None:
    assert (Filter(typed).text, Filter(typed).labels) == (text, labels)


@alone
async def test_letters_in_order_find_rows() -> None:
    app = cockpit()
    async with app.run_test() as pilot:
        await app.show("nodes")
        await press(pilot, "slash")
        await write(pilot, "-f zq")
        assert keys(app) == []
        await press(pilot, "escape", "slash")
        await write(pilot, "-f l4sh")
        assert keys(app) == ["l4-shared"]


@alone
async def test_tab_completes_and_goes_round_and_up_recalls() -> None:
    app = cockpit()
    async with app.run_test() as pilot:
        await press(pilot, "colon", "p", "tab")
        first = app.prompt.input.value
        await press(pilot, "tab")
        second = app.prompt.input.value
        assert first != second and first.startswith("p") and second.startswith("p")
        await press(pilot, "shift+tab")
        assert app.prompt.input.value == first
        await press(pilot, "escape", "colon")
        await write(pilot, "ns rese")
        await press(pilot, "tab")
        assert app.prompt.input.value == "ns research"
        await press(pilot, "enter")
        assert app.desk.namespace == "research"
        await press(pilot, "colon", "up")
        assert app.prompt.input.value == "ns research"
        await press(pilot, "down")
        assert app.prompt.input.value == ""
        await press(pilot, "escape")


@alone
async def test_a_pane_takes_a_namespace_or_a_filter() -> None:
    app = cockpit()
    async with app.run_test(notifications=True) as pilot:
        await press(pilot, "colon")
        await write(pilot, "po team-vision")
        await press(pilot, "enter")
        assert app.current.stem == "pods"
        assert {key.split("/")[0] for key in keys(app)} == {"team-vision"}
        await press(pilot, "colon")
        await write(pilot, "po all")
        await press(pilot, "enter", "colon")
        await write(pilot, "po /eval")
        await press(pilot, "enter")
        assert keys(app) == ["team-llm/eval-0"]


@alone
async def test_themes_by_name() -> None:
    app = cockpit()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await press(pilot, "colon")
        await write(pilot, "theme nord")
        await press(pilot, "enter")
        assert app.theme == "nord"
        await press(pilot, "colon")
        await write(pilot, "theme mauve")
        await press(pilot, "enter")
        assert app.theme == "nord"
        assert "There is no theme 'mauve'" in screen(app)
