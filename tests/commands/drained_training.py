"""The scenario `drain` with fast steps, and what a test asks of its training."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any, TypeVar

from k8sai.sim.cluster import Sim
from k8sai.sim.scenario import text_of
from k8sai.sim.trainer_log import lines
from tests.commands.run import Ran, environment, run
from tests.contract.api import Api

Json = dict[str, Any]
T = TypeVar("T")
_PODS = "/api/v1/namespaces/pretrain/pods"
_SLOW = '--step-seconds, "0.5", --every, "60", --save-seconds, "5"'


def fast(folder: Path, step: float = 0.05, every: int = 20, save: float = 0.1) -> Path:
    """The scenario as a file, with other times: seconds of a step and of a save, steps between two saves."""
    text = text_of("drain")
    assert _SLOW in text
    made = folder / "drain.yaml"
    made.write_text(text.replace(_SLOW, f'--step-seconds, "{step}", --every, "{every}", --save-seconds, "{save}"'))
    return made


class Drained:
    """A cluster with it, and `evict` as a user runs it there."""

    def __init__(self, sim: Sim, folder: Path) -> None:
        self.sim, self.api, self.folder = sim, Api(sim.server), folder
        self.config = folder / "config"
        sim.write_kubeconfig(self.config)

    def evict(self, *words: str) -> Ran:
        return run("k8sai", "evict", *words, env=environment(self.folder, KUBECONFIG=str(self.config)))

    def document(self, *words: str, code: int = 0) -> Json:
        ran = self.evict(*words, "-o", "json")
        assert ran.code == code, f"{ran.code}: {ran.err}\n{ran.out}"
        found: Json = json.loads(ran.out)
        return found

    def gangs(self) -> list[Json]:
        """Of the drain there is, as `evict status` has them; none where there is no drain yet."""
        ran = self.evict("status", "-o", "json")
        found = json.loads(ran.out) if ran.out else {}
        return list(found.get("gangs") or ())

    def pods(self) -> list[Json]:
        """Of the training, by rank, as far as they run."""
        found = self.api.get(_PODS).ok()["items"]
        running = [one for one in found if one["status"].get("phase") == "Running"]
        return sorted(running, key=lambda one: str(one["metadata"]["name"]))

    def nodes(self) -> set[str]:
        return {str(one["spec"]["nodeName"]) for one in self.pods()}

    def told(self) -> Json:
        """What the training has written of its newest checkpoint; empty before the first."""
        said = [(one["metadata"].get("annotations") or {}).get("k8sai.dev/last-checkpoint") for one in self.pods()]
        return next((json.loads(one) for one in said if one), {})

    def trains(self) -> Json:
        """Wait until there is a checkpoint that nobody asked for, and say what the training wrote of it."""
        return self.until(lambda: self.told() if self.told().get("complete") else {})

    def until(self, found: Callable[[], T], patience: float = 60.0) -> T:
        end = time.monotonic() + patience
        while not (value := found()):
            assert time.monotonic() < end, [one["status"] for one in self.pods()]
            Event().wait(0.02)  # other processes are at it
        return value

    def kill(self) -> None:
        """All ranks, at once, without a word."""
        for pod in self.pods():
            self.api.delete(f"{_PODS}/{pod['metadata']['name']}", {"gracePeriodSeconds": 0}).ok()

    @property
    def claim(self) -> Path:
        """Where its checkpoints and its log lie on this machine, if the temporary files are in the test's folder."""
        [found] = self.folder.glob("k8sai-sim-*/claims/pretrain/checkpoints")
        return found

    def log(self, event: str) -> list[Json]:
        """Of rank 0, of all attempts."""
        return [one for one in lines(self.claim) if one["event"] == event]

    def steps(self, after: int) -> list[Json]:
        """Those behind a step."""
        return [one for one in self.log("step") if one["step"] > after]
