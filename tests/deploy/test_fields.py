"""What differs between two states of an object, and what a server left out."""

from typing import Any

import pytest

from k8sai.deploy.fields import ABSENT, Field, differences, dropped, inside, masked
from tests.deploy.objects import managed

CONTAINERS = {
    "f:spec": {
        "f:replicas": {},
        "f:containers": {
            'k:{"name":"a"}': {".": {}, "f:image": {}, "f:name": {}},
            'k:{"name":"b"}': {".": {}, "f:image": {}, "f:name": {}},
        },
        "f:tags": {'v:"x"': {}},
        "f:args": {},
    }
}


def deployment(*containers: dict[str, Any], fields: Any = CONTAINERS, **spec: Any) -> dict[str, Any]:
    meta = {"name": "web", "resourceVersion": "1", "managedFields": [managed("k8sai", fields)]}
    whole = {"containers": list(containers), **spec}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": whole}


A, B = {"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1"}


def paths(found: tuple[Field, ...]) -> list[tuple[str, Any, Any]]:
    return [(one.path, one.before, one.after) for one in found]


def test_the_same_is_the_same_whatever_a_server_writes_by_itself() -> None:
    before, after = deployment(A), deployment(A)
    after["metadata"] |= {"resourceVersion": "2", "generation": 9, "uid": "u"}
    after["status"] = {"replicas": 1}
    assert differences(before, after) == ()


def test_a_value() -> None:
    assert paths(differences(deployment(A, replicas=1), deployment(A, replicas=2))) == [(".spec.replicas", 1, 2)]


def test_items_are_told_apart_by_the_servers_keys() -> None:
    before = deployment(A, B)
    after = deployment(B, {**A, "image": "a:2"})
    assert paths(differences(before, after)) == [('.spec.containers[name="a"].image', "a:1", "a:2")]


def test_an_item_comes_and_an_item_goes() -> None:
    assert paths(differences(deployment(A), deployment(B))) == [
        ('.spec.containers[name="a"]', A, ABSENT),
        ('.spec.containers[name="b"]', ABSENT, B),
    ]


def test_only_the_order_differs() -> None:
    assert [one.path for one in differences(deployment(A, B), deployment(B, A))] == [".spec.containers"]


def test_members_of_a_set() -> None:
    assert paths(differences(deployment(A, tags=["x", "y"]), deployment(A, tags=["y", "z"]))) == [
        ('.spec.tags[="x"]', "x", ABSENT),
        ('.spec.tags[="z"]', ABSENT, "z"),
    ]


def test_a_list_that_is_one_value() -> None:
    short, long = ["a"], ["a", "c"]
    assert paths(differences(deployment(A, args=["a", "b"]), deployment(A, args=long))) == [(".spec.args[1]", "b", "c")]
    assert paths(differences(deployment(A, args=short), deployment(A, args=long))) == [(".spec.args", short, long)]


def test_who_had_it() -> None:
    before = deployment(A, replicas=1, fields={"f:spec": {"f:containers": {}}})
    scale = managed("kubectl", {"f:spec": {"f:replicas": {}}}, operation="Update", subresource="scale")
    before["metadata"]["managedFields"].append(scale)
    (field,) = differences(before, deployment(A, replicas=2))
    assert field.owner == "kubectl (scale)"


def test_of_two_owners_the_other_one_is_named() -> None:
    before = deployment(A, replicas=1)
    before["metadata"]["managedFields"].append(managed("hpa", {"f:spec": {"f:replicas": {}}}, operation="Update"))
    (field,) = differences(before, deployment(A, replicas=2), "k8sai")
    assert field.owner == "hpa"


def test_a_secret_shows_that_it_changes_and_not_to_what() -> None:
    before = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "t"}, "data": {"t": "b2xk", "u": "c2FtZQ=="}}
    after = {**before, "data": {"t": "bmV3", "u": "c2FtZQ==", "v": "bW9yZQ=="}}
    found = differences(before, after)
    assert [one.path for one in found] == [".data.t", ".data.v"]
    assert not any(word in repr(found) for word in ("b2xk", "bmV3", "bW9yZQ", "c2FtZQ"))


def test_what_kubectl_remembers_of_a_secret_is_no_difference_and_not_shown() -> None:
    notes = {"kubectl.kubernetes.io/last-applied-configuration": '{"data":{"t":"b2xk"}}', "a": "1"}
    before = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "t", "annotations": notes}}
    after = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "t", "annotations": {"a": "2"}}}
    assert paths(differences(before, after)) == [(".metadata.annotations.a", "1", "2")]
    assert masked({**before, "stringData": {"t": "old"}}) == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "t", "annotations": {"a": "1"}},
        "stringData": {"t": "***"},
    }


# --- dropped ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "kept", "lost"),
    [
        ({"spec": {"a": 1, "b": 2}}, {"spec": {"a": 1}}, (".spec.b",)),
        ({"spec": {"a": 1}}, {"spec": {"a": 1, "default": 2}}, ()),
        ({"spec": {"cpu": "1000m"}}, {"spec": {"cpu": "1"}}, ()),
        ({"spec": {"a": None, "b": "", "c": {}, "d": [], "e": False, "f": 0}}, {"spec": {}}, ()),
        (
            {"spec": {"c": [{"name": "a", "x": 1}]}},
            {"spec": {"c": [{"name": "b"}, {"name": "a"}]}},
            ('.spec.c[name="a"].x',),
        ),
        ({"spec": {"c": [{"x": 1}]}}, {"spec": {"c": []}}, (".spec.c[0]",)),
        ({"stringData": {"a": "b"}, "status": {"a": 1}}, {"data": {"a": "Yg=="}}, ()),
        ({"metadata": {"creationTimestamp": "x", "labels": {"a": "b"}}}, {"metadata": {"labels": {"a": "b"}}}, ()),
    ],
)
def test_what_the_server_left_out(sent: dict[str, Any], kept: dict[str, Any], lost: tuple[str, ...]) -> None:
    assert dropped(sent, kept) == lost


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ({"limits": {"nvidia.com/gpu": "8"}}, {"limits": {"nvidia.com/gpu": 8}}, True),
        ({"requests": {"cpu": "1"}}, {"requests": {"cpu": "1000m"}}, True),
        ({"requests": {"memory": "1Gi"}}, {"requests": {"memory": "1024Mi"}}, True),
        ({"requests": {"memory": "1Gi"}}, {"requests": {"memory": "1G"}}, False),
        ({"value": "1"}, {"value": "1000m"}, False),
        ({"port": "http"}, {"port": 80}, False),
    ],
)
def test_an_amount_is_the_same_however_it_is_written(before: dict[str, Any], after: dict[str, Any], same: bool) -> None:
    head: dict[str, Any] = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "a"}}
    assert (differences({**head, "spec": before}, {**head, "spec": after}) == ()) is same


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": "8"}, {"a": 8}, []),
        ([{"name": "x", "v": 1}, {"name": "y"}], [{"name": "y"}, {"name": "x", "v": 2}], [('[name="x"].v', 1, 2)]),
        ([{"name": "x"}], [], [('[name="x"]', {"name": "x"}, ABSENT)]),
        ([1, 2], [1, 3, 4], [("[1]", 2, 3), ("[2]", ABSENT, 4)]),
        ({"a": {"b": 1}}, {"a": {"c": 1}}, [(".a.b", 1, ABSENT), (".a.c", ABSENT, 1)]),
        ({"a": [1]}, {"a": "x"}, [(".a", [1], "x")]),
    ],
)
def test_what_differs_within_a_value(before: Any, after: Any, found: list[tuple[str, Any, Any]]) -> None:
    assert paths(tuple(inside(before, after))) == found
