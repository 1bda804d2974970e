"""Rules of a VirtualService that send requests with certain headers to the canary, whatever its weight.

The first rule that matches decides, so each stands before the rule it belongs to; which must have a name, because its
place changes. https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRoute
"""

from collections.abc import Mapping

from k8sai.canary.backend import guards
from k8sai.canary.backends.routes.destinations import kept
from k8sai.canary.backends.routes.weighted import Dialect, home_of, rules, splits, twins
from k8sai.canary.facts import Json
from k8sai.errors import Refused


def names_of_twins(dialect: Dialect, route: Json, places: list[int], headers: Mapping[str, str]) -> list[str]:
    """The names of the rules to be. Raises Refused."""
    if not headers:
        return []
    there = rules(dialect, route)
    found = [f"{there[at].get('name')}-canary" for at in places]
    if not all(rule.get("name") for rule in there):
        raise Refused("rules without a name cannot be told apart when another comes before them", "give each a name")
    for name in found:
        if any(rule["name"] == name for rule in there):
            raise Refused(f"there is a rule {name} already", "leave --header out")
    return found


def headed(dialect: Dialect, route: Json, handle: Json) -> list[Json]:
    """The operations that add those that are missing, the last first; not where anybody has written the route since."""
    there, pairs = twins(dialect, route, handle), zip(splits(dialect, route, handle), handle["twins"], strict=False)
    missing = sorted(((one.at, name, one.rule) for one, name in pairs if name not in there), reverse=True, key=_at)
    if not missing:
        return []
    adds = [
        {"op": "add", "path": f"/spec/http/{at}", "value": _twin(dialect, route, handle, rule, name)}
        for at, name, rule in missing
    ]
    return guards(("/metadata/generation", route["metadata"]["generation"])) + adds


def _at(one: tuple[int, str, Json]) -> int:
    return one[0]


def _twin(dialect: Dialect, route: Json, handle: Json, rule: Json, name: str) -> Json:
    added = {key: {"exact": value} for key, value in handle["headers"].items()}
    there: list[Json] = rule.get("match") or [{}]
    matches = [{**match, "headers": {**(match.get("headers") or {}), **added}} for match in there]
    refs = [dialect.ref(kept(handle["canary"]), home_of(route), 100)]
    return {**rule, "name": name, "match": matches, "route": refs}
