"""What each key of the help does: a check per key."""

from collections.abc import Awaitable, Callable

from k8sai.tui.app import Cockpit
from k8sai.tui.desk import TINTS
from k8sai.tui.evictions_plan import PlanScreen
from k8sai.tui.keymap import KEYS, MOVES
from k8sai.tui.panes import PANES
from k8sai.tui.reader import Reader
from k8sai.tui.told import Told
from tests.tui.stage import Stage, keys, lines, number, press, screen, table, write
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


async def plans_a_drain(pilot: Stage, app: Cockpit, key: str) -> None:
    await press(pilot, "down", key)
    assert isinstance(app.screen, PlanScreen)
    assert app.screen.wish.nodes == ("a100-01",)


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
    assert "every node with GPUs" in screen(app)
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
    "x": plans_a_drain,
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
ALL = [key for entry in EVERY for key in entry.keys.split(",")]
