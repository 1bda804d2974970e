"""A folder brought up to its recipe: what is written, what the lock knows afterwards, and a stop in the middle."""

from pathlib import Path

import pytest

from k8sai.cookbook import folder, lock
from k8sai.cookbook.folder import Plan
from k8sai.cookbook.lock import Lock
from k8sai.cookbook.render import File
from k8sai.cookbook.update import Update, update
from k8sai.errors import Refused, Usage

BASE = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  one: '1'\n  two: '2'\n"
OTHER = BASE.replace("name: a", "name: b")
LOCK = Lock("a-test", "built in", "sha256:1")


def files(**texts: str) -> list[File]:
    return [File(f"{name}.yaml", text) for name, text in texts.items()]


def make(target: Path, **texts: str) -> None:
    folder.write(folder.fresh(target, files(**texts), LOCK, lock.read(target)))


def plan(target: Path, **texts: str) -> Update:
    old = lock.read(target)
    assert old is not None
    return update(target, old, files(**texts), LOCK)


def bring_up(target: Path, **texts: str) -> Update:
    found = plan(target, **texts)
    folder.write(found.plan)
    return found


def ops(found: Plan) -> dict[str, str]:
    return {change.name: change.op for change in found.changes}


# --- made anew --------------------------------------------------------------------------------------------------------


def test_made_twice_is_unchanged(tmp_path: Path) -> None:
    make(tmp_path / "new/deep", a=BASE)
    again = folder.fresh(tmp_path / "new/deep", files(a=BASE), LOCK, lock.read(tmp_path / "new/deep"))
    assert ops(again) == {"a.yaml": "unchanged"}
    assert again.writes == []


def test_what_nobody_touched_is_made_anew(tmp_path: Path) -> None:
    make(tmp_path, a=BASE, b=OTHER)
    again = folder.fresh(tmp_path, files(a=BASE.replace("'1'", "'3'")), LOCK, lock.read(tmp_path))
    assert ops(again) == {"a.yaml": "update", "b.yaml": "delete"}


@pytest.mark.parametrize("ours", [True, False], ids=["changed", "not made here"])
def test_a_file_that_is_not_as_it_was_made_is_not_overwritten(tmp_path: Path, ours: bool) -> None:
    if ours:
        make(tmp_path, a=BASE, b=OTHER)
    (tmp_path / "a.yaml").write_text("mine\n")
    with pytest.raises(Refused) as error:
        make(tmp_path, a=BASE.replace("'1'", "'3'"), b=OTHER.replace("'1'", "'3'"))
    assert "a.yaml: changed by you, or not made here; nothing was written" in error.value.message
    assert (tmp_path / "a.yaml").read_text() == "mine\n"
    assert not (tmp_path / "b.yaml").exists() or (tmp_path / "b.yaml").read_text() == OTHER


def test_line_ends_and_links_stay(tmp_path: Path) -> None:
    make(tmp_path, a=BASE)
    (tmp_path / "real.txt").write_bytes(BASE.replace("\n", "\r\n").encode())
    (tmp_path / "a.yaml").unlink()
    (tmp_path / "a.yaml").symlink_to("real.txt")
    bring_up(tmp_path, a=BASE.replace("'1'", "'3'"))
    assert (tmp_path / "a.yaml").is_symlink()
    assert (tmp_path / "real.txt").read_bytes() == BASE.replace("'1'", "'3'").replace("\n", "\r\n").encode()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Usage, match="cannot be"):
        make(tmp_path / "file/in/it", a=BASE)


# --- an update --------------------------------------------------------------------------------------------------------


def test_both_sides_are_in_the_file_and_a_second_update_changes_nothing(tmp_path: Path) -> None:
    make(tmp_path, a=BASE)
    (tmp_path / "a.yaml").write_text("# mine\n" + BASE.replace("'1'", "'10'"))
    new = BASE.replace("'2'", "'20'")
    assert ops(bring_up(tmp_path, a=new, b=OTHER).plan) == {"a.yaml": "update", "b.yaml": "create"}
    assert (tmp_path / "a.yaml").read_text() == "# mine\n" + BASE.replace("'1'", "'10'").replace("'2'", "'20'")

    again = plan(tmp_path, a=new, b=OTHER)
    assert again.plan.writes == []
    assert again.plan.lock == lock.read(tmp_path)


def test_a_conflict_is_asked_once(tmp_path: Path) -> None:
    make(tmp_path, a=BASE, b=OTHER)
    (tmp_path / "a.yaml").write_text(BASE.replace("'1'", "'10'"))
    new = BASE.replace("'1'", "'3'").replace("'2'", "'20'")
    found = bring_up(tmp_path, a=new, b=OTHER.replace("'1'", "'3'"))
    assert ops(found.plan) == {"a.yaml": "conflict", "b.yaml": "update"}
    kept = lock.read(tmp_path)
    assert kept is not None
    assert [(each.name, each.base == BASE, bool(each.marked)) for each in kept.files] == [
        ("a.yaml", True, True),
        ("b.yaml", False, False),
    ]

    stuck = plan(tmp_path, a=new, b=OTHER)
    assert stuck.unsolved == (("a.yaml", 6),)
    assert stuck.plan.writes == []

    (tmp_path / "a.yaml").write_text(BASE.replace("'1'", "'10'"))  # taken back: nothing was decided
    assert plan(tmp_path, a=new, b=OTHER).conflicts

    (tmp_path / "a.yaml").write_text("# decided\n" + BASE.replace("'1'", "'10'"))
    assert bring_up(tmp_path, a=new, b=OTHER.replace("'1'", "'3'")).conflicts == ()
    assert (tmp_path / "a.yaml").read_text() == "# decided\n" + BASE.replace("'1'", "'10'")
    assert not plan(tmp_path, a=new, b=OTHER.replace("'1'", "'3'")).plan.writes
    last = lock.read(tmp_path)
    assert last is not None and last.files[0].marked is None


def test_to_decide_for_yours_everywhere_is_to_decide(tmp_path: Path) -> None:
    make(tmp_path, a=BASE)
    (tmp_path / "a.yaml").write_text(BASE.replace("'1'", "'10'"))
    new = BASE.replace("'1'", "'3'")
    assert bring_up(tmp_path, a=new).conflicts
    (tmp_path / "a.yaml").write_text(BASE.replace("'1'", "'10'"))
    assert bring_up(tmp_path, a=new).conflicts == ()
    assert not plan(tmp_path, a=new).plan.writes


def test_a_file_you_removed_and_the_recipe_changed(tmp_path: Path) -> None:
    make(tmp_path, a=BASE, b=OTHER)
    (tmp_path / "a.yaml").unlink()
    assert ops(bring_up(tmp_path, a=BASE, b=OTHER.replace("'1'", "'3'")).plan) == {"b.yaml": "update"}
    assert not (tmp_path / "a.yaml").exists()

    new = {"a": BASE.replace("'1'", "'3'"), "b": OTHER}
    assert ops(bring_up(tmp_path, **new).plan)["a.yaml"] == "conflict"
    (tmp_path / "a.yaml").unlink()  # decided: it stays away
    assert bring_up(tmp_path, **new).conflicts == ()
    assert not (tmp_path / "a.yaml").exists()


def test_an_object_that_the_recipe_no_longer_makes(tmp_path: Path) -> None:
    make(tmp_path, a=BASE, b=OTHER)
    assert ops(plan(tmp_path, a=BASE).plan) == {"a.yaml": "unchanged", "b.yaml": "delete"}
    (tmp_path / "b.yaml").write_text(OTHER.replace("'1'", "'10'"))
    assert ops(bring_up(tmp_path, a=BASE).plan)["b.yaml"] == "conflict"
    (tmp_path / "b.yaml").write_text("# kept\n" + OTHER.replace("'1'", "'10'"))  # decided: it is yours now
    found = bring_up(tmp_path, a=BASE)
    assert found.conflicts == () and found.plan.writes == []
    kept = lock.read(tmp_path)
    assert kept is not None and [each.name for each in kept.files] == ["a.yaml"]


def test_an_object_moved_to_another_file(tmp_path: Path) -> None:
    make(tmp_path, a=BASE, b=OTHER)
    (tmp_path / "b.yaml").unlink()
    (tmp_path / "a.yaml").unlink()
    (tmp_path / "all.yml").write_text(OTHER + "---\n" + BASE)
    (tmp_path / "broken.yaml").write_text("a: [\n")  # nobody's business
    found = bring_up(tmp_path, a=BASE.replace("'1'", "'3'"), b=OTHER)
    assert ops(found.plan) == {"all.yml": "update"}
    assert (tmp_path / "all.yml").read_text() == OTHER + "---\n" + BASE.replace("'1'", "'3'")


@pytest.mark.parametrize("stopped_after", [1, 2, 3])
def test_stopped_in_the_middle_it_is_ended_by_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped_after: int
) -> None:
    make(tmp_path, a=BASE, b=OTHER, c=BASE.replace("name: a", "name: c"))
    (tmp_path / "a.yaml").write_text("# mine\n" + BASE)
    new = {"a": BASE.replace("'1'", "'3'"), "b": OTHER.replace("'1'", "'3'"), "d": BASE.replace("name: a", "name: d")}
    wanted = plan(tmp_path, **new).plan

    left = stopped_after
    replace = Path.replace

    def stop(self: Path, target: Path) -> Path:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        folder.write(wanted)
    monkeypatch.undo()
    bring_up(tmp_path, **new)
    assert {change.name: (tmp_path / change.name).read_text() for change in wanted.changes if change.after} == {
        change.name: change.after for change in wanted.changes if change.after
    }
    assert lock.read(tmp_path) == wanted.lock
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.yaml", "b.yaml", "d.yaml", "k8sai.lock"]
