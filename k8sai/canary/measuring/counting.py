"""Counts the requests of a version, and the bad ones among them, between two times."""

import re
from dataclasses import dataclass
from math import inf
from typing import Final, Protocol

from k8sai.canary.measuring.asking import Asked
from k8sai.canary.measuring.growing import Discarded, Key, Look, grown
from k8sai.canary.measuring.matching import any_of
from k8sai.canary.measuring.sources import ABOVE, NAME, Source, sources
from k8sai.canary.measuring.versions import Version
from k8sai.canary.state import Slo

SELECTOR: Final = "{{selector}}"


@dataclass(frozen=True, slots=True)
class Counted:
    """Requests, 0 <= bad <= all."""

    bad: int
    all: int


class Counter(Protocol):
    """One way to count."""

    @property
    def note(self) -> str:
        """What a person should know of it; "" for nothing."""

    @property
    def tokens(self) -> bool:
        """It counts tokens, not requests."""

    def counted(self, asked: Asked, version: Version, start: float, end: float) -> Counted:
        """Raises Discarded."""


def counter(asked: Asked, slo: Slo, both: tuple[Version, Version], at: float) -> Counter:
    """The best one that counts both versions alike. Raises Discarded."""
    if slo.bad:
        return Own(slo)
    known = sources(slo.metric)
    having = [[bool(version.names(asked, source, at)) for source in known] for version in both]
    for n, source in enumerate(known):
        # A version that has served nothing yet may not have one counter to show.
        if all(has[n] or not any(has) for has in having) and any(has[n] for has in having):
            return _by(asked, source, slo, both, at)
    lacking = " and ".join(one.side.name for one, has in zip(both, having, strict=True) if not any(has))
    raise Discarded(f"no counter of it is known of {lacking}" if lacking else "the two versions count it differently")


def _by(asked: Asked, source: Source, slo: Slo, both: tuple[Version, Version], at: float) -> "Counter":
    if not source.histogram:
        return ByLabel(source)
    found = [one for one in (_bounds(asked, source, version, at) for version in both) if one]
    common = set.intersection(*(set(one) for one in found)) if found else {inf}
    wanted = (slo.above or 0.0) / source.seconds
    bound = min(one for one in common if one >= wanted * (1 - 1e-9))
    if bound == inf:
        longest = max((one for one in common if one < inf), default=0.0) * source.seconds
        raise Discarded(f"{source.title} tells nothing above {longest:g} s")
    return ByBound(source, bound, frozenset(word for one in found for word in one[bound]))


def _bounds(asked: Asked, source: Source, version: Version, at: float) -> dict[float, set[str]]:
    """As they are written, by what they are."""
    found: dict[float, set[str]] = {inf: {ABOVE}}
    names = version.names(asked, source, at)
    if not names:
        return {}
    for one in asked(f"count by (le) ({names[0]}{{{version.matchers(source)}}})", at):
        if text := one.labels.get("le", ""):
            found.setdefault(float(text), set()).add(text)
    return found


@dataclass(frozen=True, slots=True)
class ByLabel:
    """A counter whose label tells."""

    source: Source

    @property
    def note(self) -> str:
        return self.source.title

    @property
    def tokens(self) -> bool:
        return self.source.tokens

    def counted(self, asked: Asked, version: Version, start: float, end: float) -> Counted:
        found = _grown(asked, self.source, version, "", start, end)
        every = found.get(self.source.whole, 0) if self.source.whole else sum(found.values())
        bad = sum(n for word, n in found.items() if re.fullmatch(self.source.bad, word))
        return Counted(min(bad, every), every)


@dataclass(frozen=True, slots=True)
class ByBound:
    """A histogram: whatever took longer than a bound. `words` are the ways it is written."""

    source: Source
    bound: float
    words: frozenset[str]

    @property
    def note(self) -> str:
        of = f"tokens of {self.source.title}, weighed as requests" if self.tokens else self.source.title
        return f"counted above {self.bound * self.source.seconds:g} s ({of})"

    @property
    def tokens(self) -> bool:
        return self.source.tokens

    def counted(self, asked: Asked, version: Version, start: float, end: float) -> Counted:
        only = f'le=~"{any_of((*sorted(self.words), ABOVE))}"'
        found = _grown(asked, self.source, version, only, start, end)
        every = found.get(ABOVE, 0)
        within = sum(n for word, n in found.items() if word != ABOVE)
        return Counted(max(0, every - within), every)


@dataclass(frozen=True, slots=True)
class Own:
    """Two queries of the user's, of counters."""

    slo: Slo
    note: str = ""
    tokens: bool = False

    def counted(self, asked: Asked, version: Version, start: float, end: float) -> Counted:
        before, after = (self._look(asked, version, at) for at in (start, end))
        if not after.values:
            raise Discarded(f"the queries of {self.slo.metric} select nothing of {version.side.name}")
        found = grown(before, after)
        every = sum(n for word, n in found.items() if word.startswith("total"))
        bad = sum(n for word, n in found.items() if word.startswith("bad"))
        return Counted(min(bad, every), every)

    def _look(self, asked: Asked, version: Version, at: float) -> Look:
        values: dict[Key, float] = {}
        for word, query in (("bad", self.slo.bad), ("total", self.slo.total)):
            for one in asked(query.replace(SELECTOR, version.matchers()), at):
                told = sorted((key, value) for key, value in one.labels.items())
                values[one.labels.get(version.spelling[1], ""), f"{word} {one.metric} {told}"] = one.value
        return Look(values)


def _grown(asked: Asked, source: Source, version: Version, more: str, start: float, end: float) -> dict[str, int]:
    """A gateway's pods are none of the version's: those that count are known by what they have counted."""
    pods = version.begun if source.by != "service" else frozenset[str]()
    before = _look(asked, source, version, more, start, pods, end)
    return grown(before, _look(asked, source, version, more, end, pods, end))


def _look(
    asked: Asked, source: Source, version: Version, more: str, at: float, pods: frozenset[str], named: float
) -> Look:
    """As of a time. Which of the names it goes by is told by the end of the window."""
    pod, inside = version.spelling[1], ",".join(part for part in (version.matchers(source), more) if part)
    if source.labels == (NAME,):
        series = f'{{{NAME}=~"{any_of(source.names)}",{inside}}}'
    else:
        series = f"{(version.names(asked, source, named) or source.names)[0]}{{{inside}}}"
    values: dict[Key, float] = {}
    for one in asked(f"sum by ({pod}, {', '.join(source.labels)}) ({series})", at):
        told = one.labels | {NAME: one.metric}
        key = one.labels.get(pod, ""), next((told[label] for label in source.labels if told.get(label)), "")
        values[key] = values.get(key, 0.0) + one.value
    return Look(values, pods)
