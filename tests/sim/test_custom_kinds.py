"""Definitions over kinds that are built in, in scenarios, and what only the embedded cluster has."""

import json
from pathlib import Path
from typing import Any

import pytest

from k8sai.sim.cluster import Sim
from k8sai.sim.json_paths import found
from tests.contract.api import Api
from tests.contract.definitions import CRDS, define, definition, model

Json = dict[str, Any]
JOBSETS = "/apis/jobset.x-k8s.io/v1alpha2/namespaces/default/jobsets"


def job_set_definition() -> Json:
    """Not the real one, but one that knows the fields that count here."""
    replicated = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "replicas": {"type": "integer", "default": 1, "maximum": 4},
            "template": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        },
    }
    spec = {"type": "object", "properties": {"replicatedJobs": {"type": "array", "items": replicated}}}
    status = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    crd = definition("jobset.x-k8s.io", plural="jobsets", kind="JobSet")
    version = crd["spec"]["versions"][0]
    version.update(
        name="v1alpha2",
        schema={"openAPIV3Schema": {"type": "object", "properties": {"spec": spec, "status": status}}},
        subresources={"status": {}},
        additionalPrinterColumns=[],
        selectableFields=[],
    )
    newer = {**version, "name": "v1", "storage": False}
    crd["spec"]["versions"].append(newer)
    return crd


def job_set(name: str, **more: Any) -> Json:
    container = {"name": "c", "image": "x"}
    template = {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}}
    return {
        "apiVersion": "jobset.x-k8s.io/v1alpha2",
        "kind": "JobSet",
        "metadata": {"name": name},
        "spec": {"replicatedJobs": [{"name": "w", "template": template, **more}]},
    }


@pytest.fixture
def sim(tmp_path: Path) -> Any:
    with Sim("demo") as running:
        running.write_kubeconfig(tmp_path / "config")
        yield running


def test_a_definition_of_a_built_in_kind_stands_before_it(sim: Sim, tmp_path: Path) -> None:
    api = Api.of(tmp_path / "config")
    before = {one["metadata"]["uid"] for one in api.get("/apis/jobset.x-k8s.io/v1alpha2/jobsets").ok()["items"]}
    define(api, job_set_definition())
    after = api.get("/apis/jobset.x-k8s.io/v1/jobsets").ok()["items"]
    assert before and before == {one["metadata"]["uid"] for one in after}
    assert {one["apiVersion"] for one in after} == {"jobset.x-k8s.io/v1"}
    api.post(JOBSETS, job_set("big", replicas=5)).refused(422, "Invalid")
    api.post(JOBSETS, job_set("odd", colour="red"), {"fieldValidation": "Strict"}).refused(400, "BadRequest")
    assert api.post(JOBSETS, job_set("mine")).ok()["spec"]["replicatedJobs"][0]["replicas"] == 1
    sim.settled()
    assert api.get(f"{JOBSETS}/mine").ok()["status"]["replicatedJobsStatus"]
    api.delete(f"{CRDS}/jobsets.jobset.x-k8s.io").ok()
    assert api.get("/apis/jobset.x-k8s.io/v1alpha2/jobsets").ok()["items"] == []
    assert api.get("/apis/jobset.x-k8s.io/v1/jobsets").status == 404
    api.post(JOBSETS, job_set("free", replicas=5)).ok()


def test_a_scenario_brings_definitions_and_their_objects(tmp_path: Path) -> None:
    obj = model("models.example.com")
    obj["metadata"]["namespace"] = "default"
    scenario = {"apiVersion": "k8sai.dev/v1alpha1", "kind": "Scenario", "rbac": True}
    scenario["objects"] = [definition("models.example.com"), obj]

    (tmp_path / "mine.yaml").write_text(json.dumps(scenario))
    with Sim(tmp_path / "mine.yaml") as sim:
        api = Api(sim.server)
        found = api.get("/apis/models.example.com/v1/models").ok()["items"]
        assert [one["metadata"]["name"] for one in found] == ["m"]
        Api(sim.server, token="alice").get("/api/v1/pods").refused(403, "Forbidden")
        sim.load("empty")
        assert api.get(CRDS).ok()["items"] == []
        assert api.get("/apis/models.example.com/v1/models").status == 404
        Api(sim.server, token="alice").get("/api/v1/pods").ok()


@pytest.mark.parametrize(
    ("path", "values"),
    [
        (".a.b", [1]),
        ("a.b", [1]),
        ("{.a.b}", [1]),
        (".list[0].name", ["x"]),
        (".list[-1].name", ["y"]),
        (".list[*].name", ["x", "y"]),
        (".list[0:1].name", ["x"]),
        ('.list[?(@.name=="y")].size', [2]),
        (".list[?(@.size>1)].name", ["y"]),
        (".list[?(@.gone)].name", []),
        (r".labels.a\.b/c", ["z"]),
        (".labels['a.b/c']", ["z"]),
        ("..name", ["x", "y"]),
        (".nowhere.b", []),
        (".list[", []),
    ],
)
def test_json_paths(path: str, values: list[Any]) -> None:
    obj = {
        "a": {"b": 1},
        "list": [{"name": "x", "size": 1}, {"name": "y", "size": 2}],
        "labels": {"a.b/c": "z"},
    }
    assert found(obj, path) == values
