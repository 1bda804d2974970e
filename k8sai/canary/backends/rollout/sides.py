"""The two versions of a Rollout: its ReplicaSets, their pods, and what has changed since the rollout began.

With traffic routing the share is what the controller has set in the route, else that of the pods that are ready.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from k8sai.canary.backends.rollout.fields import HASH
from k8sai.canary.backends.rollout.walk import Walk, not_taken_over, version
from k8sai.canary.facts import Json, Seen, Side
from k8sai.canary.pods import pods_of

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading

_REPLICASETS = "replicasets.apps"
Sets = Mapping[str, Json]  # by pod template hash


def look(target: Json, handle: Json, read: "Reading") -> Seen:
    """Without a rollout (an empty handle) the sides are those of whatever version is on its way."""
    walk = Walk(target)
    sets = replicasets(walk, read)
    old = str(handle["stable"]) if handle else walk.stable
    new = walk.hash if walk.hash != old else ""
    unseen = not_taken_over(walk, handle) if handle else walk.unobserved()
    waiting = unseen or walk.moving()
    percent = float(_configured(walk, handle, old))
    return Seen(
        target,
        _side(walk, old, 100 - percent, sets, read),
        _side(walk, new, percent, sets, read) if new else None,
        applied=not waiting or (walk.passing and not unseen),
        waiting=waiting,
        route=share(walk, old, sets),
        by_pods=not walk.routed,
        drift=tuple(_drift(walk, handle)) if handle else (),
        objects=sets,
        notes=tuple(_analyses(walk)),
    )


def replicasets(walk: Walk, read: "Reading") -> Sets:
    """Those that the Rollout controls, by the hash of their version; none where they may not be read."""
    uid = walk.target["metadata"].get("uid")
    found = read.list(_REPLICASETS, walk.ref.namespace, labels=_selected(_labels(walk)))
    return {str(one["metadata"]["labels"].get(HASH)): one for one in found if _controller(one) == uid}


def share(walk: Walk, old: str, sets: Sets) -> float | None:
    """Percent of the requests that do not go to the old version; None where nobody tells."""
    if walk.routed:
        found = walk.routed_to(old)
        return None if found is None else float(100 - found)
    ready = {key: _count(one, "readyReplicas") for key, one in sets.items()}
    total = sum(ready.values())
    return 100 * (total - ready.get(old, 0)) / total if total else None


def others(seen: Seen, old: str) -> int:
    """Pods of all versions but the old one, as far as they get requests by being there."""
    if seen.objects:
        return sum(_count(one, "replicas") for key, one in seen.objects.items() if key != old)
    status = Walk(seen.target).status
    return int(status.get("updatedReplicas") or 0) if status.get("currentPodHash") != old else 0


def available(seen: Seen, of: str) -> int:
    """Pods of a version that are available."""
    if seen.objects:
        return _count(seen.objects[of], "availableReplicas") if of in seen.objects else 0
    return int(Walk(seen.target).status.get("availableReplicas") or 0)


def _analyses(walk: Walk) -> Iterator[str]:
    """What its own analyses say."""
    found = walk.status.get("canary") or {}
    for word in ("currentStepAnalysisRunStatus", "currentBackgroundAnalysisRunStatus"):
        if run := found.get(word):
            said = f": {run['message']}" if run.get("message") else ""
            yield f"its own AnalysisRun {run.get('name')} is {run.get('status')}{said}"


def _configured(walk: Walk, handle: Json, old: str) -> int:
    if walk.hash == old or walk.aborted or (handle and version(walk, handle) == "stable"):
        return 0
    return 100 if walk.complete else walk.heading


def _side(walk: Walk, of: str, percent: float, sets: Sets, read: "Reading") -> Side:
    labels, found = {**_labels(walk), HASH: of}, sets.get(of)
    side = Side(f"{walk.ref.name}-{of}", labels, percent=percent)
    pods = pods_of(side, walk.ref.namespace, read)
    return Side(
        side.name,
        labels,
        replicas=None if found is None else int(found["spec"].get("replicas") or 0),
        ready=None if found is None else _count(found, "readyReplicas"),
        trouble=pods.trouble if pods else "",
        percent=percent,
    )


def _drift(walk: Walk, handle: Json) -> Iterator[str]:
    title = walk.ref.title
    if walk.target["metadata"].get("uid") != handle["uid"]:
        yield f"{title} was deleted and made anew"
        return
    if version(walk, handle) == "third":
        yield f"{title} has a third version: its pod template is neither the old nor the new one"
    if walk.steps != handle["steps"]:
        again = (
            "" if walk.complete or walk.aborted else "; its controller has begun the canary again, at the first step"
        )
        yield f"the steps of {title} were edited{again}"
    if walk.aborted:
        yield f"{title} is aborted: {walk.status.get('message') or 'nobody says why'}"
    elif walk.full:
        yield f"{title} is being promoted past all its steps: somebody has sent promoteFull"
    if walk.stable not in (handle["stable"], walk.hash):
        yield f"{title} has another stable version than when the rollout began"


def _labels(walk: Walk) -> dict[str, str]:
    return dict((walk.spec.get("selector") or {}).get("matchLabels") or {})


def _selected(labels: Mapping[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def _controller(obj: Json) -> str | None:
    owners = obj["metadata"].get("ownerReferences") or ()
    return next((one.get("uid") for one in owners if one.get("controller")), None)


def _count(replicaset: Json, word: str) -> int:
    return int((replicaset.get("status") or {}).get(word) or 0)
