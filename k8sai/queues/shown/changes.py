"""What is different between two looks at the tree of queues, in words: `queue list -w` in a pipe."""

from collections.abc import Iterable, Iterator, Mapping

from k8sai.queues.rows import Row
from k8sai.queues.shown.table import table

_EVER = frozenset({"OLDEST"})  # changes with every second

Look = Mapping[str, Mapping[str, str]]  # by key of a line: what each column says


def look(rows: Iterable[Row], at: float) -> Look:
    """What a table of these rows says, line by line."""
    shown = table(rows, at, plain=True)
    titles = [column.title for column in shown.columns]
    return {
        row.key: {title: cell.text for title, cell in zip(titles, row.cells, strict=True) if title not in _EVER}
        for row in shown.rows
    }


def between(before: Look, now: Look) -> Iterator[tuple[str, str]]:
    """Each line that is new, gone or different, and what is different in it."""
    for key, cells in now.items():
        known = before.get(key)
        if known is None:
            yield key, _words((title, text) for title, text in cells.items() if title != "QUEUE" and text)
        elif _said(known) != _said(cells):
            titles = (title for title in {**cells, **known} if known.get(title, "") != cells.get(title, ""))
            yield key, _words((title, f"{known.get(title) or '-'} → {cells.get(title) or '-'}") for title in titles)
    for key in before:
        if key not in now:
            yield key, "gone"


def _said(cells: Mapping[str, str]) -> dict[str, str]:
    """A column that nobody fills is not there: that it comes or goes is no change of a line."""
    return {title: text for title, text in cells.items() if text}


def _words(pairs: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{title.lower()} {text}" for title, text in pairs)
