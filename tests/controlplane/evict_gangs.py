"""Gangs on a real control plane: resolved, stopped and started step by step, every write counted."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from k8sai.cluster.connect import connect
from k8sai.cluster.objects import LiveObjects
from k8sai.cluster.options import Options
from k8sai.cluster.reading import Reading
from k8sai.evict.facts import Contract, Gang, PodRef
from k8sai.evict.gangs.resolve import resolve
from k8sai.evict.state import GangState
from k8sai.evict.switches.all import next_start, next_stop
from k8sai.evict.switches.step import Never, Step, Wait, Write
from tests.evict.yard import Yard

Json = dict[str, Any]
DRAIN = "abc234"
_JSON_PATCH = "application/json-patch+json"


def state_of(gang: Gang) -> GangState:
    """As a plan writes it down."""
    pods = tuple(
        PodRef(gang.ref.namespace, pod["metadata"]["name"], pod["metadata"]["uid"], pod["spec"].get("nodeName", ""))
        for pod in gang.pods
    )
    return GangState(gang.id, gang.ref, gang.kind, pods, 0.0, Contract(), gang.switch)


@dataclass
class Hand:
    """One operator: it looks, and does what it is told. `writes` are all that the server took."""

    yard: Yard
    kubeconfig: str
    writes: list[Write] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.objects = LiveObjects(connect(Options(kubeconfig=self.kubeconfig)))

    def reading(self) -> Reading:
        return Reading(self.objects)

    def gangs(self, *names: str) -> list[Gang]:
        """Those of these pods only: by their beginnings."""
        pods = [one for one in self.yard.listed("pods") if one["metadata"]["name"].startswith(names)]
        return list(resolve(pods, self.reading()).gangs)

    def gang(self, one_pod: str) -> Gang:
        """Found by one of its pods."""
        pods = [one for one in self.yard.listed("pods") if one["metadata"]["name"].startswith(one_pod)]
        (found,) = resolve(pods[:1], self.reading()).gangs
        return found

    def stop(self, state: GangState) -> Never | None:
        """Until the stop stands and every pod is gone; looked at again all the while."""
        if (never := self._drive(state, next_stop)) is not None:
            return never
        self._until(lambda: not self.left(state))
        assert next_stop(state, self.reading(), DRAIN) is None
        return None

    def start(self, state: GangState) -> Never | None:
        return self._drive(state, next_start)

    def left(self, state: GangState) -> set[str]:
        alive = [one for one in self.yard.listed("pods") if one["status"].get("phase") not in ("Succeeded", "Failed")]
        return {one["metadata"]["uid"] for one in alive} & {one.uid for one in state.pods}

    def _drive(self, state: GangState, step: Callable[[GangState, Reading, str], Step]) -> Never | None:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            now = step(state, self.reading(), DRAIN)
            if now is None or isinstance(now, Never):
                return now
            if isinstance(now, Wait):
                time.sleep(0.1)
                continue
            self.write(now)
        raise TimeoutError(f"{state.ref.title}: {now}")

    def write(self, write: Write) -> None:
        """As the server takes it; what is stale is looked at again."""
        path = self.yard.path(write.on.kind, write.on.name)
        if write.eviction:
            answer = self.yard.api.post(f"{path}/eviction", write.eviction)
        elif write.delete:
            answer = self.yard.api.delete(path, write.delete)
        else:
            answer = self.yard.api.patch(path, write.patch, _JSON_PATCH)
        if answer.status == 422:
            return
        answer.ok()
        self.writes.append(write)

    def _until(self, reached: Callable[[], bool], seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not reached():
            assert time.monotonic() < end
            time.sleep(0.1)
