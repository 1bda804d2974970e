"""Putting back what an apply changed, and nothing that others have written since."""

import copy
from typing import Any

import pytest

from k8sai.cluster.api_errors import ApiConflict
from k8sai.cluster.writing import Target
from k8sai.deploy.applying import Outcome
from k8sai.deploy.plan import Change
from k8sai.deploy.rollback import put_back, roll_back, with_owners
from k8sai.errors import Drift
from tests.deploy.objects import Json, Server, managed, target


def state(spec: Any, version: str = "1", **meta: Any) -> dict[str, Any]:
    return {
        "kind": "Deployment",
        "metadata": {"name": "web", "resourceVersion": version, "uid": "u", **meta},
        "spec": spec,
    }


BEFORE = state({"replicas": 1, "list": [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}], "old": "x"})
AFTER = state({"replicas": 2, "list": [{"name": "a", "image": "2"}, {"name": "b", "image": "1"}], "new": "y"}, "2")


def now(**changes: Any) -> dict[str, Any]:
    found = copy.deepcopy(AFTER)
    found["metadata"]["resourceVersion"] = "3"
    found["spec"] |= changes
    found["status"] = {"ready": 1}
    return found


def test_everything_that_was_changed_goes_back() -> None:
    assert put_back(BEFORE, AFTER, now()) == {**state(BEFORE["spec"], "3"), "status": {"ready": 1}}


def test_what_others_have_written_since_stays() -> None:
    found = put_back(BEFORE, AFTER, now(theirs=7, list=[*AFTER["spec"]["list"][:1], {"name": "b", "image": "9"}]))
    assert found["spec"] == {
        **BEFORE["spec"],
        "theirs": 7,
        "list": [{"name": "a", "image": "1"}, {"name": "b", "image": "9"}],
    }


def test_what_somebody_has_put_back_already_is_fine() -> None:
    assert put_back(BEFORE, AFTER, now(replicas=1))["spec"] == BEFORE["spec"]


@pytest.mark.parametrize("change", [{"replicas": 7}, {"new": "z"}, {"list": []}])
def test_a_third_value_is_nobodys_to_turn_round(change: dict[str, Any]) -> None:
    with pytest.raises(Drift, match="was written by somebody else since"):
        put_back(BEFORE, AFTER, now(**change))


def test_who_owned_what_is_put_back_too() -> None:
    ours: Json = {"f:spec": {"f:replicas": {}}}
    theirs: Json = {"f:spec": {"f:old": {}}}
    more: Json = {"f:spec": {"f:old": {}, "f:replicas": {}}}
    before = state({}, managedFields=[managed("k8sai", ours), managed("hpa", more), managed("lost", ours)])
    after = state({}, managedFields=[managed("k8sai", more), managed("hpa", theirs), managed("since", theirs)])
    found = state(
        {},
        managedFields=[
            managed("k8sai", theirs),
            managed("k8sai", ours, operation="Update"),
            managed("hpa", theirs),
            managed("since", more),
        ],
    )
    entries = with_owners(before, after, found, "k8sai")["metadata"]["managedFields"]
    assert sorted((one["manager"], str(one["fieldsV1"])) for one in entries) == sorted(
        [("k8sai", str(ours)), ("hpa", str(more)), ("since", str(more)), ("lost", str(ours))]
    )


# --- on a server ------------------------------------------------------------------------------------------------------


def outcome(live: Json | None, after: Json, name: str = "web") -> Outcome:
    return Outcome(Change("update" if live else "create", target(name=name), live=live), "written", after)


def test_new_objects_go_and_changed_ones_go_back_the_last_first() -> None:
    server, new = Server(), state({}, uid="new")
    server.objects = {target().path: now(), target(name="new").path: new}
    undone = roll_back(server, [outcome(BEFORE, AFTER), outcome(None, new, "new")])  # type: ignore[arg-type]
    assert [(one.outcome.change.target.name, one.word) for one in undone] == [("new", "deleted"), ("web", "restored")]
    assert server.objects[target().path]["spec"] == BEFORE["spec"]
    assert target(name="new").path not in server.objects


def test_an_object_that_others_write_meanwhile_is_read_again() -> None:
    server = Server(objects={target().path: now()})
    tries = [0]

    def refuse(verb: str, _target: Target, _body: Json) -> None:
        tries[0] += 1
        if verb == "replace" and tries[0] <= 2:
            raise ApiConflict("the object has been modified")

    server.refuse = refuse
    (undone,) = roll_back(server, [outcome(BEFORE, AFTER)])  # type: ignore[arg-type]
    assert undone.word == "restored"


def test_what_cannot_be_put_back_says_so_and_the_rest_goes_on() -> None:
    server, new = Server(), state({}, uid="new")
    server.objects = {target(name="new").path: new}
    undone = roll_back(server, [outcome(None, new, "new"), outcome(BEFORE, AFTER)])  # type: ignore[arg-type]
    assert [(one.word, type(one.error).__name__) for one in undone] == [("", "Drift"), ("deleted", "NoneType")]


def test_what_was_not_written_is_left() -> None:
    server = Server()
    assert roll_back(server, [Outcome(Change("unchanged", target()), "unchanged", {})]) == []  # type: ignore[arg-type]
