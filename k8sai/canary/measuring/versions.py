"""A version as Prometheus sees it: which of its pods are scraped, and which of the counters that we know they have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from k8sai.canary.facts import Side
from k8sai.canary.measuring.asking import Asked
from k8sai.canary.measuring.growing import Discarded
from k8sai.canary.measuring.matching import SPELLINGS, any_of, matchers, of_gateway, of_router
from k8sai.canary.measuring.sources import NAME, Source, all_names

Scraped = Mapping[str, frozenset[str]]  # pod -> names of counters it has; DOWN among them where a target of it is down
UP: Final = "up"
DOWN: Final = "down"


@dataclass(frozen=True, slots=True)
class Version:
    """One of the two. `before` and `after` are the pods that were scraped at the ends of the window."""

    side: Side
    pods: tuple[str, ...]
    namespace: str
    spelling: tuple[str, str]
    before: Scraped
    after: Scraped

    def matchers(self, source: Source | None = None) -> str:
        """Of its series, and of those of a source."""
        if source and source.by == "service":
            found = of_gateway(self.side.name, self.namespace)
        else:
            series = of_router(self.side.series) if source and source.by == "model" else self.side.series
            found = matchers(self.namespace, self.pods, series, self.spelling)
        return ",".join(part for part in (found, source.where if source else "") if part)

    @property
    def begun(self) -> frozenset[str]:
        """Pods whose counters, as far as there were any, were known when the window began."""
        return frozenset(pod for pod, names in self.before.items() if DOWN not in names)

    def names(self, asked: Asked, source: Source, at: float) -> list[str]:
        """Those of a source's names that it has, in their order."""
        if source.by == "service" or not self.pods:
            inside = self.matchers(source)
            found = {one.metric for one in asked(f"count by ({NAME}) ({{{_any(source.names)},{inside}}})", at)}
        elif source.by == "model":
            return []
        else:
            found = {name for pod in self.pods for name in self.after.get(pod, ())}
        return [name for name in source.names if name in found]


def versions(
    asked: Asked,
    sides: tuple[Side, Side],
    pods: tuple[Sequence[str], Sequence[str]],
    namespace: str,
    start: float,
    end: float,
) -> tuple[Version, Version]:
    """Both, stable first. Raises Discarded where Prometheus does not know them."""
    for side, names in zip(sides, pods, strict=True):
        if not names and not side.series:
            raise Discarded(f"{side.name} has no pods")
    if any(side.namespace for side in sides):
        namespace = ""  # of two namespaces, pods are told apart by name alone
    every = () if not all(pods) else (*pods[0], *pods[1])
    spelling = _spelling(asked, every, namespace, end)
    before, after = (scraped(asked, matchers(namespace, every, {}, spelling), spelling, at) for at in (start, end))
    for side, names in zip(sides, pods, strict=True):
        _insist(side, names, after)
    one, other = (
        Version(side, tuple(names), namespace, spelling, before, after) for side, names in zip(sides, pods, strict=True)
    )
    return one, other


def _insist(side: Side, pods: Sequence[str], after: Scraped) -> None:
    """Some of them can be scraped."""
    if not pods or any(after.get(pod, frozenset()) - {DOWN} for pod in pods):
        return
    if any(pod in after for pod in pods):
        raise Discarded(f"Prometheus cannot scrape the pods of {side.name}")
    raise Discarded(f"Prometheus has no metrics of the pods of {side.name}: {', '.join(pods[:2])}")


def _spelling(asked: Asked, pods: Sequence[str], namespace: str, at: float) -> tuple[str, str]:
    for spelling in SPELLINGS if pods else ():
        if scraped(asked, matchers(namespace, pods, {}, spelling), spelling, at):
            return spelling
    return SPELLINGS[0]


def scraped(asked: Asked, inside: str, spelling: tuple[str, str], at: float) -> Scraped:
    """Pods, with the counters that they have."""
    pod = spelling[1]
    found: dict[str, set[str]] = {}
    where = ",".join(part for part in (_any((UP, *all_names())), inside) if part)
    for one in asked(f"min by ({NAME}, {pod}) ({{{where}}})", at):
        name = DOWN if one.metric == UP and not one.value else one.metric
        found.setdefault(one.labels.get(pod, ""), set()).add(name)
    return {name: frozenset(names) for name, names in found.items()}


def _any(names: Sequence[str]) -> str:
    return f'{NAME}=~"{any_of(names)}"'
