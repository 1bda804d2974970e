"""What a rule says, and where."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from k8sai.manifests import Manifest

Json = dict[str, Any]
Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: `rule` is a stable word, `where` the path in the object, `file` and `line` the place."""

    rule: str
    severity: Severity
    message: str
    file: str = ""
    line: int = 0
    object: str = ""
    where: str = ""

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Said:
    """What a rule yields: the rest of a finding is known to who asked it."""

    rule: str
    message: str
    where: str = ""
    severity: Severity = "error"


ObjectRule = Callable[[Manifest], Iterator[Said]]
SetRule = Callable[[Sequence[Manifest]], Iterator[tuple[Manifest, Said]]]


def warning(rule: str, message: str, where: str = "") -> Said:
    """Something that works and is seldom meant."""
    return Said(rule, message, where, "warning")


def found(manifest: Manifest, said: Said) -> Finding:
    """What a rule said of an object, with the object's place."""
    return Finding(said.rule, said.severity, said.message, manifest.file, manifest.line, manifest.ref, said.where)


def mapping(value: Any) -> Json:
    """The mapping, or an empty one where somebody wrote something else: other rules speak of that."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Json]:
    """The mappings of a list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
