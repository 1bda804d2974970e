"""Whole objects out of a file: as a server would answer, and what the file does not hold is not called empty."""

import json
from pathlib import Path
from typing import Any

import pytest

from k8sai import facts
from k8sai.cluster.kubectl_list import read
from k8sai.cluster.recorded_objects import NotRecorded, RecordedObjects
from k8sai.cluster.recording import open_recording, save
from k8sai.cluster.sources import Source
from k8sai.errors import Forbidden, NotFound, Refused, Usage
from tests.cluster.scripted_api import Notebook

AT = "2026-11-21T10:00:00Z"


def named(kind: str, name: str, namespace: str = "", api: str = "v1", **more: Any) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {}), **more.pop("metadata", {})}
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **more}


JOB = named("Job", "train", "team-a", "batch/v1", metadata={"labels": {"app": "x"}}, spec={"suspend": True})
OTHER_JOB = named("Job", "eval", "team-b", "batch/v1", spec={"suspend": False})
POD = facts.Pod(
    facts.ObjectMeta("p-0", "team-a", "u1", labels={"app": "x"}),
    facts.PodSpec(node_name="n1", tolerations=(facts.Toleration("k"),)),
    facts.PodStatus("Running"),
)
QUOTA_HIDDEN = Source("resourcequotas", "forbidden", message="ann may not list resourcequotas", hint="ask")


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedObjects:
    path = tmp_path / "c.k8sai"
    save(
        path,
        context="prod",
        at=AT,
        objects={"pods": [POD], "nodes": [facts.Node(facts.ObjectMeta("n1"))]},
        others={"jobs.batch": [JOB, OTHER_JOB], "cohorts.kueue.x-k8s.io": []},
        hidden=[
            QUOTA_HIDDEN,
            Source("workloads.kueue.x-k8s.io", "absent"),
            Source("limitranges", "once", namespace="team-a"),
        ],
    )
    return open_recording(path).objects


def names(found: list[dict[str, Any]]) -> list[str]:
    return [one["metadata"]["name"] for one in found]


def test_facts_are_objects_again(recorded: RecordedObjects) -> None:
    pod = recorded.get("pods", "team-a", "p-0")
    assert (pod["apiVersion"], pod["kind"], pod["status"]) == ("v1", "Pod", {"phase": "Running"})
    assert pod["spec"] == {"nodeName": "n1", "tolerations": [{"key": "k"}]}
    assert recorded.context == "prod"
    assert recorded.list("resourceslices.resource.k8s.io") == []


def test_an_object_that_is_there_whole_takes_the_place_of_its_facts(tmp_path: Path) -> None:
    path = tmp_path / "c.k8sai"
    whole = named("Pod", "p-0", "team-a", status={"phase": "Running", "message": "only here"})
    save(path, context="prod", at=AT, objects={"pods": [POD]}, others={"pods": [whole]})
    recorded, _, objects = open_recording(path)
    assert objects.list("pods") == [whole]
    assert [source.count for source in recorded.sources if source.kind == "pods"] == [1]
    assert recorded.others == ()


def test_whole_objects_come_back_as_they_were(recorded: RecordedObjects) -> None:
    assert recorded.get("jobs.batch", "team-a", "train") == JOB
    assert names(recorded.list("jobs.batch")) == ["train", "eval"]
    assert names(recorded.list("jobs.batch", "team-b")) == ["eval"]
    assert recorded.list("cohorts.kueue.x-k8s.io") == []


SELECTORS = {
    "app=x": ["train"],
    "app!=x": ["eval"],
    "!app": ["eval"],
}


@pytest.mark.parametrize(("labels", "found"), SELECTORS.items())
def test_label_selectors(labels: str, found: list[str], recorded: RecordedObjects) -> None:
    assert names(recorded.list("jobs.batch", labels=labels)) == found


FIELDS = {
    "metadata.name=train": ["train"],
    "metadata.name==train": ["train"],
    "metadata.name!=train": ["eval"],
    "metadata.namespace=team-b,metadata.name=train": [],
    "spec.suspend=true": ["train"],
    "spec.suspend=false": ["eval"],
    "spec.absent=false": ["train", "eval"],
    "spec.absent=": ["train", "eval"],
    "spec.absent!=x": ["train", "eval"],
}


@pytest.mark.parametrize(("fields", "found"), FIELDS.items())
def test_field_selectors(fields: str, found: list[str], recorded: RecordedObjects) -> None:
    assert names(recorded.list("jobs.batch", fields=fields)) == found


def test_a_field_selector_that_is_none(recorded: RecordedObjects) -> None:
    with pytest.raises(Usage, match="'what' is not a requirement"):
        recorded.list("jobs.batch", fields="what")


def test_what_was_hidden_is_not_empty(recorded: RecordedObjects) -> None:
    assert recorded.served("resourcequotas")
    with pytest.raises(Forbidden, match="ann may not list resourcequotas") as error:
        recorded.list("resourcequotas")
    assert error.value.hint == "ask"


def test_what_was_read_in_one_namespace_is_known_only_there(recorded: RecordedObjects) -> None:
    assert recorded.list("limitranges", "team-a") == []
    with pytest.raises(NotRecorded, match="only those limitranges that are in namespace team-a"):
        recorded.list("limitranges")


def test_what_was_not_asked_for_is_not_empty(recorded: RecordedObjects) -> None:
    assert recorded.served("persistentvolumes")
    with pytest.raises(NotRecorded, match="holds no persistentvolumes"):
        recorded.list("persistentvolumes")
    assert not recorded.served("foos.example.com")
    with pytest.raises(NotFound, match=r"holds no foos\.example\.com"):
        recorded.get("foos.example.com", "a", "b")


def test_what_was_not_served_is_not_there(recorded: RecordedObjects) -> None:
    assert not recorded.served("workloads.kueue.x-k8s.io")
    with pytest.raises(NotFound, match="did not serve"):
        recorded.list("workloads.kueue.x-k8s.io")


def test_an_object_that_is_not_there(recorded: RecordedObjects) -> None:
    with pytest.raises(NotFound, match=r"there is no jobs\.batch team-a/gone in .*c\.k8sai"):
        recorded.get("jobs.batch", "team-a", "gone")


def test_secrets_are_refused(recorded: RecordedObjects) -> None:
    for ask in (lambda: recorded.list("secrets"), lambda: recorded.get("secrets", "a", "b")):
        with pytest.raises(Refused, match="never reads Secrets"):
            ask()


# --- kubectl's --------------------------------------------------------------------------------------------------------


def test_a_list_of_kubectl_answers_whole(tmp_path: Path) -> None:
    done = named("Pod", "done", "team-a", status={"phase": "Failed", "message": "only in the object"})
    secret = named("Secret", "s", "team-a", data={"p": "canary"})
    path = tmp_path / "printed.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [done, JOB, secret, named("Node", "n1")]}))
    recorded, feed, objects = open_recording(path)
    assert objects.list("pods", fields="status.phase=Failed") == [done]
    assert objects.get("jobs.batch", "team-a", "train") == JOB
    assert [(source.kind, source.count) for source in recorded.others] == [("jobs.batch", 1)]
    assert objects.served("limitranges")
    with pytest.raises(NotRecorded):
        objects.list("limitranges")
    book = Notebook()
    feed(book)
    assert (book.names("nodes"), book.names("pods")) == ({"n1"}, set())


PLURALS = {
    ("Topology", "kueue.x-k8s.io/v1"): "topologies.kueue.x-k8s.io",
    ("StorageClass", "storage.k8s.io/v1"): "storageclasses.storage.k8s.io",
    ("Gateway", "g.io/v1"): "gateways.g.io",
    ("Endpoints", "v1"): "endpoints",
    ("Event", "v1"): "events",
    ("PyTorchJob", "kubeflow.org/v1"): "pytorchjobs.kubeflow.org",
}


@pytest.mark.parametrize(("said", "kind"), PLURALS.items(), ids=str)
def test_kinds_get_their_plurals(said: tuple[str, str], kind: str) -> None:
    one = json.dumps({"kind": "List", "apiVersion": "v1", "items": [named(said[0], "a", api=said[1])]})
    assert list(read(one.encode()).whole) == [kind]


def test_items_that_do_not_say_what_they_are(tmp_path: Path) -> None:
    item = {"metadata": {"name": "p", "namespace": "a"}, "status": {"phase": "Running"}}
    path = tmp_path / "pods.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "PodList", "items": [item]}))
    assert open_recording(path).objects.list("pods") == [{"apiVersion": "v1", "kind": "Pod", **item}]
