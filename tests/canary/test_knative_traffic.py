"""The list of targets of a Knative Service: what its webhook would refuse, and how it is split."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.canary.backends.knative.revisions import shares
from k8sai.canary.backends.knative.traffic import Shape, checked, same, shape_of
from k8sai.canary.facts import Json
from k8sai.errors import Refused

OLD, NEW = "chat-00001", "chat-00002"
DEBUG: Json = {"revisionName": "chat-00000", "latestRevision": False, "percent": 0, "tag": "debug"}


def service(*traffic: Json) -> Json:
    return {"metadata": {"name": "chat"}, "spec": {"template": {}, "traffic": [*traffic]}}


def target(**fields: Any) -> Json:
    return {"latestRevision": True, "percent": 100, **fields}


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        ([target(percent=70)], "sum up to 70 %"),
        ([target(percent=80), {"revisionName": OLD, "percent": 80}], "sum up to 160 %"),
        ([target(percent=-1), {"revisionName": OLD, "percent": 101}], "-1 is no percent"),
        ([target(percent=100.0)], "100.0 is no percent"),
        ([target(revisionName=OLD)], "latestRevision is true of a target whose revisionName is 'chat-00001'"),
        ([target(latestRevision=False)], "latestRevision is false of a target whose revisionName is None"),
        ([target(configurationName="chat")], "configurationName is for Routes"),
        ([target(tag="Stable")], "'Stable' is no tag"),
        ([target(tag="1st")], "'1st' is no tag"),
        ([target(tag="a", percent=50), {"revisionName": OLD, "percent": 50, "tag": "a"}], "two targets have the tag a"),
        ([target(url="http://x")], "url is said by the status only"),
        ([], "sum up to 0 %"),
    ],
)
def test_what_the_webhook_would_refuse_is_refused_here(targets: list[Json], said: str) -> None:
    with pytest.raises(Refused, match=said):
        checked(targets)


def test_a_split_that_stands_is_not_begun_over() -> None:
    with pytest.raises(Refused, match="has a canary already: 90 % to chat-00001, 10 % to the latest"):
        shape_of(service({"revisionName": OLD, "percent": 90}, target(percent=10)))


@pytest.mark.parametrize("tag", ["stable", "canary"])
def test_tags_that_others_have_are_not_taken_from_them(tag: str) -> None:
    with pytest.raises(Refused, match=f"has a target with the tag {tag}"):
        shape_of(service(target(), {**DEBUG, "tag": tag}))


def test_what_gets_nothing_stays_in_the_list_to_the_end() -> None:
    shape = shape_of(service(target(tag="current"), DEBUG))
    assert shape.split(OLD, 25) == [
        {"revisionName": OLD, "latestRevision": False, "percent": 75, "tag": "current"},
        {"latestRevision": True, "percent": 25, "tag": "canary"},
        DEBUG,
    ]
    assert shape.ended(NEW) == [{"latestRevision": True, "percent": 100, "tag": "current"}, DEBUG]
    assert shape.back(OLD)[1:] == [DEBUG]


def test_a_route_that_named_its_revision_names_the_new_one() -> None:
    shape = shape_of(service({"revisionName": OLD, "percent": 100}))
    assert shape.ended(NEW) == [{"revisionName": NEW, "latestRevision": False, "percent": 100}]


def test_what_a_webhook_fills_in_makes_no_difference() -> None:
    assert same([{"revisionName": OLD}], [{"revisionName": OLD, "percent": 0, "latestRevision": False}])
    assert not same([{"revisionName": OLD}], [{"revisionName": OLD, "tag": "a"}])


@given(st.integers(0, 100), st.booleans(), st.sampled_from(["", "current"]), st.sampled_from([(), (DEBUG,)]))
def test_every_list_is_one_that_the_webhook_takes(
    percent: int, pinned: bool, tag: str, others: tuple[Json, ...]
) -> None:
    shape = Shape.of(Shape(tag, pinned, others).document)
    split = shape.split(OLD, percent)
    assert shares(split, NEW)[NEW] == percent
    assert shares(split, NEW)[OLD] == 100 - percent
    for targets in (split, shape.back(OLD), shape.ended(NEW)):
        assert checked(targets) == targets
        assert all(isinstance(one["percent"], int) for one in targets)
