"""Findings about a setup as a table and as the `QueueCheck` document."""

from collections.abc import Iterable, Iterator, Sequence

from k8sai.cluster.reading import Unseen
from k8sai.queues.facts import Json
from k8sai.queues.setup.finding import LEVELS, Finding
from k8sai.queues.shown.document import heading
from k8sai.view import Cell, Column, Page, Row, Table, Tone, several

_TONES: dict[str, Tone] = {"error": "bad", "warning": "warn", "note": "dim"}


def page(found: Iterable[Finding]) -> Page:
    """A line a finding."""
    columns = (Column("LEVEL"), Column("CODE"), Column("OBJECT"), Column("FINDING"), Column("FIX"))
    rows = (
        Row(
            f"{place}",
            (
                Cell(one.level, _TONES[one.level]),
                Cell(one.code),
                Cell(one.object),
                Cell(one.text),
                Cell(one.fix or "-", "dim"),
            ),
        )
        for place, one in enumerate(found)
    )
    return Page((Table(columns, tuple(rows), named=3),))


def lines(found: Iterable[Finding]) -> Iterator[Cell]:
    """For people: what is wrong, and below it what would mend it."""
    for one in found:
        yield Cell(f"{one.level}: {one.object}: {one.text}", _TONES[one.level])
        if one.fix:
            yield Cell(f"  → {one.fix}", "dim")


def summary(found: Sequence[Finding], hidden: Sequence[Unseen] = ()) -> str:
    """`1 error, 2 warnings`."""
    nothing = "nothing is wrong in what could be read" if hidden else "nothing is wrong"
    counts = [(level, sum(one.level == level for one in found)) for level in LEVELS]
    return ", ".join(several(count, level) for level, count in counts if count) or nothing


def document(found: Iterable[Finding], *, context: str, at: float, hidden: Iterable[Unseen]) -> Json:
    """Every finding, with names that scripts may rely on."""
    return {
        **heading("QueueCheck", context=context, at=at, hidden=hidden),
        "findings": [
            {"level": one.level, "code": one.code, "object": one.object, "finding": one.text, "fix": one.fix}
            for one in found
        ],
    }
