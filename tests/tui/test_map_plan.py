"""Every node has exactly one cell, whatever the groups, the width and the scale."""

from hypothesis import given, settings
from hypothesis import strategies as st

from k8sai.tui.map_plan import SCALES, Plan, Size, fitting, plan

sizes = st.lists(st.builds(Size, st.integers(1, 70), st.sampled_from((1, 4, 8, 16, 72))), min_size=1, max_size=12)
plans = st.builds(
    lambda sizes, width, scale, labelled: plan(sizes, width, scale, labelled=labelled),
    sizes,
    st.integers(1, 220),
    st.sampled_from(SCALES),
    st.booleans(),
)


@settings(deadline=None)
@given(plans)
def test_every_node_has_one_cell_and_every_cell_its_node(found: Plan) -> None:
    cells: set[tuple[int, int]] = set()
    for node in range(found.nodes):
        column, line = found.place(node)
        width = found.band_of(node).cell
        assert 0 <= line < found.height
        assert column >= 0
        assert column + width <= found.width
        for x in range(column, column + width):
            assert found.at(x, line) == node
            assert (x, line) not in cells
            cells.add((x, line))
    everywhere = {(x, y) for y in range(found.height) for x in range(found.width) if found.at(x, y) is not None}
    assert everywhere == cells


@settings(deadline=None)
@given(plans)
def test_lines_show_every_node_once_and_in_order(found: Plan) -> None:
    shown = [
        node for band in found.bands for line in range(found.height) for node in found.nodes_on(band, line)
        if band in found.bands_on(line)
    ]  # fmt: skip
    assert shown == list(range(found.nodes))


@settings(deadline=None)
@given(plans, st.data())
def test_moves_stay_on_the_map_and_go_the_right_way(found: Plan, data: st.DataObject) -> None:
    node = data.draw(st.integers(0, found.nodes - 1))
    lines = data.draw(st.integers(-60, 60).filter(bool))
    moved = found.moved(node, lines)
    before, after = found.place(node)[1], found.place(moved)[1]
    if moved != node:
        assert (after - before) * lines > 0
    else:  # there is no node further that way
        rest = range(before + 1, found.height) if lines > 0 else range(before)
        assert all(found.near(0, line) is None for line in rest)


@settings(deadline=None)
@given(plans, st.data())
def test_groups_are_walked_through_one_by_one(found: Plan, data: st.DataObject) -> None:
    node = data.draw(st.integers(0, found.nodes - 1))
    band = found.band_of(node)
    after = found.group_start(node, 1)
    last = band.group == len(found.bands) - 1
    assert after == (band.first if last else found.bands[band.group + 1].first)
    before = found.group_start(node, -1)
    assert before == (band.first if node > band.first or band.group == 0 else found.bands[band.group - 1].first)


@settings(deadline=None)
@given(sizes, st.integers(10, 220), st.integers(1, 60))
def test_what_fits_is_shown_as_near_as_it_fits(groups: list[Size], width: int, height: int) -> None:
    found = fitting(groups, width, height)
    nearer = SCALES[SCALES.index(found.scale) + 1 :]
    assert found.nodes == sum(group.nodes for group in groups)
    for scale in nearer:
        assert all(plan(groups, width, scale, labelled=each).height > height for each in (False, True))


def test_a_hundred_thousand_nodes_are_a_character_each() -> None:
    found = fitting([Size(100_000, 8)], 501, 201)
    assert (found.scale, found.height) == ("dots", 201)


def test_the_smallest_map_is_a_line_per_node() -> None:
    assert fitting([Size(3, 8), Size(2, 4)], 80, 20).scale == "lines"


def test_lines_stand_side_by_side_where_that_makes_them_fit() -> None:
    found = fitting([Size(30, 8), Size(12, 8)], 156, 24)
    assert (found.scale, [band.across for band in found.bands], found.height) == ("lines", [2, 2], 23)
    assert fitting([Size(30, 8), Size(12, 8)], 120, 24).scale == "signs"  # too narrow for two


def test_small_groups_stand_side_by_side() -> None:
    found = fitting([Size(32, 8)] * 30, 120, 12)
    assert [band.left for band in found.bands_on(0)] == [24, 82]
    assert found.height == 15


def test_an_empty_map_has_no_cells() -> None:
    found = fitting([], 80, 20)
    assert (found.height, found.nodes, found.at(0, 0), found.bands_on(0)) == (0, 0, None, ())
