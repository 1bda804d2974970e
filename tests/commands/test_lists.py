"""Every list of `top --by`: it can be shown, named and said, and is registered once."""

from typing import get_args

import pytest

from k8sai.commands import _layout
from k8sai.commands._lists import LISTS, By, Reading
from k8sai.fleet import document
from k8sai.fleet.picture import take
from k8sai.tui.panes import OPENED, PANES
from k8sai.view import Page
from tests.fleet.small import AT, fleet, items

# The pane's twin for ears, logs and scripts: `top --by … --plain`.
TWINS: dict[str, tuple[By, ...]] = {
    "nodes": ("node",),
    "map": ("card",),
    "workloads": ("workload",),
    "pods": ("pod",),
    "pending": ("pending", "size", "stranded"),
    "teams": ("namespace", "queue"),
    "products": ("product",),
    "events": ("event",),
    "node": ("node", "pod"),  # and `top NODE`, which has both
    "clusters": ("cluster",),
}
# `kubectl config get-contexts`, `queue list`, `queue pending`, `canary list` and `canary status`, `evict status --all`
# and `evict status -w` say them.
ELSEWHERE = {"contexts", "queues", "waiting", "canaries", "canary", "evictions", "eviction"}

LISTED = pytest.mark.parametrize("by", get_args(By))


def reading(*, bars: bool = True) -> Reading:
    small = fleet(items())
    return Reading(take(small, context="prod", at=AT), small, bars=bars)


def test_every_word_has_its_list() -> None:
    assert set(get_args(By)) == set(LISTS)


def test_every_pane_has_its_twin() -> None:
    panes = {pane.stem for pane in (*PANES, *OPENED)}
    assert panes - ELSEWHERE == set(TWINS)
    assert {word for words in TWINS.values() for word in words} <= set(LISTS)


@LISTED
@pytest.mark.parametrize("bars", [True, False])
def test_a_row_has_a_cell_per_column_and_a_key_of_its_own(by: By, bars: bool) -> None:
    read = reading(bars=bars)
    rows = LISTS[by].rows(read)
    table = LISTS[by].table(rows, read)
    assert len(table.rows) == len(rows)
    assert {len(row.cells) for row in table.rows} <= {len(table.columns)}
    assert len({row.key for row in table.rows}) == len(table.rows)
    assert all(LISTS[by].name(row) for row in rows)


@LISTED
def test_plain_is_a_line_per_thing_that_begins_with_its_name(by: By) -> None:
    read = reading(bars=False)
    table = LISTS[by].table(LISTS[by].rows(read), read)
    lines = _layout.text(Page((table,)), _layout.Style(plain=True, wide=True)).splitlines()
    assert len(lines) == len(table.rows) + bool(table.title and table.rows)
    noun = table.columns[table.named - 1].title.lower()
    assert all(line.startswith(f"{noun} ") for line in lines[bool(table.title) :])
    assert all(character.isascii() for line in lines for character in line), "words, no signs"


@LISTED
def test_a_list_of_the_document_is_a_spreadsheet_too(by: By) -> None:
    if key := LISTS[by].key:
        read = reading()
        heading, rows = document.flat(document.document(read.picture), key)
        assert bool(rows) == bool(LISTS[by].rows(read))
        assert all(len(row) == len(heading) for row in rows)
