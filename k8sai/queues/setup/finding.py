"""What is found of a setup of Kueue: an object, what is wrong with its numbers, and what would mend it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

Level = Literal["error", "warning", "note"]
LEVELS: Final[tuple[Level, ...]] = ("error", "warning", "note")


@dataclass(frozen=True, slots=True)
class Finding:
    """`error`: something waits for ever or counts double; `warning`: it will surprise; `note`: worth a decision."""

    level: Level
    code: str
    object: str  # ClusterQueue/a, LocalQueue/ns/b
    text: str
    fix: str = ""


def few(names: Iterable[str], most: int = 4) -> str:
    """The first of them, and how many more there are."""
    listed = sorted(names)
    return ", ".join(listed) if len(listed) <= most else f"{', '.join(listed[:most])} and {len(listed) - most} more"
