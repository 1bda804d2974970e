"""EvictionRequest (lifecycle.k8s.io/v1alpha1, gate EvictionRequestAPI): what servers take, and that nobody acts on it.

1.37.0 has the API and no controller: our method must find that out by itself and leave nothing behind.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from k8sai.ages import stamp
from k8sai.cluster.connect import connect
from k8sai.cluster.objects import LiveObjects
from k8sai.cluster.options import Options
from k8sai.cluster.writing import Writer
from k8sai.evict.facts import Contract, Ref
from k8sai.evict.method import Asked, Site
from k8sai.evict.methods.evictionrequest import EvictionRequest, object_name
from tests.contract.api import Api, Json
from tests.contract.conftest import Server
from tests.contract.objects import pod
from tests.evict.methods_site import never, request

GATES = "GenericWorkload=true,EvictionRequestAPI=true"
RESPONDER = {"name": "trainer.example.com/saver", "priority": 20000}


@pytest.fixture(scope="session", params=["sim", pytest.param("real", marks=pytest.mark.controlplane)])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With the API switched on."""
    if request.param == "real":
        plane = request.getfixturevalue("controlplanes").get(GATES)
        yield Server(plane.api, plane.kubeconfig(), plane.restart_apiserver, plane)
        return
    from k8sai.sim.cluster import Sim

    kubeconfig: Path = tmp_path_factory.mktemp("sim") / "config"
    with Sim("empty", lifecycle="served") as sim:
        sim.write_kubeconfig(kubeconfig)
        api = Api.of(kubeconfig)
        if api.get("/apis/lifecycle.k8s.io/v1alpha1").status == 404:
            pytest.skip("the embedded cluster does not serve lifecycle.k8s.io")
        yield Server(api, kubeconfig, sim.compact)
        api.close()


@pytest.fixture
def requests(namespace: str) -> str:
    """The path of eviction requests in the test's namespace."""
    return f"/apis/lifecycle.k8s.io/v1alpha1/namespaces/{namespace}/evictionrequests"


def wanted(
    name: str = "r",
    *,
    uid: str = "6fa459ea-ee8a-4ca4-894e-db77e160355e",
    requester: str = "k8sai.dev/evict",
    **spec: Any,
) -> Json:
    target = {"pod": {"name": "p", **({"uid": uid} if uid else {})}}
    meta = {"name": name}
    return {"metadata": meta, "spec": {"target": target, "requester": requester, "intent": "Eviction", **spec}}


# --- what servers take ------------------------------------------------------------------------------------------------


def test_one_for_a_pod_that_is_not_there_and_another_of_the_same_requester(api: Api, requests: str) -> None:
    first = api.post(requests, wanted("one"))
    first.ok()
    assert first.status == 201
    assert first.headers["Warning"].startswith('299 - "lifecycle.k8s.io/v1alpha1 EvictionRequest is deprecated')
    assert api.post(requests, wanted("two")).status == 201


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        (wanted(uid=""), "spec.target.pod.uid", "Required value"),
        (wanted(uid="no-uuid"), "spec.target.pod.uid", "Invalid value"),
        (wanted(requester="evict"), "spec.requester", "must include a prefix"),
        (wanted(requester="x.kubernetes.io/evict"), "spec.requester", "are reserved"),
        (wanted(intent="Perhaps"), "spec.intent", "Unsupported value"),
    ],
    ids=["no uid", "no uuid", "bare requester", "reserved requester", "intent"],
)
def test_what_is_refused(api: Api, requests: str, body: Json, field: str, says: str) -> None:
    message = api.post(requests, body).refused(422, "Invalid")["message"]
    assert field in message
    assert says in message


@pytest.mark.parametrize("change", [{"target": {"pod": {"name": "q"}}}, {"requester": "other.example.com/evict"}])
def test_target_and_requester_stay(api: Api, requests: str, change: Json) -> None:
    api.post(requests, wanted()).ok()
    refused = api.patch(f"{requests}/r", {"spec": change}).refused(422, "Invalid")
    assert "field is immutable" in refused["message"]


def test_withdrawn_and_wanted_again(api: Api, requests: str) -> None:
    api.post(requests, wanted()).ok()
    for intent in ("Withdrawn", "Eviction"):
        assert api.patch(f"{requests}/r", {"spec": {"intent": intent}}).ok()["spec"]["intent"] == intent


def test_it_outlives_its_pod(api: Api, core: str, requests: str) -> None:
    uid = api.post(f"{core}/pods", pod("p", nodeSelector={"no.such/label": "x"})).ok()["metadata"]["uid"]
    api.post(requests, wanted(uid=uid)).ok()
    api.delete(f"{core}/pods/p", {"gracePeriodSeconds": 0}).ok()
    api.until_gone(f"{core}/pods/p")
    assert api.get(f"{requests}/r").status == 200


@pytest.mark.parametrize(
    ("responders", "more", "says"),
    [
        ([RESPONDER], {"schedulingGroup": {"podGroupName": "g"}}, "may not be set when evictionResponders is set"),
        ([{**RESPONDER, "priority": 999}], {}, "0-999 are reserved"),
        ([{**RESPONDER, "name": f"r{i}.example.com/x"} for i in range(11)], {}, "must have at most 10 items"),
    ],
    ids=["group", "priority", "eleven"],
)
def test_responders_of_a_pod(api: Api, core: str, responders: list[Json], more: Json, says: str) -> None:
    body = pod("p", evictionResponders=responders, **more)
    assert says in api.post(f"{core}/pods", body).refused(422, "Invalid")["message"]


def test_the_other_kind_of_the_name_evicts_nobody(api: Api, core: str) -> None:
    api.post(f"{core}/pods", pod("p", nodeSelector={"no.such/label": "x"})).ok()
    body = {"apiVersion": "lifecycle.k8s.io/v1alpha1", "kind": "Eviction", "metadata": {"name": "p"}}
    assert api.post(f"{core}/pods/p/eviction", body).status == 400
    assert api.get(f"{core}/pods/p").status == 200


# --- our method -------------------------------------------------------------------------------------------------------


@pytest.fixture
def site(server: Server, core: str, namespace: str) -> Iterator[Site]:
    """A gang of one pod that names a responder."""
    body = pod("rank-0", evictionResponders=[RESPONDER], nodeSelector={"no.such/label": "x"})
    made = server.api.post(f"{core}/pods", body).ok()
    with closing(connect(Options(kubeconfig=str(server.kubeconfig)))) as connection:
        ref = Ref("pods", namespace, "rank-0", made["metadata"]["uid"], "pod")
        writer, objects = Writer(connection), LiveObjects(connection)
        yield Site(ref, Contract(methods=("evictionrequest",)), [made], connection, writer, objects)


def listed(api: Api, requests: str) -> list[Json]:
    return list(api.get(requests).ok()["items"])


def test_nobody_acts_on_it_so_it_is_taken_back(api: Api, requests: str, site: Site) -> None:
    method = EvictionRequest(probe=0.2, every=0.05)
    assert method.preflight(site, True) == ()
    seen: list[Json] = []

    def until() -> bool:
        seen.extend(listed(api, requests))
        return False

    (said,) = method.ask(site, request(), until).said
    assert (said.pod, said.heard) == ("rank-0", "failed")
    assert said.why == "no controller has read evictionrequests.lifecycle.k8s.io within 0.2 s: it was withdrawn"
    assert seen[0]["spec"]["target"]["pod"] == {"name": "rank-0", "uid": site.ref.uid}
    assert (seen[0]["spec"]["requester"], seen[0]["spec"]["intent"]) == ("k8sai.dev/evict", "Eviction")
    assert listed(api, requests) == []


def reads(api: Api, requests: str) -> Callable[[], bool]:
    """A controller that gives its sign of life."""

    def until() -> bool:
        for one in listed(api, requests):
            path = f"{requests}/{one['metadata']['name']}/status"
            api.patch(path, {"status": {"observedGeneration": one["metadata"]["generation"]}}).ok()
        return False

    return until


def test_somebody_acts_on_it(api: Api, requests: str, namespace: str, site: Site) -> None:
    method, what = EvictionRequest(probe=60, every=0.01), request()
    asked = method.ask(site, what, reads(api, requests))
    assert asked.said[0].heard == "accepted"
    assert [one["metadata"]["name"] for one in listed(api, requests)] == [object_name(what, "rank-0")]
    again = method.ask(site, what, never)
    assert again == asked, "after a kill -9 the same one is found"
    assert method.look(site, what, asked) == asked

    answer = '{"requestId":"a1b2c3","step":5,"complete":true,"ranks":1,"worldSize":1}'
    evictions = f"/apis/lifecycle.k8s.io/v1alpha1/namespaces/{namespace}/evictions"
    target = {"pod": {"name": "rank-0", "uid": site.ref.uid}}
    api.post(evictions, {"metadata": {"name": "pod-1-rank-0"}, "spec": {"target": target}}).ok()
    path = f"{evictions}/pod-1-rank-0/status"
    one = {"name": RESPONDER["name"], "startTime": stamp(time.time())}
    active = {"targetResponders": [{**RESPONDER, "state": "Active"}], "responders": [one]}
    api.patch(path, {"status": active}).ok()
    now = stamp(time.time())
    done = {**one, "heartbeatTime": now, "completionTime": now, "message": f"saved\n{answer}"}
    api.patch(path, {"status": {"responders": [done]}}).ok()
    (said,) = method.look(site, what, asked).said
    assert said.heard == "answered"
    assert said.ack is not None and said.ack.step == 5


def test_taken_back_without_knowing_what_was_made_and_twice(api: Api, requests: str, site: Site) -> None:
    method, what = EvictionRequest(probe=60, every=0.01), request()
    method.ask(site, what, reads(api, requests))
    for _ in range(2):
        method.withdraw(site, what, Asked())
        assert listed(api, requests) == []


def test_pods_it_is_not_for(site: Site) -> None:
    def trouble(**spec: Any) -> str:
        one = {**site.pods[0], "spec": {**site.pods[0]["spec"], **spec}}
        other = Site(site.ref, site.contract, [one], site.connection, site.writer, site.objects)
        (found,) = EvictionRequest().preflight(other, True)
        return found.why

    assert trouble(schedulingGroup={"podGroupName": "g"}).startswith("pod rank-0 belongs to a PodGroup")
    default = {"name": "imperative-eviction.k8s.io/evictor", "priority": 100}
    for responders in ([], [default]):
        assert trouble(evictionResponders=responders) == "pod rank-0 names no evictionResponders, so nobody would save"
