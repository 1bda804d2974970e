"""KServe in Knative mode, read: which revision counts as rolled out, which is the canary, and who gets what share.

status.observedGeneration of an InferenceService is, in this mode, that of its Knative Service: it is never compared
with metadata.generation. What has been taken over is read off status.components.predictor.traffic.
https://github.com/kserve/kserve/blob/v0.20.0/pkg/apis/serving/v1beta1/inference_service_status.go
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal

from k8sai.canary.backends.knative.revisions import Line, has_pods, line_of, shares, side, third, unsteady, whose
from k8sai.canary.facts import Json, Seen, Side

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading

PERCENT: Final = "canaryTrafficPercent"
AT: Final = "/spec/predictor/canaryTrafficPercent"


def predictor_of(target: Json) -> Json:
    """As it is written."""
    found: Json = (target.get("spec") or {}).get("predictor") or {}
    return found


def text_of(target: Json) -> Json:
    """The predictor without the percent: what its revision is made of."""
    return {key: value for key, value in predictor_of(target).items() if key != PERCENT}


def version_of(target: Json, handle: Json) -> Literal["old", "new", ""]:
    """Whose text it is; "" for somebody else's."""
    return whose(text_of(target), handle["old"], handle["new"])


def percent_of(target: Json) -> int | None:
    """None: it is not written, so everything goes to the latest."""
    found = predictor_of(target).get(PERCENT)
    return None if found is None else int(found)


def component_of(target: Json) -> Json:
    """What KServe says of the predictor's revisions; {} where it has said nothing."""
    return ((target.get("status") or {}).get("components") or {}).get("predictor") or {}


def told(target: Json, key: str) -> str:
    """The name of a revision: latestRolledoutRevision, …; "" where there is none."""
    return str(component_of(target).get(key) or "")


def service_name(target: Json) -> str:
    """Of the predictor's Knative Service."""
    name = str(predictor_of(target).get("name") or "")
    return "-".join(filter(None, (target["metadata"]["name"], name, "predictor")))


def revisions_of(target: Json, read: "Reading") -> Line:
    """Of the predictor."""
    return line_of(service_name(target), target["metadata"]["namespace"], read)


def seen(target: Json, handle: Json, read: "Reading") -> Seen:
    """With a handle the two revisions of its rollout; else, where a percent splits, the two it splits between."""
    line = revisions_of(target, read)
    stable, newer = _two(target, handle, line)
    canary = newer[0] if newer else ""
    percent = _configured(target, canary)
    routed = shares(component_of(target).get("traffic") or (), told(target, "latestReadyRevision"))
    waiting = _waits(target, handle, canary, routed)
    return Seen(
        target,
        side(stable, line.named(stable), 100.0 - percent),
        _model(side(canary, line.named(canary), percent), target) if canary else None,
        applied=not waiting,
        waiting=waiting,
        route=float(routed.get(canary, 0)) if canary and routed else None,
        drift=tuple(_drift(target, handle, line, newer)) if handle else (),
        objects={
            "stable": {"gone": line.gone(stable), "up": has_pods(line.named(stable))},
            "canary": {"ready": bool(canary) and told(target, "latestReadyRevision") == canary},
        },
        notes=(f"{PERCENT} is 0: to remove it would promote {canary}",) if canary and percent_of(target) == 0 else (),
    )


def _two(target: Json, handle: Json, line: Line) -> tuple[str, list[str]]:
    created, rolled = told(target, "latestCreatedRevision"), told(target, "latestRolledoutRevision")
    if handle:
        return str(handle["stable"]), line.after(handle["after"], created, str(handle["stable"]))
    stable = rolled or told(target, "latestReadyRevision")
    split = percent_of(target) is not None and created != stable
    return stable, [created] if split and created else []


def _configured(target: Json, canary: str) -> float:
    if not canary:
        return 0.0
    percent = percent_of(target)
    return 100.0 if percent is None else float(percent)


def _model(canary: Side, target: Json) -> Side:
    """KServe tells of the model of the latest revision only."""
    if told(target, "latestCreatedRevision") != canary.name:
        return canary
    status = (target.get("status") or {}).get("modelStatus") or {}
    state = (status.get("states") or {}).get("targetModelState")
    ready = told(target, "latestReadyRevision") == canary.name
    failure = status.get("lastFailureInfo") or {}
    why = f"FailedToLoad: {failure.get('message') or failure.get('reason') or 'KServe does not say why'}"
    trouble = canary.trouble or (why if state == "FailedToLoad" else "")
    idle = ready and canary.replicas == 0  # without pods KServe calls the model Pending again
    return replace(canary, model_ready=None if idle else ready and state == "Loaded", trouble=trouble)


def _waits(target: Json, handle: Json, canary: str, routed: dict[str, int]) -> str:
    """What KServe and Knative have not taken over; "" where they have."""
    if handle and not canary and version_of(target, handle) == "new":
        return "KServe has not made the new revision"
    rolled, latest = told(target, "latestRolledoutRevision"), told(target, "latestReadyRevision")
    percent = percent_of(target)
    split = percent is not None and percent < 100 and rolled
    wanted = shares(
        [{"percent": percent}, {"revisionName": rolled, "percent": 100 - (percent or 0)}]
        if split
        else [{"percent": 100}],
        latest,
    )
    if _without_zero(wanted) == _without_zero(routed):
        return ""
    return f"{_written(wanted)} is written, {_written(routed)} is routed"


def _without_zero(found: dict[str, int]) -> dict[str, int]:
    return {name: percent for name, percent in found.items() if percent}


def _written(found: dict[str, int]) -> str:
    return ", ".join(f"{percent} % to {name}" for name, percent in sorted(found.items()) if percent) or "nothing"


def _drift(target: Json, handle: Json, line: Line, newer: list[str]) -> Iterator[str]:
    title, version = f"isvc/{target['metadata']['name']}", version_of(target, handle)
    stable, rolled = str(handle["stable"]), told(target, "latestRolledoutRevision")
    yield from third(newer)
    if not version or (newer and version == "old"):
        yield f"spec.predictor of {title} is not what the rollout wrote"
    if rolled not in ("", stable, *newer[:1]):
        yield f"KServe counts {rolled} as rolled out, not {stable}"
    yield from unsteady(target, title, stable, line)
