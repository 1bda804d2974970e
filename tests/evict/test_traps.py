"""What launchers, shells and hooks make of a contract that is right in every word."""

from dataclasses import replace
from typing import Any

import pytest

from k8sai.evict.contracts.traps import traps
from k8sai.evict.facts import Ack, Contract, Grade, Json
from tests.evict.contract_world import gang, pod

EXEC = Contract(methods=("exec",), exec=("save",))
SUSPEND = Contract(methods=("suspend",), proof=Grade.MARKER, path="/ckpt", format="dcp")


def runs(*words: str, grace: int | None = 900, **more: Any) -> Json:
    spec: dict[str, Any] = {} if grace is None else {"terminationGracePeriodSeconds": grace}
    return pod(containers=[{"name": "main", "command": list(words)} | more], **spec)


def said(contract: Contract, *pods: Json) -> tuple[str, ...]:
    return traps(gang(pods=pods), contract)


@pytest.mark.parametrize(
    "command",
    [
        ("torchrun", "train.py"),
        ("python", "-m", "torch.distributed.run", "train.py"),
        ("accelerate", "launch", "train.py"),
        ("bash", "-c", "exec torchrun --nnodes 2 train.py"),
    ],
)
def test_torchrun_kills_after_30_seconds(command: tuple[str, ...]) -> None:
    assert said(EXEC, runs(*command)) == (
        "torchrun without --shutdown-timeout: SIGTERM grace is 30s, not 15m (method exec unaffected)",
    )
    assert said(SUSPEND, runs(*command)) == ("torchrun without --shutdown-timeout: SIGTERM grace is 30s, not 15m",)


def test_torchrun_that_was_told_to_wait() -> None:
    assert said(SUSPEND, runs("torchrun", "--shutdown-timeout=900", "train.py")) == ()
    waits: dict[str, Any] = {"env": [{"name": "TORCH_ELASTIC_SHUTDOWN_TIMEOUT", "value": "600"}]}
    assert said(SUSPEND, runs("torchrun", "train.py", **waits)) == ()
    assert said(SUSPEND, runs("torchrun", "train.py", grace=60, **waits)) == (
        "torchrun waits 10m for its workers, the pod only 60s",
    )
    assert said(SUSPEND, runs("torchrun", "train.py", grace=30)) == ()
    assert said(SUSPEND, runs("torchrun", "train.py", grace=None)) == ()


def test_the_launcher_of_deepspeed_does_too() -> None:
    (one,) = said(SUSPEND, runs("deepspeed", "--num_gpus", "8", "train.py"))
    assert one == "the DeepSpeed launcher kills 30s after SIGTERM, not after 15m"
    assert said(SUSPEND, runs("python", "train.py", "--deepspeed", "ds.json")) == ()


def test_a_plain_trainer_is_no_trap() -> None:
    assert said(EXEC, runs("python", "train.py"), runs("python", "train.py")) == ()


def test_each_is_said_once_for_all_pods() -> None:
    assert len(said(EXEC, *(runs("torchrun", "train.py") for _ in range(64)))) == 1


def test_lightning_knows_usr1_under_slurm_only() -> None:
    usr1 = Contract(methods=("signal",), signal="USR1", proof=Grade.MARKER, path="/c", format="lightning")
    (one,) = said(usr1, runs("python", "train.py"))
    assert "only under Slurm" in one
    by_words = Contract(methods=("signal",), signal="USR1", verify=("ok",))
    assert any("only under Slurm" in one for one in said(by_words, runs("python", "-m", "lightning", "fit")))
    assert said(Contract(methods=("exec",), format="lightning"), runs("python", "train.py")) == ()


def test_torchrun_passes_no_usr1_on() -> None:
    usr1 = Contract(methods=("signal",), signal="USR1", verify=("ok",))
    assert any("signal-target" in one for one in said(usr1, runs("torchrun", "train.py", grace=30)))
    aimed = Contract(methods=("signal",), signal="USR1", signal_target="cmd~train.py", verify=("ok",))
    assert said(aimed, runs("torchrun", "train.py", grace=30)) == ()


def test_hf_saves_on_term_only_when_it_is_told_to() -> None:
    hf = Contract(methods=("suspend",), proof=Grade.MARKER, path="/ckpt", format="hf")
    assert any("enable_jit_checkpoint" in one for one in said(hf, runs("python", "train.py")))
    assert said(hf, runs("python", "train.py", "--enable_jit_checkpoint", "True")) == ()


def test_a_hook_before_the_signal_takes_its_time_from_the_grace() -> None:
    hook = {"lifecycle": {"preStop": {"exec": {"command": ["sh", "-c", "sleep 20"]}}}}
    (one,) = said(SUSPEND, runs("python", "train.py", grace=60, **hook))
    assert one == "preStop takes 20s of the 60s of grace: SIGTERM comes only after it"
    sleeps = {"lifecycle": {"preStop": {"sleep": {"seconds": 20}}}}
    assert said(SUSPEND, runs("python", "train.py", grace=60, **sleeps)) == (one,)
    assert said(EXEC, runs("python", "train.py", grace=60, **hook)) == ()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"last": Ack(seconds=90)}, "terminationGracePeriodSeconds leaves 60s, and its last save took 90s"),
        ({"deadline": 300.0}, "terminationGracePeriodSeconds leaves 60s of the 5m it says it needs"),
    ],
)
def test_a_grace_that_is_too_short_for_the_save(change: dict[str, Any], text: str) -> None:
    assert said(replace(SUSPEND, **change), runs("python", "train.py", grace=60)) == (text,)
    assert said(replace(EXEC, **change), runs("python", "train.py", grace=60)) == ()
    assert said(replace(SUSPEND, **change), runs("python", "train.py", grace=900)) == ()


@pytest.mark.parametrize(
    ("script", "trap"),
    [
        ("source env; python train.py", True),
        ("cd /app && python train.py", True),
        ("python train.py | tee log", True),
        ("source env; exec python train.py", False),
        ("trap 'kill $!' TERM; python train.py & wait", False),
        ("python train.py", False),
    ],
)
def test_a_shell_as_pid_1_keeps_the_signal(script: str, trap: bool) -> None:
    found = said(SUSPEND, runs("bash", "-c", script))
    assert bool(found) is trap and all("as PID 1, which does not pass SIGTERM on" in one for one in found)
    assert said(EXEC, runs("bash", "-c", script)) == ()


def test_a_proof_that_cannot_come() -> None:
    (one,) = said(Contract(methods=("signal",), signal="USR1"), runs("python", "train.py"))
    assert one == "signal gives no answer, and there is no verify-exec: grade B can only come from last-checkpoint"
    (one,) = said(Contract(methods=("suspend",), proof=Grade.MARKER), runs("python", "train.py"))
    assert "do not say where one is" in one
    (one,) = said(Contract(methods=("exec",), durable="local"), runs("python", "train.py"))
    assert "goes with the pods" in one
