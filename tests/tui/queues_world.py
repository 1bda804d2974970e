"""Queues for tests of the screen: a tree of cohorts in use, with who waits there, that a test changes as it likes."""

from dataclasses import replace
from typing import Any

from k8sai.cluster.reading import Unseen
from k8sai.cluster.sources import Source, State
from k8sai.queues.kept import KINDS
from k8sai.queues.positions import Ask
from k8sai.queues.setting import CLUSTER_QUEUES, COHORTS, LOCAL_QUEUES, WORKLOADS, Setting
from k8sai.queues.workload import Workload
from k8sai.tui.app import Cockpit
from k8sai.tui.queues import QueuesPane
from tests.queues.simulate_objects import GPU, cluster_queue, cohort, gpu_tree, local_queue, setting, workload
from tests.tui.stage import Stage, cockpit, lines, number, press
from tests.tui.world import NOW, FixedFeed

Json = dict[str, Any]
WIDE = (150, 40)


def refused(at: str = "2026-11-21T09:30:00Z", reason: str = "Pending", message: str = "no room") -> Json:
    """Kueue has tried it and put it aside."""
    condition = {"type": "QuotaReserved", "status": "False", "reason": reason, "message": message}
    return {"conditions": [{**condition, "lastTransitionTime": at}]}


def waits(namespace: str, name: str, gpus: int, created: str, *, parked: bool = True, **more: Any) -> Json:
    """A workload that stands in line; `parked`, Kueue has tried it."""
    found = workload(namespace, name, gpus, created=created, **more)
    found["status"] = refused() if parked else {}
    return found


def active(obj: Json) -> Json:
    """Kueue says that a queue admits."""
    if obj["kind"] in ("ClusterQueue", "LocalQueue") and obj["metadata"]["name"] != "circle":
        obj["status"] = {"conditions": [{"type": "Active", "status": "True", "reason": "Ready", "message": ""}]}
    return obj


def objects() -> list[Json]:
    """The tree of the specification, those who wait there, and a few things that are wrong."""
    return [active(obj) for obj in _objects()]


def _objects() -> list[Json]:
    return [
        *gpu_tree(preemption={"withinClusterQueue": "LowerPriority"}),
        waits("ns-finetune", "sft-8b", 4, "2026-11-21T09:20:00Z"),
        waits("ns-finetune", "rlhf", 8, "2026-11-21T09:40:00Z", priority=60),
        waits("ns-finetune", "sweep", 32, "2026-11-21T08:00:00Z"),
        waits("ns-finetune", "fresh", 1, "2026-11-21T09:59:58Z", parked=False),
        waits("ns-students", "thesis", 4, "2026-11-20T10:00:00Z"),
        workload("ns-students", "broken", 1, active=False, created="2026-11-21T07:00:00Z"),
        cohort("ring", "ring"),
        cluster_queue("circle", 8, "ring"),
        cluster_queue("batch", 16, stopPolicy="Hold"),
        local_queue("ns-batch", "batch"),
        waits("ns-batch", "etl", 8, "2026-11-21T06:00:00Z", parked=False),
        cluster_queue("lone", 8),
        local_queue("ns-lone", "lone"),
        waits("ns-lone", "ready", 2, "2026-11-21T09:00:00Z"),
        local_queue("ns-lost", "nowhere"),
    ]


def told(what: list[Json] | None = None, **changes: Any) -> Setting:
    """As it was read at the time of all these tests."""
    return replace(setting(objects() if what is None else what), at=NOW, **changes)


def with_cpu(nominal: int) -> Json:
    """A ClusterQueue with two flavors of GPUs, and so much cpu."""
    found = cluster_queue("mixed", 8)
    found["spec"]["resourceGroups"].append(
        {
            "coveredResources": ["cpu"],
            "flavors": [{"name": "default", "resources": [{"name": "cpu", "nominalQuota": nominal}]}],
        }
    )
    found["spec"]["resourceGroups"][0]["flavors"].append(
        {"name": "a100", "resources": [{"name": GPU, "nominalQuota": 4}]}
    )
    return found


class FixedQueues:
    """Queues that a test sets; it counts how often they were started, and what Kueue was asked."""

    def __init__(self, setting: Setting | None = None, state: State = "live") -> None:
        self.now = told() if setting is None else setting
        self.version = 1
        self.state: State = state
        self.refused: dict[str, str] = {}
        self.started = 0
        self.asked: list[str] = []
        self.ask: Ask | None = None
        self.message = ""

    def start(self) -> None:
        self.started += 1

    def stop(self) -> None:
        """Nothing goes on."""

    def setting(self) -> Setting:
        return self.now

    def sources(self) -> tuple[Source, ...]:
        counts = {
            CLUSTER_QUEUES: len(self.now.cluster_queues),
            LOCAL_QUEUES: len(self.now.local_queues),
            COHORTS: len(self.now.cohorts),
            WORKLOADS: len(self.now.workloads),
        }
        read = self.state not in ("starting", "absent")
        return tuple(
            Source(kind, "forbidden", message=self.refused[kind])
            if kind in self.refused
            else Source(kind, self.state, counts[kind] if read else 0, NOW - 1 if read else 0.0, "", self.message)
            for kind in KINDS
        )

    def change(self, setting: Setting) -> None:
        """Something has happened."""
        self.now = setting
        self.version += 1

    def drop(self, *refs: str) -> None:
        """These workloads are gone."""
        left = {ref: one for ref, one in self.now.workloads.items() if ref not in refs}
        self.change(replace(self.now, workloads=left))

    def put(self, one: Workload) -> None:
        """This workload is new or changed."""
        self.change(replace(self.now, workloads={**self.now.workloads, one.ref: one}))

    def hide(self, kind: str, why: str) -> None:
        """This kind may not be read."""
        self.refused[kind] = why
        fields = {WORKLOADS: "workloads", CLUSTER_QUEUES: "cluster_queues", LOCAL_QUEUES: "local_queues"}
        nothing: Any = {fields[kind]: {}}
        self.change(replace(self.now, hidden=(*self.now.hidden, Unseen(kind, why, f"can-i list {kind}")), **nothing))


def queued(queues: FixedQueues | None = None, **options: Any) -> Cockpit:
    """A cockpit over the test world and these queues."""
    feed = FixedFeed()
    feed.queues = FixedQueues() if queues is None else queues
    return cockpit(feed=feed, **options)


async def queues(pilot: Stage, app: Any, key: str = "") -> QueuesPane:
    """The pane, with the cursor on a row; all that is asked beside the screen has answered."""
    await press(pilot, number("queues"))
    pane = app.current
    assert isinstance(pane, QueuesPane)
    if key:
        while pane.cursor() != key:
            before = pane.cursor()
            await press(pilot, "down")
            assert pane.cursor() != before, f"no row {key}"
    await settled(pilot, app)
    return pane


async def settled(pilot: Stage, app: Any) -> None:
    await app.workers.wait_for_complete()
    await pilot.pause()


def row_of(app: Any, word: str) -> list[str]:
    """The words of the one line of a table that has this one, without the branches before it."""
    found = [line.split() for line in lines(app) if word in line.split() and "Waiting at" not in line]
    assert len(found) == 1, found
    return found[0][found[0].index(word) :]
