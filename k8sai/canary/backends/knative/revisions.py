"""Knative Revisions as both backends over Knative see them: which there are, whether they serve, who gets what share.

A revision is never changed, its size included: another min-scale is another revision. One that a route names keeps its
min-scale, be it at 0 %; one that none names is scaled to zero, and may be collected after a while.
https://knative.dev/docs/serving/revisions/
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from k8sai.canary.backends.kserve_predictor import covers
from k8sai.canary.facts import Json, Side
from k8sai.cluster.reading import condition

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading

GROUP: Final = "serving.knative.dev"
REVISIONS: Final = f"revisions.{GROUP}"
SERVICES: Final = f"services.{GROUP}"
ROLLOUT_DURATION: Final = f"{GROUP}/rollout-duration"
_DURATIONS: Final = (ROLLOUT_DURATION, f"{GROUP}/rolloutDuration")
_MIN_SCALE: Final = ("autoscaling.knative.dev/min-scale", "autoscaling.knative.dev/minScale")
INITIAL_SCALE: Final = "autoscaling.knative.dev/initial-scale"
_INITIAL_SCALE: Final = (INITIAL_SCALE, "autoscaling.knative.dev/initialScale")


@dataclass(frozen=True, slots=True)
class Line:
    """The revisions of one Knative Service, the oldest first; unknown where they may not be read."""

    revisions: tuple[Json, ...] = ()
    known: bool = True

    def named(self, name: str) -> Json | None:
        """The revision of that name."""
        return next((one for one in self.revisions if name_of(one) == name), None)

    def gone(self, name: str) -> bool:
        """It is known not to be there."""
        return self.known and bool(name) and self.named(name) is None

    def after(self, number: int, created: str, stable: str) -> list[str]:
        """Names of those made since that number; from what a status tells where they may not be read."""
        if not self.known:
            return [created] if created and created != stable else []
        return [name_of(one) for one in self.revisions if number_of(one) > number]


def line_of(service: str, namespace: str, read: "Reading") -> Line:
    """The revisions of the Knative Service of that name."""
    found = read.list(REVISIONS, namespace, labels=f"{GROUP}/service={service}")
    known = read.served(REVISIONS) and not read.blind(REVISIONS)
    return Line(tuple(sorted(found, key=number_of)), known)


def name_of(obj: Json) -> str:
    """As it is."""
    return str(obj["metadata"]["name"])


def number_of(revision: Json) -> int:
    """The generation of the configuration that it was made for."""
    found = str((revision["metadata"].get("labels") or {}).get(f"{GROUP}/configurationGeneration") or "")
    return int(found) if found.isdigit() else 0


def is_ready(revision: Json | None) -> bool:
    """Its pods have been up; it may have been scaled to zero since."""
    return revision is not None and _status(revision, "Ready") == "True"


def side(name: str, revision: Json | None, percent: float) -> Side:
    """A version, by the labels of its pods. One that is ready and wants no pods is not told to have none ready."""
    status = (revision or {}).get("status") or {}
    wanted, there = status.get("desiredReplicas"), status.get("actualReplicas")
    idle = wanted == 0 and is_ready(revision)
    return Side(
        name,
        {f"{GROUP}/revision": name},
        replicas=wanted,
        ready=None if idle or revision is None else int(there or 0),
        trouble=trouble(revision),
        percent=percent,
    )


def trouble(revision: Json | None) -> str:
    """Why it will not serve, in Knative's words; "" while it may. Waiting for a node is no trouble yet."""
    if revision is None or _status(revision, "Ready") != "False":
        return ""
    found = condition(revision, "Ready") or {}
    reason = str(found.get("reason") or "")
    return "" if reason == "Unschedulable" else ": ".join(filter(None, (reason, str(found.get("message") or ""))))


def pods_wanted(template: Json) -> int:
    """How many a revision of this template begins with."""
    annotations = (template.get("metadata") or {}).get("annotations") or {}
    return max(1, _number(annotations, _MIN_SCALE), _number(annotations, _INITIAL_SCALE))


def least(obj: Json) -> int:
    """The min-scale of a revision or its template, 0 where nothing is said."""
    return _number((obj.get("metadata") or {}).get("annotations") or {}, _MIN_SCALE)


def has_pods(revision: Json | None) -> bool:
    """It can answer at once; where it scales to zero, or may not be read, nothing is known against it."""
    if revision is None or not least(revision):
        return True
    return bool((revision.get("status") or {}).get("actualReplicas"))


def pod_template(template: Json) -> Json:
    """The PodTemplateSpec of a revision's template."""
    kept = {key: value for key, value in (template.get("metadata") or {}).items() if key in ("labels", "annotations")}
    spec = {key: value for key, value in (template.get("spec") or {}).items() if key not in _NOT_A_POD}
    return {"metadata": kept, "spec": spec}


_NOT_A_POD: Final = ("containerConcurrency", "timeoutSeconds", "responseStartTimeoutSeconds", "idleTimeoutSeconds")


def shares(traffic: Iterable[Json], latest: str) -> dict[str, int]:
    """Percent by revision, as a status or, with what the latest is, a spec tells it; 0 % is told too."""
    found: dict[str, int] = {}
    for one in traffic:
        name = one.get("revisionName") or latest
        found[name] = found.get(name, 0) + (one.get("percent") or 0)
    return found


def gradual(obj: Json) -> bool:
    """Knative would shift by itself over a time."""
    annotations = obj["metadata"].get("annotations") or {}
    return any(annotations.get(key, "0s") not in ("", "0", "0s") for key in _DURATIONS)


def whose(text: Json, old: Json, new: Json) -> Literal["old", "new", ""]:
    """Which version's text it is, whatever a webhook has filled in besides; "" for somebody else's."""
    is_old, is_new = covers(text, old), covers(text, new)
    if is_old and is_new:  # one takes something out of the other: the one that says more is meant
        return "new" if covers(new, old) else "old"
    return "new" if is_new else "old" if is_old else ""


def unsteady(obj: Json, title: str, stable: str, line: Line) -> Iterator[str]:
    """The drift of what both sides stand on, a sentence each."""
    if line.gone(stable):
        yield f"revision {stable}, the old version, is gone"
    if gradual(obj):
        yield f"{title} is now shifted over a time (rollout-duration)"


def unshifted(obj: Json) -> Iterator[tuple[str, str]]:
    """Why nobody else can split its requests, and what to do."""
    if gradual(obj):
        yield (
            "is shifted over a time by Knative itself",
            "take the annotation serving.knative.dev/rollout-duration away",
        )


def third(newer: Sequence[str]) -> tuple[str, ...]:
    """The drift of revisions beside the two, a sentence each."""
    return tuple(f"a third revision has appeared: {name}" for name in newer[1:])


def _number(annotations: Mapping[str, str], names: Iterable[str]) -> int:
    found = next((annotations[name] for name in names if name in annotations), "")
    return int(found) if found.isdigit() else 0


def _status(obj: Json, kind: str) -> str:
    return str((condition(obj, kind) or {}).get("status") or "")
