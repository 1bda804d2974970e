"""Requests of both versions between two times, as Prometheus has counted them; or a sentence why nobody can tell.

Both versions are counted over the same time and by the same kind of counter. What is missing, reset, not a number or
not answered makes no window: no data is no verdict.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from zlib import crc32

from k8sai.canary.facts import Side
from k8sai.canary.gate_gathered import Window
from k8sai.canary.measuring.asking import Ask, Asked
from k8sai.canary.measuring.counting import Counted, counter
from k8sai.canary.measuring.growing import Discarded
from k8sai.canary.measuring.versions import Version, versions
from k8sai.canary.state import Settings, Slo
from k8sai.errors import ClusterError

_REQUESTS: Final = Slo("errors", 0.01)  # counts requests, whatever is required of them


@dataclass(frozen=True, slots=True)
class Sample:
    """Windows by the title of their requirement, and all requests by version.

    `no_data` says why windows are missing (others may be there), `notes` how it was counted, `queries` what was asked.
    """

    windows: Mapping[str, Window] = field(default_factory=dict)
    canary_all: int = 0
    stable_all: int = 0
    no_data: str = ""
    notes: tuple[str, ...] = ()
    queries: tuple[str, ...] = ()


class Sampler:
    """Asks one Prometheus for one target, window after window."""

    def __init__(self, ask: Ask, settings: Settings, namespace: str = "") -> None:
        self._ask, self._settings, self._namespace = ask, settings, namespace
        self._last: Asked | None = None

    def window(
        self,
        stable: Side,
        canary: Side,
        stable_pods: Sequence[str],
        canary_pods: Sequence[str],
        start: float,
        end: float,
    ) -> Sample:
        """Between two times (epoch seconds). Raises Forbidden, NotFound where Prometheus may not or cannot be asked.

        An old version that gets nothing any more and has given its pods back has no requests: that is no gap.
        """
        if canary.percent >= 100 and not stable_pods and not stable.series:
            return _alone(self.window(canary, replace(canary, percent=0), canary_pods, canary_pods, start, end))
        self._last = asked = Asked(self._ask, self._last, start)
        try:
            both = versions(asked, (stable, canary), (stable_pods, canary_pods), self._namespace, start, end)
            return self._sample(asked, both, start, end)
        except Discarded as why:
            return Sample(no_data=str(why), queries=asked.queries)
        except ClusterError as error:
            return Sample(no_data=error.message, queries=asked.queries)

    def _sample(self, asked: Asked, both: tuple[Version, Version], start: float, end: float) -> Sample:
        windows: dict[str, Window] = {}
        notes, missing = list(asked.notes), dict[str, str]()
        for slo in self._settings.slos:
            try:
                windows[slo.title], note = self._window(asked, slo, both, start, end)
                notes += [f"{slo.title}: {note}"] if note else []
            except Discarded as why:
                missing[slo.title] = str(why)
        every = max(windows.values(), key=_requests, default=None) or self._requests(asked, both, start, end)
        if not _requests(every):
            return Sample(no_data=self._told(missing) or "no requests reached either version", queries=asked.queries)
        told = self._told(missing)
        return Sample(windows, every.canary_all, every.stable_all, told, tuple(notes), queries=asked.queries)

    def _told(self, missing: Mapping[str, str]) -> str:
        """Why, by requirement; once where it is the same for all of them."""
        if len(set(missing.values())) == 1 and len(missing) == len(self._settings.slos):
            return next(iter(missing.values()))
        return "; ".join(f"{title}: {why}" for title, why in missing.items())

    def _requests(self, asked: Asked, both: tuple[Version, Version], start: float, end: float) -> Window:
        """Where nothing is required of them, or nothing of it can be counted."""
        try:
            return self._window(asked, _REQUESTS, both, start, end)[0]
        except Discarded:
            return Window(0, 0, 0, 0)

    def _window(
        self, asked: Asked, slo: Slo, both: tuple[Version, Version], start: float, end: float
    ) -> tuple[Window, str]:
        by = counter(asked, slo, both, end)
        stable, canary = (by.counted(asked, version, start, end) for version in both)
        if by.tokens:
            requests, _ = self._window(asked, _REQUESTS, both, start, end)
            stable = _weighed(stable, requests.stable_all, f"stable {slo.title} {start}")
            canary = _weighed(canary, requests.canary_all, f"canary {slo.title} {start}")
        return Window(canary.bad, canary.all, stable.bad, stable.all), by.note


def _alone(sample: Sample) -> Sample:
    """Of the canary only."""
    windows = {title: replace(one, stable_bad=0, stable_all=0) for title, one in sample.windows.items()}
    return replace(sample, windows=windows, stable_all=0)


def _weighed(tokens: Counted, requests: int, seed: str) -> Counted:
    """Tokens of one request do not stand for themselves: together they weigh as much as the request.

    A part of a request counts as one as often as it is large, so that many small windows lose nothing.
    """
    if not tokens.all:
        return Counted(0, 0)
    bad = int(tokens.bad / tokens.all * requests + crc32(seed.encode()) / 2**32)
    return Counted(min(bad, requests), requests)


def _requests(window: Window) -> int:
    return window.canary_all + window.stable_all
