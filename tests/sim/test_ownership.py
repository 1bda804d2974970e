"""managedFields as the store keeps them: whose writes are tracked, and whose cost nothing."""

from dataclasses import replace

import pytest

from k8sai.schema.managed import Owner, entries_of, owners_of
from k8sai.sim.founding import founded
from k8sai.sim.kinds import find
from k8sai.sim.objects import Obj
from k8sai.sim.ownership import SETTLED
from k8sai.sim.store import Store

CONFIG, PODS, DEPLOYMENTS, JOBS = (
    find("", "configmaps"),
    find("", "pods"),
    find("apps", "deployments"),
    find("batch", "jobs"),
)
ALICE = Owner("alice", "Update", "v1", "", "2026-01-01T00:00:00Z")
BOB = replace(ALICE, manager="bob", time="2026-02-02T00:00:00Z")


@pytest.fixture
def store() -> Store:
    return founded(now=lambda: 1_800_000_000.0)


def config(**data: str) -> Obj:
    return {"metadata": {"name": "c", "namespace": "default"}, "data": data}


def pod() -> Obj:
    containers = [{"name": "main", "image": "registry.example/train:1"}]
    return {"metadata": {"name": "p", "namespace": "default"}, "spec": {"containers": containers}}


def managers(obj: Obj) -> list[tuple[str, str]]:
    return [(e["manager"], e.get("subresource", "")) for e in obj["metadata"].get("managedFields", ())]


def test_what_controllers_make_is_nobodys(store: Store) -> None:
    made = store.create(PODS, pod())
    assert "managedFields" not in made["metadata"]
    changed = store.update(PODS, {**made, "status": {"phase": "Running"}}, "status")
    labelled = {**changed, "metadata": {**changed["metadata"], "labels": {"a": "b"}}}
    assert "managedFields" not in store.update(PODS, labelled, author=ALICE)["metadata"]


def test_a_restored_object_stays_as_it_is(store: Store) -> None:
    assert "managedFields" not in store.restore(PODS, pod())["metadata"]


def test_controllers_own_what_they_write_to_tracked_objects(store: Store) -> None:
    made = store.create(PODS, pod(), author=ALICE)
    bound = store.update(PODS, {**made, "spec": {**made["spec"], "nodeName": "n"}}, "binding")
    assert managers(bound) == [("alice", "")], "nobody owns the node of a pod"
    running = store.update(PODS, {**bound, "status": {"phase": "Running"}}, "status")
    assert managers(running) == [("alice", ""), ("kubelet", "status")]
    kubelet = owners_of(running["metadata"]["managedFields"])["kubelet", "Update", "status", "v1"]
    assert kubelet.time == "2027-01-15T08:00:00Z"
    assert kubelet.fields.wire()["f:status"]["f:phase"] == {}


def test_a_deployments_status_is_its_controllers(store: Store) -> None:
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": pod()["spec"]}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    made = store.create(DEPLOYMENTS, {**config(), "spec": spec}, author=ALICE)
    done = store.update(DEPLOYMENTS, {**made, "status": {"replicas": 1}}, "status")
    assert managers(done)[-1] == ("kube-controller-manager", "status")


def test_the_labels_that_tie_pods_to_a_job_are_nobodys(store: Store) -> None:
    template = {"spec": {**pod()["spec"], "restartPolicy": "Never"}}
    made = store.create(JOBS, {**config(), "spec": {"template": template}}, author=ALICE)
    (entry,) = made["metadata"]["managedFields"]
    assert "f:selector" not in entry["fieldsV1"]["f:spec"]
    assert "f:metadata" not in entry["fieldsV1"]
    assert "f:metadata" not in entry["fieldsV1"]["f:spec"]["f:template"]


def test_a_settled_write_says_itself_who_owns_what(store: Store) -> None:
    made = store.create(CONFIG, config(a="1"), author=ALICE)
    owners = entries_of(owners_of(made["metadata"]["managedFields"]))
    owners[0]["manager"] = "carol"
    changed = {**made, "data": {"a": "2"}, "metadata": {**made["metadata"], "managedFields": owners}}
    assert managers(store.update(CONFIG, changed, author=SETTLED)) == [("carol", "")]


def test_a_new_time_alone_is_no_write(store: Store) -> None:
    made = store.create(CONFIG, config(a="1"), author=ALICE)
    later = [{**made["metadata"]["managedFields"][0], "time": "2026-09-09T00:00:00Z"}]
    same = {**made, "metadata": {**made["metadata"], "managedFields": later}}
    assert store.update(CONFIG, same, author=SETTLED) is made
    assert store.update(CONFIG, {**made, "data": {"a": "1"}}, author=BOB) is made


def test_owners_nobody_can_read_are_started_anew(store: Store) -> None:
    broken = config(a="1")
    broken["metadata"]["managedFields"] = [{"manager": "x", "operation": "Odd"}]
    assert managers(store.create(CONFIG, broken, author=ALICE)) == [("alice", "")]
    made = store.get(CONFIG, "default", "c")
    sent = {**made, "data": {"a": "2"}, "metadata": {**made["metadata"], "managedFields": [{"operation": "Odd"}]}}
    assert managers(store.update(CONFIG, sent, author=BOB)) == [("alice", ""), ("bob", "")]


def test_a_dry_run_tells_and_keeps_nothing(store: Store) -> None:
    made = store.create(CONFIG, config(a="1"), author=ALICE)
    told = store.update(CONFIG, {**made, "data": {"a": "2"}}, dry_run=True, author=BOB)
    assert managers(told) == [("alice", ""), ("bob", "")]
    assert store.get(CONFIG, "default", "c") is made
