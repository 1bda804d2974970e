"""apply on a real API server where others have written too: told field by field, and settled as it is said."""

import json

import pytest

from tests.controlplane.applied import (
    DIFFERS,
    OK,
    REFUSED,
    WEB,
    Applied,
    config,
    deployment,
    spec_of,
)

IMAGE = '.spec.template.spec.containers[name="main"].image'


@pytest.fixture
def edited(apply: Applied) -> Applied:
    """Applied, then scaled and given another image by kubectl."""
    assert apply(deployment()).code == OK
    apply.plane.kubectl("scale", "deployment/web", "--replicas=5", "-n", apply.namespace)
    apply.plane.kubectl("set", "image", "deployment/web", "main=nginx:2", "-n", apply.namespace)
    return apply


def test_a_conflict_is_told_field_by_field_and_nothing_is_written(edited: Applied) -> None:
    before = edited.live(WEB)["metadata"]["generation"]
    ended = edited(deployment(), config(a="1"))
    assert (ended.code, ended.out) == (REFUSED, "")
    rows = [line.split() for line in ended.err.splitlines()]
    assert ["deployment.apps/web", ".spec.replicas", "2", "5", "kubectl", "(scale)"] in rows
    (image,) = (row for row in rows if row[:2] == ["deployment.apps/web", IMAGE])
    assert image[2:5] == ['"nginx:1"', '"nginx:2"', "kubectl-set"] and image[-1] == "ago"
    assert "error: 2 fields belong to others: nothing was written" in ended.err
    assert all(flag in ended.err for flag in ("--leave", "--share", "--take"))
    assert edited.live(WEB)["metadata"]["generation"] == before and spec_of(edited) == (5, "nginx:2")
    assert "configmaps/conf" not in edited.versions()


def test_a_conflict_as_a_document(edited: Applied) -> None:
    document = edited(deployment(), flags=("-o", "json")).document(REFUSED)
    assert (document["kind"], [one["op"] for one in document["changes"]]) == ("Plan", ["conflict"])
    conflicts = {one["path"]: one for one in document["changes"][0]["conflicts"]}
    assert conflicts[".spec.replicas"] == {
        "path": ".spec.replicas",
        "owner": "kubectl",
        "subresource": "scale",
        "since": "",
        "theirs": 5,
        "mine": 2,
        "choice": "",
    }
    assert (conflicts[IMAGE]["owner"], conflicts[IMAGE]["since"][:2]) == ("kubectl-set", "20")


def test_one_field_is_given_up_one_shared_and_one_taken(edited: Applied) -> None:
    edited.plane.kubectl("annotate", "deployment/web", "example.com/a.b=theirs", "-n", edited.namespace)
    mine = deployment()
    mine["metadata"]["annotations"] = {"example.com/a.b": "mine"}
    choices = ("--leave", ".spec.replicas", "--share", IMAGE, "--take", ".metadata.annotations")
    refused = edited(mine, flags=choices)
    assert (refused.code, "and nobody can be asked" in refused.err) == (REFUSED, True)
    ended = edited(mine, flags=(*choices, "-y"))
    assert (ended.code, ended.out) == (OK, "deployment.apps/web configured\n")
    assert spec_of(edited) == (5, "nginx:2")
    live = edited.live(WEB)
    assert live["metadata"]["annotations"]["example.com/a.b"] == "mine"
    owners = {one["manager"]: json.dumps(one["fieldsV1"]) for one in live["metadata"]["managedFields"]}
    assert "f:replicas" not in owners["k8sai"] and "f:image" in owners["k8sai"]
    assert edited(mine, flags=choices[:4]).out == "deployment.apps/web unchanged\n"


def test_everything_is_taken_only_when_it_is_said(edited: Applied) -> None:
    assert edited(deployment(), flags=("--force-conflicts", "-y")).code == OK
    assert spec_of(edited) == (2, "nginx:1")


def test_a_dry_run_shows_what_taking_would_do_and_writes_nothing(edited: Applied) -> None:
    ended = edited(deployment(), flags=("--force-conflicts", "--diff"))
    assert (ended.code, "~ .spec.replicas: 5 → 2  (kubectl (scale))" in ended.out) == (DIFFERS, True)
    assert spec_of(edited) == (5, "nginx:2")
