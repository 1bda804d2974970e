"""What the ranks of a gang would do: answer a request for a checkpoint, well or badly, and say what they restored.

They see a request where it is written, on their pod or on an object above it, and answer in the same place.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

from k8sai.ages import stamp

Json = dict[str, Any]
REQUEST: Final = "k8sai.dev/request"
LAST: Final = "k8sai.dev/last-checkpoint"
INDEXES: Final = ("batch.kubernetes.io/job-completion-index", "leaderworkerset.sigs.k8s.io/worker-index")
ABOVE: Final = ("jobs.batch", "jobsets.jobset.x-k8s.io", "trainjobs.trainer.kubeflow.org")

# saves: all is well. silent: nobody answers. hangs: rank 1 does not. stale: the answer is an older request's. partial:
# not complete. behind: a step before the one it had. lags: it goes on from an older step than it saved.
Way = Literal["saves", "silent", "hangs", "stale", "partial", "behind", "lags"]


class Stage(Protocol):
    """A cluster as ranks need it; the embedded one or a real one."""

    def now(self) -> float:
        """Epoch seconds."""

    def listed(self, kind: str) -> list[Json]:
        """All objects of a kind, `pods` or `jobs.batch`, in the yard."""

    def annotate(self, kind: str, obj: Json, values: Mapping[str, str]) -> None:
        """Merge annotations into it; one that is gone is left alone."""


@dataclass
class Played:
    """One gang: `step` is the newest step that it has saved, `saved` those of all its checkpoints."""

    way: Way = "saves"
    step: int = 100
    takes: float = 0.0  # seconds from a request to the answer
    answered: dict[str, int] = field(default_factory=dict)  # request -> step
    restored: dict[str, int] = field(default_factory=dict)  # pod uid -> step


class Player:
    """`player.turn()` lets all ranks act once; gangs by the name that their pods' names begin with."""

    def __init__(self, stage: Stage, **gangs: Played) -> None:
        self.stage, self.gangs = stage, {name.replace("_", "-"): one for name, one in gangs.items()}
        self._seen: dict[tuple[str, str], float] = {}

    def turn(self) -> None:
        pods = [pod for pod in self.stage.listed("pods") if _runs(pod)]
        for name, gang in self.gangs.items():
            ranks = sorted((pod for pod in pods if pod["metadata"]["name"].startswith(f"{name}-")), key=_rank)
            ranks = ranks or [pod for pod in pods if pod["metadata"]["name"] == name]
            if ranks:
                self._first_words(gang, ranks)
                self._answers(name, gang, ranks)

    def _first_words(self, gang: Played, ranks: list[Json]) -> None:
        """A rank that has started says from which step; a new gang begins at the step it is given here."""
        for pod in ranks:
            uid = pod["metadata"]["uid"]
            if uid not in gang.restored:
                gang.restored[uid] = gang.step - (10 if gang.way == "lags" and gang.answered else 0)
                said = self._said("", gang, pod, ranks, restoredStep=gang.restored[uid])
                self.stage.annotate("pods", pod, {LAST: json.dumps(said)})

    def _answers(self, name: str, gang: Played, ranks: list[Json]) -> None:
        for kind, obj, request in self._requests(name, ranks):
            begun = self._seen.setdefault((obj["metadata"]["uid"], request), self.stage.now())
            if gang.way == "silent" or self.stage.now() < begun + gang.takes:
                continue
            gang.step = gang.answered.setdefault(request, gang.step + 7)
            if said := self._answer(kind, obj, request, gang, ranks):
                self.stage.annotate(kind, obj, {LAST: json.dumps(said)})

    def _requests(self, name: str, ranks: list[Json]) -> Iterator[tuple[str, Json, str]]:
        """Those that nobody has answered yet."""
        above = ((kind, one) for kind in ABOVE for one in self.stage.listed(kind) if one["metadata"]["name"] == name)
        for kind, obj in (*(("pods", pod) for pod in ranks), *above):
            said = obj["metadata"].get("annotations") or {}
            request = json.loads(said[REQUEST])["id"] if said.get(REQUEST) else ""
            if request and json.loads(said.get(LAST) or "{}").get("requestId") != request:
                yield kind, obj, request

    def _answer(self, kind: str, obj: Json, request: str, gang: Played, ranks: list[Json]) -> Json | None:
        pod = obj if kind == "pods" else None
        if gang.way == "hangs" and (pod is None or _rank(pod) == 1):
            return None
        said = self._said(request, gang, pod, ranks)
        changes: dict[str, Json] = {
            "stale": {"requestId": "another", "time": stamp(self.stage.now() - 3600)},
            "partial": {"complete": False},
            "behind": {"step": gang.step - 50},
        }
        return {**said, **changes.get(gang.way, {})}

    def _said(self, request: str, gang: Played, pod: Json | None, ranks: list[Json], **more: Any) -> Json:
        now = stamp(self.stage.now())
        ours = {"rank": _rank(pod), "ranks": 1} if pod else {"ranks": len(ranks)}
        named = {"requestId": request} if request else {}
        said = {"step": gang.step, "time": now, "snapshotTime": now, "complete": True, "worldSize": len(ranks)}
        return {**named, **said, **ours, "path": "s3://checkpoints/x", **more}


def _runs(pod: Json) -> bool:
    return pod.get("status", {}).get("phase") == "Running" and "deletionTimestamp" not in pod["metadata"]


def _rank(pod: Json) -> int:
    meta = pod["metadata"]
    said = {**(meta.get("annotations") or {}), **(meta.get("labels") or {})}
    return int(next((said[key] for key in INDEXES if key in said), 0))
