"""Every key in the help does what it says, and everything with a key has a name in the palette."""

from collections.abc import Awaitable, Callable

import pytest
from textual import events

from k8sai.tui.app import Cockpit
from k8sai.tui.desk import TINTS
from k8sai.tui.keymap import GROUPS, KEYS, LOG_KEYS, MOVES, TEXT_KEYS, Key, without
from k8sai.tui.panes import OPENED, PANES
from k8sai.tui.reader import Reader
from k8sai.tui.table import VirtualTable
from k8sai.tui.table_pane import TablePane
from k8sai.tui.told import Told
from tests.tui.stage import Stage, alone, cockpit, keys, lines, number, press, screen, table, write
from tests.tui.world import GPU, node

Check = Callable[[Stage, Cockpit, str], Awaitable[None]]


async def opens(pilot: Stage, app: Cockpit, key: str) -> None:
    await press(pilot, "down", key)
    assert app.current.stem == "node"
    assert app.current.subject["node"] == "a100-01"


async def clears_then_goes_back(pilot: Stage, app: Cockpit, key: str) -> None:
    await press(pilot, "slash", *"h100-0", "enter", "enter")
    assert app.current.stem == "node"
    await press(pilot, key)
    assert app.current.stem == "nodes"
    assert app.current.filter.typed == "h100-0"
    await press(pilot, key)
    assert app.current.filter.typed == ""
    assert len(keys(app)) == 15


async def commands(pilot: Stage, app: Cockpit, key: str) -> None:
    await press(pilot, key)
    await write(pilot, "pending")
    await press(pilot, "enter")
    assert app.current.stem == "pending"


async def next_pane(pilot: Stage, app: Cockpit, key: str) -> None:
    seen = []
    for _ in PANES:
        seen.append(app.current.stem)
        await press(pilot, key)
    assert seen == [pane.stem for pane in PANES]
    assert app.current.stem == PANES[0].stem


async def previous_pane(pilot: Stage, app: Cockpit, key: str) -> None:
    await press(pilot, key)
    assert app.current.stem == PANES[-1].stem


async def filters(pilot: Stage, app: Cockpit, key: str) -> None:
    await press(pilot, key)
    await write(pilot, "a100-0")
    assert keys(app) == ["a100-00", "a100-01", "a100-02"]


async def next_sort(pilot: Stage, app: Cockpit, key: str) -> None:
    await press(pilot, key)
    assert table(app).sort == "product"
    assert "by PRODUCT" in lines(app)[3]


async def previous_sort(pilot: Stage, app: Cockpit, key: str) -> None:
    await press(pilot, key)
    assert table(app).sort == "age"


async def reverses(pilot: Stage, app: Cockpit, key: str) -> None:
    before = keys(app)
    await press(pilot, key)
    assert keys(app) == before[::-1]
    await press(pilot, key)
    assert keys(app) == before


async def colours(pilot: Stage, app: Cockpit, key: str) -> None:
    seen = []
    for _ in TINTS:
        seen.append(app.desk.tint)
        assert f"colour {app.desk.tint}" in lines(app)[3]
        await press(pilot, key)
    assert seen == list(TINTS)
    assert app.desk.tint == TINTS[0]


async def pauses(pilot: Stage, app: Cockpit, key: str) -> None:
    await press(pilot, key)
    assert app.paused
    assert "PAUSED" in lines(app)[0]
    await press(pilot, key)
    assert not app.paused
    assert "PAUSED" not in screen(app)


async def widens(pilot: Stage, app: Cockpit, key: str) -> None:
    assert "TAINTS" not in screen(app)
    await press(pilot, key, *["right"] * 12)
    assert "TAINTS" in screen(app)
    await press(pilot, *["left"] * 12)
    assert lines(app)[4].startswith("NODE")
    await press(pilot, key)
    assert "TAINTS" not in screen(app)


async def every_node(pilot: Stage, app: Cockpit, key: str) -> None:
    assert "cpu-00" not in keys(app)
    await press(pilot, key)
    assert "cpu-00" in keys(app)
    await press(pilot, key)
    assert "cpu-00" not in keys(app)


async def scrolls_right(pilot: Stage, app: Cockpit, key: str) -> None:
    await press(pilot, "ctrl+w", key)
    assert table(app).table.scroll_offset.x == 8


async def scrolls_left(pilot: Stage, app: Cockpit, key: str) -> None:
    await press(pilot, "ctrl+w", "right", "right", key)
    assert table(app).table.scroll_offset.x == 8


def moves(*first: str, to: int) -> Check:
    async def check(pilot: Stage, app: Cockpit, key: str) -> None:
        await press(pilot, *first, key)
        assert table(app).table.index == to

    return check


async def helps(pilot: Stage, app: Cockpit, key: str) -> None:
    await press(pilot, key)
    assert isinstance(app.screen, Told)
    assert "open what is under the cursor" in screen(app)
    await press(pilot, "escape")
    assert not isinstance(app.screen, Told)


async def palette(pilot: Stage, app: Cockpit, key: str) -> None:
    await press(pilot, key)
    assert app.screen.__class__.__name__ == "CommandPalette"
    await press(pilot, "escape")


async def quits(pilot: Stage, app: Cockpit, key: str) -> None:
    await press(pilot, key)
    assert not app.is_running or app._exit


async def goes_back_in_history(pilot: Stage, app: Cockpit, key: str) -> None:
    await press(pilot, number("pods"), number("pending"), key)
    assert app.current.stem == "pods"
    await press(pilot, key, key)
    assert app.current.stem == "nodes"


async def goes_forward_in_history(pilot: Stage, app: Cockpit, key: str) -> None:
    await press(pilot, number("pods"), number("pending"), "left_square_bracket", "left_square_bracket", key)
    assert app.current.stem == "pods"
    await press(pilot, key, key)
    assert app.current.stem == "pending"


async def swaps_panes(pilot: Stage, app: Cockpit, key: str) -> None:
    await press(pilot, number("pending"), key)
    assert app.current.stem == "nodes"
    await press(pilot, key)
    assert app.current.stem == "pending"


def reads(title: str, *first: str) -> Check:
    async def check(pilot: Stage, app: Cockpit, key: str) -> None:
        await press(pilot, *first, key)
        assert isinstance(app.screen, Reader)
        assert title in lines(app)[0]
        await press(pilot, "escape")
        assert not isinstance(app.screen, Reader)

    return check


async def leads_to_the_owner(pilot: Stage, app: Cockpit, key: str) -> None:
    await app.show("pods")
    await pilot.pause()
    app.current.point_at("team-llm/eval-0")
    await press(pilot, key)
    await app.workers.wait_for_complete()
    await pilot.pause()
    if isinstance(app.screen, Reader):
        assert "Job team-llm/eval" in lines(app)[0]
    else:
        assert app.current.stem == "workloads"


async def leads_to_the_node(pilot: Stage, app: Cockpit, key: str) -> None:
    await app.show("pods")
    await pilot.pause()
    app.current.point_at("team-llm/eval-0")
    await press(pilot, key)
    assert app.current.subject["node"] == "h100-02"
    assert table(app).table.cursor_key == "team-llm/eval-0"


async def marks(pilot: Stage, app: Cockpit, key: str) -> None:
    await press(pilot, key, key)
    assert app.current.marked == {"a100-00", "a100-01"}
    assert "2 marked" in lines(app)[3]
    assert [subject.name for subject in app.current.subjects()] == ["a100-00", "a100-01"]
    await press(pilot, "up", key)
    assert app.current.marked == {"a100-00"}


async def marks_a_range(pilot: Stage, app: Cockpit, key: str) -> None:
    await press(pilot, "down", "space", "down", "down", key)
    assert app.current.marked == {"a100-01", "a100-02", "a100-mig", "h100-00"}


async def clears_marks(pilot: Stage, app: Cockpit, key: str) -> None:
    await press(pilot, "space", "space", key)
    assert app.current.marked == set()
    assert "marked" not in lines(app)[3]


async def shows_trouble(pilot: Stage, app: Cockpit, key: str) -> None:
    await press(pilot, key)
    assert keys(app) == ["h100-03", "h100-06", "h100-07", "h100-08"]
    assert "only what is wrong" in lines(app)[3]
    await press(pilot, key)
    assert len(keys(app)) == 15


async def shows_all_namespaces(pilot: Stage, app: Cockpit, key: str) -> None:
    await press(pilot, "colon")
    await write(pilot, "ns research")
    await press(pilot, "enter", number("pods"))
    assert {name.split("/")[0] for name in keys(app)} == {"research"}
    assert "namespace research" in screen(app)
    await press(pilot, key)
    assert len({name.split("/")[0] for name in keys(app)}) > 1


async def changes_the_theme(pilot: Stage, app: Cockpit, key: str) -> None:
    seen = []
    for _ in range(3):
        seen.append(app.theme)
        await press(pilot, key)
    assert seen == ["k8sai", "k8sai-light", "k8sai-safe"]
    assert app.theme == "k8sai"


async def saves(pilot: Stage, app: Cockpit, key: str) -> None:
    await press(pilot, key)
    await app.workers.wait_for_complete()
    await pilot.pause()
    assert "opened without a" in screen(app)


async def refreshes(pilot: Stage, app: Cockpit, key: str) -> None:
    app.desk.fleet.put("nodes", node("a000-new", {GPU: 8}))
    await press(pilot, key)
    assert keys(app)[0] == "a000-new"


CHECKS: dict[str, Check] = {
    "left_square_bracket": goes_back_in_history,
    "right_square_bracket": goes_forward_in_history,
    "minus": swaps_panes,
    "d": reads("Node a100-00"),
    "y": reads("YAML of node a100-00"),
    "l": reads("Logs of node a100-00"),
    "e": reads("Events of node a100-00"),
    "w": reads("Why node a100-00"),
    "o": leads_to_the_owner,
    "n": leads_to_the_node,
    "space": marks,
    "ctrl+@": marks_a_range,
    "ctrl+space": marks_a_range,
    "ctrl+backslash": clears_marks,
    "ctrl+z": shows_trouble,
    "0": shows_all_namespaces,
    "ctrl+t": changes_the_theme,
    "ctrl+s": saves,
    "ctrl+r": refreshes,
    "enter": opens,
    "escape": clears_then_goes_back,
    "colon": commands,
    "tab": next_pane,
    "shift+tab": previous_pane,
    "slash": filters,
    "s": next_sort,
    "S": previous_sort,
    "r": reverses,
    "c": colours,
    "p": pauses,
    "ctrl+w": widens,
    "a": every_node,
    "up": moves("down", "down", to=1),
    "k": moves("down", "down", to=1),
    "down": moves(to=1),
    "j": moves(to=1),
    "pageup": moves("end", to=0),
    "ctrl+b": moves("end", to=0),
    "pagedown": moves(to=14),
    "ctrl+f": moves(to=14),
    "home": moves("end", to=0),
    "g": moves("end", to=0),
    "end": moves(to=14),
    "G": moves(to=14),
    "left": scrolls_left,
    "right": scrolls_right,
    "question_mark": helps,
    "ctrl+p": palette,
    "q": quits,
}
EVERY = (*MOVES, *KEYS)
OWN = [(pane, entry) for pane in (*PANES, *OPENED) for entry in pane.own_keys]
ALL = [key for entry in EVERY for key in entry.keys.split(",")]


@pytest.mark.parametrize("key", [*ALL, "a"])
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
