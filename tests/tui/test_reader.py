"""The screens of text: every key of theirs, and what they say while they wait and when it fails."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from k8sai.fleet.index import Fleet
from k8sai.tui.app import Cockpit
from k8sai.tui.keymap import LOG_KEYS, TEXT_KEYS
from k8sai.tui.log_screen import Logs
from k8sai.tui.reader import Reader
from k8sai.tui.told import Told
from tests.tui.objects import Things, cluster
from tests.tui.stage import Stage, alone, lines, press, screen, write
from tests.tui.world import FixedFeed, fill, now


def cockpit(things: Things | None, state: Path | None = None) -> Cockpit:
    feed = FixedFeed()
    feed.objects = things
    return Cockpit(fill(Fleet()), feed, now=now, plain=False, state=state)


async def at(pilot: Stage, app: Cockpit, key: str, namespace: str = "team-llm", name: str = "eval-0") -> Reader:
    """Open what a key of a pod shows, and wait until it is read."""
    await app.show("pods")
    await pilot.pause()
    app.current.point_at(f"{namespace}/{name}")
    await press(pilot, key)
    await read(pilot, app)
    assert isinstance(app.screen, Reader)
    return app.screen


async def read(pilot: Stage, app: Cockpit) -> None:
    """Until what was asked for is on the screen."""
    await app.workers.wait_for_complete([worker for worker in app.workers if worker.group == "reading"])
    await pilot.pause()


Check = Callable[[Stage, Cockpit, Reader, str], Awaitable[None]]


async def closes(pilot: Stage, app: Cockpit, reader: Reader, key: str) -> None:
    await press(pilot, key)
    assert not isinstance(app.screen, Reader)
    assert app.is_running and not app._exit


async def searches(pilot: Stage, app: Cockpit, reader: Reader, key: str) -> None:
    await press(pilot, key)
    await write(pilot, "nvidia")
    await press(pilot, "enter")
    assert "/nvidia 1 of" in lines(app)[0]
    assert len(reader.text.found) > 2
    await press(pilot, key, "escape")
    assert reader.text.pattern is None


def steps(by: int) -> Check:
    async def check(pilot: Stage, app: Cockpit, reader: Reader, key: str) -> None:
        await press(pilot, "slash")
        await write(pilot, "nvidia")
        await press(pilot, "enter", key)
        assert reader.text.at == by % len(reader.text.found)

    return check


async def wraps(pilot: Stage, app: Cockpit, reader: Reader, key: str) -> None:
    await press(pilot, key)
    assert not reader.text.wrap
    assert "long lines are cut" in lines(app)[0]
    await press(pilot, key)
    assert reader.text.wrap


async def saves(pilot: Stage, app: Cockpit, reader: Reader, key: str) -> None:
    await press(pilot, key)
    await app.workers.wait_for_complete([worker for worker in app.workers if worker.group == "saving"])
    await pilot.pause()
    assert app.saves is not None
    (path,) = app.saves.iterdir()
    assert "Phase             Running" in path.read_text()
    assert path.name.startswith("prod-eu-1-describe-pods-team-llm-eval-0-") and path.suffix == ".txt"
    assert path.stat().st_mode & 0o777 == 0o600


async def copies(pilot: Stage, app: Cockpit, reader: Reader, key: str) -> None:
    await press(pilot, key)
    assert "Phase             Running" in app.clipboard


async def reads_again(pilot: Stage, app: Cockpit, reader: Reader, key: str) -> None:
    things = app.desk.objects
    assert isinstance(things, Things)
    things.things["pods"][0]["status"]["phase"] = "Failed"
    await press(pilot, key)
    await read(pilot, app)
    assert any(line.split() == ["Phase", "Failed"] for line in reader.text.plain())


def scrolls(*first: str, to: int) -> Check:
    async def check(pilot: Stage, app: Cockpit, reader: Reader, key: str) -> None:
        await press(pilot, *first, key)
        last = len(reader.text._rows) - reader.text.size.height
        assert reader.text.scroll_offset.y == (to if to >= 0 else last)

    return check


def goes_sideways(*first: str, to: int) -> Check:
    async def check(pilot: Stage, app: Cockpit, reader: Reader, key: str) -> None:
        await pilot.resize_terminal(40, 24)
        await press(pilot, "w", *first, key)
        assert reader.text.scroll_offset.x == to

    return check


async def helps(pilot: Stage, app: Cockpit, reader: Reader, key: str) -> None:
    await press(pilot, key)
    assert isinstance(app.screen, Told)
    assert "search: text or regex" in screen(app)
    await press(pilot, "escape")
    assert reader.is_current


async def palette(pilot: Stage, app: Cockpit, reader: Reader, key: str) -> None:
    await press(pilot, key)
    assert app.screen.__class__.__name__ == "CommandPalette"
    await write(pilot, "Wrap or cut")
    await press(pilot, "enter")
    await pilot.pause()
    assert not reader.text.wrap


PAGE = 21  # rows of text on 24 lines, less one that stays in sight
CHECKS: dict[str, Check] = {
    "escape": closes,
    "q": closes,
    "slash": searches,
    "n": steps(1),
    "N": steps(-1),
    "w": wraps,
    "ctrl+s": saves,
    "c": copies,
    "ctrl+r": reads_again,
    "up": scrolls("down", "down", to=1),
    "k": scrolls("down", "down", to=1),
    "down": scrolls(to=1),
    "j": scrolls(to=1),
    "pageup": scrolls("end", "home", "down", to=0),
    "ctrl+b": scrolls("end", "home", "down", to=0),
    "pagedown": scrolls(to=PAGE),
    "ctrl+f": scrolls(to=PAGE),
    "space": scrolls(to=PAGE),
    "home": scrolls("end", to=0),
    "g": scrolls("end", to=0),
    "end": scrolls(to=-1),
    "G": scrolls(to=-1),
    "left": goes_sideways("right", "right", to=8),
    "right": goes_sideways(to=8),
    "question_mark": helps,
    "ctrl+p": palette,
}
ALL = [key for entry in TEXT_KEYS for key in entry.keys.split(",")]


@pytest.mark.parametrize("key", ALL)
def test_the_key_does_what_help_says(key: str, tmp_path: Path) -> None:
    @alone
    async def story() -> None:
        app = cockpit(cluster(), tmp_path)
        async with app.run_test(size=(80, 24), notifications=True) as pilot:
            reader = await at(pilot, app, "d")
            await CHECKS[key](pilot, app, reader, key)

    story()


def test_no_two_keys_are_the_same() -> None:
    every = [*ALL, *(key for entry in LOG_KEYS for key in entry.keys.split(","))]
    assert len(set(every)) == len(every)


@alone
async def test_every_key_is_in_the_help_and_the_palette() -> None:
    for key, keys in (("d", TEXT_KEYS), ("l", (*LOG_KEYS, *TEXT_KEYS))):
        app = cockpit(None)
        async with app.run_test(size=(100, 60)) as pilot:
            await at(pilot, app, key)
            titles = {command.title for command in app.get_system_commands(app.screen)}
            assert {entry.palette for entry in keys if entry.action} <= titles
            await press(pilot, "question_mark")
            said = screen(app)
            for entry in keys:
                assert f"{entry.shown}  {entry.words}" in said


@alone
async def test_the_screen_answers_while_a_server_does_not() -> None:
    things = cluster()
    things.gate.clear()
    app = cockpit(things)
    async with app.run_test(size=(80, 24)) as pilot:
        await app.show("pods")
        await press(pilot, "d")
        assert "reading …" in lines(app)[0]
        await press(pilot, "escape", "down", "down")
        assert not isinstance(app.screen, Reader)
        assert app.current.cursor() != app.current.shown()[0]
        things.gate.set()


@alone
async def test_what_fails_is_a_sentence_and_the_next_command() -> None:
    things = cluster()
    things.refused.add("pods")
    app = cockpit(things)
    async with app.run_test(size=(80, 24)) as pilot:
        for key in ("d", "y", "e", "l"):
            reader = await at(pilot, app, key)
            said = screen(app)
            assert "ana may not get pods" in said, key
            assert "kubectl auth can-i get pods" in said
            assert isinstance(reader, Logs) is (key == "l")
            await press(pilot, "escape")


@alone
async def test_a_recording_of_facts_alone_says_what_it_has_not() -> None:
    app = cockpit(None)
    async with app.run_test(size=(100, 24)) as pilot:
        for key, sentence in (
            ("d", "Whole objects are not kept here"),
            ("y", "Whole objects are not kept here"),
            ("e", "Whole objects are not kept here"),
            ("l", "Logs are read from a live cluster"),
            ("w", "Why needs the whole cluster"),
        ):
            await at(pilot, app, key)
            assert sentence in screen(app), key
            await press(pilot, "escape")


@alone
async def test_yaml_is_of_the_object_without_managed_fields() -> None:
    app = cockpit(cluster())
    async with app.run_test(size=(100, 50)) as pilot:
        reader = await at(pilot, app, "y")
        text = reader.text.plain()
        assert "  name: eval-0" in text
        assert not any("managedFields" in line for line in text)


@alone
async def test_what_nothing_owns_says_so() -> None:
    app = cockpit(cluster())
    async with app.run_test(size=(100, 50), notifications=True) as pilot:
        await app.show("nodes")
        app.current.point_at("h100-02")
        await press(pilot, "o")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert "Nothing owns node h100-02." in screen(app)
