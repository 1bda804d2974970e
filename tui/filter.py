"""What `/` was given."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Filter:
    """What `/` was given: text (a regular expression, `!` inverts), or with `-l` a label selector."""

    typed: str = ""

    @property
    def labels(self) -> str:
        return self.typed[2:].strip() if self.typed.startswith("-l") else ""

    @property
    def text(self) -> str:
        return "" if self.typed.startswith("-l") or self.typed == "!" else self.typed
