"""Whether pods find room: where not, what is missing and what would do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Code = Literal["nodes", "quota", "queue", "volume"]


@dataclass(frozen=True, slots=True)
class Option:
    """Something that would do: it was tried, and everything fits. `flag` is what to add to the command, or ""."""

    text: str
    flag: str = ""


@dataclass(frozen=True, slots=True)
class Short:
    """Pods that find no room. `missing` are amounts by resource, as people read them; `never`: nor will they later."""

    why: str  # of the demand: "the canary"
    code: Code
    sentence: str
    missing: Mapping[str, str] = field(default_factory=dict)
    options: tuple[Option, ...] = ()
    never: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """Of one demand. `notes` are sentences: what was not read, who would be evicted."""

    short: Short | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Room:
    """Of a whole rollout: what is needed now, and at the moment of promotion."""

    now: Answer = Answer()
    peak: Answer = Answer()

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know before."""
        told = self.peak.short
        later = (f"the promotion finds no room now: {told.why}: {told.sentence}",) if told else ()
        return tuple(dict.fromkeys((*self.now.notes, *self.peak.notes, *later)))
