"""Commit markers: the command that looks is run on real folders, and what it saw is judged."""

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from k8sai.evict.contracts.acks import ack
from k8sai.evict.contracts.formats import READERS
from k8sai.evict.contracts.markers import Look, look_argv, read_look, read_seen, seen
from k8sai.evict.contracts.proof import judge
from k8sai.evict.contracts.values import FORMATS
from k8sai.evict.facts import Contract, Grade, Request
from k8sai.evict.workload.k8sai_checkpoint import Checkpoint

AT = 1_800_000_000


def put(path: Path, text: str = "x", at: float = AT) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (at, at))


def look(folder: Path | str, form: str) -> Look:
    contract = Contract(path=str(folder), format=form)
    done = subprocess.run(look_argv(contract), capture_output=True, text=True, check=False)
    return read_look(contract, done.returncode, done.stdout)


Writer = Callable[[Path, int], None]


def hf(root: Path, step: int) -> None:
    put(root / f"checkpoint-{step}/model.safetensors")
    put(root / f"checkpoint-{step}/trainer_state.json", "{}", AT + step)


def lightning(root: Path, step: int) -> None:
    put(root / f"epoch=1-step={step}.ckpt", at=AT + step)


def lightning_folders(root: Path, step: int) -> None:
    put(root / f"epoch=1-step={step}.ckpt/.metadata", at=AT + step)


def nemo(root: Path, step: int) -> None:
    folder = root / f"checkpoints/gpt--val_loss=1.20-step={step}-consumed_samples=64.0-last"
    put(folder / "weights/common.pt")
    os.utime(folder, (AT + step, AT + step))


def megatron(root: Path, step: int) -> None:
    put(root / f"iter_{step:07d}/mp_rank_00/model.pt")
    put(root / "latest_checkpointed_iteration.txt", f"{step}\n", AT + step)


def dcp(root: Path, step: int) -> None:
    put(root / f"step-{step}/__0_0.distcp")
    put(root / f"step-{step}/.metadata", at=AT + step)


def deepspeed(root: Path, step: int) -> None:
    put(root / f"global_step{step}/mp_rank_00_model_states.pt")
    put(root / "latest", f"global_step{step}", AT + step)


def orbax(root: Path, step: int) -> None:
    put(root / f"{step}/default/manifest.ocdbt")
    os.utime(root / f"{step}", (AT + step, AT + step))


def custom(root: Path, step: int) -> None:
    said = {"step": step, "time": AT + step, "complete": True, "ranks": 2, "worldSize": 2, "files": {"a" * 3000: 1}}
    put(root / f"step-{step}/k8sai-complete.json", json.dumps(said), AT + step)


def hf_torn(root: Path, step: int) -> None:
    hf(root, step)
    put(root / f"checkpoint-{step}/checkpoint-is-incomplete.txt")


def hf_begun(root: Path, step: int) -> None:
    put(root / f"checkpoint-{step}/model.safetensors")


def lightning_torn(root: Path, step: int) -> None:
    put(root / f"epoch=1-step={step}.ckpt/__0_0.distcp")


def nemo_torn(root: Path, step: int) -> None:
    nemo(root, step)
    put(root / f"checkpoints/gpt--val_loss=1.20-step={step}-consumed_samples=64.0-last-unfinished")


def megatron_torn(root: Path, step: int) -> None:
    put(root / "latest_checkpointed_iteration.txt", f"{step}")


def megatron_release(root: Path, step: int) -> None:
    put(root / "latest_checkpointed_iteration.txt", "release")


def dcp_torn(root: Path, step: int) -> None:
    put(root / f"step-{step}/__0_0.distcp")


def deepspeed_torn(root: Path, step: int) -> None:
    put(root / "latest", f"global_step{step}")


def orbax_torn(root: Path, step: int) -> None:
    put(root / f"{step}.orbax-checkpoint-tmp-4/default/manifest.ocdbt")
    put(root / f"{step}/params.orbax-checkpoint-tmp-4/x")


def custom_torn(root: Path, step: int) -> None:
    put(
        root / f"step-{step}/k8sai-complete.json",
        json.dumps({"step": step, "complete": True, "ranks": 1, "worldSize": 2}),
    )


def custom_broken(root: Path, step: int) -> None:
    put(root / f"step-{step}/k8sai-complete.json", '{"step": ')


DONE = [
    ("hf", hf),
    ("lightning", lightning),
    ("lightning", lightning_folders),
    ("nemo", nemo),
    ("megatron", megatron),
    ("dcp", dcp),
    ("deepspeed", deepspeed),
    ("orbax", orbax),
    ("custom", custom),
]
TORN = [
    ("hf", hf_torn, "checkpoint-is-incomplete.txt is there"),
    ("hf", hf_begun, "trainer_state.json is not there yet"),
    ("lightning", lightning_torn, "it has neither .metadata nor latest yet"),
    ("nemo", nemo_torn, "-unfinished is there"),
    ("megatron", megatron_torn, "iter_0000300, which it names, is not there"),
    ("megatron", megatron_release, "it says 'release', which names no step"),
    ("dcp", dcp_torn, ".metadata is not there yet"),
    ("deepspeed", deepspeed_torn, "global_step300, which it names, is not there"),
    ("orbax", orbax_torn, "orbax-checkpoint-tmp is there"),
    ("custom", custom_torn, "it holds 1 of 2 ranks"),
    ("custom", custom_broken, "cannot be read"),
]


def test_every_format_is_tried() -> None:
    assert {form for form, _ in DONE} == {form for form, *_ in TORN} == set(FORMATS) == set(READERS)


@pytest.mark.parametrize(("form", "write"), DONE)
def test_the_newest_finished_checkpoint_is_found(tmp_path: Path, form: str, write: Writer) -> None:
    root = tmp_path / "my run; rm -rf $HOME"
    root.mkdir()
    assert look(root, form) == Look()
    for step in (90, 200, 100):
        write(root, step)
    found = look(root, form).done
    assert found is not None
    assert (found.step, found.time) == ((100, AT + 100) if form in ("megatron", "deepspeed") else (200, AT + 200))


@pytest.mark.parametrize(("form", "write", "why"), TORN)
def test_one_that_is_not_finished_is_none(tmp_path: Path, form: str, write: Writer, why: str) -> None:
    write(tmp_path, 300)
    found = look(tmp_path, form)
    assert found.done is None and found.torn is not None and why in found.torn.why
    told = seen(None, found, found)
    assert not told.committed and why in told.why


@pytest.mark.parametrize(("form", "write"), [one for one in DONE if one[0] not in ("megatron", "deepspeed")])
def test_one_that_is_being_written_does_not_hide_the_one_before(tmp_path: Path, form: str, write: Writer) -> None:
    write(tmp_path, 200)
    next(torn for name, torn, _ in TORN if name == form)(tmp_path, 300)
    found = look(tmp_path, form).done
    assert found is not None and found.step == 200


def test_a_later_step_is_newer_whatever_the_files_say(tmp_path: Path) -> None:
    """A copy dates an old checkpoint anew."""
    dcp(tmp_path, 200)
    put(tmp_path / "step-100/.metadata", at=AT + 900)
    found = look(tmp_path, "dcp").done
    assert found is not None and found.step == 200


def test_last_ckpt_names_no_step_and_is_dated(tmp_path: Path) -> None:
    lightning(tmp_path, 100)
    put(tmp_path / "last.ckpt", at=AT + 500)
    found = look(tmp_path, "lightning").done
    assert found is not None and (found.name, found.step, found.time) == ("last.ckpt", -1, AT + 500)


def test_one_command_looks_twice(tmp_path: Path) -> None:
    dcp(tmp_path, 100)
    contract = Contract(path=str(tmp_path), format="dcp")
    argv = look_argv(contract, again=3)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/sleep").symlink_to("/bin/true")
    path = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=path)
    told = read_seen(contract, done.returncode, done.stdout)
    assert (told.name, told.step, told.steady, told.moved) == ("step-100", 100, True, None)
    assert "sleep 3" in argv[2]
    once = done.stdout.partition("=== again\n")[0]
    other = once.replace("step-100", "step-200")
    assert not read_seen(contract, 0, f"{once}=== again\n{other}").steady
    assert not read_seen(contract, 0, f"=== again\n{once}").steady
    assert not read_seen(contract, 0, once).committed
    assert "no folder" in read_seen(contract, 3, "").why


def test_looking_changes_nothing(tmp_path: Path) -> None:
    dcp(tmp_path, 100)
    before = sorted((str(one), one.stat().st_mtime_ns) for one in tmp_path.rglob("*"))
    look(tmp_path, "dcp")
    assert sorted((str(one), one.stat().st_mtime_ns) for one in tmp_path.rglob("*")) == before


def test_where_nothing_can_be_looked_at() -> None:
    assert look_argv(Contract(path="s3://bucket/run", format="dcp")) == ()
    assert look_argv(Contract(path="/ckpt")) == ()
    assert look_argv(Contract(format="dcp")) == ()
    assert look("/there/is/nothing", "dcp").why == "/there/is/nothing is no folder in the pod"
    assert "the command ended with 127" in read_look(Contract(path="/ckpt", format="dcp"), 127, "").why


def test_too_many_candidates_are_not_judged() -> None:
    out = "".join(f"81a4 {AT} 1 ./step-{n}/.metadata\n" for n in range(5001))
    assert "more than 5000" in read_look(Contract(path="/ckpt", format="dcp"), 0, out).why


@pytest.mark.parametrize("out", ["", "garbage\n", "T\t./latest\tglobal_step5\n", "41ed x y z\n", "T\t\n"])
def test_other_output_is_no_checkpoint(out: str) -> None:
    assert read_look(Contract(path="/ckpt", format="deepspeed"), 0, out).done is None


# --- from looks to a grade --------------------------------------------------------------------------------------------

REQUEST = Request("r-1", AT + 900, "drain", "me", AT + 150)


def graded(path: Path, before: Look | None, first: Look, second: Look) -> tuple[Grade, str]:
    contract = Contract(methods=("signal",), path=str(path), format="hf")
    found = judge(contract, REQUEST, [], 2, 100, marker=seen(before, first, second), durable=True, now=AT + 400)
    return found.grade, found.why


def test_a_new_marker_that_stands_still_is_proof(tmp_path: Path) -> None:
    hf(tmp_path, 100)
    before = look(tmp_path, "hf")
    hf(tmp_path, 200)
    after = look(tmp_path, "hf")
    assert graded(tmp_path, before, after, after) == (Grade.MARKER, "checkpoint-200 is committed and steady: step 200")


def test_a_stale_marker_is_none_even_when_it_is_touched(tmp_path: Path) -> None:
    hf(tmp_path, 100)
    before = look(tmp_path, "hf")
    grade, why = graded(tmp_path, before, before, before)
    assert grade is Grade.SIGNALLED and "is the one that was there before we asked" in why
    os.utime(tmp_path / "checkpoint-100/trainer_state.json", (AT + 9999, AT + 9999))
    touched = look(tmp_path, "hf")
    grade, why = graded(tmp_path, before, touched, touched)
    assert grade is Grade.SIGNALLED and "ahead of the API server's" in why


def test_a_marker_that_still_changes_is_none(tmp_path: Path) -> None:
    hf(tmp_path, 200)
    first = look(tmp_path, "hf")
    put(tmp_path / "checkpoint-200/trainer_state.json", "{...}", AT + 300)
    grade, why = graded(tmp_path, Look(), first, look(tmp_path, "hf"))
    assert grade is Grade.TOUCHED and "not seen the same in two looks" in why


# --- both sides of the contract ---------------------------------------------------------------------------------------


def test_the_workloads_own_file_is_understood(tmp_path: Path) -> None:
    """What `k8sai_checkpoint.py` marks as complete is found, and what it answers is attested."""

    def write(step: int) -> Path:
        folder = keeper.folder(step)
        put(folder / "part-0", "weights")
        return folder

    keeper = Checkpoint(tmp_path, save=write, rank=0, world=1, signals=False)
    keeper.restored(40)
    keeper.mail.ask({"id": "r-1", "deadline": time.time() + 60})
    keeper.step(41)
    found = look(tmp_path, "custom").done
    assert found is not None and found.step == 41 and not found.why

    told = ack(keeper.mail.ack("r-1"))
    request = Request("r-1", time.time() + 60, "drain", "me", told.time)
    proof = judge(Contract(methods=("exec",)), request, [told], 1, 40, now=told.time)
    assert (proof.grade, proof.step, told.restored) == (Grade.ATTESTED, 41, 40)
    assert told.seconds >= 0 and 0 < told.snapshot <= told.time
