"""Trainers around the file that users copy: doubles with the hooks of Lightning and transformers, and a shell script.

The doubles call the hooks in the order that the frameworks document; the frameworks themselves are not installed here.
"""

import os
import signal
import subprocess
import sys
import types
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from k8sai.evict.workload.k8sai_checkpoint import (
    Checkpoint,
    Mailbox,
    hf_callback,
    lightning_callback,
    newest,
    torch_agree,
)
from tests.evict.training import FILE, PATIENCE, Rank, ask, program


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put a module of that name in place."""

    def put(name: str, **what: Any) -> None:
        module = types.ModuleType(name)
        module.__dict__.update(what)
        monkeypatch.setitem(sys.modules, name, module)

    return put


class HfTrainer:
    """transformers.Trainer, as far as callbacks see it: hooks, `control.should_save`, checkpoint-N in output_dir."""

    def __init__(self, folder: Path, callback: Any, start: int = 0) -> None:
        self.args = SimpleNamespace(output_dir=str(folder), world_size=1, process_index=0)
        self.state = SimpleNamespace(global_step=start)
        self.control = SimpleNamespace(should_save=False)
        self.callback = callback
        self._call("on_train_begin")

    def _call(self, hook: str) -> None:
        self.control = getattr(self.callback, hook)(self.args, self.state, self.control, model=None) or self.control

    def step(self) -> None:
        self.state.global_step += 1
        self._call("on_step_end")
        if self.control.should_save:
            self.control.should_save = False
            folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
            folder.mkdir()
            (folder / "trainer_state.json").write_text("{}")
            self._call("on_save")


def test_transformers(tmp_path: Path, double: Any) -> None:
    double("transformers", TrainerCallback=object)
    trainer = HfTrainer(tmp_path, hf_callback(signals=False), start=40)
    mail = Mailbox(tmp_path)
    assert mail.ack()["restoredStep"] == 40
    trainer.step()
    assert newest(tmp_path) == {}
    mail.ask({"id": "r1"})
    trainer.step()
    trainer.step()
    ack = mail.ack("r1")
    assert (ack["step"], ack["complete"], ack["path"]) == (42, True, str(tmp_path / "checkpoint-42"))
    trainer.control.should_save = True  # its own strategy
    trainer.step()
    assert newest(tmp_path)["step"] == 44


class LightningTrainer:
    """lightning.pytorch.Trainer, as far as callbacks see it; two batches make one step."""

    def __init__(self, callback: Any) -> None:
        self.global_step, self.global_rank, self.world_size, self.reduced = 0, 0, 1, 0
        self.strategy = SimpleNamespace(reduce_boolean_decision=self._reduce)
        self.callback = callback
        callback.on_train_start(self, None)

    def _reduce(self, decision: bool, all: bool = True) -> bool:
        assert not all
        self.reduced += 1
        return decision

    def save_checkpoint(self, path: str) -> None:
        Path(path).write_text("state")

    def step(self) -> None:
        self.callback.on_train_batch_end(self, None, {}, {}, 0)
        self.global_step += 1
        self.callback.on_train_batch_end(self, None, {}, {}, 1)


def test_lightning(tmp_path: Path, double: Any) -> None:
    double("lightning")
    double("lightning.pytorch", Callback=object)
    trainer = LightningTrainer(lightning_callback(str(tmp_path), signals=False))
    mail = Mailbox(tmp_path)
    trainer.step()
    mail.ask({"id": "r1"})
    trainer.step()
    trainer.step()
    assert (mail.ack("r1")["step"], mail.ack("r1")["path"]) == (2, f"{tmp_path}/step-2.ckpt")
    assert trainer.reduced == 3  # once a step, not once a batch
    assert newest(tmp_path)["step"] == 2 and mail.ack()["restoredStep"] == 0


@pytest.mark.parametrize(("backend", "device"), [("nccl", "cuda"), ("gloo", "cpu")])
@pytest.mark.parametrize("other", [0, 1])
def test_torch_asks_all_ranks(double: Any, backend: str, device: str, other: int) -> None:
    class Tensor:
        def __init__(self, values: list[int], device: str) -> None:
            self.value, self.device = values[0], device

        def item(self) -> int:
            return self.value

    def all_reduce(flag: Tensor, op: str) -> None:
        assert (op, flag.device) == ("MAX", device)
        flag.value = max(flag.value, other)

    reduce = SimpleNamespace(
        is_initialized=lambda: True,
        get_backend=lambda: backend,
        all_reduce=all_reduce,
        ReduceOp=SimpleNamespace(MAX="MAX"),
    )
    double("torch", tensor=Tensor, distributed=reduce)
    assert torch_agree(True) is True
    assert torch_agree(False) is bool(other)


def test_a_forked_child_does_not_save(tmp_path: Path) -> None:
    """A data loader has our handlers: SIGTERM still ends it, SIGUSR1 is not its."""
    known = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGUSR1)}
    one = Checkpoint(tmp_path, rank=0, world=1)
    try:
        child = os.fork()
        if child == 0:
            os.kill(os.getpid(), signal.SIGUSR1)
            os._exit(3) if one.signalled else os.kill(os.getpid(), signal.SIGTERM)
            os._exit(4)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 143
    finally:
        for number, handler in known.items():
            signal.signal(number, handler)


SCRIPT = """
trap 'echo "got TERM"; exit 7' TERM
echo 'script runs'
for _ in $(seq 600); do sleep 0.1; done
"""
SAVE = """
echo 'working'
echo '{"step": 120, "path": "/data/120"}'
test "$K8SAI_REQUEST" = r1
"""


def wrapped(path: Path, save: str, *flags: str, **env: str) -> Rank:
    argv = [sys.executable, str(FILE), "wrap", "--path", str(path), "--save", save, *flags]
    return Rank([*argv, "--", "bash", "-c", SCRIPT], env)


def test_a_shell_script_is_asked(tmp_path: Path) -> None:
    save = tmp_path / "save.sh"
    save.write_text(SAVE)
    with wrapped(tmp_path, f"bash {save}", WORLD_SIZE="4") as one:
        one.said("script runs")
        said = ask(tmp_path, "r1")
        assert (said["step"], said["path"], said["complete"], said["ranks"]) == (120, "/data/120", True, 4)
        one.kill()
        one.said("got TERM")
        assert one.ended() == 7


def test_a_command_that_cannot_save_is_answered(tmp_path: Path) -> None:
    with wrapped(tmp_path, "false") as one:
        one.said("script runs")
        code, said = program("request", "--path", str(tmp_path), "--id", "r1", "--deadline", "60")
        assert code == 1 and said[-1]["error"] == "false has ended with 1"
        assert one.process.poll() is None


def test_a_script_is_stopped_for_a_pause(tmp_path: Path) -> None:
    with wrapped(tmp_path, "true", "--after", "pause") as one:
        one.said("script runs")
        assert ask(tmp_path, "r1")["complete"]
        listed = subprocess.run(["ps", "-o", "stat=", "--ppid", str(one.process.pid)], capture_output=True, text=True)
        assert listed.stdout.strip().startswith("T")
        one.kill()
        assert one.ended() == 7


def test_the_exit_code_is_the_programs(tmp_path: Path) -> None:
    argv = [sys.executable, str(FILE), "wrap", "--path", str(tmp_path), "--", "bash", "-c", "kill -9 $$"]
    assert subprocess.run(argv, timeout=PATIENCE).returncode == 137
