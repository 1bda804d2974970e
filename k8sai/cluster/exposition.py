"""The text that Prometheus exporters answer with, sample by sample; what is no sample is passed over.

https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_SAMPLE = re.compile(r"([a-zA-Z_:][\w:]*)\s*(?:\{(.*)\})?\s+([^\s{}]+)(?:\s+(-?\d+))?")
_LABEL = re.compile(r'\s*([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)')
_ESCAPE = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one series; it may be NaN. `at` is its own time in epoch seconds, 0 where it tells none."""

    metric: str
    labels: dict[str, str]
    value: float
    at: float = 0.0


def samples(text: str) -> Iterator[Sample]:
    """All samples of all metrics. A line that cannot be read costs only itself."""
    for line in text.split("\n"):  # and by nothing else: a label's value may hold any other line separator
        if not line or line.startswith("#"):
            continue
        if (match := _SAMPLE.fullmatch(line.strip())) is None:
            continue
        name, inside, number, stamp = match.groups()
        labels = _labels(inside or "")
        if labels is None:
            continue
        try:
            yield Sample(name, labels, float(number), int(stamp) / 1000 if stamp else 0.0)
        except (ValueError, OverflowError):
            continue


def _labels(text: str) -> dict[str, str] | None:
    """None where the text between the braces is no list of labels."""
    labels: dict[str, str] = {}
    at = 0
    while at < len(text) and text[at:].strip():
        if (match := _LABEL.match(text, at)) is None:
            return None
        labels[match[1]] = _ESCAPE.sub(_unescaped, match[2]) if "\\" in match[2] else match[2]
        at = match.end()
    return labels


def _unescaped(match: re.Match[str]) -> str:
    return "\n" if match[1] == "n" else match[1]
