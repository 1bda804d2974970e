"""What changed between two looks at one small cluster."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from k8sai.cluster.sources import Source
from k8sai.fleet.changes import Look, between, look
from k8sai.fleet.idle import Held
from tests.fleet.small import AT, Items, items, picture

Edit = Callable[[Items], object]


def gone(name: str) -> Edit:
    return lambda objects: objects.pop(name)


def spec(name: str, **fields: object) -> Edit:
    return lambda objects: objects[name]["spec"].update(fields)


def cards(name: str, amount: str) -> Edit:
    return lambda objects: objects[name]["status"]["allocatable"].update({"nvidia.com/gpu": amount})


def ready(name: str, status: str) -> Edit:
    return lambda objects: objects[name]["status"]["conditions"][0].update(status=status)


def deleted(name: str) -> Edit:
    return lambda objects: objects[name]["metadata"].update(deletionTimestamp=AT)


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda objects: None, []),
        (spec("eval-0", nodeName="gpu-h2"), [("PodBound", "pod team-llm/eval-0", "bound to gpu-h2, 1 card")]),
        (gone("chat-0"), [("PodGone", "pod serving/chat-0", "gone from gpu-t1, 0.75 cards given back")]),
        (deleted("chat-0"), [("PodTerminating", "pod serving/chat-0", "is ending, still holds 0.75 cards on gpu-t1")]),
        (ready("gpu-h1", "False"), [("NodeNotReady", "node gpu-h1", "is not ready")]),
        (ready("gpu-a2", "True"), [("NodeReady", "node gpu-a2", "is ready")]),
        (spec("gpu-h1", unschedulable=True), [("NodeCordoned", "node gpu-h1", "cordoned, 0 cards free")]),
        (spec("gpu-a1", unschedulable=False), [("NodeUncordoned", "node gpu-a1", "uncordoned, 6 cards free")]),
        (cards("gpu-h1", "6"), [("NodeHealth", "node gpu-h1", "2 of 8 cards unhealthy, was 0")]),
        (cards("gpu-h2", "8"), [("NodeHealth", "node gpu-h2", "0 of 8 cards unhealthy, was 1")]),
        (gone("gpu-a2"), [("NodeGone", "node gpu-a2", "is gone, 8 cards fewer")]),
        (gone("gpu-h1"), [("NodeGone", "node gpu-h1", "is gone, 8 cards fewer")]),
    ],
)  # fmt: skip
def test_what_changed(edit: Edit, told: list[tuple[str, str, str]]) -> None:
    objects = items()
    edit(objects)
    changes = between(look(picture()), look(picture(objects)))
    assert [(change.code, change.what, change.said) for change in changes] == told


def test_what_is_new() -> None:
    without = items()
    for name in ("gpu-h1", "train-0", "train-1", "train-2", "sweep-1"):
        del without[name]
    changes = between(look(picture(without)), look(picture()))
    assert [(change.code, change.what) for change in changes] == [
        ("NodeAdded", "node gpu-h1"),
        ("PodPending", "pod team-vision/sweep-1"),
        ("PodBound", "pod team-vision/train-0"),
        ("PodBound", "pod team-vision/train-1"),
        ("PodBound", "pod team-vision/train-2"),
    ]


def test_a_pod_of_the_same_name_is_another_pod() -> None:
    objects = items()
    objects["chat-0"]["metadata"]["uid"] = "another"
    changes = between(look(picture()), look(picture(objects)))
    assert sorted(change.code for change in changes) == ["PodBound", "PodGone"]


def test_a_server_that_is_away_is_one_change() -> None:
    live = [Source("nodes", "live", 7), Source("pods", "live", 9), Source("resourceslices", "absent")]
    away = [replace(one, state="retrying", message="refused") if one.state == "live" else one for one in live]
    (lost,) = between(look(picture(None, *live)), look(picture(None, *away)))
    assert (lost.code, lost.what, lost.said) == (
        "SourceLost",
        "source nodes, pods",
        "lost, what is known may be old: refused",
    )
    (back,) = between(look(picture(None, *away)), look(picture(None, *live)))
    assert (back.code, back.what, back.said) == ("SourceRecovered", "source nodes, pods", "recovered")


def test_unknown_figures_are_no_change() -> None:
    hidden = [Source("nodes", "forbidden", message="no")]
    pods = {name: item for name, item in items().items() if item["kind"] == "Pod"}
    assert between(look(picture(pods, *hidden)), look(picture(pods, *hidden))) == []


def idle(idle: float, busy: float, unknown: float = 0.0) -> Look:
    """A look at the cluster where a meter knows this of the pod with two cards."""
    seen = look(picture())
    (pod,) = (pod for pod in seen.pods.values() if pod.name == "chat-0")
    held = Held(pod.namespace, pod.name, pod.uid, pod.node, cards=2, idle=idle, busy=busy, unknown=unknown)
    return replace(seen, held={pod.uid: held})


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (idle(0, 2), idle(2, 0), [("PodIdle", "pod serving/chat-0", "2 of 2 cards idle, was 0")]),
        (idle(0, 0, 2), idle(1, 0, 1), [("PodIdle", "pod serving/chat-0", "1 of 2 cards idle, was 0")]),
        (idle(2, 0), idle(1, 1), [("PodBusy", "pod serving/chat-0", "1 of 2 cards idle, was 2")]),
        (idle(2, 0), idle(0, 0, 2), []),
        (idle(0, 0, 2), idle(0, 2), []),
        (idle(2, 0), idle(2, 0), []),
        (idle(2, 0), look(picture()), []),
        (look(picture()), idle(2, 0), [("PodIdle", "pod serving/chat-0", "2 of 2 cards idle, was 0")]),
    ],
)
def test_who_begins_to_be_idle_and_who_works_again(before: Look, after: Look, told: list[tuple[str, str, str]]) -> None:
    changes = between(before, after)
    assert [(change.code, change.what, change.said) for change in changes] == told
    for change in changes:
        assert change.object["idle"] + change.object["busy"] + change.object["unknown"] == 2
