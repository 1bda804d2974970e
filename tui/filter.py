"""What `/` was given."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Filter:
    """Text (a regular expression, `!` inverts), `-f` letters that come in this order, or `-l` a label selector."""

    typed: str = ""

    @property
    def labels(self) -> str:
        return self.typed[2:].strip() if self.typed.startswith("-l") else ""

    @property
    def text(self) -> str:
        """As a regular expression, perhaps after `!`."""
        if self.typed.startswith("-l") or self.typed == "!":
            return ""
        if self.typed.startswith("-f"):
            return ".*?".join(map(re.escape, self.typed[2:].replace(" ", "")))
        return self.typed
