"""The list `spec.traffic` of a Knative Service: what it means, what the webhook would refuse, and how it is split.

The CRD checks nothing of it: without the webhook 70 % or 160 % in sum are stored. The list is atomic, so it is written
whole, with the targets of others that get nothing.
https://github.com/knative/serving/blob/main/pkg/apis/serving/v1/route_validation.go
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from k8sai.canary.backends.knative.revisions import name_of
from k8sai.canary.facts import Json
from k8sai.errors import Refused

Targets = list[Json]
CANARY: Final = "canary"
STABLE: Final = "stable"
_LABEL: Final = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")  # RFC 1035


@dataclass(frozen=True, slots=True)
class Shape:
    """The list before the rollout, in a form the state keeps: one target with everything, and those with nothing."""

    tag: str  # of the one with everything; "" for none
    pinned: bool  # it named a revision, not the latest
    others: tuple[Json, ...] = ()

    @property
    def document(self) -> Json:
        return {"tag": self.tag, "pinned": self.pinned, "others": list(self.others)}

    @staticmethod
    def of(document: Json) -> "Shape":
        return Shape(document["tag"], document["pinned"], tuple(document["others"]))

    def split(self, stable: str, percent: int) -> Targets:
        """So much to the latest, the rest to the old revision; one of them at 0 % keeps its pods."""
        old = _pinned(stable, 100 - percent, self.tag or STABLE)
        return checked([old, {**_LATEST, "percent": percent, "tag": CANARY}, *self.others])

    def back(self, stable: str) -> Targets:
        """Everything to the old revision, named; nobody names the canary any more, so its pods go."""
        return checked([_pinned(stable, 100, self.tag or STABLE), *self.others])

    def ended(self, canary: str) -> Targets:
        """Everything to the new revision, in the form it had before."""
        one = _pinned(canary, 100, self.tag) if self.pinned else {**_LATEST, "percent": 100}
        return checked([{**one, "tag": self.tag} if self.tag else one, *self.others])


_LATEST: Final[Json] = {"latestRevision": True}


def _pinned(name: str, percent: int, tag: str) -> Json:
    found: Json = {"revisionName": name, "latestRevision": False, "percent": percent}
    return {**found, "tag": tag} if tag else found


def targets_of(service: Json) -> Targets:
    """As they are written; where nothing is, everything goes to the latest."""
    return service["spec"].get("traffic") or [{**_LATEST, "percent": 100}]


def shape_of(service: Json) -> Shape:
    """Raises Refused where the requests are split already, or the list is not as Knative's webhook would have it."""
    targets, title = checked(targets_of(service)), f"ksvc/{name_of(service)}"
    given = [one for one in targets if one.get("percent")]
    if len(given) != 1:
        said = ", ".join(f"{one['percent']} % to {one.get('revisionName') or 'the latest'}" for one in given)
        raise Refused(f"{title} has a canary already: {said}", "give one target of spec.traffic everything")
    one = given[0]
    others = tuple(other for other in targets if other is not one)
    taken = {other.get("tag") for other in others} & {CANARY, str(one.get("tag") or STABLE)}
    if taken:
        raise Refused(f"{title} has a target with the tag {sorted(map(str, taken))[0]}", "give it another tag")
    return Shape(str(one.get("tag") or ""), bool(one.get("revisionName")), others)


def all_to(service: Json) -> str:
    """The revision that the one target with everything names; "" for the latest."""
    found = next((one for one in targets_of(service) if one.get("percent") == 100), {})
    return str(found.get("revisionName") or "")


def same(one: Iterable[Json], other: Iterable[Json]) -> bool:
    """The same targets, whatever a webhook has filled in besides."""
    return sorted(map(_plain, one)) == sorted(map(_plain, other))


def _plain(target: Json) -> tuple[str, int, str]:
    return str(target.get("revisionName") or ""), int(target.get("percent") or 0), str(target.get("tag") or "")


def checked(targets: Targets) -> Targets:
    """The same. Raises Refused with what Knative's webhook would refuse."""
    for said in _wrong(targets):
        raise Refused(f"spec.traffic: {said}", "Knative's webhook would refuse it; without one it would be stored")
    return targets


def _wrong(targets: Targets) -> Iterator[str]:
    tags = [one["tag"] for one in targets if one.get("tag")]
    for one in targets:
        yield from _wrong_one(one)
    if twice := next((tag for tag in tags if tags.count(tag) > 1), ""):
        yield f"two targets have the tag {twice}"
    total = sum(one.get("percent") or 0 for one in targets)
    if total != 100:
        yield f"the targets sum up to {total} %, not 100 %"


def _wrong_one(target: Json) -> Iterator[str]:
    name, percent = target.get("revisionName"), target.get("percent") or 0
    if not isinstance(percent, int) or not 0 <= percent <= 100:
        yield f"{percent} is no percent"
    if target.get("configurationName"):
        yield "configurationName is for Routes, not for a Service"
    if target.get("latestRevision") is not None and bool(name) == target["latestRevision"]:
        yield f"latestRevision is {str(target['latestRevision']).lower()} of a target whose revisionName is {name!r}"
    if target.get("tag") and not _LABEL.fullmatch(target["tag"]):
        yield f"{target['tag']!r} is no tag: lower case letters, digits and -, a letter first"
    if target.get("url"):
        yield "url is said by the status only"
