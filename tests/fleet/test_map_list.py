"""The map in lines: every node in one group of each kind, and one character."""

from math import nan

from msgspec.structs import replace

from k8sai.fleet.answers import Slot, State
from k8sai.fleet.map_list import drawn, every, sign, table
from k8sai.fleet.picture import masked_row
from tests.fleet import small

HELD, FREE = Slot("held", 1.0), Slot("free", 0.0)


def test_every_node_is_in_one_group_of_each_kind() -> None:
    nodes = small.picture().nodes
    lands = every(nodes)
    for by in {land.by for land in lands}:
        names = [row.name for land in lands if land.by == by for row in land.nodes]
        assert sorted(names) == sorted(row.name for row in nodes)
    assert lands[0].by == "product"


def test_groups_have_the_sums_of_their_nodes() -> None:
    picture = small.picture()
    found = table(every(picture.nodes), bars=False)
    rows = [[cell.text for cell in row.cells] for row in found.rows if row.cells[0].text == "product"]
    assert sum(int(row[2]) for row in rows) == len(picture.nodes)
    used = sum(node.figures.used for node in picture.nodes)
    assert abs(sum(float(row[4]) for row in rows) - used) < 0.01 * len(rows)  # each is rounded
    assert "MAP" not in [column.title for column in found.columns]


def test_what_nobody_knows_is_a_question_mark() -> None:
    (first, *_) = small.picture().nodes
    unknown = masked_row(first, frozenset({"capacity", "used", "free", "unhealthy"}))
    (row, *_) = table(every([replace(unknown, largest_free=nan)]), bars=True).rows
    assert [cell.text for cell in row.cells[3:7]] == ["?"] * 4


def test_a_node_is_a_character() -> None:
    assert sign([HELD] * 8) == "⣿"
    assert sign([HELD] * 4 + [FREE] * 4) == "⣤"
    assert sign([HELD] + [FREE] * 3) == "⡀"
    assert sign([FREE] * 8) == "·"
    assert sign([Slot("cordoned", 0.0)]) == "░"
    assert sign([]) == "?"
    wrong: dict[State, str] = {"unhealthy": "×", "leaked": "¤", "unknown": "?"}
    for state, expected in wrong.items():
        assert sign([HELD, Slot(state, 0.0)]) == expected


def test_very_many_nodes_end_in_a_number() -> None:
    (first, *_) = small.picture().nodes
    text = drawn([first] * 100)
    assert text.endswith("+36")
    assert len(text) == 67
