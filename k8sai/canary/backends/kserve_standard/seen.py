"""Standard mode, read: both versions, and whether what is written is in KServe's HTTPRoutes and their gateways."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from k8sai.canary.backends.kserve_predictor import covers, stopped, version
from k8sai.canary.backends.kserve_standard.side import side_of, told_of
from k8sai.canary.backends.kserve_standard.spec import (
    deployment_name,
    entries,
    place_of,
    predictor_of,
)
from k8sai.canary.backends.routes.httproute_status import not_taken_over
from k8sai.canary.facts import Json, Seen
from k8sai.errors import Forbidden

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading

ROUTES: Final = "httproutes.gateway.networking.k8s.io"


def seen(target: Json, handle: Json, read: "Reading") -> Seen:
    """With a handle the two sides of its rollout, else the stable side and the first canary there is."""
    stable = str(handle.get("stable", predictor_of(target).get("name") or ""))
    name = str(handle.get("name") or _first(target))
    at, swapped = place_of(target, name), bool(handle) and predictor_of(target).get("name") == handle["name"]
    percent = 100.0 if swapped else float(entries(target)[at].get("trafficPercent") or 0) if at is not None else 0.0
    there = at is not None or swapped
    old, coming = side_of(target, stable, 100 - percent, read)
    new, _ = side_of(target, name, percent, read) if there else (None, 0)
    routes = _routes(target, read)
    waiting = _status_waits(target) or _unread(read) or _route_waits(target, routes)
    return Seen(
        target,
        old,
        new,
        applied=not waiting,
        waiting=waiting,
        route=_route_percent(target, routes, name, swapped=swapped) if routes and there else None,
        drift=tuple(_drift(target, handle)) if handle and not swapped else (),
        objects={"coming": {"pods": coming}},
    )


def _first(target: Json) -> str:
    return str((entries(target)[0].get("predictor") or {}).get("name") or "") if entries(target) else ""


# --- taken over -------------------------------------------------------------------------------------------------------


def _status_waits(target: Json) -> str:
    """KServe writes of each canary the percent of the spec that it has worked on."""
    told = {one["name"]: one.get("trafficPercent") for one in (target.get("status") or {}).get("canaryStatuses") or ()}
    asked = {one["predictor"].get("name"): one.get("trafficPercent", 0) for one in entries(target)}
    if set(told) - set(asked):
        return "KServe has not taken the canary away yet"
    if told != asked:
        return "KServe has not taken over the canary's weight yet"
    return ""


def _unread(read: "Reading") -> str:
    """Routes that may not be read are taken on trust; those that could not be read this time are not."""
    refusal = read.refusal(ROUTES)
    return "" if refusal is None or isinstance(refusal, Forbidden) else f"HTTPRoutes: {refusal.message}"


def _routes(target: Json, read: "Reading") -> list[Json]:
    """The routes of the service and of its predictor, as KServe names them."""
    meta = target["metadata"]
    names = (meta["name"], f"{meta['name']}-predictor")
    return [found for name in names if (found := read.get(ROUTES, meta["namespace"], name)) is not None]


def _route_waits(target: Json, routes: list[Json]) -> str:
    """What is not yet in the routes, or not yet taken over by their gateways."""
    wanted = _weights(target)
    for route in routes:
        for rule in (route.get("spec") or {}).get("rules") or ():
            if rule.get("backendRefs") and _in_rule(rule) != wanted:
                return f"KServe has not written the weights into httproute/{route['metadata']['name']} yet"
        if waits := not_taken_over(route):
            return waits
    return ""


def _weights(target: Json) -> dict[str, int]:
    """As KServe would write them: the share of a canary that is not ready stays with the stable side."""
    isvc = target["metadata"]["name"]
    shares = {
        deployment_name(isvc, one["predictor"]["name"]): int(one.get("trafficPercent") or 0)
        for one in entries(target)
        if told_of(target, one["predictor"]["name"]).get("ready")
    }
    return {deployment_name(isvc, str(predictor_of(target).get("name") or "")): 100 - sum(shares.values()), **shares}


def _in_rule(rule: Json) -> dict[str, int]:
    """The weights of a rule; of a single destination it does not matter which."""
    refs = rule["backendRefs"]
    if len(refs) == 1:
        return {refs[0]["name"]: 100}
    return {one["name"]: int(one.get("weight", 1)) for one in refs}


def _route_percent(target: Json, routes: list[Json], name: str, *, swapped: bool) -> float | None:
    """The canary's, in the first rule of the service's own route."""
    rules = (routes[0].get("spec") or {}).get("rules") or ()
    weights = next((_in_rule(one) for one in rules if one.get("backendRefs")), {})
    total = sum(weights.values())
    canary = deployment_name(target["metadata"]["name"], name)
    return 100 * weights.get(canary, 0) / total if total else None


# --- drift ------------------------------------------------------------------------------------------------------------


def _drift(target: Json, handle: Json) -> Iterator[str]:
    title, name = f"isvc/{target['metadata']['name']}", handle["name"]
    stable = predictor_of(target)
    if str(stable.get("name") or "") != handle["stable"] or not covers(version(stable), version(handle["old"])):
        yield f"spec.predictor of {title} is another version than when the rollout began"
    at = place_of(target, name)
    if at is not None and not covers(version(entries(target)[at]["predictor"]), version(handle["entry"])):
        yield f"the canary {name} of {title} is another version than when the rollout began"
    if stopped(target):
        yield f"{title} is stopped"
    others = [one["predictor"].get("name") for one in entries(target) if one["predictor"].get("name") != name]
    if others:
        yield f"{title} has got another canary: {', '.join(map(str, others))}"
