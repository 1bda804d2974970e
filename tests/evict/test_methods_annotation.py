"""Asking by an annotation, and hearing what the workload writes, on pods and owners of the embedded cluster."""

import json
from dataclasses import replace
from typing import Any

import pytest

from k8sai.evict.facts import Ref
from k8sai.evict.method import Asked, Said
from k8sai.evict.methods.annotation import REQUEST, Annotation
from tests.evict.methods_site import SLEEP, Cluster, never, request
from tests.evict.methods_site import cluster as cluster
from tests.sim.process_yard import PODS

LAST = "k8sai.dev/last-checkpoint"
VOLUME = {
    "name": "podinfo",
    "downwardAPI": {"items": [{"path": "a", "fieldRef": {"fieldPath": "metadata.annotations"}}]},
}


@pytest.fixture(scope="module")
def pods(cluster: Cluster) -> list[Any]:
    """Two that sleep."""
    return [cluster.pod(f"rank-{number}", SLEEP) for number in range(2)]


def annotations(cluster: Cluster, path: str) -> dict[str, str]:
    found: dict[str, str] = cluster.yard.api.get(path).ok()["metadata"].get("annotations") or {}
    return found


def job(cluster: Cluster, name: str) -> Ref:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "x"}]}}
    body = {"metadata": {"name": name}, "spec": {"suspend": True, "template": template}}
    made = cluster.yard.api.post("/apis/batch/v1/namespaces/default/jobs", body).ok()
    return Ref("jobs.batch", "default", name, made["metadata"]["uid"], "job")


def test_a_request_is_written_where_the_pods_show_it(cluster: Cluster) -> None:
    pod = cluster.pod("watches", SLEEP, volumes=[VOLUME])
    site = cluster.site_of(job(cluster, "shown"), pod)
    assert Annotation().rights(site) == (("get", "pods", "", "default"), ("patch", "pods", "", "default"))
    asked = Annotation().ask(site, request(), never)
    assert asked.said == (Said("watches", "silent"),)
    said = json.loads(annotations(cluster, f"{PODS}/watches")[REQUEST])
    assert (said["id"], said["reason"], said["requester"]) == ("a1b2c3", "drain", "ana")
    assert REQUEST not in annotations(cluster, "/apis/batch/v1/namespaces/default/jobs/shown")
    Annotation().withdraw(site, request("other1"), asked)
    assert REQUEST in annotations(cluster, f"{PODS}/watches"), "another's request stays"
    for _ in range(2):
        Annotation().withdraw(site, request(), asked)
        assert REQUEST not in annotations(cluster, f"{PODS}/watches")


def test_else_on_the_owner_and_once(cluster: Cluster, pods: list[Any]) -> None:
    site = cluster.site_of(job(cluster, "owner"), *pods)
    path = "/apis/batch/v1/namespaces/default/jobs/owner"
    once = request()
    Annotation().ask(site, once, never)
    version = cluster.yard.api.get(path).ok()["metadata"]["resourceVersion"]
    Annotation().ask(site, once, never)
    assert cluster.yard.api.get(path).ok()["metadata"]["resourceVersion"] == version
    Annotation().withdraw(site, once, Asked())
    assert annotations(cluster, path) == {}


def test_an_owner_of_several_gangs_is_neither_written_on_nor_heard(cluster: Cluster, pods: list[Any]) -> None:
    ref = job(cluster, "groups")
    path = "/apis/batch/v1/namespaces/default/jobs/groups"
    site = replace(cluster.site_of(ref, *pods), shared=True)
    [trouble] = Annotation().preflight(site, True)
    assert trouble.why.startswith("its pods show their annotations in no downward API volume, and job/groups")
    answer = {"requestId": "a1b2c3", "step": 7, "time": "2026-11-21T10:01:30Z", "complete": True}
    value = {"metadata": {"annotations": {LAST: json.dumps(answer)}}}
    cluster.yard.api.patch(path, value).ok()
    silent = Asked((Said("rank-0", "silent"),))
    assert Annotation().look(site, request(), silent) == silent
    alone = replace(site, shared=False)
    assert Annotation().preflight(alone, True) == ()
    assert [one.heard for one in Annotation().look(alone, request(), silent).said] == ["answered"]


def test_another_object_of_the_same_name_is_left_alone(cluster: Cluster, pods: list[Any]) -> None:
    ref = replace(job(cluster, "again"), uid="the-one-before")
    assert [one.heard for one in Annotation().ask(cluster.site_of(ref, *pods), request(), never).said] == ["failed"]
    assert annotations(cluster, "/apis/batch/v1/namespaces/default/jobs/again") == {}


def test_an_answer_on_the_pod_or_on_the_owner_is_heard(cluster: Cluster) -> None:
    pod = cluster.pod("answers", SLEEP)
    site = cluster.site_of(job(cluster, "answered"), pod)
    asked = Asked((Said("answers", "silent"),))
    assert Annotation().look(site, request(), asked) == asked

    def writes(path: str, **said: Any) -> None:
        cluster.yard.api.patch(path, {"metadata": {"annotations": {LAST: json.dumps(said)}}}).ok()

    writes(f"{PODS}/answers", requestId="older1", step=6, complete=True)
    assert Annotation().look(site, request(), asked) == asked
    writes(f"{PODS}/answers", requestId="a1b2c3", complete=False)
    assert Annotation().look(site, request(), asked).said[0].heard == "accepted"
    writes("/apis/batch/v1/namespaces/default/jobs/answered", requestId="a1b2c3", step=8, complete=True)
    cluster.yard.api.patch(f"{PODS}/answers", {"metadata": {"annotations": {LAST: None}}}).ok()
    (said,) = Annotation().look(site, request(), asked).said
    assert said.heard == "answered"
    assert said.ack is not None and said.ack.step == 8


def test_a_pod_that_is_gone_answers_no_more(cluster: Cluster) -> None:
    pod = cluster.pod("leaves", SLEEP)
    cluster.yard.api.delete(f"{PODS}/leaves", {"gracePeriodSeconds": 0})
    site = cluster.site_of(job(cluster, "left"), pod)
    cluster.yard.api.until_gone(f"{PODS}/leaves")
    assert Annotation().look(site, request(), Asked((Said("leaves", "silent"),))).said == (
        Said("leaves", "silent", why="the pod is gone"),
    )
