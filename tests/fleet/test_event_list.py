"""Which of a cluster's events have to do with GPUs, and how a list says them."""

from typing import Any

from k8sai.events import About, Event, EventSource
from k8sai.facts import ObjectMeta
from k8sai.fleet import event_list
from k8sai.fleet.event_list import Concern
from k8sai.fleet.index import Fleet
from tests.fleet.facts_by_hand import claim, claiming, fleet_of, node, pod

AT = "2026-11-21T10:00:00Z"


def event(kind: str, name: str, namespace: str = "team-a", **more: Any) -> Event:
    about = About(kind, "" if kind == "Node" else namespace, name)
    return Event(metadata=ObjectMeta(name=f"{name}.1", uid=f"{kind}/{namespace}/{name}"), involved_object=about, **more)


def gpus() -> Fleet:
    job = ({"kind": "Job", "name": "big-workers-0", "controller": True},)
    return fleet_of(
        node("n1"),
        node("cpu", {}),
        pod("big-workers-0-x", 8, "n1", owners=job, labels={"jobset.sigs.k8s.io/jobset-name": "big"}),
        pod("web-1", 0, "cpu"),
        claiming("holder", "gpu-claim", node="n1"),
        claim("gpu-claim", ["gpu-0"]),
    )


def chosen(*events: Event) -> list[str]:
    return [event.involved_object.name for event in Concern().of(events, gpus())]


def test_pods_nodes_claims_and_owners_are_of_concern() -> None:
    found = chosen(
        event("Pod", "big-workers-0-x"),
        event("Pod", "web-1"),
        event("Node", "n1"),
        event("Node", "cpu"),
        event("ResourceClaim", "gpu-claim"),
        event("JobSet", "big"),
        event("Job", "big-workers-0"),
        event("Job", "bigger"),
        event("Job", "big-workers-0", "team-b"),
    )
    assert found == ["big-workers-0-x", "n1", "gpu-claim", "big", "big-workers-0"]


def test_what_was_of_concern_once_stays_so() -> None:
    fleet = fleet_of(node("n1"), alone := pod("alone", 1, "n1"))
    concern, about = Concern(), event("Pod", "alone")
    assert concern.of([about], fleet) == [about]
    fleet.drop("pods", alone)
    assert concern.of([about, event("Pod", "other")], fleet) == [about]
    assert Concern().of([about], fleet) == []


def test_a_line_says_what_happened_how_often_and_when() -> None:
    one = event(
        "Pod",
        "p",
        type="Warning",
        reason="BackOff",
        message="Back-off\n  restarting",
        count=7,
        last_timestamp="2026-11-21T09:58:00Z",
        source=EventSource("kubelet"),
    )
    (row,) = event_list.table([one], AT).rows
    texts = [cell.text for cell in row.cells]
    assert texts == ["team-a", "Pod/p", "2m", "7", "Warning", "BackOff", "Back-off restarting", "kubelet"]
    assert {row.cells[at].tone for at in (3, 4, 5)} == {"warn"}
