"""Flagger, read only: its Canary is shown with its phase and weight.

It begins by itself, whenever its target's template changes, and writes weights on every tick: two hands at one route
would fight.

Phases and fields are those of Flagger 1.44, https://docs.flagger.app/usage/how-it-works
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, NoReturn

from k8sai.canary.backend import Goal, Step
from k8sai.canary.backends.owners import CANARIES
from k8sai.canary.facts import Json, Prepared, Seen, Side, Wish
from k8sai.canary.pods import pods_of
from k8sai.errors import Refused

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading

_WORKLOADS: Final = {"Deployment": "deployments.apps", "DaemonSet": "daemonsets.apps"}
_UNDER_WAY: Final = ("Progressing", "Waiting", "WaitingPromotion", "Promoting", "Finalising")
_WAITS: Final = {
    "Waiting": "it waits for its confirm-rollout webhook",
    "WaitingPromotion": "it waits for its confirm-promotion webhook",
    "Promoting": "the template is copied into the primary, whose pods all start anew",
    "Failed": "its checks failed: all requests go to the primary, the canary is scaled to zero",
}


class Flagger:
    """`canary/chat`."""

    name = "flagger"
    kinds: Sequence[str] = (CANARIES,)
    words: Sequence[str] = ("canary", "canaries", "flagger")
    read_only = True

    def takes(self, target: Json, read: "Reading") -> bool:
        return True

    def prepare(self, target: Json, wish: Wish, read: "Reading") -> Prepared:
        _refuse(target)

    def see(self, target: Json, handle: Json, read: "Reading") -> Seen:
        status = target.get("status") or {}
        phase, weight = str(status.get("phase") or "Initializing"), float(status.get("canaryWeight") or 0)
        aim = target["spec"]["targetRef"]
        stable = _side(target, f"{aim['name']}-primary", 100 - weight, read)
        canary = _side(target, aim["name"], weight, read) if phase in _UNDER_WAY or weight else None
        return Seen(target, stable, canary, route=weight, notes=tuple(_notes(target, phase)))

    def next(self, seen: Seen, goal: Goal, handle: Json, before: Json) -> Step:
        _refuse(seen.target)


def _refuse(target: Json) -> NoReturn:
    meta, aim = target["metadata"], target["spec"]["targetRef"]
    said = f"canary/{meta['name']} is Flagger's, which begins when the template of {_title(aim)} changes"
    raise Refused(said, "to use k8sai instead, delete it, then `k8sai canary start httproute/NAME --to svc/NAME`")


def _title(aim: Json) -> str:
    return f"{str(aim['kind']).lower()}/{aim['name']}"


def _side(target: Json, name: str, percent: float, read: "Reading") -> Side:
    """The pods of a workload, where the target is one."""
    namespace = target["metadata"].get("namespace") or ""
    kind = _WORKLOADS.get(target["spec"]["targetRef"]["kind"])
    workload = read.get(kind, namespace, name) if kind else None
    if workload is None:
        return Side(name, percent=percent)
    labels = (workload["spec"].get("selector") or {}).get("matchLabels")
    pods = pods_of(Side(name, labels), namespace, read)
    ready, trouble = (pods.ready, pods.trouble) if pods else (None, "")
    return Side(name, labels, workload["spec"].get("replicas"), ready, trouble=trouble, percent=percent)


def _notes(target: Json, phase: str) -> Iterator[str]:
    status, analysis = target.get("status") or {}, target["spec"].get("analysis") or {}
    failed, limit = int(status.get("failedChecks") or 0), analysis.get("threshold")
    counted = f", {failed} of {limit} failed checks" if failed and limit else ""
    yield f"Flagger: {phase}{counted}"
    if phase in _WAITS:
        yield _WAITS[phase]
    if target["spec"].get("suspend"):
        yield "it is suspended: Flagger does nothing"
    yield "it is shown, not driven: Flagger rolls it out"
