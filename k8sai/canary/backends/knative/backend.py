"""Knative: `spec.traffic` of a Service, between the revision that is served and the one of a new template.

https://knative.dev/docs/serving/traffic-management/
"""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING

from k8sai.canary.backend import Goal, Step
from k8sai.canary.backends.knative.next import next_step
from k8sai.canary.backends.knative.revisions import (
    INITIAL_SCALE,
    SERVICES,
    Line,
    least,
    line_of,
    name_of,
    number_of,
    pod_template,
    pods_wanted,
    side,
    unshifted,
)
from k8sai.canary.backends.knative.seen import created, latest, seen, template_of
from k8sai.canary.backends.knative.traffic import Shape, all_to, shape_of, targets_of
from k8sai.canary.backends.kserve_predictor import covers
from k8sai.canary.backends.owners import refuse_owned
from k8sai.canary.facts import Demand, Json, Prepared, Seen, Wish
from k8sai.canary.wishes import changed, refuse_unused
from k8sai.cluster.reading import condition
from k8sai.errors import Refused, Usage

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading


class Knative:
    """`ksvc/chat --image …`."""

    name = "knative"
    kinds: Sequence[str] = (SERVICES,)
    words: Sequence[str] = ("ksvc", "kservice", "kservices")
    read_only = False

    def takes(self, target: Json, read: "Reading") -> bool:
        return True

    def prepare(self, target: Json, wish: Wish, read: "Reading") -> Prepared:
        possible_wish(wish)
        refuse_owned(target, "ksvc", read)
        shape = shape_of(target)
        stable = all_to(target) or latest(target)
        line = line_of(name_of(target), target["metadata"]["namespace"], read)
        for reason, hint in _unable(target, stable, line):
            raise Refused(f"ksvc/{name_of(target)} {reason}", hint)
        new, pinned = _new(target, wish), _pinned(target, shape, stable)
        handle: Json = {
            "stable": stable,
            "after": max(map(number_of, line.revisions), default=0),
            "old": deepcopy(template_of(target)),
            "new": new,
            "shape": shape.document,
        }
        before: Json = {
            "template": deepcopy(template_of(target)),
            "traffic": deepcopy(targets_of(target)),
            "pinned": pinned,
        }
        demand, peak = _demands(new, stable, line)
        notes = tuple(_notes(new, pinned=pinned))
        return Prepared(handle, before, 0, demand=(demand,), peak=(peak,), notes=notes)

    def see(self, target: Json, handle: Json, read: "Reading") -> Seen:
        return seen(target, handle, read)

    def next(self, seen: Seen, goal: Goal, handle: Json, before: Json) -> Step:
        return next_step(seen, goal, handle, before)


def possible_wish(wish: Wish) -> None:
    """Raises Usage for what a Knative Service has no place for."""
    if wish.empty:
        raise Usage("say what the new version is", "--image, --set PATH=VALUE or --patch-file FILE")
    refuse_unused(
        (wish.model_uri, "--model-uri", "a Knative Service has containers, no model: --image, --set or --patch"),
        (wish.to, "--to", "the new revision is made from the old one's template"),
        (wish.rule, "--rule", "there is one route"),
        (wish.headers, "--header", "Knative splits by percent; the canary has an address of its own by its tag"),
        (wish.name, "--name", "Knative names revisions"),
        (wish.swap, "--swap", "the size of a revision is part of it"),
    )


def _unable(service: Json, stable: str, line: Line) -> Iterator[tuple[str, str]]:
    """Why it cannot have a canary, and what to do."""
    meta, status = service["metadata"], service.get("status") or {}
    yield from unshifted(service)
    if status.get("observedGeneration") != meta.get("generation"):
        yield "has not been looked at by Knative as it is now", "wait a moment"
    if not stable:
        yield "has no revision that is ready: there is nothing to split against", "wait until its first one is"
    if line.gone(stable):
        yield f"sends everything to {stable}, which is gone", "name another revision in spec.traffic"
    if stable in (created(service), latest(service)):
        if created(service) != latest(service):
            yield f"has revision {created(service)} on its way", "wait until it is ready"
        ready = condition(service, "Ready") or {}
        if ready.get("status") != "True":
            why = ready.get("message") or ready.get("reason") or "Knative has not said so"
            yield f"is not ready: {why}", f"kubectl describe ksvc {name_of(service)} -n {meta['namespace']}"


def _pinned(service: Json, shape: Shape, stable: str) -> bool:
    """It names a revision that is not the one of its template: it was rolled back."""
    return shape.pinned and stable != created(service)


def _new(service: Json, wish: Wish) -> Json:
    """The new template. Raises Usage, Refused."""
    old = template_of(service)
    new = changed(old, wish)
    meta: Json = new.setdefault("metadata", {})
    if wish.image:
        _container(new, wish.container)["image"] = wish.image
    if wish.warm_replicas is not None:
        meta["annotations"] = {**(meta.get("annotations") or {}), INITIAL_SCALE: str(wish.warm_replicas)}
    if meta.get("name") and meta["name"] == (old.get("metadata") or {}).get("name"):
        del meta["name"]  # a name is of one revision only
    if not meta and "metadata" not in old:
        del new["metadata"]
    if covers(old, new) and covers(new, old):
        raise Refused("the new version is the old one: no revision would be made", "--image, --set or --patch")
    return new


def _container(template: Json, name: str) -> Json:
    """The one that serves: that of the name, the one with a port, the only one. Raises Usage."""
    containers: list[Json] = (template.get("spec") or {}).get("containers") or []
    named = [one for one in containers if one.get("name") == name]
    serving = [one for one in containers if one.get("ports")]
    found = named if name else serving or containers
    if not found:
        raise Usage(f"--container {name}: there is none of that name", "leave it out")
    return found[0]


def _demands(new: Json, stable: str, line: Line) -> tuple[Demand, Demand]:
    template, first = pod_template(new), pods_wanted(new)
    full = max(first, side(stable, line.named(stable), 0).ready or 0)
    return (
        Demand(template, first, "the canary"),
        Demand(template, full, "the canary at full size: Knative scales it with its requests"),
    )


def _notes(new: Json, *, pinned: bool) -> Iterator[str]:
    yield (
        "after a rollback the route names the old revision, and the new template stays in spec.template: to name the "
        "latest again would promote it"
    )
    if not least(new):
        yield "it scales to zero: the new revision has no pods between requests (autoscaling.knative.dev/min-scale)"
    if pinned:
        yield (
            "its template is of a version that was rolled back: the new one is made from it, and the template before "
            "that is not known"
        )
