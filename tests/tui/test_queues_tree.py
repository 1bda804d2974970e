"""The lines of the tree of queues: its branches, and the bars of its shares."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.queues.facts import Share
from k8sai.queues.rows import rows
from k8sai.queues.shown.figures import Figures
from k8sai.tui.glyphs import ASCII, UNICODE
from k8sai.tui.ink import flat
from k8sai.tui.queues_bar import bar, cells
from k8sai.tui.queues_tree import resource_words, share_words, tree_lines
from tests.queues.simulate_objects import GPU, Json, cluster_queue, cohort, local_queue
from tests.tui.queues_world import told, with_cpu


def test_beside_further_shares_go_the_branches_to_what_is_below() -> None:
    two = [cohort("top"), {**with_cpu(4)}, local_queue("a", "mixed"), local_queue("b", "mixed")]
    two[1]["spec"]["cohortName"] = "top"
    found = tree_lines(rows(told([*two, cluster_queue("z", 1, "top")])), UNICODE)
    assert [(line.branch, line.first) for line in found] == [
        ("", True),
        ("│ ", False),
        ("│ ", False),
        ("├ ", True),
        ("│ │ ", False),
        ("│ │ ", False),
        ("│ ├ ", True),
        ("│ └ ", True),
        ("└ ", True),
    ]


def test_a_cohort_in_a_ring_is_drawn_once() -> None:
    found = tree_lines(rows(told([cohort("a", "b"), cohort("b", "a"), cluster_queue("q", 1, "a")])), UNICODE)
    assert sorted(line.key for line in found) == ["cohort/a", "cohort/b", "cq/q"]


def test_gpus_of_two_vendors_are_told_apart_and_one_resource_needs_no_word() -> None:
    amd = cluster_queue("amd", 4)
    group = amd["spec"]["resourceGroups"][0]
    group["coveredResources"] = ["amd.com/gpu"]
    group["flavors"][0]["resources"][0]["name"] = "amd.com/gpu"
    nvidia = cluster_queue("nvidia", 4)

    def said(*objects: Json) -> list[str]:
        found = rows(told(list(objects)))
        called = resource_words(found)
        return [share_words(one, flavors=False, resources=called) for row in found for one in row.figures]

    assert said(amd, nvidia) == ["amd.com/gpu", "nvidia.com/gpu"]
    assert said(nvidia) == [""]
    assert said(with_cpu(4)) == ["GPU", "GPU", "cpu"]


def figures(total: int | None, reserved: int, lent: int = 0, pending: int = 0) -> Figures:
    return Figures(Share("h100", GPU), reserved, reserved, pending, total=total, lent=lent)


@pytest.mark.parametrize(
    ("what", "drawn"),
    [
        (figures(10, 4), "■■■■□□□□□□"),
        (figures(8, 10), "■■■■■■■■░░"),
        (figures(10, 2, lent=3), "■■×××□□□□□"),
        (figures(5, 5, pending=5), "■■■■■◊◊◊◊◊"),
        (figures(5, 5, pending=500), "■■■■■◊◊◊◊◊"),
        (figures(1000, 1), "■□□□□□□□□□"),
        (figures(0, 0, pending=3), "◊◊◊◊◊◊◊◊◊◊"),
        (figures(0, 0), ""),
        (figures(None, 4, pending=4), ""),
    ],
)
def test_a_bar_says_by_its_signs_what_is_used_borrowed_lent_free_and_asked_for(what: Figures, drawn: str) -> None:
    assert flat(bar(what, 10, UNICODE)) == drawn
    assert flat(bar(what, 10, ASCII)) == drawn.translate(str.maketrans("■░×□◊", "#+x.o"))


@given(st.lists(st.integers(0, 10**9), min_size=5, max_size=5), st.integers(5, 40))
def test_a_bar_is_as_wide_as_it_is_and_shows_all_there_is(parts: list[int], width: int) -> None:
    if any(parts):
        sizes = cells(tuple(parts), width)
        assert sum(sizes) == width
        assert [bool(size) for size in sizes] == [bool(part) for part in parts]
