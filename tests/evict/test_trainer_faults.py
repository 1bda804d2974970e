"""What a training that does one thing wrong leaves behind: an answer that says so, or one that does not hold."""

import time
from pathlib import Path
from typing import Any

import pytest

from k8sai.evict.contracts.acks import ack as read_ack
from k8sai.evict.contracts.proof import judge, restored
from k8sai.evict.facts import Contract, Grade, Proof, Request
from k8sai.evict.workload.k8sai_checkpoint import Mailbox, newest
from k8sai.sim.trainer_log import losses
from tests.evict.training import Training, ask, asking, program

CONTRACT = Contract(methods=("exec",), durable="pvc")


def judged(said: dict[str, Any], before: int, asked: float, pods: int = 2) -> Proof:
    request = Request(said["requestId"], asked + 600, "test", "test", asked)
    return judge(CONTRACT, request, [read_ack(said)], pods, before, durable=True, now=time.time())


@pytest.mark.parametrize("fault", ["crash", "hang", "dead", "mute"])
def test_an_answer_of_some_ranks_is_not_complete(tmp_path: Path, fault: str) -> None:
    with Training(tmp_path, 2, "--fault", fault, "--patience", "0.5") as gang:
        gang.said(": step 6")
        asked = time.time()
        said = ask(tmp_path, "r1", 3)
        if fault == "crash":
            assert gang.ranks[1].ended() == 1
    assert (said["requestId"], said["complete"]) == ("r1", False)
    assert said.get("ranks", 1) == 1
    assert judged(said, 5, asked).grade not in (Grade.ATTESTED, Grade.VERIFIED)
    assert newest(tmp_path) == {}


def test_a_full_disk_is_answered_and_training_goes_on(tmp_path: Path) -> None:
    with Training(tmp_path, 2, "--fault", "partial") as gang:
        gang.said(": step 5")
        code, said = program("request", "--path", str(tmp_path), "--id", "r1", "--deadline", "60")
        gang.said(f": step {said[-1]['step'] + 3}")
    assert code == 1 and not said[-1]["complete"]
    assert "rank 1" in said[-1]["error"] and "No space left" in said[-1]["error"]
    assert newest(tmp_path) == {}


def test_a_slow_rank_is_waited_for(tmp_path: Path) -> None:
    with Training(tmp_path, 2, "--fault", "slow", "--slow-seconds", "0.5") as gang:
        gang.said(": step 5")
        code, said = program("request", "--path", str(tmp_path), "--id", "r1", "--deadline", "60")
    assert code == 0
    assert said[-1]["complete"] and said[-1]["ranks"] == 2
    assert said[-1]["saveSeconds"] >= 0.5


def test_an_old_checkpoint_with_a_new_marker_is_no_proof(tmp_path: Path) -> None:
    with Training(tmp_path, 2, "--every", "5", "--fault", "stale") as gang:
        gang.said(": step 16")
        before, asked = 15, time.time()
        assert newest(tmp_path)["step"] == before
        said = ask(tmp_path, "r1")
    assert said["complete"] and said["requestId"] == "r1"  # it lies
    proof = judged(said, before, asked)
    assert proof.grade not in (Grade.ATTESTED, Grade.VERIFIED, Grade.MARKER)
    assert f"below step {before}" in proof.why


def test_a_part_that_was_cut_off_is_seen_by_verify(tmp_path: Path) -> None:
    with Training(tmp_path, 2, "--fault", "torn") as gang:
        gang.said(": step 5")
        said = ask(tmp_path, "r1")
        code, seen = program("verify", "--path", str(tmp_path))
    assert said["complete"]
    assert code == 1 and not seen[-1]["complete"] and str(tmp_path) in seen[-1]["error"]


def test_ranks_that_end_with_0(tmp_path: Path) -> None:
    with Training(tmp_path, 2, "--fault", "exit0") as gang:
        gang.said(": step 5")
        assert ask(tmp_path, "r1")["complete"]
        assert gang.codes() == [0, 0]


def test_going_on_from_an_older_checkpoint_is_seen(tmp_path: Path) -> None:
    with Training(tmp_path, 2, "--every", "5", "--after", "pause") as gang:
        gang.said(": step 6")
        asked = time.time()
        said = ask(tmp_path, "r1")
        gang.kill()
        assert gang.codes() == [143, 143]
    proof = judged(said, 5, asked)
    assert proof.grade is Grade.ATTESTED
    with Training(tmp_path, 2, "--fault", "forgetful") as again:
        again.said(f": step {said['step']}")
    held, why = restored(proof, read_ack(Mailbox(tmp_path).ack()))
    assert held is False and str(said["step"]) in why
    assert losses(tmp_path)[0].steps > 0


def test_nobody_is_there(tmp_path: Path) -> None:
    code, said = program("request", "--path", str(tmp_path), "--id", "r1", "--deadline", "0.2")
    assert code == 1
    assert said == [{"requestId": "r1", "complete": False, "error": "nobody has answered by the deadline"}]


def test_a_request_that_was_killed_is_asked_again_with_its_id(tmp_path: Path) -> None:
    with Training(tmp_path, 2, "--save-seconds", "0.3") as gang:
        gang.said(": step 5")
        with asking(tmp_path, "r1") as first:
            assert first.stdout and first.stdout.readline()  # some have saved
            first.kill()
        said = ask(tmp_path, "r1")
        gang.said(f": step {said['step'] + 2}")
    assert said["complete"]
    assert gang.saves() == [[said["step"]]] * 2
