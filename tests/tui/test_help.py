"""Help and palette name every key, every letter and every pane."""

import pytest

from k8sai.tui.app import Cockpit
from k8sai.tui.keymap import GROUPS, KEYS, LOG_KEYS, TEXT_KEYS, Key, without
from k8sai.tui.panes import OPENED, PANES
from k8sai.tui.table import VirtualTable
from tests.tui.key_checks import ALL, EVERY
from tests.tui.stage import alone, cockpit, lines, press, screen, table, write

OWN = [(pane, entry) for pane in (*PANES, *OPENED) for entry in pane.own_keys]


def test_the_help_lists_every_key_of_app_and_table() -> None:
    known = set(ALL) | {str(number) for number in range(1, len(PANES) + 1)}
    bound = set()
    for source in (Cockpit.BINDINGS, VirtualTable.BINDINGS):
        for binding in source:
            bound |= set(binding[0].split(",") if isinstance(binding, tuple) else binding.key.split(","))
    assert bound <= known
    assert {entry.group for entry in (*EVERY, *TEXT_KEYS, *LOG_KEYS)} == set(GROUPS)


@alone
async def test_the_help_says_every_key_and_letter() -> None:
    app = cockpit()
    async with app.run_test(size=(120, 90)) as pilot:
        await press(pilot, "question_mark")
        said = screen(app)
        for entry in (*EVERY, *app.current.own_keys):
            assert f"{entry.shown}  {entry.words}" in said
        for letter, field in table(app).letters().items():
            assert f"shift-{letter.lower()}  sort Nodes by {field.title}" in said


@alone
async def test_the_help_says_how_to_get_to_panes_without_a_number_and_cuts_no_word() -> None:
    app = cockpit()
    async with app.run_test(size=(80, 120)) as pilot:
        await press(pilot, "question_mark")
        inside = [line.split("│")[1] for line in lines(app) if line.count("│") > 1]
        words = " ".join(" ".join(inside).split())
        assert ":clusters Clusters: every cluster of this screen: used, free, waiting, how fresh" in words
        for pane in PANES:
            assert f"{pane.title}: {pane.about}" in words


@alone
async def test_the_palette_has_every_action() -> None:
    app = cockpit()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        titles = [command.title for command in app.get_system_commands(app.screen)]
        for entry in (*EVERY, *app.current.own_keys):
            if entry.action and entry.action != "quit":
                assert entry.palette in titles
        assert "Quit" in titles
        assert {pane.title for pane in PANES} <= set(titles)
        assert {f"Sort by {field.title}" for field in table(app).letters().values()} <= set(titles)
        assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("stem", sorted({pane.stem for pane, _ in OWN}))
def test_keys_of_one_pane_are_in_its_help_and_palette(stem: str) -> None:
    @alone
    async def story() -> None:
        app = cockpit()
        async with app.run_test(size=(120, 110)) as pilot:
            await app.show(stem)
            await pilot.pause()
            titles = {command.title for command in app.get_system_commands(app.screen)}
            await press(pilot, "question_mark")
            said = screen(app)
            for pane, entry in OWN:
                if pane.stem == stem:
                    assert entry.palette in titles
                    assert f"{entry.shown}  {entry.words}" in said
                    assert hasattr(app.current, f"action_{entry.action.partition('(')[0]}")

    story()


def test_a_pane_says_only_its_own_meaning_of_a_key() -> None:
    mine = [Key("minus,underscore", "-", "smaller", "Look")]
    assert [key.keys for key in without(KEYS, mine)] == [key.keys for key in KEYS if key.keys != "minus"]


@alone
async def test_the_palette_opens_the_lines_too() -> None:
    app = cockpit()
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "ctrl+p")
        await write(pilot, "Command line")
        await press(pilot, "enter")
        await pilot.pause()
        assert app.prompt.display


@alone
async def test_a_palette_command_acts() -> None:
    app = cockpit()
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "ctrl+p")
        await write(pilot, "Sort by FREE")
        await press(pilot, "enter")
        await pilot.pause()
        assert table(app).sort == "free"
