"""Whose pods leave when a workload finishes or a node is drained."""

import pytest

from k8sai.errors import NotFound, Usage
from k8sai.fit.roster import Roster, leaving
from tests.fit.world import World, node
from tests.fleet.facts_by_hand import pod

JOB = ({"kind": "Job", "name": "train", "uid": "j", "controller": True},)
REPLICAS = ({"kind": "ReplicaSet", "name": "web-abc", "uid": "r", "controller": True},)
DAEMON = ({"kind": "DaemonSet", "name": "agent", "uid": "d", "controller": True},)


def roster() -> Roster:
    return World(
        [
            pod("train-0", 8, "n1", owners=JOB),
            pod("train-1", 8, "n2", owners=JOB),
            pod("train-2", 8, owners=JOB),
            pod("web-abc-x", 1, "n1", owners=REPLICAS, labels={"pod-template-hash": "abc"}),
            pod("lone", 1, "n1"),
            pod("lone", 1, "n1", namespace="team-b"),
            pod("agent-1", 0, "n1", owners=DAEMON),
            pod("bye", 1, "n1", owners=JOB, terminating=True),
            pod("done", 1, "n1", owners=JOB, phase="Succeeded"),
        ]
    ).roster


@pytest.mark.parametrize("text", ["job/train", "Job/train", "jobs.batch/train"])
def test_a_workload_by_any_of_its_kinds_names(text: str) -> None:
    title, pods = roster().of(text, "")
    assert title == "Job/train in team-a"
    assert {one.metadata.name for one in pods} == {"train-0", "train-1", "train-2", "bye", "done"}


def test_the_one_above_and_the_direct_owner() -> None:
    assert roster().of("deploy/web", "")[0] == "Deployment/web in team-a"
    assert roster().of("rs/web-abc", "")[0] == "ReplicaSet/web-abc in team-a"


def test_a_pod_by_its_name() -> None:
    assert [one.metadata.namespace for one in roster().of("lone", "team-b")[1]] == ["team-b"]
    with pytest.raises(Usage, match="there is one in team-a, team-b"):
        roster().of("lone", "")


def test_nobody_of_that_name() -> None:
    with pytest.raises(NotFound) as raised:
        roster().of("job/trian", "")
    assert (raised.value.message, raised.value.hint) == (
        "--after-finish job/trian: no pods of such a job",
        "did you mean 'train'?",
    )
    with pytest.raises(NotFound, match="no such pod in namespace team-c"):
        roster().of("lone", "team-c")


def test_a_drain() -> None:
    parts = leaving(roster().on("n1"))
    assert [one.metadata.name for one in parts.again] == ["train-0", "web-abc-x"]
    assert [one.metadata.name for one in parts.lost] == ["lone", "lone"]
    assert {one.metadata.name for one in parts.stay} == {"agent-1", "bye"}


def test_what_ends_and_what_every_node_has() -> None:
    known = roster()
    assert [one.metadata.name for one in known.ending()] == ["bye"]
    assert known.daemons() == {"uid-team-a-agent-1"}


def test_nodes_that_are_not_ready() -> None:
    known = Roster()
    known.replace("nodes", [node("a"), node("b", ready=False)])
    assert known.unready == {"b"}
    known.put("nodes", node("b"))
    assert known.unready == set()
    known.replace("nodes", [node("c", ready=False)])
    known.drop("nodes", node("c"))
    assert known.unready == set()
