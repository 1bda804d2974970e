"""Leases, events and namespaces: the small records that clients and controllers keep."""

from tests.contract.api import Api, Json
from tests.contract.objects import pod


def test_a_lease_is_renewed_by_its_holder(api: Api, namespace: str) -> None:
    leases = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
    spec = {"holderIdentity": "one", "leaseDurationSeconds": 15, "acquireTime": "2026-01-01T00:00:00.000000Z"}
    made = api.post(leases, {"metadata": {"name": "lock"}, "spec": spec}).ok()
    assert made["spec"] == spec
    renewed = {**made, "spec": {**spec, "renewTime": "2026-01-01T00:00:05.123456Z"}}
    assert api.put(f"{leases}/lock", renewed).ok()["spec"]["renewTime"] == "2026-01-01T00:00:05.123456Z"
    stolen = {**made, "spec": {**spec, "holderIdentity": "two"}}
    api.put(f"{leases}/lock", stolen).refused(409, "Conflict")
    wrong = {"metadata": {"name": "bad"}, "spec": {"leaseDurationSeconds": 0}}
    body = api.post(leases, wrong).refused(422, "Invalid")
    assert body["details"]["causes"][0]["field"] == "spec.leaseDurationSeconds"


def test_an_event_is_kept_with_what_it_is_about(api: Api, core: str, namespace: str) -> None:
    made = api.post(f"{core}/events", _event(namespace)).ok()
    assert (made["reason"], made["count"], made["involvedObject"]["name"]) == ("Checkpointed", 1, "p")
    by_object = {"fieldSelector": "involvedObject.kind=Pod,involvedObject.name=p,reason=Checkpointed"}
    (found,) = api.get(f"{core}/events", by_object).ok()["items"]
    assert found["metadata"]["uid"] == made["metadata"]["uid"]
    assert api.get(f"{core}/events", {"fieldSelector": "involvedObject.name=q"}).ok()["items"] == []


def test_the_scheduler_says_why_a_pod_waits(api: Api, core: str) -> None:
    api.post(f"{core}/pods", pod(nodeSelector={"no.such/label": "x"})).ok()
    events = api.until(f"{core}/events", bool, {"fieldSelector": "involvedObject.name=p,reason=FailedScheduling"})
    (event,) = list(events.values())[:1]
    assert (event["type"], event["involvedObject"]["kind"]) == ("Warning", "Pod")
    waiting = api.get(f"{core}/pods/p").ok()
    (condition,) = (c for c in waiting["status"]["conditions"] if c["type"] == "PodScheduled")
    assert (condition["status"], condition["reason"]) == ("False", "Unschedulable")


def test_a_new_namespace_is_furnished(api: Api, namespace: str, core: str) -> None:
    made = api.get(f"/api/v1/namespaces/{namespace}").ok()
    assert made["status"]["phase"] == "Active"
    assert made["spec"]["finalizers"] == ["kubernetes"]
    assert made["metadata"]["labels"] == {"kubernetes.io/metadata.name": namespace}
    api.until_object(f"{core}/serviceaccounts/default", lambda _: True)
    api.until_object(f"{core}/configmaps/kube-root-ca.crt", lambda _: True)


def _event(namespace: str) -> Json:
    about = {"apiVersion": "v1", "kind": "Pod", "namespace": namespace, "name": "p"}
    return {
        "metadata": {"name": "happened"},
        "involvedObject": about,
        "reason": "Checkpointed",
        "message": "saved step 100",
        "type": "Normal",
        "count": 1,
        "source": {"component": "trainer"},
    }
