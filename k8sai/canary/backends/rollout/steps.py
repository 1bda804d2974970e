"""The steps of a Rollout: where it stands until somebody says go on, and what it walks past by itself.

A stop is a pause without a duration; its weight is that of the last setWeight before it. Weights between two stops are
passed without anybody's verdict. https://argo-rollouts.readthedocs.io/en/stable/features/canary/
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from k8sai.canary.facts import Json
from k8sai.errors import Refused

_DOCS = "docs/canary.md, Argo Rollouts"


@dataclass(frozen=True, slots=True)
class Stop:
    """`pause` is the index of its step, `first` that of the setWeight that it is a stop of (0 where there is none)."""

    weight: int
    first: int
    pause: int


def stops(steps: Sequence[Json]) -> tuple[Stop, ...]:
    """In their order."""
    return tuple(Stop(weight_at(steps, at), _first(steps, at), at) for at, step in enumerate(steps) if _stands(step))


def weight_at(steps: Sequence[Json], index: int) -> int:
    """Percent that is set while a step is on its way; 100 behind the last."""
    if index >= len(steps):
        return 100
    return next((int(step["setWeight"]) for step in reversed(steps[: index + 1]) if "setWeight" in step), 0)


def heading(steps: Sequence[Json], index: int) -> int:
    """The weight of the stop that it stands at or walks to; 100 behind the last."""
    return next((stop.weight for stop in stops(steps) if stop.pause >= index), 100)


def stop_of(steps: Sequence[Json], weight: int) -> Stop | None:
    """The first with that weight."""
    return next((stop for stop in stops(steps) if stop.weight == weight), None)


def insist(steps: Sequence[Json], title: str) -> tuple[int, ...]:
    """The weights that can be gated, each once. Raises Refused where there are none, or where they fall."""
    weights = [int(step["setWeight"]) for step in steps if "setWeight" in step]
    if weights != sorted(weights):
        raise Refused(f"the weights of {title} fall on the way: {_listed(weights)}", "let its setWeight steps rise")
    found = tuple(dict.fromkeys(stop.weight for stop in stops(steps) if stop.weight))
    if found:
        return found
    if not steps:
        raise Refused(f"{title} has no steps: its controller would replace all pods at once", _DOCS)
    raise Refused(
        f"{title} has no `pause: {{}}` after a setWeight: it would go up to 100 % by itself",
        "put a pause without a duration after each setWeight that is to be gated",
    )


def passed_by(steps: Sequence[Json]) -> Iterator[str]:
    """What is not gated, a sentence each."""
    gated = {stop.weight for stop in stops(steps)}
    for at, step in enumerate(steps):
        weight = step.get("setWeight")
        if weight is not None and weight not in gated and weight < 100:
            how = f"for {_timed(steps[at + 1 :])}" if _timed(steps[at + 1 :]) else "without a pause"
            yield f"{weight} % (step {at + 1}) is not gated: the Rollout passes it by itself, {how}"


def spoken(step: Json) -> str:
    """`setWeight 25`, `pause 5m`, `analysis`."""
    if "setWeight" in step:
        return f"setWeight {step['setWeight']}"
    if "pause" in step:
        return f"pause {_duration(step)}".rstrip()
    return next(iter(step), "")


def _first(steps: Sequence[Json], pause: int) -> int:
    return next((at for at in range(pause, -1, -1) if "setWeight" in steps[at]), 0)


def _stands(step: Json) -> bool:
    return "pause" in step and (step["pause"] or {}).get("duration") is None


def _duration(step: Json) -> str:
    found = (step.get("pause") or {}).get("duration")
    return "" if found is None else f"{found} s" if isinstance(found, int) else str(found)


def _timed(after: Sequence[Json]) -> str:
    """The durations of the pauses until the next setWeight."""
    found: list[str] = []
    for step in after:
        if "setWeight" in step:
            break
        if "pause" in step:
            found.append(_duration(step))
    return " and ".join(found)


def _listed(weights: list[int]) -> str:
    return ", ".join(f"{weight} %" for weight in weights)
