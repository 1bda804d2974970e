"""What `d`, `w` and `y` say in the panes of queues: all that the commands say of a queue, a cohort and who waits."""

from typing import Any

import pytest

from k8sai.cluster.sources import Source
from k8sai.queues.kept import KINDS, RecordedQueues
from k8sai.queues.setting import CLUSTER_QUEUES, COHORTS, LOCAL_QUEUES, WORKLOADS
from k8sai.tui.app import Cockpit
from k8sai.tui.reader import Reader
from tests.tui.objects import Things
from tests.tui.queues_world import FixedQueues, objects
from tests.tui.stage import LARGE, Stage, alone, cockpit, number, press
from tests.tui.world import NOW, FixedFeed

_KINDS = {"ClusterQueue": CLUSTER_QUEUES, "LocalQueue": LOCAL_QUEUES, "Cohort": COHORTS, "Workload": WORKLOADS}


def things() -> Things:
    """The same objects as in the tree, whole."""
    found: dict[str, list[Any]] = {kind: [] for kind in (*_KINDS.values(), "namespaces", "events")}
    for obj in objects():
        if obj["kind"] in _KINDS:
            found[_KINDS[obj["kind"]]].append(obj)
        elif obj["kind"] == "Namespace":
            found["namespaces"].append(obj)
    return Things(found)


def whole(kept: Any = None) -> Cockpit:
    feed = FixedFeed()
    feed.objects, feed.queues = things(), FixedQueues() if kept is None else kept
    return cockpit(feed=feed)


async def said(pilot: Stage, app: Cockpit, key: str, *keys: str) -> str:
    """What the screen of text says that the keys open, with the cursor on a row."""
    await press(pilot, number("queues"))
    app.current.point_at(key)
    await pilot.pause()
    await press(pilot, *keys)
    await app.workers.wait_for_complete()
    await pilot.pause()
    assert isinstance(app.screen, Reader), app.current
    return " ".join(" ".join(app.screen.text.plain()).split())


def says(key: str, letter: str, parts: tuple[str, ...]) -> None:
    @alone
    async def story() -> None:
        app = whole()
        async with app.run_test(size=LARGE) as pilot:
            text = await said(pilot, app, key, letter)
            for part in parts:
                assert part in text

    story()


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        (
            "cq/finetune",
            ("ClusterQueue finetune", "in cohort prod → ai", "h100 GPU: 2 = ", "job/sft-70b", "Conditions"),
        ),
        ("lq/ns-finetune/main", ("LocalQueue ns-finetune/main", "leads to finetune", "4 pending")),
        ("cohort/ai", ("Cohort ai", "only named: there is no object")),
    ],
)
def test_d_says_what_queue_describe_says(key: str, parts: tuple[str, ...]) -> None:
    says(key, "d", parts)


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        (
            "cq/batch",
            (
                "cq/batch admits nothing: stopPolicy Hold",
                "The first of 1 that wait",
                "next k8sai queue resume cq/batch",
            ),
        ),
        ("cq/finetune", ("cq/finetune admits.", "The first of 4 that wait", "NeedsPreemption", "eval-grid")),
        ("cq/explore", ("cq/explore admits.", "Nothing waits here.")),
        ("cq/lone", ("There is quota for job/ready, the first in line, and it waits all the same.",)),
        ("cohort/ai", ("Its queues", "finetune active 4 job/rlhf: NeedsPreemption", "students active 1 job/thesis")),
    ],
)
def test_w_on_a_queue_says_what_is_the_matter_and_what_its_head_waits_for(key: str, parts: tuple[str, ...]) -> None:
    says(key, "w", parts)


@alone
async def test_w_on_who_waits_says_all_of_queue_why() -> None:
    app = whole()
    async with app.run_test(size=LARGE) as pilot:
        text = await said(pilot, app, "cq/finetune", "enter", "down", "w")
        assert text.startswith("NEVER FITS")
        for part in ("ns-finetune/main → finetune → prod → ai", "ask 32 GPU", "max 24", "fixes"):
            assert part in text
        assert "exit" not in text


@alone
async def test_y_and_e_are_of_the_object() -> None:
    app = whole()
    async with app.run_test(size=LARGE) as pilot:
        assert "nominalQuota: 16" in await said(pilot, app, "cq/finetune", "y")
        await press(pilot, "escape")
        assert "event" in (await said(pilot, app, "cq/finetune", "e")).lower()


@alone
async def test_a_screen_of_facts_says_what_it_has_not() -> None:
    feed = FixedFeed()
    feed.queues = FixedQueues()
    app = cockpit(feed=feed)
    async with app.run_test(size=LARGE) as pilot:
        assert "Whole objects are not kept here" in await said(pilot, app, "cq/finetune", "w")
        await press(pilot, "escape")
        assert "ClusterQueue finetune" in await said(pilot, app, "cq/finetune", "d")


# --- recordings -------------------------------------------------------------------------------------------------------


def test_a_recording_is_read_when_somebody_looks_and_stays_as_it_was() -> None:
    kept = RecordedQueues(things(), NOW)
    assert {source.state for source in kept.sources()} == {"starting"}
    kept.read()
    assert {source.kind: source.state for source in kept.sources()} == dict.fromkeys(KINDS, "once")
    assert kept.sources()[0] == Source(CLUSTER_QUEUES, "once", 7, NOW)
    assert kept.setting().at == NOW and kept.ask is None
    assert kept.version == 1


def test_a_recording_without_kueue_or_with_hidden_kinds_says_so() -> None:
    bare = RecordedQueues(Things({"namespaces": []}), NOW)
    bare.read()
    assert {source.state for source in bare.sources()} == {"absent"}
    shut = things()
    shut.refused.add(WORKLOADS)
    kept = RecordedQueues(shut, NOW)
    kept.read()
    assert {source.kind for source in kept.sources() if source.state == "forbidden"} == {WORKLOADS}
