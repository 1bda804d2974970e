"""Whatever is pressed, the node under the cursor stays where it can be seen, and zooming out undoes zooming in."""

from hypothesis import given
from hypothesis import strategies as st

from k8sai.fleet.chart import Group
from k8sai.tui.map_view import LEVELS, View


def groups(*sizes: int) -> tuple[Group, ...]:
    """Groups of so many nodes: g0 with g0n0, g0n1, …"""
    return tuple(
        Group(f"g{number}", tuple(f"g{number}n{node}" for node in range(size)), 8) for number, size in enumerate(sizes)
    )


def view_of(*sizes: int, width: int = 80, height: int = 20) -> View:
    found = View()
    found.resize(width, height)
    found.arrange(groups(*sizes))
    return found


sizes = st.lists(st.integers(1, 40), min_size=1, max_size=6)


@given(sizes, st.integers(0, 239), st.integers(1, 5))
def test_zooming_keeps_the_node_under_the_cursor(found: list[int], at: int, steps: int) -> None:
    view = view_of(*found)
    view.go(at)
    node = view.node
    levels = [view.level]
    for _ in range(steps):
        if view.zoom_in():
            levels.append(view.level)
        assert view.node == node
        assert view.names[view.at] == node
    for level in reversed(levels[:-1]):
        assert view.zoom_out()
        assert view.level == level
        assert view.node == node
    assert not view.zoom_out()
    assert levels == sorted(levels, key=LEVELS.index)


@given(
    sizes, st.lists(st.sampled_from(("in", "out", "go", "by", "scale", "arrange", "resize")), max_size=12), st.data()
)
def test_the_cursor_is_always_on_a_node_that_is_shown(found: list[int], keys: list[str], data: st.DataObject) -> None:
    view = view_of(*found)
    for key in keys:
        if key == "in":
            view.zoom_in()
        elif key == "out":
            view.zoom_out()
        elif key == "go":
            view.go(data.draw(st.integers(-5, 300)))
        elif key == "by":
            view.next_grouping()
            view.arrange(groups(*data.draw(sizes)))
        elif key == "scale":
            view.next_scale()
        elif key == "arrange":
            view.arrange(groups(*data.draw(st.lists(st.integers(1, 40), max_size=6))))
        else:
            view.resize(data.draw(st.integers(1, 200)), data.draw(st.integers(1, 60)))
        assert view.plan.nodes == len(view.names)
        assert (view.node in view.names) if view.names else not view.node
        if view.names:
            column, line = view.plan.place(view.at)
            assert view.plan.at(column, line) == view.at


def test_a_group_that_is_gone_is_left() -> None:
    view = view_of(3, 4)
    view.go(5)
    view.zoom_in()
    assert (view.level, [group.name for group in view.groups]) == ("group", ["g1"])
    view.arrange(groups(3))
    assert (view.level, view.node) == ("cluster", "g0n2")


def test_the_only_group_need_not_be_entered() -> None:
    view = view_of(3)
    view.zoom_in()
    assert view.level == "node"
