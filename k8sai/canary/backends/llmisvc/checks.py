"""What KServe's webhook would refuse of a routing group, or its controller leave out, said before anything is written.

Of v0.20.0: pkg/apis/serving/v1alpha2/llm_inference_service_validation.go and router_group.go of its controller.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from k8sai.canary.backends.kserve_predictor import STOP, stopped
from k8sai.canary.backends.llmisvc.group import API, KIND, group_of, model_name, model_names, route_of
from k8sai.canary.backends.llmisvc.seen import members
from k8sai.canary.facts import Json, Wish
from k8sai.canary.wishes import refuse_unused
from k8sai.cluster.reading import condition
from k8sai.errors import NotFound, Refused, Usage

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading

_WORDS = ("llmisvc", "llminferenceservice", "llminferenceservices", KIND)


def possible_wish(wish: Wish) -> None:
    """Raises Usage for what this way to split has no place for."""
    if wish.empty:
        raise Usage("say what the new version is", "--model-uri, --image, --set PATH=VALUE, --patch-file FILE or --to")
    why = "KServe makes the routes itself"
    refuse_unused((wish.rule, "--rule", why), (wish.headers, "--header", why), (wish.swap, "--swap", why))
    if wish.to and (wish.image or wish.model_uri or wish.values or wish.patch or wish.name):
        raise Usage("--to names a version that is there already, so nothing is made or changed", "one or the other")


def able(target: Json, canary: str, read: "Reading") -> None:
    """Raises Refused where the service, as it is, cannot share its requests."""
    for reason, hint in _unable(target, canary, read):
        raise Refused(f"llmisvc/{target['metadata']['name']} {reason}", hint)


def _unable(target: Json, canary: str, read: "Reading") -> Iterator[tuple[str, str]]:
    router, route = target["spec"].get("router") or {}, route_of(target)
    if target.get("apiVersion") != API:
        yield f"is served as {target.get('apiVersion')}: a group is told of in {API} only", "KServe 0.20 or newer"
    if stopped(target):
        yield "is stopped", f"take the annotation {STOP} away"
    if router.get("ingress") is not None:
        yield "is behind an Ingress, which KServe does not split", "spec.router.gateway and spec.router.route"
    if "route" not in router or route is None:
        yield "has no spec.router.route, so KServe routes nothing to it", "`spec.router.route: {}`"
    if (route.get("http") or {}).get("refs"):
        yield "has HTTPRoutes of its own (route.http.refs), which KServe does not split", "roll out the httproute"
    others = [one["metadata"]["name"] for one in members(target, read) if not stopped(one)]
    others = [one for one in others if one != canary]
    if others:
        yield f"shares its group with {', '.join(others)} already", f"stop it, or take it out of {group_of(target)}"
    found = condition(target, "Ready") or {}
    if found.get("status") != "True":
        why = found.get("message") or found.get("reason") or "KServe has not said so"
        yield (
            f"is not ready: {why}",
            f"`k8sai canary status llmisvc/{target['metadata']['name']} -n {target['metadata']['namespace']}`",
        )


def copyable(target: Json) -> None:
    """Raises Refused where a copy would send its requests to the old version's pods."""
    name, router, route = target["metadata"]["name"], target["spec"].get("router") or {}, route_of(target)
    pool = ((router.get("scheduler") or {}).get("pool") or {}).get("ref")
    if pool:
        raise Refused(
            f"llmisvc/{name} names its InferencePool {pool.get('name')}, and a copy would be in the same one",
            "make the second by hand and name it with --to",
        )
    if ((route.get("http") or {}).get("spec") or {}).get("rules"):
        raise Refused(
            f"llmisvc/{name} writes its route's rules itself, and a copy would refer to the old version",
            "make the second by hand and name it with --to",
        )


def same_models(target: Json, other: Json) -> None:
    """Raises Refused where KServe would leave one member out of the other's route."""
    mine, theirs = "+".join(model_names(target)), "+".join(model_names(other))
    if mine != theirs:
        name, title = other["metadata"]["name"], target["metadata"]["name"]
        raise Refused(
            f"llmisvc/{name} serves {theirs} and {title} {mine}: KServe sends requests only to members with the same "
            "names of model and adapters",
            f"spec.model.name: {model_name(target)}, and the same adapters",
        )


def wished(target: Json, to: str, read: "Reading") -> Json:
    """The member that is there already. Raises Usage, NotFound, Refused."""
    word, _, name = to.rpartition("/")
    namespace, title = target["metadata"]["namespace"], target["metadata"]["name"]
    if (word or "llmisvc").lower() not in _WORDS or name == title:
        raise Usage(f"--to {to}: another LLMInferenceService is what it takes", "--to llmisvc/NAME")
    found = read.get(KIND, namespace, name)
    if found is None:
        raise NotFound(f"there is no llmisvc/{name} in namespace {namespace}")
    same_models(target, found)
    if group_of(found) not in (None, group_of(target)):
        raise Refused(f"llmisvc/{name} is in another group, {group_of(found)}", "take it out of there first")
    if "route" not in (found["spec"].get("router") or {}):
        raise Refused(f"llmisvc/{name} has no spec.router.route", "`spec.router.route: {}`")
    return found
