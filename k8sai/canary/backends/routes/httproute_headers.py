"""Rules that send requests with certain headers to the canary, whatever its weight: one beside each rule of a rollout.

More header matches come before fewer, so such a rule wins over its twin without them.
https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule
"""

from collections.abc import Mapping
from typing import Final

from k8sai.canary.backend import guards
from k8sai.canary.backends.routes.destinations import kept
from k8sai.canary.backends.routes.weighted import Dialect, home_of, rules, splits, twins
from k8sai.canary.facts import Json
from k8sai.errors import Refused

MOST: Final = 16  # rules of a route
_ALL: Final = {"path": {"type": "PathPrefix", "value": "/"}}


def names_of_twins(dialect: Dialect, route: Json, places: list[int], headers: Mapping[str, str]) -> list[str]:
    """The names of the rules to be. Raises Refused where there is no room, or one of the headers decides already."""
    there = rules(dialect, route)
    if not headers:
        return []
    if len(there) + len(places) > MOST:
        raise Refused(f"a route holds {MOST} rules: there is no room for {len(places)} more", "leave --header out")
    for at in places:
        _undecided(there[at], there[at].get("name") or str(at), headers)
    taken = {rule.get("name") for rule in there}
    return [_free(f"{there[at].get('name') or f'rule-{at}'}-canary", taken) for at in places]


def headed(dialect: Dialect, route: Json, handle: Json) -> list[Json]:
    """The operations that add those that are missing; not where anybody has written the route since."""
    there, pairs = twins(dialect, route, handle), zip(splits(dialect, route, handle), handle["twins"], strict=False)
    missing = [_twin(dialect, route, handle, one.rule, name) for one, name in pairs if name not in there]
    if not missing:
        return []
    tests = guards(("/metadata/generation", route["metadata"]["generation"]))
    return tests + [{"op": "add", "path": "/spec/rules/-", "value": rule} for rule in missing]


def _undecided(rule: Json, title: str, headers: Mapping[str, str]) -> None:
    asked = {name.lower() for name in headers}
    for match in rule.get("matches") or ():
        for one in match.get("headers") or ():
            if one["name"].lower() in asked:
                raise Refused(f"rule {title} matches header {one['name']} itself", "take another header")


def _free(name: str, taken: set[str | None]) -> str:
    return next(one for one in (name, *(f"{name}-{number}" for number in range(2, MOST + 2))) if one not in taken)


def _twin(dialect: Dialect, route: Json, handle: Json, rule: Json, name: str) -> Json:
    added = [{"type": "Exact", "name": key, "value": value} for key, value in handle["headers"].items()]
    matches = [
        {**match, "headers": [*(match.get("headers") or ()), *added]} for match in rule.get("matches") or (_ALL,)
    ]
    refs = [dialect.ref(kept(handle["canary"]), home_of(route), 1)]
    return {**rule, "name": name, "matches": matches, "backendRefs": refs}
