"""KServe in Knative mode: the percent of the latest revision, against the one that was rolled out last.

https://kserve.github.io/website/docs/model-serving/predictive-inference/rollout-strategies/canary
"""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING

from k8sai.canary.backend import Goal, Step
from k8sai.canary.backends.knative.revisions import number_of, side, unshifted
from k8sai.canary.backends.kserve_knative.next import KIND, next_step
from k8sai.canary.backends.kserve_knative.seen import (
    PERCENT,
    percent_of,
    predictor_of,
    revisions_of,
    seen,
    text_of,
    told,
)
from k8sai.canary.backends.kserve_predictor import covers, renewed
from k8sai.canary.backends.kserve_standard.checks import mode
from k8sai.canary.backends.owners import refuse_owned
from k8sai.canary.backends.pod_demand import template_like
from k8sai.canary.facts import Demand, Json, Prepared, Seen, Wish
from k8sai.canary.wishes import refuse_unused
from k8sai.cluster.reading import condition
from k8sai.errors import Refused, Usage

if TYPE_CHECKING:
    from k8sai.canary.backends.knative.revisions import Line
    from k8sai.cluster.reading import Reading

_STOP = "serving.kserve.io/stop"


class KServeKnative:
    """`isvc/chat --model-uri …` where KServe makes Knative Services."""

    name = "kserve-knative"
    kinds: Sequence[str] = (KIND,)
    words: Sequence[str] = ("isvc", "inferenceservice", "inferenceservices")
    read_only = False

    def takes(self, target: Json, read: "Reading") -> bool:
        return mode(target) == "Knative"

    def prepare(self, target: Json, wish: Wish, read: "Reading") -> Prepared:
        possible_wish(wish)
        refuse_owned(target, "isvc", read)
        line = revisions_of(target, read)
        for reason, hint in _unable(target, line):
            raise Refused(f"isvc/{target['metadata']['name']} {reason}", hint)
        new = _new(target, wish)
        stable = told(target, "latestRolledoutRevision")
        handle: Json = {
            "stable": stable,
            "after": max(map(number_of, line.revisions), default=0),
            "old": deepcopy(text_of(target)),
            "new": new,
        }
        before: Json = {"predictor": deepcopy(predictor_of(target)), "pinned": _pinned(target)}
        demand, peak = _demands(new, stable, line)
        return Prepared(handle, before, 0, demand=(demand,), peak=(peak,), notes=tuple(_notes(target, new)))

    def see(self, target: Json, handle: Json, read: "Reading") -> Seen:
        return seen(target, handle, read)

    def next(self, seen: Seen, goal: Goal, handle: Json, before: Json) -> Step:
        return next_step(seen, goal, handle, before)


def possible_wish(wish: Wish) -> None:
    """Raises Usage for what revisions have no place for."""
    if wish.empty:
        raise Usage("say what the new version is", "--model-uri, --image, --set PATH=VALUE or --patch-file FILE")
    refuse_unused(
        (wish.to, "--to", "the new revision is made from the old one's text"),
        (wish.rule, "--rule", "there is one route"),
        (wish.headers, "--header", "Knative splits by percent; each revision has an address of its own by its tag"),
        (wish.name, "--name", "Knative names revisions"),
        (wish.swap, "--swap", "the size of a revision is part of it"),
        (wish.warm_replicas is not None, "--warm-replicas", "the size of a revision is part of it"),
    )


# --- before the first write ------------------------------------------------------------------------------------------


def _unable(target: Json, line: "Line") -> Iterator[tuple[str, str]]:
    """Why it cannot have a canary, and what to do."""
    annotations = target["metadata"].get("annotations") or {}
    if str(annotations.get(_STOP, "")).lower() == "true":
        yield "is stopped", f"take the annotation {_STOP} away"
    yield from unshifted(target)
    yield from _split_already(target)
    rolled = told(target, "latestRolledoutRevision")
    if not rolled:
        yield (
            "has no latestRolledoutRevision: KServe would ignore the percent and send everything to the new model",
            "wait until its first version is ready and has all requests",
        )
    yield from _unstable(target, rolled)
    if line.gone(rolled):
        yield f"counts {rolled} as rolled out, which is gone", "roll a version out first"


def _split_already(target: Json) -> Iterator[tuple[str, str]]:
    percent = percent_of(target)
    if percent not in (None, 100) and not _pinned(target):
        yield (
            f"has a canary already: {PERCENT} is {percent}",
            f"remove {PERCENT} to promote it, or set it to 0 to take it back",
        )


def _unstable(target: Json, rolled: str) -> Iterator[tuple[str, str]]:
    name, created = target["metadata"]["name"], told(target, "latestCreatedRevision")
    latest = told(target, "latestReadyRevision")
    ready = condition(target, "PredictorReady") or {}
    if _pinned(target):
        return  # the version that was rolled back may be as broken as it likes
    if created != latest:
        yield f"has revision {created} on its way", "wait until it is ready"
    if ready.get("status") != "True":
        why = ready.get("message") or ready.get("reason") or "KServe has not said so"
        yield f"is not ready: {why}", f"`k8sai why isvc/{name}`"
    if latest != rolled:
        yield f"has {latest} ready and {rolled} rolled out", "wait until the newest has all requests"


def _pinned(target: Json) -> bool:
    """It was rolled back: its text is a version that gets nothing."""
    return percent_of(target) == 0 and told(target, "latestRolledoutRevision") not in (
        "",
        told(target, "latestCreatedRevision"),
    )


def _new(target: Json, wish: Wish) -> Json:
    """The new text. Raises Usage, Refused."""
    new, old = renewed(text_of(target), wish), text_of(target)
    if PERCENT in new:
        raise Usage(f"{PERCENT} is the rollout's", "leave it out: --steps says how it grows")
    if new.get("name") != old.get("name"):
        raise Refused("another name of the predictor is another Knative Service, with all requests at once", "keep it")
    if covers(old, new) and covers(new, old):
        raise Refused("the new version is the old one: no revision would be made", "--model-uri, --image or --set")
    return new


def _demands(new: Json, stable: str, line: "Line") -> tuple[Demand, Demand]:
    revision = line.named(stable)
    made = {
        "spec": {"template": {"metadata": {}, "spec": deepcopy((revision or {}).get("spec") or {"containers": []})}}
    }
    template = template_like(made, new)
    first = max(1, int(new.get("minReplicas", 1)))
    full = max(first, side(stable, revision, 0).ready or 0)
    return (
        Demand(template, first, "the canary"),
        Demand(template, full, "the canary at full size: Knative scales it with its requests"),
    )


def _notes(target: Json, new: Json) -> Iterator[str]:
    title = f"isvc/{target['metadata']['name']}"
    yield (
        "at 100 % the old revision is in no route and its pods go; to go back then takes a cold start, and works as "
        "long as Knative has not collected it"
    )
    yield (
        "after a rollback the new model stays in spec.predictor, pinned at 0 %: to remove canaryTrafficPercent would "
        "promote it"
    )
    if int(new.get("minReplicas", 1)) == 0:
        yield f"{title} scales to zero: the new revision has no pods until its first request (--set minReplicas=1)"
    if _pinned(target):
        yield (
            "its text is of a version that was rolled back: the new one is made from it, and the text before that is "
            "not known"
        )
    for part in ("transformer", "explainer"):
        if target["spec"].get(part):
            yield f"the {part} is not split: both versions are behind the same one"
