"""What changed between two looks at the fleet, in GPU terms; by comparing, so nothing is lost while nobody looks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isnan
from types import MappingProxyType
from typing import Any

from k8sai.cluster.sources import Source
from k8sai.fleet.answers import NodeRow, PodRow
from k8sai.fleet.idle import Held
from k8sai.fleet.picture import Picture
from k8sai.fleet.tables import amount, asks, cards
from k8sai.view import Tone

_LEAST = 0.005  # cards: what shares leave over when they are summed is no change
_LOST = ("retrying", "failed", "forbidden")


@dataclass(frozen=True, slots=True)
class Change:
    """`code` is a machine word, `what` the object ("pod team-a/train-0"), `said` what happened to it."""

    code: str
    what: str
    said: str
    tone: Tone
    object: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Look:
    """What is compared: pods by uid, nodes by name, sources by kind; `held` by uid, where a meter tells."""

    nodes: dict[str, NodeRow]
    pods: dict[str, PodRow]
    sources: dict[str, Source]
    held: dict[str, Held] | None = None


def look(picture: Picture) -> Look:
    """The parts of a picture that changes are found in."""
    return Look(
        {node.name: node for node in picture.nodes},
        {pod.uid: pod for pod in (*picture.pods, *picture.pending)},
        {source.kind: source for source in picture.sources},
        None if picture.idle is None else {one.uid: one for one in picture.idle.held},
    )


def between(before: Look, after: Look) -> list[Change]:
    """Sources first, then nodes and pods by name."""
    found = list(_sources(before.sources, after.sources))
    for name in sorted(before.nodes.keys() | after.nodes.keys()):
        found += _node(before.nodes.get(name), after.nodes.get(name))
    pods = before.pods | after.pods
    for uid in sorted(pods, key=lambda uid: (pods[uid].namespace, pods[uid].name, uid)):
        found += _pod(before.pods.get(uid), after.pods.get(uid))
        if after.held is not None and uid in after.pods and uid in after.held:
            found += _idle((before.held or {}).get(uid), after.held[uid], after.pods[uid])
    return found


def _sources(before: dict[str, Source], after: dict[str, Source]) -> Iterator[Change]:
    """Sources that were lost for the same reason are one change: a server that is away is one thing."""
    lost: dict[tuple[str, str], list[str]] = {}
    found: list[str] = []
    for kind, now in after.items():
        was = before.get(kind, now).state
        if was != now.state and now.state in _LOST:
            lost.setdefault((now.state, now.message), []).append(kind)
        elif was in _LOST and now.state in ("live", "once"):
            found.append(kind)
    for (state, message), kinds in lost.items():
        why = f": {message}" if message else ""
        about = {"kinds": kinds, "state": state, "message": message}
        said = f"lost, what is known may be old{why}"
        yield Change("SourceLost", f"source {', '.join(kinds)}", said, "bad", about)
    if found:
        about = {"kinds": found, "state": "live", "message": ""}
        yield Change("SourceRecovered", f"source {', '.join(found)}", "recovered", "good", about)


def _node(was: NodeRow | None, now: NodeRow | None) -> Iterator[Change]:
    if was is None and now is not None and not now.gone:
        there = f"{cards(now.figures.capacity)} of {now.product or 'unknown product'}"
        yield _node_change(now, "NodeAdded", f"is there, {there}", "good")
    elif was is not None and (now is None or now.gone):
        if not was.gone:
            lost = f"is gone, {cards(was.figures.capacity)} fewer"
            yield _node_change(now or was, "NodeGone", lost, "bad")
    elif was is not None and now is not None:
        yield from _node_differences(was, now)


def _node_differences(was: NodeRow, now: NodeRow) -> Iterator[Change]:
    if was.gone:
        yield _node_change(now, "NodeAdded", f"is back, {cards(now.figures.capacity)}", "good")
    if was.ready != now.ready:
        said = ("NodeReady", "is ready", "good") if now.ready else ("NodeNotReady", "is not ready", "bad")
        yield _node_change(now, *said)  # type: ignore[arg-type]
    if was.schedulable != now.schedulable:
        code, word = ("NodeUncordoned", "uncordoned") if now.schedulable else ("NodeCordoned", "cordoned")
        free = f", {cards(now.figures.free)} free"
        yield _node_change(now, code, word + free, "good" if now.schedulable else "warn")
    if _differ(was.figures.unhealthy, now.figures.unhealthy):
        said_cards = f"{amount(now.figures.unhealthy)} of {cards(now.figures.capacity)} unhealthy"
        worse = now.figures.unhealthy > was.figures.unhealthy
        was_cards = f", was {amount(was.figures.unhealthy)}"
        yield _node_change(now, "NodeHealth", said_cards + was_cards, "bad" if worse else "good")
    elif _differ(was.figures.capacity, now.figures.capacity):
        size = f"{cards(now.figures.capacity)}, was {amount(was.figures.capacity)}"
        yield _node_change(now, "NodeCapacity", size, "plain")


def _differ(was: float, now: float) -> bool:
    """Two unknown figures are alike."""
    return was != now and not (isnan(was) and isnan(now))


def _pod(was: PodRow | None, now: PodRow | None) -> Iterator[Change]:
    if now is None:
        if was is not None:
            yield _gone(was)
        return
    if now.node:
        yield from _bound(was, now)
    elif was is None or was.reason != now.reason:
        why = f": {now.reason}" if now.reason else ""
        yield _pod_change(now, "PodPending", f"waits for {asks(now)}{why}", "warn")
    if now.nominated and not now.node and (was is None or was.nominated != now.nominated):
        yield _pod_change(now, "PodReserved", f"has {asks(now)} reserved on {now.nominated}", "plain")


def _bound(was: PodRow | None, now: PodRow) -> Iterator[Change]:
    if was is None or was.node != now.node:
        yield _pod_change(now, "PodBound", f"bound to {now.node}, {cards(now.cards)}", "good")
    elif was.cards != now.cards:
        yield _pod_change(now, "PodResized", f"holds {cards(now.cards)}, was {amount(was.cards)}", "plain")
    if now.terminating and not (was and was.terminating):
        yield _pod_change(now, "PodTerminating", f"is ending, still holds {cards(now.cards)} on {now.node}", "warn")


def _idle(was: Held | None, now: Held, pod: PodRow) -> Iterator[Change]:
    """Cards that began to do nothing, or that work again; one that is no longer known is neither."""
    before = was.idle if was is not None else 0.0
    said = f"{amount(now.idle)} of {cards(now.cards)} idle, was {amount(before)}"
    about = {"idle": now.idle, "busy": now.busy, "unknown": now.unknown}
    if now.idle - before >= _LEAST:
        yield _pod_change(pod, "PodIdle", said, "warn", about)
    elif was is not None and before - now.idle >= _LEAST and now.busy - was.busy >= _LEAST:
        yield _pod_change(pod, "PodBusy", said, "good", about)


def _gone(was: PodRow) -> Change:
    if was.node:
        return _pod_change(was, "PodGone", f"gone from {was.node}, {cards(was.cards)} given back", "plain")
    return _pod_change(was, "PodGone", f"gone, no longer waits for {asks(was)}", "plain")


def _node_change(node: NodeRow, code: str, said: str, tone: Tone) -> Change:
    about = {
        "name": node.name,
        "product": node.product,
        "ready": node.ready,
        "schedulable": node.schedulable,
        "capacity": node.figures.capacity,
        "unhealthy": node.figures.unhealthy,
        "gone": node.gone or code == "NodeGone",
    }
    return Change(code, f"node {node.name}", said, tone, about)


def _pod_change(
    pod: PodRow, code: str, said: str, tone: Tone, more: Mapping[str, float] = MappingProxyType({})
) -> Change:
    about = {
        "namespace": pod.namespace,
        "name": pod.name,
        "uid": pod.uid,
        "node": pod.node,
        "requests": dict(pod.requests),
        **({"cards": pod.cards} if pod.node else {}),
        "queue": pod.queue,
        "owner": pod.owner,
        "reason": pod.reason,
        **more,
    }
    return Change(code, f"pod {pod.namespace}/{pod.name}", said, tone, about)
