"""Which rules of a weighted route are rolled out, and who gets their requests now."""

from difflib import get_close_matches
from typing import Final

from k8sai.canary.backends.routes.destinations import Destination
from k8sai.canary.backends.routes.weighted import Dialect, refs, rules, title, weighed
from k8sai.canary.facts import Json, Wish
from k8sai.errors import Refused, Usage

_OF_NEW_VERSIONS: Final = {
    "image": "--image",
    "model_uri": "--model-uri",
    "values": "--set",
    "patch": "--patch-file",
    "name": "--name",
    "container": "--container",
    "swap": "--swap",
}


def only_to(wish: Wish, kind: str, ways: str) -> None:
    """Raises Usage where it is not said which version, or where one is to be made."""
    if not wish.to:
        raise Usage(f"a {kind} chooses between versions that are there", ways)
    extra = [flag for field, flag in _OF_NEW_VERSIONS.items() if getattr(wish, field)]
    if extra:
        raise Usage(f"a {kind} makes no version: {', '.join(extra)} says nothing to it", f"{ways} alone")


def chosen(dialect: Dialect, route: Json, wish: Wish) -> list[int]:
    """The places of the rules that `--rule a,b` names; without it all that have backends. Raises Usage, Refused."""
    if wish.rule:
        return [_place(dialect, route, name) for name in wish.rule.split(",")]
    found = [at for at, rule in enumerate(rules(dialect, route)) if refs(dialect, rule)]
    if not found:
        raise Refused(f"{title(dialect, route)} sends requests to nobody")
    return found


def old_side(dialect: Dialect, route: Json, places: list[int], canary: Destination) -> Destination:
    """Who gets all requests of all these rules now. Raises Refused."""
    found = [_only(dialect, route, at, canary) for at in places]
    others = [one for one in found if not one.same(found[0])]
    if others:
        names = ", ".join(dict.fromkeys(one.title for one in found))
        raise Refused(f"the rules of {title(dialect, route)} send requests to {names}", "name one's: --rule NAME,NAME")
    return found[0]


def _place(dialect: Dialect, route: Json, name: str) -> int:
    """A rule by its name, else by its number."""
    there, where = rules(dialect, route), title(dialect, route)
    found = [at for at, rule in enumerate(there) if rule.get("name") == name]
    if not found and name.isdigit() and int(name) < len(there):
        found = [int(name)]
    if len(found) > 1:
        raise Refused(f"{len(found)} rules of {where} are called {name}", "give each a name of its own")
    if not found:
        raise Usage(f"{where} has no rule {name}", _names(there, name))
    if not refs(dialect, there[found[0]]):
        raise Refused(f"rule {name} of {where} sends requests to nobody")
    return found[0]


def _names(there: list[Json], name: str) -> str:
    known = [rule["name"] for rule in there if rule.get("name")]
    near = get_close_matches(name, known, 1)
    if near:
        return f"did you mean {near[0]}?"
    return f"it has {', '.join(known)}" if known else f"its rules have no names: 0 to {len(there) - 1}"


def _only(dialect: Dialect, route: Json, at: int, canary: Destination) -> Destination:
    """The one that gets all requests of a rule. Raises Refused."""
    rule = rules(dialect, route)[at]
    where = f"rule {rule.get('name') or at} of {title(dialect, route)}"
    there = weighed(dialect, route, rule)
    given = [to for to, weight in there if weight]
    if sum(to.same(canary) for to, _ in there) > 1:
        raise Refused(f"{where} refers to {canary.title} twice")
    if len(given) == 1 and given[0].same(canary):
        raise Refused(f"{where} sends all requests to {canary.title} already")
    if len(given) != 1:
        names = " and ".join(to.title for to in given) or "nobody"
        raise Refused(
            f"{where} sends requests to {names}: a rollout begins with one side", "set the other weights to 0"
        )
    return given[0]
