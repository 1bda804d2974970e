"""KServe's LLMInferenceServices: each version is a service of its own, both in one routing group with weights.

https://kserve.github.io/website/docs/next/model-serving/generative-inference/llmisvc/canary-rollout
"""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Final

from k8sai.canary.backend import Goal, Step
from k8sai.canary.backends.kserve_predictor import stopped
from k8sai.canary.backends.llmisvc.checks import able, copyable, possible_wish, same_models, wished
from k8sai.canary.backends.llmisvc.copied import copied, group_name, next_name
from k8sai.canary.backends.llmisvc.group import KIND, replicas_of, route_of, stable_weight, weight_of
from k8sai.canary.backends.llmisvc.next import next_step
from k8sai.canary.backends.llmisvc.seen import seen
from k8sai.canary.backends.owners import refuse_flagger, refuse_owned
from k8sai.canary.backends.pod_demand import template_like
from k8sai.canary.facts import Demand, Json, Prepared, Seen, Wish
from k8sai.errors import Refused

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading

START: Final = 1  # percent: a gateway that has never had a request for a cluster fails the first after a change from 0
_LONGEST: Final = 63


class LlmIsvcGroup:
    """`llmisvc/chat --model-uri …`."""

    name = "llmisvc-group"
    kinds: Sequence[str] = (KIND,)
    words: Sequence[str] = ("llmisvc", "llminferenceservice", "llminferenceservices")
    read_only = False

    def takes(self, target: Json, read: "Reading") -> bool:
        return True

    def prepare(self, target: Json, wish: Wish, read: "Reading") -> Prepared:
        possible_wish(wish)
        refuse_owned(target, "llmisvc", read)
        if (main := _deployment(target, "-kserve", read)) is not None:
            refuse_flagger(({"kind": "Deployment", **main},), read)
        name = wish.to.rpartition("/")[2] or _free(target, wish, read)
        able(target, name, read)
        there = wished(target, wish.to, read) if wish.to else None
        handle = _handle(target, name, there, wish)
        before: Json = {
            "stable": _place(target),
            "stopped": False,
            "canary": None if there is None else {**_place(there), "stopped": stopped(there)},
            "spec": deepcopy(target["spec"]),
        }
        return Prepared(
            handle,
            before,
            start=START,
            demand=tuple(_demands(target, handle, there, full=False, read=read)),
            peak=tuple(_demands(target, handle, there, full=True, read=read)),
            notes=(_paths(target),),
        )

    def see(self, target: Json, handle: Json, read: "Reading") -> Seen:
        return seen(target, handle, read)

    def next(self, seen: Seen, goal: Goal, handle: Json, before: Json) -> Step:
        return next_step(seen, goal, handle, before)


def _handle(target: Json, name: str, there: Json | None, wish: Wish) -> Json:
    size, group, weight = replicas_of(target), group_name(target), stable_weight(weight_of(target))
    first = 1 if wish.warm_replicas is None else wish.warm_replicas
    if size is not None and not 1 <= first <= max(size, 1):
        raise Refused(f"--warm-replicas {first}: from 1 to the {size} that the old version has", "leave it out")
    body = None
    if there is None:
        copyable(target)
        body = copied(target, name, wish, group, 0, None if size is None else first)
        same_models(target, body)
    return {
        "canary": name,
        "group": group,
        "weight": weight,
        "size": size,
        "first": first,
        "made": there is None,
        "body": body,
        "old": deepcopy(target["spec"]),
        "new": deepcopy((body or there or {})["spec"]),
    }


def _free(target: Json, wish: Wish, read: "Reading") -> str:
    """A name for the copy. Raises Refused."""
    meta = target["metadata"]
    taken = frozenset(one["metadata"]["name"] for one in read.list(KIND, meta["namespace"]))
    if wish.name in taken:
        raise Refused(f"llmisvc/{wish.name} is there already", f"--to llmisvc/{wish.name}, or another --name")
    name = wish.name or next_name(target, taken)
    if len(name) > _LONGEST:
        raise Refused(f"{name} is longer than {_LONGEST} characters", "a shorter --name")
    return name


def _place(member: Json) -> Json:
    route = route_of(member)
    return {"group": route.get("group"), "weight": route.get("weight")}


def _demands(target: Json, handle: Json, there: Json | None, *, full: bool, read: "Reading") -> Iterator[Demand]:
    """Pods of the first step, or of the moment before the old version is stopped; those that run count already."""
    size = handle["size"] or 1
    runs = 0 if there is None or stopped(there) else replicas_of(there) or 1
    count = (size if full else handle["first"]) - runs
    if count > 0:
        why = "the canary at full size, before the old version is stopped" if full else "the canary"
        yield Demand(_template(target, handle["new"], read), count, why)
    prefill = handle["new"].get("prefill") or {}
    if prefill and not runs:
        found = _deployment(target, "-kserve-prefill", read)
        yield Demand(
            template_like(found, prefill.get("template") or {}), int(prefill.get("replicas", 1)), "its prefill"
        )


def _template(target: Json, spec: Json, read: "Reading") -> Json:
    return template_like(_deployment(target, "-kserve", read), spec.get("template") or {})


def _deployment(target: Json, suffix: str, read: "Reading") -> Json | None:
    """As KServe names it; long names are hashed and not found, then the spec alone has to do."""
    meta = target["metadata"]
    return read.get("deployments.apps", meta["namespace"], f"{meta['name']}{suffix}")


def _paths(target: Json) -> str:
    """KServe shares the routes by model name between the members of a group, and each keeps its path to itself."""
    path = "/{namespace}/{name}/".format(**target["metadata"])
    return f"requests to {path} are not split, only those that name the model; it ends when the old version is retired"
