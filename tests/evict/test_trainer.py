"""A training of several real processes is asked for a checkpoint, stopped, and goes on from it."""

import signal
from pathlib import Path

import pytest

from k8sai.evict.workload.k8sai_checkpoint import Mailbox, newest
from k8sai.sim.trainer import advance, read_part
from k8sai.sim.trainer_log import losses
from tests.evict.training import Training, ask, program


def state_after(steps: int) -> int:
    state = 0
    for step in range(1, steps + 1):
        state = advance(state, step)
    return state


def test_all_ranks_save_the_same_step(tmp_path: Path) -> None:
    with Training(tmp_path, 3) as gang:
        gang.said(": step 5")
        ack = ask(tmp_path, "r1")
        gang.said(f"saved step {ack['step']}")
    assert (ack["requestId"], ack["complete"], ack["ranks"], ack["worldSize"]) == ("r1", True, 3, 3)
    assert ack["step"] >= 5 and ack["snapshotTime"] <= ack["time"] and ack["restoredStep"] == 0
    assert gang.saves() == [[ack["step"]]] * 3
    parts = [read_part(Path(ack["path"]) / f"rank-{rank}.part") for rank in range(3)]
    assert [part["state"] for part in parts] == [state_after(ack["step"])] * 3


def test_asking_twice_with_one_id_saves_once(tmp_path: Path) -> None:
    with Training(tmp_path, 2) as gang:
        gang.said(": step 5")
        first = ask(tmp_path, "r1")
        gang.said(f": step {first['step'] + 5}")
        assert ask(tmp_path, "r1") == first
        second = ask(tmp_path, "r2")
    assert second["step"] > first["step"]
    assert gang.saves() == [[first["step"], second["step"]]] * 2


def test_a_pause_loses_nothing(tmp_path: Path) -> None:
    with Training(tmp_path, 2, "--after", "pause") as gang:
        gang.said(": step 5")
        step = ask(tmp_path, "r1")["step"]
        gang.kill()
        assert gang.codes() == [143, 143]
    with Training(tmp_path, 2, "--steps", str(step + 10)) as again:
        again.said(f"restored step {step}")
        assert again.codes() == [0, 0]
        assert again.ranks[0].said(": step").endswith(f"step {step + 1}")
    (lost,) = losses(tmp_path)
    assert (lost.done, lost.restored, lost.steps) == (step, step, 0)
    assert Mailbox(tmp_path).ack()["restoredStep"] == step


def test_a_pause_ends_with_its_deadline_and_training_goes_on(tmp_path: Path) -> None:
    with Training(tmp_path, 2, "--after", "pause") as gang:
        gang.said(": step 5")
        step = ask(tmp_path, "r1", deadline=3)["step"]
        gang.said(f": step {step + 1}")
        assert [rank.process.poll() for rank in gang.ranks] == [None, None]


def test_a_withdrawn_request_ends_the_pause(tmp_path: Path) -> None:
    with Training(tmp_path, 2, "--after", "pause") as gang:
        gang.said(": step 5")
        step = ask(tmp_path, "r1")["step"]
        assert program("withdraw", "--path", str(tmp_path), "--id", "r1")[0] == 0
        gang.said(f": step {step + 1}")


def test_exit_is_never_0(tmp_path: Path) -> None:
    with Training(tmp_path, 2, "--after", "exit") as gang:
        gang.said(": step 5")
        assert ask(tmp_path, "r1")["complete"]
        assert gang.codes() == [143, 143]


def test_a_signal_to_one_rank_saves_all(tmp_path: Path) -> None:
    with Training(tmp_path, 3) as gang:
        gang.said(": step 5")
        gang.ranks[2].kill(signal.SIGUSR1)
        saved = gang.ranks[0].said("saved step")
        gang.said(saved.partition(": ")[2])
    assert len({tuple(saved) for saved in gang.saves()}) == 1


def test_sigterm_saves_and_ends_with_143(tmp_path: Path) -> None:
    with Training(tmp_path, 2) as gang:
        gang.said(": step 5")
        gang.kill()
        assert gang.codes() == [143, 143]
    found = newest(tmp_path)
    with Training(tmp_path, 2, "--steps", str(found["step"] + 1)) as again:
        again.said(f"restored step {found['step']}")
    assert losses(tmp_path)[0].steps == 0


def test_without_a_handler_the_signal_kills(tmp_path: Path) -> None:
    with Training(tmp_path, 1, "--deaf", "--every", "5") as gang:
        gang.said(": step 6")
        gang.kill(signal.SIGUSR1)
        assert gang.codes() == [-signal.SIGUSR1]
    assert newest(tmp_path)["step"] >= 5


def test_what_a_kill_costs_is_in_the_log(tmp_path: Path) -> None:
    with Training(tmp_path, 2, "--every", "20") as gang:
        gang.said(": step 33")
        gang.kill(signal.SIGKILL)
        gang.codes()
    with Training(tmp_path, 2, "--steps", "60") as again:
        assert again.codes() == [0, 0]
    (lost,) = losses(tmp_path)
    assert lost.restored % 20 == 0 and lost.restored >= 20
    assert lost.steps == lost.done - lost.restored >= 1
    assert lost.seconds > 0


@pytest.mark.parametrize("steps", [1, 7])
def test_an_interrupted_training_ends_with_the_same_state(tmp_path: Path, steps: int) -> None:
    with Training(tmp_path, 1, "--every", "3") as gang:
        gang.said(": step 4")
        gang.kill(signal.SIGKILL)
        gang.codes()
    last = newest(tmp_path)["step"] + steps
    with Training(tmp_path, 1, "--steps", str(last), "--every", str(last)) as again:
        assert again.codes() == [0]
    assert read_part(Path(newest(tmp_path)["path"]) / "rank-0.part")["state"] == state_after(last)
