"""Rules that send requests with certain headers to the canary, whatever its weight: one beside each rule of a rollout.

More header matches come before fewer, so such a rule wins over its twin without them.
https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule
"""

from collections.abc import Mapping
from typing import Final

from k8sai.canary.backend import guards
from k8sai.canary.backends.destinations import kept
from k8sai.canary.backends.httproute_rules import namespace_of, rules, splits
from k8sai.canary.facts import Json
from k8sai.errors import Refused

MOST: Final = 16  # rules of a route
_ALL: Final = {"path": {"type": "PathPrefix", "value": "/"}}


def twins(route: Json, places: list[int], headers: Mapping[str, str]) -> list[str]:
    """The names of the rules to be. Raises Refused where there is no room, or one of the headers decides already."""
    if not headers:
        return []
    there = rules(route)
    if len(there) + len(places) > MOST:
        raise Refused(
            f"a route holds {MOST} rules: there is no room for {len(places)} with headers", "leave --header out"
        )
    for at in places:
        for match in there[at].get("matches") or ():
            for one in match.get("headers") or ():
                if one["name"].lower() in {name.lower() for name in headers}:
                    raise Refused(f"rule {there[at].get('name') or at} matches header {one['name']} itself")
    names = {rule.get("name") for rule in there}
    return [_free(f"{there[at].get('name') or f'rule-{at}'}-canary", names) for at in places]


def headed(route: Json, handle: Json) -> list[Json]:
    """The operations that add those that are missing; not where anybody has written the route since."""
    names = {rule.get("name") for rule in rules(route)}
    pairs = zip(splits(route, handle), handle["twins"], strict=False)
    missing = [(one.rule, name) for one, name in pairs if name not in names]
    if not missing:
        return []
    tests = guards(("/metadata/generation", route["metadata"]["generation"]))
    adds = [{"op": "add", "path": "/spec/rules/-", "value": _twin(route, handle, *pair)} for pair in missing]
    return tests + adds


def unheaded(route: Json, handle: Json) -> list[Json]:
    """The operations that take them away: the last first, so that the others keep their places."""
    places = [at for at, rule in enumerate(rules(route)) if rule.get("name") in handle["twins"]]
    tests = [op for at in places for op in guards((f"/spec/rules/{at}/name", rules(route)[at]["name"]))]
    return tests + [{"op": "remove", "path": f"/spec/rules/{at}"} for at in reversed(places)]


def _free(name: str, taken: set[str | None]) -> str:
    return next(one for one in (name, *(f"{name}-{number}" for number in range(2, MOST + 2))) if one not in taken)


def _twin(route: Json, handle: Json, rule: Json, name: str) -> Json:
    added = [{"type": "Exact", "name": key, "value": value} for key, value in handle["headers"].items()]
    matches = [
        {**match, "headers": [*(match.get("headers") or ()), *added]} for match in rule.get("matches") or (_ALL,)
    ]
    refs = [kept(handle["canary"]).ref(namespace_of(route), 1)]
    return {**rule, "name": name, "matches": matches, "backendRefs": refs}
