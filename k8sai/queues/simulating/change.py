"""What-ifs in words: `cq.finetune.nominal=24`, `finish=ml/sweep`; from text to a value, and from a value to the text.

Names have dots in them, and so have resources: a field is found from the end, then names that exist from the start.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Literal

from k8sai.errors import NotFound, Usage
from k8sai.quantity import BadQuantity, milli, parse, whole
from k8sai.queues.facts import ClusterQueue, Cohort, LocalQueue, Share
from k8sai.queues.nodes import with_implied
from k8sai.queues.setting import Setting
from k8sai.queues.words import amount, gpu
from k8sai.queues.workload import Workload

Scope = Literal["cq", "cohort", "lq", "finish"]
_Tree = Literal["cq", "cohort"]  # what has a place in the tree
QuotaField = Literal["nominal", "borrowingLimit", "lendingLimit"]

_QUOTA: Final = ("nominal", "borrowingLimit", "lendingLimit")
_STOP: Final = ("None", "Hold", "HoldAndDrain")
_WITHIN: Final = ("Never", "LowerPriority", "LowerOrNewerEqualPriority")
_RECLAIM: Final = ("Never", "LowerPriority", "Any")
_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "cq": (
        *_QUOTA,
        "cohort",
        "stop",
        "strategy",
        "weight",
        "preemption.within",
        "preemption.reclaim",
        "preemption.borrowWithin",
    ),
    "cohort": (*_QUOTA, "parent", "weight"),
    "lq": ("cq", "stop"),
}
_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "stop": _STOP,
    "strategy": ("BestEffortFIFO", "StrictFIFO"),
    "preemption.within": _WITHIN,
    "preemption.reclaim": _RECLAIM,
    "preemption.borrowWithin": ("Never", "LowerPriority"),
}
_KUEUE: Final[Mapping[str, str]] = {  # what the API calls it
    "nominal": "nominalQuota",
    "cohort": "cohortName",
    "parent": "parentName",
    "cq": "clusterQueue",
    "stop": "stopPolicy",
    "strategy": "queueingStrategy",
    "weight": "fairSharing.weight",
    "preemption.within": "preemption.withinClusterQueue",
    "preemption.reclaim": "preemption.reclaimWithinCohort",
    "preemption.borrowWithin": "preemption.borrowWithinCohort.policy",
}
_WORDS: Final = "cq.NAME.nominal=24, cohort.NAME.parent=ai, lq.NS/NAME.cq=NAME or finish=NS/NAME"


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one object with its new value; of `finish` the workload's namespace/name and nothing else.

    `value` is an amount in Kueue's units for quota (None: no limit), a weight, or a word.
    """

    scope: Scope
    name: str
    field: str = ""
    value: int | float | str | None = None
    share: Share | None = None  # of a quota

    def __str__(self) -> str:
        """As it is written after --if."""
        if self.scope == "finish":
            return f"finish={self.name}"
        share = f".{self.share.flavor}.{self.share.resource}" if self.share else ""
        return f"{self.scope}.{self.name}{share}.{self.field}={_value(self)}"

    @property
    def api(self) -> str:
        """The field as Kueue's API calls it."""
        return _KUEUE.get(self.field, self.field)


class _Bad(Exception):
    """One of them cannot be read; its text is the sentence."""


def read(setting: Setting, texts: Iterable[str]) -> tuple[Change, ...]:
    """Raises Usage with everything that is wrong; NotFound where all that is wrong are names that are not there."""
    found: list[Change] = []
    wrong: list[str] = []
    for text in texts:
        try:
            found.append(_read(setting, text.strip()))
        except _Bad as error:
            wrong.append(f"--if {text}: {error}")
    if wrong:
        kind = NotFound if all(": there is no " in one for one in wrong) else Usage
        raise kind(wrong[0], f"they look like {_WORDS}", tuple(wrong[1:]))
    return tuple(found)


def short(setting: Setting, name: str, share: Share, field: QuotaField, most: int, *, cohort: bool = False) -> str:
    """The shortest text that `read` understands as this quota, for hints: `cq.finetune.borrowingLimit=14`."""
    scope: Scope = "cohort" if cohort else "cq"
    owner = setting.cohorts.get(name) if cohort else setting.cluster_queues.get(name)
    change = Change(scope, name, field, most, share)
    value = _value(change)
    if owner is not None:
        for where in ("", f".{share.flavor}"):
            text = f"{scope}.{name}{where}.{field}={value}"
            try:
                if _read(setting, text) == change:
                    return text
            except _Bad:
                continue
    return str(change)


def _read(setting: Setting, text: str) -> Change:
    left, equals, value = text.partition("=")
    if not equals:
        raise _Bad(f"it has no value: write it as {_WORDS}")
    if left == "finish":
        return Change("finish", _workload(setting, value).ref)
    word, _, rest = left.partition(".")
    if word not in _FIELDS:
        raise _Bad(f"{word!r} is nothing that can be changed{_near(word, (*_FIELDS, 'finish'))}")
    place, field = _field(word, rest)
    if word == "lq":
        return _of_local(setting, place, field, value)
    scope: _Tree = "cq" if word == "cq" else "cohort"
    if field in _QUOTA:
        name, share = _quota(setting, scope, place)
        return Change(scope, name, field, _amount(share, field, value), share)
    known = _owners(setting, scope)
    if place not in known:
        raise _Bad(f"there is no {_title(scope)} {place}{_near(place, known)}")
    return Change(scope, place, field, _word(setting, scope, field, value))


def _field(scope: str, rest: str) -> tuple[str, str]:
    """The place, and the field at its end."""
    for field in sorted(_FIELDS[scope], key=len, reverse=True):
        if rest.endswith(f".{field}"):
            return rest.removesuffix(f".{field}"), field
    last = rest.rpartition(".")[2]
    raise _Bad(f"{last!r} is no field of a {_title(scope)}{_near(last, _FIELDS[scope])}")


def _quota(setting: Setting, scope: _Tree, place: str) -> tuple[str, Share]:
    """Whose quota and of what: the longest name first, for one name may begin with another."""
    known = _owners(setting, scope)
    fitting = [name for name in known if place == name or place.startswith(f"{name}.")]
    if not fitting:
        raise _Bad(f"there is no {_title(scope)} {place}{_near(place, known)}")
    wrong: list[_Bad] = []
    for name in sorted(fitting, key=len, reverse=True):
        try:
            return name, _share(known[name], f"{_title(scope)} {name}", place[len(name) + 1 :])
        except _Bad as error:
            wrong.append(error)
    raise wrong[0]


def _owners(setting: Setting, scope: str) -> Mapping[str, ClusterQueue | Cohort]:
    """Cohorts that are only named can be given an object."""
    if scope == "cq":
        return setting.cluster_queues
    return with_implied(setting.cluster_queues.values(), setting.cohorts.values())


def _share(owner: ClusterQueue | Cohort, title: str, where: str) -> Share:
    """The one that is meant: the only flavor of GPUs, the flavor's only GPU, or flavor and resource."""
    shares = [Share(flavor, name) for group in owner.groups for flavor, quotas in group.flavors for name in quotas]
    named = [share for share in shares if where in (f"{share.flavor}.{share.resource}", share.flavor, "")]
    exact = [share for share in named if where == f"{share.flavor}.{share.resource}"]
    devices = [share for share in named if gpu(share.resource)]
    if exact:
        return exact[0]
    if len(devices) == 1:
        return devices[0]
    if len(named) == 1:
        return named[0]
    known = ", ".join(f"{share.flavor}.{share.resource}" for share in shares) or "none"
    if not named:
        near = _near(where, [name for share in shares for name in (share.flavor, f"{share.flavor}.{share.resource}")])
        raise _Bad(f"there is no quota {where} in {title}{near}; it has {known}")
    raise _Bad(f"{title} has several quotas, say which: {known}")


def _amount(share: Share, field: str, text: str) -> int | None:
    if field != "nominal" and text.lower() in ("none", "null", ""):
        return None
    try:
        value = parse(text)
        units = milli(text) if share.resource == "cpu" else whole(text)
    except BadQuantity as error:
        raise _Bad(error.message) from error
    if value < 0:
        raise _Bad(f"{text} is negative")
    return units


def _word(setting: Setting, scope: str, field: str, text: str) -> str | float:
    choices = _CHOICES.get(field)
    if choices:
        if text not in choices:
            raise _Bad(f"{text!r} is none of {', '.join(choices)}{_near(text, choices)}")
        return text
    if field == "weight":
        return _weight(text)
    if field == "cq" and text not in setting.cluster_queues:
        raise _Bad(f"there is no ClusterQueue {text}{_near(text, setting.cluster_queues)}")
    if field in ("cohort", "parent") and text and text not in _owners(setting, "cohort"):
        raise _Bad(f"there is no Cohort {text}{_near(text, _owners(setting, 'cohort'))}")
    return text


def _weight(text: str) -> float:
    try:
        weight = float(parse(text))
    except BadQuantity as error:
        raise _Bad(error.message) from error
    if weight < 0:
        raise _Bad(f"{text} is negative")
    return weight


def _of_local(setting: Setting, place: str, field: str, value: str) -> Change:
    local: LocalQueue | None = setting.local_queues.get(place)
    if local is None:
        raise _Bad(f"there is no LocalQueue {place}{_near(place, setting.local_queues)}")
    return Change("lq", place, field, _word(setting, "lq", field, value))


def _workload(setting: Setting, text: str) -> Workload:
    """By namespace/name of the Workload or its owner, or by the name alone where one has it."""
    ones = [one for one in setting.workloads.values() if one.reserves]
    fitting = [one for one in ones if text in names(one)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise _Bad(f"{text} is the name of several: {', '.join(sorted(one.ref for one in fitting))}")
    near = _near(text, [name for one in ones for name in names(one)])
    raise _Bad(f"there is no workload {text} that holds quota{near}")


def names(workload: Workload) -> Iterator[str]:
    """What people call it: by its owner or by itself, with the namespace and without, with the kind and without."""
    for title in (workload.name, f"workload/{workload.name}", *_owned(workload)):
        yield f"{workload.namespace}/{title}"
        yield title


def _owned(workload: Workload) -> Iterator[str]:
    for owner in workload.owners:
        yield owner.name
        yield f"{owner.kind.lower()}/{owner.name}"


def _value(change: Change) -> str:
    if isinstance(change.value, int) and change.share is not None:
        return amount(change.share.resource, change.value)
    if isinstance(change.value, float):
        return f"{change.value:g}"
    return "none" if change.value is None else str(change.value)


def _title(scope: str) -> str:
    return {"cq": "ClusterQueue", "cohort": "Cohort", "lq": "LocalQueue"}[scope]


def _near(word: str, known: Iterable[str]) -> str:
    near = get_close_matches(word, sorted(known), 1)
    return f"; did you mean {near[0]}?" if near else ""
