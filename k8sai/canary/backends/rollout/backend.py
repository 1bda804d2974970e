"""Argo Rollouts: its controller walks the Rollout's own steps, and stands where they pause until it is told to go on.

`rollout/chat --image …`; with traffic routing or by the number of pods. https://argo-rollouts.readthedocs.io/
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from k8sai.canary.backend import Goal, Step
from k8sai.canary.backends.owners import refuse_owned
from k8sai.canary.backends.rollout.counts import beside, bounds, by_pods
from k8sai.canary.backends.rollout.fields import KIND
from k8sai.canary.backends.rollout.next import next_step
from k8sai.canary.backends.rollout.sides import look, replicasets
from k8sai.canary.backends.rollout.steps import Stop, insist, passed_by, stops
from k8sai.canary.backends.rollout.template import covers, form, wished
from k8sai.canary.backends.rollout.walk import Walk
from k8sai.canary.facts import Demand, Json, Prepared, Seen, Wish
from k8sai.errors import Refused

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading

_DOCS = "docs/canary.md, Argo Rollouts"


class Rollouts:
    """The steps are the Rollout's; what is gated are its pauses without a duration."""

    name = "rollout"
    kinds: Sequence[str] = (KIND,)
    words: Sequence[str] = ("rollout", "rollouts", "ro")
    read_only = False

    def takes(self, target: Json, read: "Reading") -> bool:
        return True  # with another strategy `prepare` says why not

    def prepare(self, target: Json, wish: Wish, read: "Reading") -> Prepared:
        walk = Walk(target)
        refuse_owned(target, "rollout", read)
        _insist_on_canary(walk)
        weights = insist(walk.steps, walk.ref.title)
        _insist_on_rest(walk)
        template = wished(walk.template, wish)
        _insist_on_steps(walk, template, read)
        _insist_on_pods(walk, weights)
        first = _first(walk)
        up = beside(walk.canary, walk.replicas, 0, first.pause)
        peak = beside(walk.canary, walk.replicas, first.pause + 1, len(walk.steps))
        handle: Json = {
            "uid": target["metadata"]["uid"],
            "stable": walk.stable,
            "forms": {"stable": form(walk.template), "canary": form(template)},
            "template": template,
            "steps": walk.steps,
        }
        before: Json = {"template": walk.template, "stable": walk.stable, "steps": walk.steps}
        return Prepared(
            handle,
            before,
            start=first.weight,
            steps=weights,
            demand=(Demand(template, up, "the canary"),) if up else (),
            peak=(Demand(template, peak, _peak(walk)),) if peak else (),
            notes=tuple(_notes(walk, weights)),
        )

    def see(self, target: Json, handle: Json, read: "Reading") -> Seen:
        return look(target, handle, read)

    def next(self, seen: Seen, goal: Goal, handle: Json, before: Json) -> Step:
        return next_step(seen, goal, handle, before)


def _insist_on_canary(walk: Walk) -> None:
    """Raises Refused where nothing can be split, or the template is somewhere else."""
    title, spec = walk.ref.title, walk.spec
    if "blueGreen" in (spec.get("strategy") or {}):
        raise Refused(
            f"{title} has the blueGreen strategy, which has no weights: all requests change sides at once", _DOCS
        )
    if not walk.canary:
        raise Refused(f"{title} has no canary strategy", _DOCS)
    if spec.get("workloadRef"):
        to = f"{spec['workloadRef'].get('kind')} {spec['workloadRef'].get('name')}"
        raise Refused(f"the pods of {title} are described in {to} (workloadRef), which no guard here covers", _DOCS)
    most = (walk.canary.get("trafficRouting") or {}).get("maxTrafficWeight")
    if most not in (None, 100):
        raise Refused(f"the weights of {title} are shares of {most} (maxTrafficWeight), not percent", _DOCS)


def _insist_on_rest(walk: Walk) -> None:
    """Raises Refused where a version is on its way already, or nobody would walk the steps."""
    title = walk.ref.title
    if said := walk.unobserved():
        raise Refused(f"{title} is not at rest: {said}", "is its controller there?")
    if walk.aborted:
        raise Refused(f"{title} is aborted, and its template still has the version that was given up", "undo it first")
    if not walk.complete:
        raise Refused(
            f"{title} has a version on its way already: {walk.moving() or 'it stands at a pause'}", "end it first"
        )
    if not walk.replicas:
        raise Refused(f"{title} asks for no pods: there is nothing that serves", "set spec.replicas first")
    if walk.paused:
        raise Refused(f"{title} is paused by a person: spec.paused is true", "unpause it first")


def _insist_on_steps(walk: Walk, template: Json, read: "Reading") -> None:
    """Raises Refused where the controller would skip them."""
    window = (walk.spec.get("rollbackWindow") or {}).get("revisions")
    known = (one for one in replicasets(walk, read).values() if covers(one["spec"]["template"], template))
    if window and any(known):
        raise Refused(
            f"{walk.ref.title} had this version before, and rollbackWindow would give it all requests at once, ungated",
            "undo it with kubectl, or take spec.rollbackWindow away",
        )


def _insist_on_pods(walk: Walk, weights: tuple[int, ...]) -> None:
    """Raises Refused where pods split the requests and a weight makes none of the canary.

    The controller takes a canary that runs away where its share falls between two counts and no surge is allowed:
    75 % of 2 pods.
    """
    surge, _ = bounds(walk.canary, walk.replicas)
    for weight in weights if walk.replicas and not walk.routed else ():
        if not by_pods(walk.replicas, weight, surge)[0]:
            raise Refused(
                f"{weight} % of {walk.replicas} pods would be no pod of the canary at all",
                "allow maxSurge: 1, or choose another weight",
            )


def _first(walk: Walk) -> Stop:
    """Where it stands first. Raises Refused where all requests would be there before any gate."""
    found = stops(walk.steps)[0]
    if found.weight >= 100:
        raise Refused(
            f"{walk.ref.title} pauses at 100 % first: everything would go to the new version before any gate",
            "put a setWeight and a pause before it",
        )
    return found


def _peak(walk: Walk) -> str:
    if walk.routed and not walk.canary.get("dynamicStableScale"):
        return "the canary at full size, while the old version stays whole"
    return "the canary on its way to full size"


def _notes(walk: Walk, weights: tuple[int, ...]) -> Iterator[str]:
    """What the user should know before."""
    first = stops(walk.steps)[0]
    if first.weight:
        yield f"the canary gets {first.weight} % as soon as it is ready: its first step is no pause at 0 %"
    yield from passed_by(walk.steps)
    if weights[-1] < 100:
        yield f"behind the pause at {weights[-1]} % nothing is gated: it is promoted from there"
    if not walk.routed:
        yield from _coarse(walk, weights)
        yield "without trafficRouting the pods split the requests: the old version has fewer while the canary runs"
    if walk.canary.get("analysis") or any("analysis" in step or "experiment" in step for step in walk.steps):
        yield "it has analyses of its own: one that fails, or cannot measure, aborts it whatever the gate says"
    if walk.spec.get("progressDeadlineAbort"):
        yield "progressDeadlineAbort is set: its controller aborts by itself where pods take too long"
    yield _afterwards(walk)


def _coarse(walk: Walk, weights: tuple[int, ...]) -> Iterator[str]:
    surge, _ = bounds(walk.canary, walk.replicas)
    for weight in weights:
        canary, stable = by_pods(walk.replicas, weight, surge)
        if 100 * canary != weight * (canary + stable):
            total = canary + stable or 1
            yield f"{weight} % becomes {canary} of {total} pods: {100 * canary / total:.3g} %"


def _afterwards(walk: Walk) -> str:
    if not walk.routed or walk.canary.get("dynamicStableScale"):
        return (
            "its controller takes the old pods away as it promotes: nothing is kept, a rollback then starts them again"
        )
    delay = walk.canary.get("scaleDownDelaySeconds")
    kept = 30 if delay is None else delay
    return f"its controller keeps the old pods {kept} s after the promotion, whatever --keep-old says"
