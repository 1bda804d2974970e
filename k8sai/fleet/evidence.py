"""What a meter saw of a card over time, and what that proves: idle, busy, or nothing.

Idle is proved, never guessed: every look of a whole window has to be below the threshold. One look at or above it
proves the contrary. Whatever is missing, old or doubtful proves nothing.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import Final, Generic, Literal, TypeVar

from msgspec import Struct

STALE: Final = 120.0  # seconds without a look after which nothing is known any more
_ROUNDING: Final = 0.01  # of a window: clocks, and sums of parts
_FORGET: Final = 3600.0  # seconds after which a card that said nothing is forgotten

# Why nothing is proved: no meter tells of the card; it does not say how busy it is; the last look is old; it was not
# looked at for the whole window; it is held for less than that; nobody says which card it is; the answer was partial.
Doubt = Literal["unmetered", "silent", "stale", "short", "young", "unnamed", "partial"]
DOUBTS: Final[Mapping[Doubt, str]] = {
    "unmetered": "no meter tells of them",
    "silent": "they do not say how busy they are",
    "stale": "the last reading is old",
    "short": "not seen for the whole window",
    "young": "held for less than the window",
    "unnamed": "nobody says which cards they are",
    "partial": "the meter's answer was partial",
}


class IdleRule(Struct, frozen=True):
    """What counts as idle: busy for less than `below` (0 to 1) at every look of the last `window` seconds."""

    window: float = 900.0
    below: float = 0.05


USUAL: Final = IdleRule()


class Evidence(Struct, frozen=True):
    """What was seen of one card or slice. Times are epoch seconds by the meter's clock."""

    watched: float  # since when it was looked at without a gap
    until: float  # the last look
    quiet: float | None  # since when every look was below the threshold; None: the last one was not
    peak: float  # 0 to 1: the highest since `quiet`, or the last look
    step: float = 0.0  # seconds between looks: so much may be missing at the ends of a window


class Verdict(Struct, frozen=True):
    """`idle` is None where nothing is proved; `why` says why not. The rest is of an idle card.

    `longer` is where nobody looked before `since`: it may have been idle before.
    """

    idle: bool | None
    since: float = 0.0
    peak: float = 0.0
    longer: bool = False
    why: Doubt = "unmetered"


BUSY: Final = Verdict(False)


def judge(
    seen: Evidence | None, rule: IdleRule, *, now: float, held: float = 0.0, partial: bool = False, told: bool = False
) -> Verdict:
    """What the evidence proves of a card that is held since `held`.

    `partial`: the meter's whole answer was, so that a busy moment may be missing. `told`: the meter tells something of
    the card, if not how busy it is.
    """
    if seen is None:
        return Verdict(None, why="silent" if told else "unmetered")
    if now - seen.until > STALE:
        return Verdict(None, why="stale")
    start = now - rule.window
    if held > seen.until:
        return Verdict(None, why="young")
    if seen.quiet is None:
        return BUSY
    if seen.watched < seen.quiet and seen.quiet > max(start, held):
        return BUSY  # within the window, and under this holder
    if partial:
        return Verdict(None, why="partial")
    since = max(seen.quiet, held)
    if seen.until - since >= rule.window * (1 - _ROUNDING) - seen.step:
        return Verdict(True, since, seen.peak, longer=held < seen.quiet <= seen.watched)
    return Verdict(None, why="young" if held > start else "short")


def from_parts(peaks: Sequence[float | None], rule: IdleRule, *, at: float, step: float) -> Evidence | None:
    """From the highest value of each of equal parts of the time until `at`, the oldest first; None: no look.

    None where no part has any. Part lengths near the time between two looks may have none at the end by chance.
    """
    last = next((n for n in range(len(peaks) - 1, -1, -1) if peaks[n] is not None), None)
    if last is None:
        return None
    until = at - (len(peaks) - 1 - last) * step
    watched, quiet, highest, still = until, until, 0.0, True
    for value in reversed(peaks[: last + 1]):
        if value is None:
            break
        still = still and value < rule.below
        watched -= step
        if still:
            quiet, highest = watched, max(highest, value)
    value = peaks[last]
    assert value is not None
    return Evidence(
        watched=watched,
        until=until,
        quiet=quiet if value < rule.below else None,
        peak=highest if value < rule.below else value,
        step=step if step < STALE else 0.0,
    )


def since_before(seen: Evidence, before: Evidence | None) -> Evidence:
    """The same with what was seen earlier, where that goes on without a gap and was as quiet."""
    if before is None or before.quiet is None or seen.quiet is None or seen.quiet > seen.watched:
        return seen
    if before.until < seen.watched or before.quiet >= seen.quiet:
        return seen
    return Evidence(before.watched, seen.until, before.quiet, max(before.peak, seen.peak), seen.step)


# --- for as long as somebody looks ------------------------------------------------------------------------------------

Key = TypeVar("Key", bound=Hashable)


class _Trace:
    """One card: a few numbers stand for all that was seen."""

    __slots__ = ("peak", "quiet", "until", "watched")

    def __init__(self, value: float, at: float, *, quiet: bool) -> None:
        self.watched = self.until = at
        self.quiet = at if quiet else None
        self.peak = value


class History(Generic[Key]):
    """The looks at every card so far, one every `step` seconds; after a longer gap than `gap` a new story begins.

    Not thread-safe. What is kept of a card does not grow with time, so that a screen may be open for days.
    """

    def __init__(self, rule: IdleRule, step: float, gap: float = STALE) -> None:
        self._rule = rule
        self._step = step
        self._gap = gap
        self._traces: dict[Key, _Trace] = {}

    def note(self, key: Key, value: float | None, at: float) -> None:
        """One look; None and a sample no newer than the last one are none."""
        if value is None:
            return
        quiet = value < self._rule.below
        trace = self._traces.get(key)
        if trace is None or at - trace.until > self._gap:
            self._traces[key] = _Trace(value, at, quiet=quiet)
        elif at > trace.until:
            trace.until = at
            trace.peak = max(trace.peak, value) if quiet and trace.quiet is not None else value
            trace.quiet = (trace.quiet if trace.quiet is not None else at) if quiet else None

    def evidence(self, now: float) -> dict[Key, Evidence]:
        """What was seen so far; what said nothing for an hour is forgotten."""
        self._traces = {key: trace for key, trace in self._traces.items() if now - trace.until < _FORGET}
        return {
            key: Evidence(trace.watched, trace.until, trace.quiet, trace.peak, self._step)
            for key, trace in self._traces.items()
        }
