"""Who else moves a target's traffic: an owner that would write over us, and that we may be able to drive instead.

Owner first: the object that decides is rolled out, never what it makes. Flagger's Canary and Argo's Rollout name the
objects they write; others are owners by reference.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from k8sai.canary.facts import Json
from k8sai.errors import Refused

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading

CANARIES: Final = "canaries.flagger.app"
ROLLOUTS: Final = "rollouts.argoproj.io"
_GATEWAY: Final = "argoproj-labs/gatewayAPI"  # the plugin of Argo Rollouts
_DRIVEN: Final = {  # (group, kind) of an owner -> the word that it is rolled out by
    ("serving.kserve.io", "InferenceService"): "isvc",
    ("serving.kserve.io", "LLMInferenceService"): "llmisvc",
    ("serving.knative.dev", "Service"): "ksvc",
    ("argoproj.io", "Rollout"): "rollout",
}


def refuse_owned(target: Json, word: str, read: "Reading") -> None:
    """Raises Refused where a controller writes the target's traffic; the hint names what is rolled out instead."""
    name, namespace = target["metadata"]["name"], target["metadata"].get("namespace") or ""
    for owner in target["metadata"].get("ownerReferences") or ():
        if owner.get("controller"):
            _refuse(f"{word}/{name}", owner["apiVersion"].rpartition("/")[0], owner["kind"], owner["name"])
    for rollout in read.list(ROLLOUTS, namespace):
        if name in _written_by(rollout, word):
            _refuse(f"{word}/{name}", "argoproj.io", "Rollout", rollout["metadata"]["name"])


def refuse_flagger(workloads: Iterable[Json], read: "Reading") -> None:
    """Raises Refused where Flagger rolls one of the workloads out, or made it."""
    for workload in workloads:
        meta = workload["metadata"]
        for canary in read.list(CANARIES, meta.get("namespace") or ""):
            aim = canary["spec"].get("targetRef") or {}
            if aim.get("kind") == workload["kind"] and meta["name"] in (aim.get("name"), f"{aim.get('name')}-primary"):
                title = f"{workload['kind'].lower()}/{meta['name']}"
                _refuse(title, "flagger.app", "Canary", canary["metadata"]["name"])


def _refuse(title: str, group: str, kind: str, name: str) -> None:
    if kind == "Canary" and group == "flagger.app":
        hint = f"it rolls out what changes in its target; `k8sai canary status canary/{name}` shows how far it is"
        raise Refused(f"{title} is Flagger's: canary/{name} writes it", hint)
    word = _DRIVEN.get((group, kind))
    hint = f"`k8sai canary start {word}/{name}`" if word else "roll out what it is made from"
    raise Refused(f"{title} belongs to {word or kind.lower()}/{name}, which would write over it", hint)


def _written_by(rollout: Json, word: str) -> Iterator[str]:
    """The routes of a kind that a Rollout writes weights on."""
    routing = ((rollout["spec"].get("strategy") or {}).get("canary") or {}).get("trafficRouting") or {}
    if word == "httproute":
        yield from _names((routing.get("plugins") or {}).get(_GATEWAY) or {}, "httpRoute", "httpRoutes")
    if word == "vs":
        yield from _names(routing.get("istio") or {}, "virtualService", "virtualServices")


def _names(settings: Json, one: str, many: str) -> Iterator[str]:
    found: list[Any] = [settings.get(one), *(settings.get(many) or ())]
    for each in found:
        name = each.get("name") if isinstance(each, dict) else each
        if name:
            yield str(name)
