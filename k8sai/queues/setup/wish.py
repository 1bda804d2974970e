"""What `queue init` is asked for: teams with weights and namespaces, headroom, topology; read from what people type."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from k8sai.errors import Usage

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(rf"{_LABEL.pattern}(\.{_LABEL.pattern})*")
HOSTNAME = "kubernetes.io/hostname"
EVERYBODY = "cluster"  # the one queue where no teams are named
_MOST_LEVELS = 16


@dataclass(frozen=True, slots=True)
class Team:
    """Who gets a ClusterQueue. `weight` is its part of the quota; without namespaces everybody may use it."""

    name: str
    weight: Fraction = Fraction(1)
    namespaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """`levels` are node labels from wide to narrow; None: those that there are; (): no topology.

    `local` are namespaces of the one queue that is for everybody.
    """

    teams: tuple[Team, ...] = (Team(EVERYBODY),)
    cohort: str = ""
    headroom: Fraction = Fraction(5, 100)
    levels: tuple[str, ...] | None = None
    local: tuple[str, ...] = ()


def wish(
    *, teams: str, cohort: str, headroom: str, topology: str, namespaces_of: Sequence[str], namespace: str
) -> Wish:
    """Raises Usage for the first thing that is no name, no number or a contradiction."""
    named = _teams(teams, _namespaces(namespaces_of))
    if cohort and not _SUBDOMAIN.fullmatch(cohort):
        raise Usage(f"--cohort: {cohort!r} is no name of an object: small letters, digits, dashes and dots")
    several = len(named) > 1
    return Wish(
        teams=named or (Team(EVERYBODY),),
        cohort=cohort or ("teams" if several else ""),
        headroom=_percent(headroom),
        levels=_levels(topology),
        local=() if named else (namespace,),
    )


def _teams(text: str, namespaces: dict[str, tuple[str, ...]]) -> tuple[Team, ...]:
    found: dict[str, Team] = {}
    for one in filter(None, (each.strip() for each in text.split(","))):
        name, equals, weight = one.partition("=")
        if not _LABEL.fullmatch(name) or len(name) > 63:
            raise Usage(
                f"--teams: {name!r} cannot be the name of a queue: small letters, digits and dashes",
                "`k8sai queue init --teams vision=60,speech=40`",
            )
        if name in found:
            raise Usage(f"--teams: {name} is there twice")
        found[name] = Team(name, _weight(one, weight) if equals else Fraction(1), namespaces.get(name, (name,)))
    if strange := [name for name in namespaces if name not in found]:
        raise Usage(f"--namespace-of: {strange[0]} is no team of --teams")
    if text and (not found or not any(team.weight for team in found.values())):
        raise Usage("--teams: nobody would get anything", "`k8sai queue init --teams vision=60,speech=40`")
    _insist_on_one_owner(found.values())
    return tuple(found.values())


def _insist_on_one_owner(teams: Iterable[Team]) -> None:
    owners: dict[str, str] = {}
    for team in teams:
        for namespace in team.namespaces:
            if namespace in owners:
                raise Usage(f"namespace {namespace} is given to {owners[namespace]} and to {team.name}: one queue each")
            owners[namespace] = team.name


def _weight(one: str, text: str) -> Fraction:
    if not re.fullmatch(r"\d{1,9}(\.\d{1,6})?", text):
        raise Usage(
            f"--teams: {one!r}: a weight is a number, 0 or more", "`k8sai queue init --teams vision=60,speech=40`"
        )
    return Fraction(text)


def _namespaces(given: Sequence[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for one in given:
        team, equals, names = one.partition("=")
        listed = tuple(filter(None, names.split(",")))
        wrong = [name for name in listed if not _LABEL.fullmatch(name)]
        if not equals or not listed or wrong:
            raise Usage(
                f"--namespace-of: {one!r} is not TEAM=NAMESPACE", "--namespace-of vision=vision-dev,vision-prod"
            )
        found[team] = tuple(dict.fromkeys((*found.get(team, ()), *listed)))
    return found


def _percent(text: str) -> Fraction:
    if not re.fullmatch(r"\d{1,2}(\.\d{1,6})?%?", text):
        raise Usage(f"--headroom: {text!r} is no percentage below 100", "--headroom 5%")
    return Fraction(text.removesuffix("%")) / 100


def _levels(text: str) -> tuple[str, ...] | None:
    if text in ("auto", "none"):
        return None if text == "auto" else ()
    levels = tuple(filter(None, (one.strip() for one in text.split(","))))
    if not levels or len(set(levels)) < len(levels) or len(levels) > _MOST_LEVELS:
        raise Usage(
            f"--topology: {text!r} is neither auto nor none nor up to {_MOST_LEVELS} different node labels",
            f"--topology topology.kubernetes.io/zone,{HOSTNAME}",
        )
    if HOSTNAME in levels[:-1]:
        raise Usage(f"--topology: {HOSTNAME} can only be the last level", "a node is the narrowest there is")
    return levels
