"""The file that users copy, one way of asking after the other, in this process."""

import ast
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from k8sai.evict.contracts.acks import ack as read_ack
from k8sai.evict.workload.k8sai_checkpoint import Checkpoint, Room, mark, moment, newest
from tests.evict.training import FILE, keeper

ROOT = Path(__file__).parents[2]
LONG = 30.0


def test_it_needs_nothing_but_python_3_8() -> None:
    tree = ast.parse(FILE.read_text(encoding="utf-8"), feature_version=(3, 8))
    tops = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {(node.module if isinstance(node, ast.ImportFrom) else node.names[0].name) or "" for node in tops}
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


def test_the_documentation_links_to_it() -> None:
    link = ROOT / "docs/k8sai_checkpoint.py"
    assert link.is_symlink() and link.resolve() == FILE.resolve()


@pytest.mark.parametrize(
    ("said", "is_"),
    [("1795321520.5", 1795321520.5), (1795321520, 1795321520), ("2026-11-22T04:25:20Z", 1795321520)],
)
def test_a_deadline_in_each_form(said: object, is_: float) -> None:
    assert moment(said) == is_


@pytest.mark.parametrize(("said", "seconds"), [("90", 90), (5, 5), ("", 600), (None, 600)])
def test_a_deadline_from_now(said: object, seconds: float) -> None:
    before = time.time()
    assert before + seconds <= moment(said) <= time.time() + seconds


@pytest.mark.parametrize("id", ["../../etc/x", "a/b", ".hidden", "ü", "x" * 500])
def test_an_id_never_leaves_its_folder(tmp_path: Path, id: str) -> None:
    one = keeper(tmp_path)
    one.mail.ask({"id": id})
    one.step(7)
    assert one.mail.ack(id)["requestId"] == id and one.mail.ack(id)["step"] == 7
    ours = {one.mail.asks, one.mail.acks, one.mail.folder, *tmp_path.glob("step-*")}
    assert {path.parent for path in tmp_path.rglob("*") if path.is_file()} == ours


def test_a_request_past_its_deadline_is_not_served(tmp_path: Path) -> None:
    one = keeper(tmp_path)
    one.mail.ask({"id": "late", "deadline": time.time() - 1})
    one.step(1)
    assert one.mail.ack("late") == {} and newest(tmp_path) == {}


def test_a_periodic_save_answers_what_was_asked_before_it(tmp_path: Path) -> None:
    one = keeper(tmp_path, every=10)
    one.step(10)
    assert one.mail.ack()["requestId"] == ""
    one.mail.ask({"id": "r1"})
    one.step(20)
    one.step(30)
    assert (one.mail.ack("r1")["step"], one.mail.ack()["step"], one.mail.ack()["requestId"]) == (20, 30, "r1")
    assert newest(tmp_path)["requestId"] == ""  # of itself, it was no answer


def test_every_answer_can_be_read_by_k8sai(tmp_path: Path) -> None:
    one = keeper(tmp_path, world=1)
    one.restored(0)
    first = read_ack(one.mail.ack())
    one.mail.ask({"id": "r1"})
    one.step(4)
    then = read_ack(one.mail.ack())
    assert (first.restored, first.step, first.complete) == (0, -1, False)
    assert (then.request, then.step, then.complete, then.ranks, then.world, then.restored) == ("r1", 4, True, 1, 1, 0)
    assert 0 < then.snapshot <= then.time and then.seconds >= 0
    assert read_ack(newest(tmp_path)).step == 4


def test_an_error_in_a_periodic_save_is_the_trainers_own(tmp_path: Path) -> None:
    def full(step: int) -> str:
        raise OSError("full")

    one = Checkpoint(tmp_path, full, every=2, rank=0, world=1, signals=False)
    with pytest.raises(OSError, match="full"):
        one.step(2)
    one.mail.ask({"id": "r1"})
    one.step(3)
    assert one.mail.ack("r1")["error"] == "rank 0: full" and one.mail.pending() == []


# markers


def test_the_newest_is_by_the_time_of_its_work(tmp_path: Path) -> None:
    for step, at in ((5, 100.0), (3, 200.0)):
        (tmp_path / f"s{step}").mkdir()
        mark(tmp_path / f"s{step}", {"step": step, "snapshotTime": at, "path": str(tmp_path / f"s{step}")})
    assert newest(tmp_path)["step"] == 3


@pytest.mark.parametrize("harm", ["shorter", "gone"])
def test_a_harmed_checkpoint_is_none(tmp_path: Path, harm: str) -> None:
    file = tmp_path / "step-5.ckpt"
    file.write_text("whole")
    mark(file, {"step": 5, "snapshotTime": 1.0, "path": str(file)})
    assert newest(tmp_path)["step"] == 5
    file.write_text("who") if harm == "shorter" else file.unlink()
    assert newest(tmp_path) == {}


# ranks


def gang(path: Path, world: int, **more: Any) -> list[Checkpoint]:
    """All ranks of one attempt, which meet at their start."""
    made: dict[int, Checkpoint] = {}
    threads = [
        threading.Thread(target=lambda rank=rank: made.update({rank: keeper(path, rank=rank, world=world, **more)}))
        for rank in range(world)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join(LONG)
    return [made[rank] for rank in range(world)]


def run(ranks: list[Checkpoint], steps: int) -> None:
    """Each on its own, as fast as it can, and not in step with the others."""
    threads = [
        threading.Thread(target=lambda one=one: [one.step(step) for step in range(1, steps + 1)]) for one in ranks
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join(LONG)
        assert not one.is_alive()


@pytest.mark.parametrize("world", [2, 5])
def test_ranks_that_are_not_in_step_save_one_step_or_none(tmp_path: Path, world: int) -> None:
    ranks = gang(tmp_path, world, patience=0.1)
    ranks[-1].mail.ask({"id": "r1", "deadline": time.time() + 1.0})
    run(ranks, 400)
    folders = list(tmp_path.glob("step-*"))
    assert [len(list(folder.glob("rank-*"))) for folder in folders] in ([], [world])
    assert bool(newest(tmp_path)) == bool(folders)


def test_a_rank_that_is_ahead_is_met_behind_its_step(tmp_path: Path) -> None:
    first, second = gang(tmp_path, 2, patience=LONG)
    first.mail.ask({"id": "r1"})
    assert not first.asked(3) and not second.asked(10) and not first.asked(4)
    found: list[bool] = []
    behind = threading.Thread(target=lambda: found.append(second.asked(11)))
    behind.start()
    assert [step for step in range(5, 12) if first.asked(step)] == [11]
    behind.join(LONG)
    assert found == [True]


def test_what_the_attempt_before_said_does_not_count(tmp_path: Path) -> None:
    """A rank that went on saving behind its end has handed in its part: of another attempt."""
    old = gang(tmp_path, 2)
    assert old[1].room and old[0].room
    (old[1].room.folder / "done.5.1.json").write_text('{"error": ""}')
    new = gang(tmp_path, 2)
    assert new[0].attempt == new[1].attempt != old[0].attempt
    new[0].mail.ask({"id": "r1", "deadline": time.time() + 0.3})
    new[0].save(5, asked=True)
    assert (new[0].mail.ack("r1")["ranks"], new[0].mail.ack("r1")["complete"]) == (1, False)


def test_a_rank_without_rank_0_says_what_it_waits_for(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError, match="rank 1 has waited in vain for rank 0"):
        Room(tmp_path, 1, 2, patience=1, join=0.05)


def test_ranks_agree_by_an_all_reduce(tmp_path: Path) -> None:
    world = 3
    flags = [False] * world
    barrier = threading.Barrier(world)

    def reducer(rank: int) -> Any:
        def any_of(asked: bool) -> bool:
            flags[rank] = asked
            barrier.wait(LONG)
            found = any(flags)
            barrier.wait(LONG)
            return found

        return any_of

    ranks = gang(tmp_path, world)
    for rank, one in enumerate(ranks):
        one.agree = reducer(rank)
    ranks[2].mail.ask({"id": "r1"})
    run(ranks, 5)
    assert ranks[0].mail.ack("r1")["ranks"] == world and newest(tmp_path)["step"] == 1
