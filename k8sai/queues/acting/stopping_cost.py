"""What an eviction costs: per workload its GPUs, how long it has run, and what its checkpoints would save of that.

Hints are the annotations k8sai.dev/checkpoint, -path and -interval of the job or its pods, and what the job itself
writes, k8sai.dev/last-checkpoint: {"time": "2026-01-01T10:00:00Z", "step": 4000}.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from k8sai.ages import epoch, human
from k8sai.queues.facts import Json
from k8sai.queues.words import gpu
from k8sai.queues.workload import Workload

_PREFIX = "k8sai.dev/checkpoint"
_LAST = "k8sai.dev/last-checkpoint"
_METHODS = {"suspend": "saves when it is ended", "none": "saves nothing"}


@dataclass(frozen=True, slots=True)
class Cost:
    """`ran` is seconds since admission, `lost` since the last checkpoint that is known; `hint` says what is known.

    `final`: pods that nobody makes anew, for Kueue evicts a pod by deleting it.
    """

    workload: Workload
    gpus: int
    ran: float
    lost: float
    hint: str
    final: bool = False

    @property
    def gpu_hours(self) -> float:
        """At most: what the job saves while it ends is not counted."""
        return self.gpus * self.lost / 3600


def cost(workload: Workload, at: float, owner: Json | None = None) -> Cost:
    """As of `at` (seconds since 1970); `owner` is the job, where it could be read."""
    admitted = workload.condition("Admitted") or workload.condition("QuotaReserved")
    ran = max(0.0, at - admitted.at) if admitted is not None and admitted.at else 0.0
    notes = _annotations(workload, owner)
    saved = _moment(notes.get(_LAST, ""))
    lost = min(ran, max(0.0, at - saved)) if saved is not None else ran
    return Cost(workload, gpus(workload), ran, lost, hint(notes, at), _alone(workload, owner))


def _alone(workload: Workload, owner: Json | None) -> bool:
    above = ((owner or {}).get("metadata") or {}).get("ownerReferences") or ()
    of_pods = owner is not None and any(one.kind == "Pod" for one in workload.owners)
    return of_pods and not any(one.get("controller") for one in above)


def gpus(workload: Workload) -> int:
    """Held, or asked for where nothing is held."""
    held = workload.admission.usage if workload.admission is not None else {}
    if held:
        return sum(amount for share, amount in held.items() if gpu(share.resource))
    return sum(amount for resource, amount in workload.asks().items() if gpu(resource))


def hint(notes: Mapping[str, str], at: float) -> str:
    """What annotations say about checkpoints, in words."""
    saved, step = _moment(notes.get(_LAST, "")), _last(notes.get(_LAST, "")).get("step")
    parts = [f"last checkpoint {human(at - saved)} ago" + (f" (step {step})" if step else "")] if saved else []
    method = notes.get(_PREFIX, "")
    parts += [_METHODS.get(method, f"checkpoint by {method}")] if method else []
    parts += [f"every {notes[f'{_PREFIX}-interval']}"] if notes.get(f"{_PREFIX}-interval") else []
    parts += [f"to {notes[f'{_PREFIX}-path']}"] if notes.get(f"{_PREFIX}-path") else []
    return ", ".join(parts) or "none known"


def _annotations(workload: Workload, owner: Json | None) -> dict[str, str]:
    """Of the pods, the Workload and the job; the last one wins."""
    found: dict[str, str] = {}
    sources: Iterable[Mapping[str, Any]] = (
        *(pod_set.annotations for pod_set in workload.pod_sets),
        (workload.object.get("metadata") or {}).get("annotations") or {},
        ((owner or {}).get("metadata") or {}).get("annotations") or {},
    )
    for source in sources:
        found |= {key: str(value) for key, value in source.items() if key.startswith((_PREFIX, _LAST))}
    return found


def _last(text: str) -> Mapping[str, Any]:
    try:
        read = json.loads(text) if text else {}
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def _moment(text: str) -> float | None:
    """The time of a checkpoint that is said to be complete."""
    said = _last(text)
    try:
        return epoch(str(said["time"])) if said.get("complete", True) else None
    except (KeyError, ValueError):
        return None
