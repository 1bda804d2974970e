"""Every key in the help does what it says; every pane has a number, every column that sorts a letter."""

import pytest
from textual import events

from k8sai.tui.panes import PANES
from k8sai.tui.table_pane import TablePane
from tests.tui.key_checks import ALL, CHECKS
from tests.tui.stage import alone, cockpit, keys, lines, press, screen, table


@pytest.mark.parametrize("key", [*ALL, "a", "x"])
def test_the_key_does_what_help_says(key: str) -> None:
    @alone
    async def story() -> None:
        app = cockpit()
        async with app.run_test(size=(80, 24), notifications=True) as pilot:
            await app.show("nodes")
            await pilot.pause()
            await CHECKS[key](pilot, app, key)

    story()


@pytest.mark.parametrize("number", range(1, len(PANES) + 1))
def test_every_pane_has_a_number(number: int) -> None:
    @alone
    async def story() -> None:
        app = cockpit()
        async with app.run_test(size=(80, 24)) as pilot:
            await press(pilot, "4" if number == 1 else "1", str(number))
            assert app.current.stem == PANES[number - 1].stem
            assert PANES[number - 1].title in lines(app)[3]

    story()


@pytest.mark.parametrize("stem", [pane.stem for pane in PANES if issubclass(pane, TablePane)])
def test_every_sorting_letter_of_every_pane_sorts(stem: str) -> None:
    @alone
    async def story() -> None:
        app = cockpit()
        async with app.run_test(size=(200, 50)) as pilot:
            await app.action_pane(stem)
            await pilot.pause()
            letters = table(app).letters()
            assert letters
            for letter, field in letters.items():
                await press(pilot, letter)
                assert table(app).sort == field.sort
                first = keys(app)
                assert f"by {field.title}" in screen(app)
                was = table(app).reverse
                await press(pilot, letter)
                assert table(app).reverse is not was
                assert sorted(keys(app)) == sorted(first)

    story()


def test_no_two_keys_are_the_same() -> None:
    assert len(set(ALL)) == len(ALL)
    for pane in PANES:
        letters = [field.letter for field in getattr(pane, "fields", ()) if field.letter]
        assert len(set(letters)) == len(letters)
        assert not set(letters) & set(ALL)
        assert all(letter.isupper() for letter in letters)


def test_every_column_that_sorts_has_a_letter() -> None:
    for pane in PANES:
        for field in getattr(pane, "fields", ()):
            assert bool(field.sort) == bool(field.letter), f"{pane.stem} {field.title}"


@alone
async def test_what_is_typed_right_behind_the_slash_or_the_colon_is_for_the_line() -> None:
    app = cockpit()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        driver = app._driver
        assert driver is not None
        for typed, found in (("/", "/"), (":", ":")):
            for letter in f"{typed}q/:e":  # all at once, as a terminal sends what is pasted or typed fast
                driver.process_message(events.Key({"/": "slash", ":": "colon"}.get(letter, letter), letter))
            await pilot.pause()
            await pilot.pause()
            assert (app.prompt.mode, app.prompt.input.value) == (found, "q/:e")
            assert len(app.screen_stack) == 1
            await press(pilot, "escape")
