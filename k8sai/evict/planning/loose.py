"""The pods on a drained node that are no gang's: kubectl's filters, then the budgets, counted down and asked."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from k8sai.evict.facts import Json
from k8sai.evict.plan import Action, Blocker, PlannedPod, Refusal
from k8sai.evict.planning.filters import Sorted, sort
from k8sai.evict.planning.scene import Scene
from k8sai.evict.planning.verdicts import Verdict, tried
from k8sai.evict.state import PodState

_AT_ONCE: Final = 8  # dry runs
_DAEMON_SETS: Final = "daemonsets.apps"


@dataclass(frozen=True, slots=True)
class Loose:
    """The rows, what `run` begins with, and the budgets in the way."""

    pods: tuple[PlannedPod, ...] = ()
    states: tuple[PodState, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    warnings: tuple[str, ...] = ()


def loose(scene: Scene) -> Loose:
    """Asks the server about each pod that would be evicted, with dryRun. Raises ClusterError, Usage."""
    found = sort(scene.loose, scene.wish.settings, lambda *name: _daemon_set(scene, *name))
    going = [one.pod for one in found if one.way == "evict"]
    verdicts = dict(zip(map(_uid, going), judged(scene, going), strict=True))
    rows = tuple(_row(scene, one, verdicts.get(_uid(one.pod))) for one in found)
    states = tuple(_state(row) for row in rows if row.action in ("evict", "wait"))
    return Loose(rows, states, blockers(going, list(verdicts.values())), _warnings(verdicts.values()))


def _daemon_set(scene: Scene, namespace: str, name: str) -> bool:
    """Whether it is there; where that may not be read it is taken to be."""
    if scene.reading.blind(_DAEMON_SETS):
        return True
    found = scene.reading.list(_DAEMON_SETS, namespace)
    return scene.reading.blind(_DAEMON_SETS) or any(one["metadata"]["name"] == name for one in found)


def judged(scene: Scene, pods: Sequence[Json]) -> list[Verdict]:
    """Of each the worse of two answers: the budget's after all before it, and the server's own of it alone."""
    counted = [scene.budgets.spend(pod) for pod in pods]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        asked = list(pool.map(lambda pod: _asked(scene, pod), pods))
    return [_worse(ours, theirs) for ours, theirs in zip(counted, asked, strict=True)]


def _asked(scene: Scene, pod: Json) -> Verdict:
    meta = pod["metadata"]
    return tried(scene.connection, str(meta.get("namespace", "")), str(meta["name"]), _uid(pod))


def _worse(ours: Verdict, theirs: Verdict) -> Verdict:
    """The budget's words are better: they name it, and know that it never passes."""
    if theirs.word == "denied":
        return theirs
    if theirs.word in ("gone", "failed", "moved", "limited"):
        return theirs if ours.passes else ours
    if ours.word == "never" or theirs.passes:
        return ours
    if theirs.word == "never" or ours.passes:
        return theirs
    return ours


def _row(scene: Scene, one: Sorted, verdict: Verdict | None) -> PlannedPod:
    blocked = verdict.why if verdict is not None and verdict.word in ("waits", "never", "stale") else ""
    refusals = one.refusals
    if verdict is not None and verdict.word == "denied":
        refusals = (Refusal("forbidden", verdict.why, "`k8sai evict rbac`"),)
    action: Action = "refuse" if refusals else "evict" if one.way == "evict" else "skip"
    if one.why == "terminating":
        action = "wait"
    return PlannedPod(one.pod, scene.ref(one.pod), action, refusals, blocked)


def _state(row: PlannedPod) -> PodState:
    if row.action == "wait":
        gone = str(row.pod["metadata"].get("deletionTimestamp", ""))
        return PodState(row.ref, evicted_at=gone, reason="it was told to end already")
    return PodState(row.ref, blocked=row.blocked)


def blockers(pods: Sequence[Json], verdicts: Sequence[Verdict]) -> tuple[Blocker, ...]:
    """One per budget, with all the pods it keeps. A budget that lets one go after the other blocks nothing."""
    found: dict[str, Blocker] = {}
    for pod, verdict in zip(pods, verdicts, strict=True):
        if verdict.word not in ("waits", "never") or "at a time" in verdict.why:
            continue
        meta = pod["metadata"]
        namespace, name = str(meta.get("namespace", "")), str(meta["name"])
        title = f"pdb {namespace}/{verdict.budget}" if verdict.budget else f"pod {namespace}/{name}"
        before = found.get(title)
        pods_of = (*(before.pods if before else ()), f"{namespace}/{name}")
        never = verdict.word == "never" or bool(before and before.never)
        found[title] = Blocker(title, verdict.why, pods_of, never)
    return tuple(found.values())


def _warnings(verdicts: Iterable[Verdict]) -> tuple[str, ...]:
    words = [one for one in verdicts if one.word in ("limited", "failed", "stale")]
    return tuple(dict.fromkeys(f"not known whether all pods may be evicted: {one.why}" for one in words))


def _uid(pod: Json) -> str:
    return str(pod["metadata"].get("uid", ""))
