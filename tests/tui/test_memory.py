"""What survives a restart, and what happens when it cannot."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from k8sai.errors import Usage
from k8sai.fleet.index import Fleet
from k8sai.tui.app import Cockpit
from k8sai.tui.memory import Memory, file_name
from k8sai.tui.opening import Opening
from k8sai.tui.saving import save_rows, save_text
from tests.tui.stage import alone, keys, press, screen, table, write
from tests.tui.world import NOW, FixedFeed, fill, now


def started(state: Path | None, opening: Opening | None = None, *, keeps: bool = True) -> Cockpit:
    return Cockpit(fill(Fleet()), FixedFeed(), now=now, plain=False, state=state, opening=opening, keeps=keeps)


def kept(state: Path) -> Any:
    return json.loads((state / "screen" / "prod-eu-1.json").read_text())


@alone
async def test_nothing_is_written_unless_told() -> None:
    app = started(None)
    async with app.run_test() as pilot:
        await press(pilot, "c")
    assert app.memory.complaint == ""


def test_the_screen_looks_as_it_was_left(tmp_path: Path) -> None:
    @alone
    async def story() -> None:
        app = started(tmp_path)
        async with app.run_test() as pilot:
            await app.show("nodes")
            await press(pilot, "F", "r", "a", "ctrl+w", "c", "ctrl+t", "slash")
            await write(pilot, "a100")
            await press(pilot, "enter", "colon")
            await write(pilot, "ns research")
            await press(pilot, "enter", "colon")
            await write(pilot, "pending")
            await press(pilot, "enter")
        again = started(tmp_path)
        async with again.run_test() as pilot:
            await pilot.pause()
            assert (again.current.stem, again.theme) == ("pending", "k8sai-light")
            assert (again.desk.tint, again.desk.namespace) == (app.desk.tint, "research")
            await again.show("nodes")
            await pilot.pause()
            nodes = table(again)
            assert (nodes.sort, nodes.reverse, nodes.table.wide) == ("free", True, True)
            assert nodes.filter.typed == "a100"
            assert all(key.startswith("a100") for key in keys(again))
            assert nodes.remember()["every"] is True

    story()


def test_flags_win_and_are_for_once(tmp_path: Path) -> None:
    @alone
    async def story() -> None:
        app = started(tmp_path)
        async with app.run_test() as pilot:
            await app.show("nodes")
            await press(pilot, "slash")
            await write(pilot, "a100")
            await press(pilot, "enter", "2")
        flagged = started(tmp_path, Opening(nodes="^mi300-00$", sort="free"))
        async with flagged.run_test() as pilot:
            await pilot.pause()
            assert flagged.current.stem == "nodes"
            assert keys(flagged) == ["mi300-00"]
            assert table(flagged).sort == "free"
        assert kept(tmp_path)["panes"]["nodes"]["filter"] == "a100"
        assert kept(tmp_path)["panes"]["nodes"]["sort"] == "name"

    story()


def test_a_filter_of_a_subject_is_not_kept(tmp_path: Path) -> None:
    @alone
    async def story() -> None:
        app = started(tmp_path)
        async with app.run_test() as pilot:
            await app.show("pods", {"namespace": "research"})
            app.current.narrow("slice")
            await pilot.pause()
        assert kept(tmp_path)["panes"]["pods"]["filter"] == ""

    story()


@pytest.mark.parametrize(
    "broken", ["{", "[]", "\x00", '{"panes": 3, "pane": ["x"], "tint": 1, "theme": {}, "namespace": 4}']
)
def test_a_broken_file_is_said_once_and_written_anew(tmp_path: Path, broken: str) -> None:
    file = tmp_path / "screen" / "prod-eu-1.json"
    file.parent.mkdir()
    file.write_text(broken)

    @alone
    async def story() -> None:
        app = started(tmp_path)
        async with app.run_test(size=(160, 40), notifications=True) as pilot:
            await pilot.pause()
            assert ("cannot be read" in screen(app)) is (not broken.startswith('{"'))
            assert app.current.stem == "nodes"
        again = started(tmp_path)
        async with again.run_test(size=(160, 40), notifications=True) as pilot:
            await pilot.pause()
            assert "cannot be read" not in screen(again)

    story()


def test_panes_that_were_kept_wrongly_are_as_new(tmp_path: Path) -> None:
    file = tmp_path / "screen" / "prod-eu-1.json"
    file.parent.mkdir()
    nodes = {"filter": 3, "sort": "beauty", "reverse": "yes", "wide": 1}
    file.write_text(json.dumps({"pane": "nowhere", "panes": {"nodes": nodes, "pods": []}}))

    @alone
    async def story() -> None:
        app = started(tmp_path)
        async with app.run_test() as pilot:
            await press(pilot, "1")
            nodes = table(app)
            assert (nodes.sort, nodes.reverse, nodes.table.wide, nodes.filter.typed) == ("name", False, False, "")

    story()


def test_a_folder_that_cannot_be_written_is_said_once(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")

    @alone
    async def story() -> None:
        app = started(blocked)
        async with app.run_test(size=(160, 40), notifications=True) as pilot:
            await pilot.pause()
            assert "cannot be" in screen(app)
            assert "remembered" in screen(app)

    story()


def test_a_recording_keeps_nothing_but_saves(tmp_path: Path) -> None:
    @alone
    async def story() -> None:
        app = started(tmp_path, keeps=False)
        async with app.run_test() as pilot:
            await app.show("nodes")
            await press(pilot, "ctrl+s")
            await app.workers.wait_for_complete()
        assert [path.name for path in tmp_path.iterdir()] == ["saved"]

    story()


def test_names_of_clusters_make_names_of_files() -> None:
    names = ["prod-eu-1", "arn:aws:eks:eu-1:123:cluster/a", "arn:aws:eks:eu-1:123:cluster:a", "..", "", "a" * 300, "é"]
    files = [file_name(name) for name in names]
    assert files[0] == "prod-eu-1"
    assert len(set(files)) == len(files)
    assert all("/" not in file and file not in ("", ".", "..") and len(file) < 100 for file in files)


def test_what_is_kept_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    memory = Memory(tmp_path, "a")
    memory.keep({"pane": "nodes"})
    with pytest.raises(TypeError):
        memory.keep({"pane": object()})
    assert Memory(tmp_path, "a").recall() == {"pane": "nodes"}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


# --- tables and texts -------------------------------------------------------------------------------------------------


def test_rows_are_saved_as_they_are_shown(tmp_path: Path) -> None:
    @alone
    async def story() -> None:
        app = started(tmp_path)
        async with app.run_test(size=(120, 30), notifications=True) as pilot:
            await app.show("nodes")
            app.current.narrow("a100-0")
            await press(pilot, "ctrl+s")
            await app.workers.wait_for_complete()
            await pilot.pause()
            assert "3 rows saved to" in screen(app)
        (path,) = (tmp_path / "saved").iterdir()
        assert path.stat().st_mode & 0o777 == 0o600
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert [row["NODE"] for row in rows] == ["a100-00", "a100-01", "a100-02"]
        assert rows[0]["USED"] == "4/4"

    story()


def test_no_file_is_written_over(tmp_path: Path) -> None:
    first = save_text(tmp_path, "a/b", NOW, "txt", ["one"])
    second = save_text(tmp_path, "a/b", NOW, "txt", ["two"])
    assert first != second
    assert (first.read_text(), second.read_text()) == ("one\n", "two\n")


def test_where_nothing_can_be_saved_that_is_said(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    for folder in (None, blocked / "saved"):
        with pytest.raises(Usage):
            save_rows(folder, "a", NOW, ["A"], [["1"]])
