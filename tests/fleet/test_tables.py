"""The tables of one small cluster, as lines."""

import json
from typing import Any

from k8sai.commands import _layout
from k8sai.fleet import tables
from k8sai.fleet.picture import Picture, Scope
from k8sai.view import Page
from tests.fleet.small import AT, items, picture


def listed(what: str, of: Picture | None = None, *, bars: bool = True) -> Page:
    """One table alone."""
    of = of or picture()
    nodes = tables.nodes(of.nodes, of.at, bars=bars)
    return Page((nodes if what == "node" else tables.pods(of.pending, of.at, waiting=True),))


def shown(page: Page, **style: Any) -> list[str]:
    return _layout.text(page, _layout.Style(**style)).splitlines()


NODES = """\
NODE    PRODUCT         CARDS       USED  FREE  STATUS                             HOLDERS        LARGEST  AGE
gpu-a1  A100-SXM4-80GB  ■■░░░░░░     2/8     6  cordoned                           team-llm 2           0  81d
gpu-a2  A100-SXM4-80GB  ░░░░░░░░     0/8     8  not ready                                               0  81d
gpu-h1  H100-80GB-HBM3  ■■■■■■■■     8/8     0  ok                                 team-vision 8        0  81d
gpu-h2  H100-80GB-HBM3  ■■■▼▼▼◊×     6/7     1  1 unhealthy, 1 reserved, 3 ending  team-llm 6           0  81d
gpu-m1  A100-SXM4-80GB  ▂□□□      0.29/4  3.71  ok                                 serving 0.29         3  81d
gpu-t1  Tesla-T4        ▄□        0.75/2  1.25  ok                                 serving 0.75      1.25  81d
"""


def test_the_nodes_as_a_table() -> None:
    assert shown(listed("node")) == NODES.splitlines()


def test_the_overview_fits_eighty_columns() -> None:
    lines = shown(tables.overview(picture()), width=80)
    assert max(map(len, lines)) <= 80
    assert "▼" in "".join(lines), "the bars are never cut"


def test_a_screen_reader_hears_words() -> None:
    lines = shown(listed("node", bars=False), plain=True)
    assert lines[0] == "nodes: 6"
    assert lines[4] == (
        "node gpu-h2: product H100-80GB-HBM3, used 6 of 7, free 1, status 1 unhealthy, 1 reserved, 3 ending, "
        "holders team-llm 6, largest 0, age 81d"
    )
    assert not any(glyph in "".join(lines) for glyph in tables.GLYPHS.values() if glyph != "?")


def test_every_waiting_pod_has_its_reason() -> None:
    lines = shown(listed("pending"))
    assert lines[0].split()[:5] == ["NAMESPACE", "WAITING", "POD", "ASKS", "AGE"]
    assert len(lines) == 4
    assert any("SchedulingGated" in line for line in lines)


def test_the_overview_of_named_nodes_has_their_pods() -> None:
    lines = shown(tables.overview(picture(scope=Scope(names=("gpu-h1",)))))
    assert lines[0].startswith(f"1 of 7 nodes of prod at {AT}: 8 cards, 8 used, 0 free")
    assert [line.split()[1] for line in lines[-3:]] == ["train-0", "train-1", "train-2"]


def test_many_waiting_pods_are_cut_and_told() -> None:
    objects = items()
    for number in range(20):
        pod = json.loads(json.dumps(objects["sweep-0"]))
        pod["metadata"] |= {"name": f"more-{number}", "uid": f"more-{number}"}
        objects[f"more-{number}"] = pod
    page = tables.overview(picture(objects))
    assert [note.text for note in page.notes] == ["13 more pods wait for GPUs"]
    assert len(page.parts[-1].rows) == 10  # type: ignore[union-attr]


def test_the_legend_names_what_is_seen() -> None:
    assert tables.legend(picture().nodes) == (
        "■ held, □ free, ◊ reserved, ▼ terminating, × unhealthy, ░ free but blocked, ▃ held in part"
    )
    assert tables.legend([]) == ""


def test_the_signs_are_the_screens() -> None:
    from k8sai.tui.glyphs import UNICODE

    assert set(tables.GLYPHS.items()) < set(UNICODE.slots.items()), "and the screen has one more, for idle"
    assert UNICODE.parts == tables.PARTS


def test_an_age_that_is_not_known_is_empty() -> None:
    assert tables.age("", AT) == tables.age("yesterday", AT) == tables.age(AT, "") == ""
    assert tables.age("2026-11-21T10:00:05Z", AT) == "0s", "clocks differ"


def test_a_node_that_vanished_under_its_pods() -> None:
    objects = items()
    del objects["gpu-h1"]
    (line,) = (line for line in shown(listed("node", picture(objects))) if line.startswith("gpu-h1 "))
    assert line.split() == ["gpu-h1", "8/0", "0", "gone", "team-vision", "8", "0"]
