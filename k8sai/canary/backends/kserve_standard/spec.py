"""Standard mode: an entry of `spec.canary[]`, and the arithmetic of replicas that KServe does with it.

Three things of the controller decide what is safe. It merges the entry over the stable predictor, so what an entry
leaves out is inherited. It lowers the stable side's minReplicas by those of a canary as soon as that has one available
replica, down to 1. And it calls a canary ready from its first available replica on.
https://github.com/kserve/kserve/blob/v0.20.0/pkg/controller/v1beta1/inferenceservice/components/predictor.go
"""

from collections.abc import Iterator
from typing import Any, Final

from k8sai.canary.backends.kserve_predictor import CONTAINER, FRAMEWORKS, SCALING, version
from k8sai.canary.facts import Json

_LEFT_OUT: Final = (*SCALING, "canaryTrafficPercent", "minReplicas", "name")


def predictor_of(target: Json) -> Json:
    """The stable one."""
    found: Json = (target.get("spec") or {}).get("predictor") or {}
    return found


def entries(target: Json) -> list[Json]:
    """Its canaries; none where the list is absent."""
    return (target.get("spec") or {}).get("canary") or []


def place_of(target: Json, name: str) -> int | None:
    """Where the canary of that name is in the list."""
    names = [(one.get("predictor") or {}).get("name") for one in entries(target)]
    return names.index(name) if name in names else None


def deployment_name(isvc: str, predictor: str) -> str:
    """Of its Deployment and Service: `chat-predictor`, `chat-v2-predictor`."""
    return f"{isvc}-{predictor}-predictor" if predictor else f"{isvc}-predictor"


def pod_labels(deployment: str) -> dict[str, str]:
    """What selects the pods of one version."""
    return {"app": f"isvc.{deployment}"}


def entry_of(predictor: Json, name: str) -> Json:
    """A predictor as the canary list takes it: named, without autoscaling, its model with a container's name.

    `model.name` is required there and nowhere else: the schema of the list is that of a container.
    """
    entry = {key: value for key, value in predictor.items() if key not in _LEFT_OUT}
    for key in FRAMEWORKS:
        if isinstance(entry.get(key), dict):
            entry[key] = {"name": CONTAINER, **entry[key]}
    return {"name": name, **entry}


def inherited(stable: Json, canary: Json) -> list[str]:
    """What the canary cannot take away or set to nothing, because KServe fills it in from the stable predictor."""
    return list(_inherited(version(stable), version(canary), ""))


def _inherited(stable: Any, canary: Any, path: str) -> Iterator[str]:
    for key, old in stable.items():
        here, new = f"{path}.{key}".lstrip("."), canary.get(key)
        if old and not new:
            yield here
        elif isinstance(old, dict) and isinstance(new, dict):
            yield from _inherited(old, new, here)


def promoted(canary: Json, before: Json) -> Json:
    """The stable predictor that has the canary's pods, and the old one's size."""
    size: Json = {key: before[key] for key in ("minReplicas", *SCALING) if key in before}
    return {**{key: value for key, value in canary.items() if key != "minReplicas"}, **size}


# --- replicas ---------------------------------------------------------------------------------------------------------


def enough(percent: int, size: int) -> int:
    """Replicas that carry this share of what `size` carry: its ceiling, and one at least."""
    return max(1, -(-percent * size // 100))


def floor_of(ready: int, size: int) -> int:
    """The percent that has to stay with the canary while so few of the stable side are ready."""
    return 0 if size <= ready else -(-100 * (size - ready) // size)


def stable_min(base: int, canary: int, hold: int, most: int) -> int:
    """minReplicas of the stable predictor with which KServe's subtraction leaves it `hold`.

    Never below the canary's, which KServe would refuse, nor above `most`, its maxReplicas; 0 for none.
    """
    wanted = canary if hold <= 1 else hold + canary
    return max(base, min(wanted, most) if most else wanted)


def left_to_stable(target: Json) -> int:
    """Replicas that KServe asks for the stable side now, all ready canaries taken off."""
    told = {one["name"]: one.get("ready") for one in (target.get("status") or {}).get("canaryStatuses") or ()}
    stable = int(predictor_of(target).get("minReplicas", 1))
    ready = [one for one in entries(target) if told.get(one["predictor"].get("name"))]
    return lowered(stable, sum(_replicas(one, stable) for one in ready))


def _replicas(entry: Json, stable: int) -> int:
    said = entry["predictor"].get("minReplicas")
    return -(-stable * int(entry.get("trafficPercent") or 0) // 100) if said is None else int(said)


def lowered(stable: int, canaries: int) -> int:
    """What KServe makes of the stable side's minReplicas with so many replicas of ready canaries."""
    return max(stable - canaries, 1) if canaries else stable
