"""A Knative Service, read: its two revisions, what is written and what is routed.

https://knative.dev/docs/serving/traffic-management/
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from k8sai.canary.backends.knative.revisions import (
    Line,
    has_pods,
    line_of,
    name_of,
    shares,
    side,
    third,
    unsteady,
    whose,
)
from k8sai.canary.backends.knative.traffic import targets_of
from k8sai.canary.facts import Json, Seen

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading


def told(service: Json, key: str) -> str:
    """latestCreatedRevisionName, latestReadyRevisionName; "" where there is none."""
    return str((service.get("status") or {}).get(key) or "")


def created(service: Json) -> str:
    return told(service, "latestCreatedRevisionName")


def latest(service: Json) -> str:
    """The one that `latestRevision: true` stands for."""
    return told(service, "latestReadyRevisionName")


def template_of(service: Json) -> Json:
    found: Json = service["spec"]["template"]
    return found


def version_of(service: Json, handle: Json) -> Literal["old", "new", ""]:
    """Whose template it is; "" for somebody else's."""
    return whose(template_of(service), handle["old"], handle["new"])


def seen(service: Json, handle: Json, read: "Reading") -> Seen:
    """With a handle the two revisions of its rollout; else the two that a list splits between, if it does."""
    line = line_of(name_of(service), service["metadata"]["namespace"], read)
    stable, newer = _two(service, handle, line)
    canary = newer[0] if newer else ""
    routed = shares((service.get("status") or {}).get("traffic") or (), latest(service))
    # a canary that is not ready yet will have what the latest is given
    coming = canary if created(service) == canary else latest(service)
    percent = float(shares(targets_of(service), coming or canary).get(canary, 0)) if canary else 0.0
    waiting = _waits(service, handle, canary, routed)
    dropped = (
        canary == created(service) and canary and not any(one.get("latestRevision") for one in targets_of(service))
    )
    return Seen(
        service,
        side(stable, line.named(stable), 100.0 - percent),
        side(canary, line.named(canary), percent) if canary else None,
        applied=not waiting,
        waiting=waiting,
        route=float(routed.get(canary, 0)) if canary and routed else None,
        drift=tuple(_drift(service, handle, line, newer)) if handle else (),
        objects={
            "stable": {"gone": line.gone(stable), "up": has_pods(line.named(stable)), "routed": stable in routed},
            "canary": {"ready": bool(canary) and latest(service) == canary},
        },
        notes=(f"spec.traffic names {stable}: to name the latest would promote {canary}",) if dropped else (),
    )


def _two(service: Json, handle: Json, line: Line) -> tuple[str, list[str]]:
    if handle:
        return str(handle["stable"]), line.after(handle["after"], created(service), str(handle["stable"]))
    named = [str(one["revisionName"]) for one in targets_of(service) if one.get("revisionName") and one.get("percent")]
    stable = named[0] if named else latest(service)
    others = [one.get("revisionName") or created(service) for one in targets_of(service)]
    return stable, [one for one in others if one and one != stable][:1]


def _waits(service: Json, handle: Json, canary: str, routed: dict[str, int]) -> str:
    """What Knative has not taken over; "" where it has."""
    meta, seen_generation = service["metadata"], (service.get("status") or {}).get("observedGeneration")
    if seen_generation != meta.get("generation"):
        return f"Knative has not looked at generation {meta.get('generation')} yet"
    if handle and not canary and version_of(service, handle) == "new":
        return "Knative has not made the new revision"
    wanted = shares(targets_of(service), latest(service))
    if wanted == routed:
        return ""
    return f"{_written(wanted)} is written, {_written(routed)} is routed"


def _written(found: dict[str, int]) -> str:
    return ", ".join(f"{percent} % to {name}" for name, percent in sorted(found.items())) or "nothing"


def _drift(service: Json, handle: Json, line: Line, newer: list[str]) -> Iterator[str]:
    title, version, stable = f"ksvc/{name_of(service)}", version_of(service, handle), str(handle["stable"])
    yield from third(newer)
    if not version or (newer and version == "old"):
        yield f"spec.template of {title} is not what the rollout wrote"
    for name, percent in shares(targets_of(service), "").items():
        if name not in ("", stable, *newer) and percent:
            yield f"{percent} % goes to {name}, which is no part of the rollout"
    yield from unsteady(service, title, stable, line)
