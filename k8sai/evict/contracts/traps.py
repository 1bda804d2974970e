"""What goes wrong with a contract although every word of it is right: sentences, from how the pods are started.

torchrun and the DeepSpeed launcher kill 30 s after SIGTERM (pytorch#68258, launch.py); Lightning handles USR1 only
under Slurm (signal_connector.py); HF Trainer saves on SIGTERM only with `enable_jit_checkpoint` (transformers#41723).
"""

import re
from collections.abc import Iterator
from typing import Final

from k8sai.ages import human
from k8sai.evict.facts import Contract, Gang, Grade, Json, at_least

LAUNCHER: Final = 30.0  # seconds from SIGTERM to SIGKILL, whatever the pod's grace
GRACE: Final = 30.0  # terminationGracePeriodSeconds where nobody says
_TORCHRUN: Final = re.compile(
    r"\btorchrun\b|torch\.distributed\.(?:run|launch|elastic)\b|\baccelerate(?:-launch| launch)\b"
)
_DEEPSPEED: Final = re.compile(r"(?:^|[\s/;&|])deepspeed\s|deepspeed\.launcher")
_LIGHTNING: Final = re.compile(r"\blightning\b|\bpytorch_lightning\b")
_TIMEOUT: Final = re.compile(r"--shutdown[-_]timeout[= ](\d+(?:\.\d+)?)")
_SHELLS: Final = ("sh", "bash", "ash", "dash", "zsh")


def traps(gang: Gang, contract: Contract) -> tuple[str, ...]:
    """Each once, whatever the number of pods. Nothing of it refuses anything."""
    found = [
        *_of_contract(contract),
        *(said for pod in gang.pods for said in _of_pod(pod, contract)),
    ]
    return tuple(dict.fromkeys(found))


def _of_contract(contract: Contract) -> Iterator[str]:
    if not contract.verify and at_least(contract.proof, Grade.VERIFIED) and _silent(contract):
        yield (
            f"{', '.join(contract.methods)} gives no answer, and there is no verify-exec: "
            f"grade {contract.proof.value} can only come from last-checkpoint"
        )
    if contract.proof is Grade.MARKER and not (contract.path and contract.format) and not contract.verify:
        yield "checkpoint-proof is marker, but checkpoint-path and checkpoint-format do not say where one is"
    if contract.durable == "local":
        yield "checkpoint-durable is local: a checkpoint that goes with the pods proves nothing"
    if contract.format == "lightning" and _by_signal(contract, "USR1"):
        yield "Lightning handles USR1 only under Slurm: elsewhere the signal kills the rank"


def _silent(contract: Contract) -> bool:
    """It is asked in ways that bring no answer back."""
    return all(method in ("signal", "suspend", "evictionrequest") for method in contract.methods)


def _by_signal(contract: Contract, name: str) -> bool:
    return "signal" in contract.methods and contract.signal == name


def _of_pod(pod: Json, contract: Contract) -> Iterator[str]:
    spec = pod.get("spec") or {}
    grace = spec.get("terminationGracePeriodSeconds")
    yield from _graces(GRACE if grace is None else float(grace), spec, contract)
    for container in spec.get("containers") or ():
        text = _command(container)
        yield from _launchers(text, container, contract, GRACE if grace is None else float(grace))
        yield from _shell(container, contract)


def _graces(grace: float, spec: Json, contract: Contract) -> Iterator[str]:
    """The pod's grace only matters to those who save when they are stopped."""
    if not _stops_by_term(contract):
        return
    taken = max((_sleeps(container) for container in spec.get("containers") or ()), default=0.0)
    if taken:
        yield f"preStop takes {human(taken)} of the {human(grace)} of grace: SIGTERM comes only after it"
    left, save = grace - taken, (contract.last.seconds if contract.last else 0.0)
    if save and left < save:
        yield f"terminationGracePeriodSeconds leaves {human(left)}, and its last save took {human(save)}"
    elif contract.deadline and left < contract.deadline:
        yield f"terminationGracePeriodSeconds leaves {human(left)} of the {human(contract.deadline)} it says it needs"


def _stops_by_term(contract: Contract) -> bool:
    return "suspend" in contract.methods or _by_signal(contract, "TERM")


def _sleeps(container: Json) -> float:
    """Seconds of a preStop hook that sleeps; what another one takes nobody knows."""
    stop = ((container.get("lifecycle") or {}).get("preStop")) or {}
    if "sleep" in stop:
        return float((stop["sleep"] or {}).get("seconds") or 0)
    words = " ".join(str(word) for word in (stop.get("exec") or {}).get("command") or ())
    found = re.search(r"\bsleep (\d+)", words)
    return float(found[1]) if found else 0.0


def _launchers(text: str, container: Json, contract: Contract, grace: float) -> Iterator[str]:
    other = next((method for method in contract.methods if method not in ("suspend", "none")), "")
    aside = f" (method {other} unaffected)" if other and not _stops_by_term(contract) else ""
    wait = _torchrun_waits(text, container)
    if _TORCHRUN.search(text) and wait is None and grace > LAUNCHER:
        yield f"torchrun without --shutdown-timeout: SIGTERM grace is 30s, not {human(grace)}{aside}"
    if _TORCHRUN.search(text) and wait is not None and grace < wait:
        yield f"torchrun waits {human(wait)} for its workers, the pod only {human(grace)}{aside}"
    if _DEEPSPEED.search(text) and grace > LAUNCHER:
        yield f"the DeepSpeed launcher kills 30s after SIGTERM, not after {human(grace)}{aside}"
    if contract.format == "hf" and _stops_by_term(contract) and "enable_jit_checkpoint" not in text:
        yield "HF Trainer saves on SIGTERM only with enable_jit_checkpoint=True, which is off where nobody sets it"
    if contract.format != "lightning" and _LIGHTNING.search(text) and _by_signal(contract, "USR1"):
        yield "Lightning handles USR1 only under Slurm: elsewhere the signal kills the rank"
    if _TORCHRUN.search(text) and _at_launcher(contract):
        yield "torchrun does not pass USR1 and USR2 on to its workers: signal-target has to name the trainer"


def _at_launcher(contract: Contract) -> bool:
    return "signal" in contract.methods and contract.signal in ("USR1", "USR2") and not contract.signal_target


def _torchrun_waits(text: str, container: Json) -> float | None:
    """Seconds it was told to wait for its workers; None: it was not."""
    said = _TIMEOUT.search(text)
    if said:
        return float(said[1])
    for one in container.get("env") or ():
        if one.get("name") == "TORCH_ELASTIC_SHUTDOWN_TIMEOUT":
            try:
                return float(one.get("value") or "")
            except ValueError:
                return None
    return None


def _shell(container: Json, contract: Contract) -> Iterator[str]:
    """A shell that runs several commands is PID 1 and keeps SIGTERM to itself."""
    words = [*(container.get("command") or ()), *(container.get("args") or ())]
    if (
        len(words) < 3
        or str(words[0]).rpartition("/")[2] not in _SHELLS
        or not re.fullmatch(r"-[a-z]*c", str(words[1]))
    ):
        return
    script = str(words[2]).strip()
    several = re.search(r"[;&|\n]", script) is not None
    told = _stops_by_term(contract) and (not contract.signal_target or "suspend" in contract.methods)
    if several and told and not re.search(r"\bexec\s|\btrap\s", script):
        name = container.get("name", "")
        yield f"container {name} runs {words[0]} as PID 1, which does not pass SIGTERM on: use exec"


def _command(container: Json) -> str:
    return " ".join(str(word) for word in (*(container.get("command") or ()), *(container.get("args") or ())))
