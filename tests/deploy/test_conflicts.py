"""A refused apply, field by field, and what each choice makes of it."""

from typing import Any

import pytest

from k8sai.cluster.api_errors import ApiConflict, Cause
from k8sai.deploy.conflicts import decided, read, settled
from k8sai.deploy.owners import Owner
from k8sai.deploy.plan import Choices, Conflict
from k8sai.errors import Usage
from tests.deploy.objects import managed, target

BODY: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "annotations": {"example.com/a.b": "mine"}},
    "spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "main", "image": "a:1"}]}}},
}
LIVE: dict[str, Any] = {
    "metadata": {
        "name": "web",
        "annotations": {"example.com/a.b": "theirs"},
        "managedFields": [
            managed("kubectl", {"f:spec": {"f:replicas": {}}}, operation="Update", subresource="scale"),
            managed("kubectl-set", {"f:spec": {}}, operation="Update", time="2026-01-02T03:04:05Z"),
            managed("kubectl-set", {"f:metadata": {}}, operation="Update", time="2026-02-02T03:04:05Z"),
        ],
    },
    "spec": {"replicas": 5, "template": {"spec": {"containers": [{"name": "main", "image": "a:2"}]}}},
}
IMAGE = '.spec.template.spec.containers[name="main"].image'


def refusal(*causes: tuple[str, str]) -> ApiConflict:
    found = tuple(Cause("FieldManagerConflict", field, message) for field, message in causes)
    return ApiConflict("Apply failed", causes=(*found, Cause("Other", "x", "y")))


WHOLE = refusal(
    (".spec.replicas", 'conflict with "kubectl" with subresource "scale" using apps/v1'),
    (IMAGE, 'conflict with "kubectl-set" using apps/v1'),
    (".metadata.annotations.example.com/a.b", 'conflict with "odd \\"name\\"" using apps/v1'),
)


def test_each_field_with_its_owner_and_both_values() -> None:
    assert read(WHOLE, BODY, LIVE) == (
        Conflict(".metadata.annotations.example.com/a.b", Owner('odd "name"'), "theirs", "mine"),
        Conflict(".spec.replicas", Owner("kubectl", "Update", "scale"), 5, 2),
        Conflict(IMAGE, Owner("kubectl-set", "Update", "", "2026-02-02T03:04:05Z"), "a:2", "a:1"),
    )


def test_a_field_with_two_owners_is_one_conflict() -> None:
    error = refusal((".spec.replicas", 'conflict with "a"'), (".spec.replicas", 'conflict with "b"'))
    assert [one.owner.name for one in read(error, BODY, LIVE)] == ["a"]


def test_a_field_that_nobody_can_find_is_named_all_the_same() -> None:
    (one,) = read(refusal((".spec.what[is=this]", "conflict with something")), BODY, LIVE)
    assert (one.path, one.mine, one.theirs) == (".spec.what[is=this]", None, None)


def test_of_a_secret_no_value_is_kept() -> None:
    body = {"kind": "Secret", "metadata": {}, "data": {"t": "bWluZQ=="}}
    live = {"kind": "Secret", "metadata": {}, "data": {"t": "dGhlaXJz"}}
    (one,) = read(refusal((".data.t", 'conflict with "x"')), body, live)
    assert (one.theirs, one.mine) == ("*** (before)", "*** (after)")


# --- choices ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choices", "wanted"),
    [
        (Choices(), ["", "", ""]),
        (Choices(take_all=True), ["take", "take", "take"]),
        (Choices(leave=("spec.replicas",)), ["", "leave", ""]),
        (Choices(leave=(".spec",)), ["", "leave", "leave"]),
        (Choices(leave=(".spec",), take=(".spec.template",)), ["", "leave", "take"]),
        (Choices(leave=(".spec.replicas",), take_all=True), ["take", "leave", "take"]),
        (Choices(share=("deployment.apps/web:.spec.replicas",)), ["", "share", ""]),
        (Choices(share=("Deployment/web:.spec.replicas",)), ["", "share", ""]),
        (Choices(share=("deployments/web:.spec.replicas",)), ["", "share", ""]),
        (Choices(share=("Deployment/other:.spec.replicas",)), ["", "", ""]),
        (Choices(take=("metadata.annotations",)), ["take", "", ""]),
        (Choices(take=(".metadata.annotations.example.com/a.b",)), ["take", "", ""]),
        (Choices(take=(IMAGE,)), ["", "", "take"]),
        (Choices(take=(".metadata.annotations.example.com/a.b:c",)), ["", "", ""]),
    ],
)
def test_what_says_most_about_a_field_decides(choices: Choices, wanted: list[str]) -> None:
    assert [one.choice for one in decided(read(WHOLE, BODY, LIVE), choices, target())] == wanted


def test_two_choices_about_one_field() -> None:
    with pytest.raises(Usage, match="--leave and --take both name"):
        decided(read(WHOLE, BODY, LIVE), Choices(leave=(".spec",), take=(".spec",)), target())


def test_what_is_sent_contests_only_what_is_to_be_taken() -> None:
    choices = Choices(leave=(".metadata.annotations",), share=(IMAGE,), take=(".spec.replicas",))
    sent = settled(BODY, LIVE, decided(read(WHOLE, BODY, LIVE), choices, target()))
    assert sent == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "annotations": {}},
        "spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "main", "image": "a:2"}]}}},
    }
    assert BODY["spec"]["template"]["spec"]["containers"][0]["image"] == "a:1"


def test_sharing_what_is_not_there_any_more_gives_it_up() -> None:
    gone = {**LIVE, "spec": {"template": LIVE["spec"]["template"]}}
    found = decided(read(WHOLE, BODY, gone), Choices(share=(".spec.replicas",)), target())
    assert "replicas" not in settled(BODY, gone, found)["spec"]
