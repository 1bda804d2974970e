"""The controller of EvictionRequests, where one runs: it reads them, names the responders, and sees pods go."""

from pathlib import Path

from k8sai.sim.cluster import Sim
from tests.contract.api import Api
from tests.contract.objects import pod
from tests.contract.queues import told

CORE = "/api/v1/namespaces/default"
LIFECYCLE = "/apis/lifecycle.k8s.io/v1alpha1/namespaces/default"


def test_a_request_is_read_and_ends_with_its_pod(tmp_path: Path) -> None:
    responder = {"name": "trainer.example.com/saver", "priority": 20000}
    with Sim("empty", lifecycle="running") as sim:
        sim.write_kubeconfig(tmp_path / "config")
        api = Api.of(tmp_path / "config")
        made = api.post(f"{CORE}/pods", pod("p", evictionResponders=[responder])).ok()
        target = {"pod": {"name": "p", "uid": made["metadata"]["uid"]}}
        spec = {"target": target, "requester": "k8sai.dev/evict", "intent": "Eviction"}
        api.post(f"{LIFECYCLE}/evictionrequests", {"metadata": {"name": "r"}, "spec": spec}).ok()
        path = f"{LIFECYCLE}/evictionrequests/r"
        read = api.until_object(path, lambda one: one.get("status", {}).get("observedGeneration") == 1)
        assert told(read, "TargetEvicted") == ("False", "AwaitingEviction")
        (found,) = api.get(f"{LIFECYCLE}/evictions").ok()["items"]
        assert found["status"]["targetResponders"] == [{**responder, "state": "Active"}]
        assert found["status"]["requesters"] == [{"name": "k8sai.dev/evict", "intent": "Eviction"}]
        api.delete(f"{CORE}/pods/p").ok()
        over = api.until_object(path, lambda one: told(one, "TargetEvicted")[0] == "True")
        assert told(over, "Failed") == ("False", "Succeeded")
        api.close()


def test_without_it_responders_are_dropped_without_a_word(tmp_path: Path) -> None:
    with Sim("empty") as sim:
        sim.write_kubeconfig(tmp_path / "config")
        api = Api.of(tmp_path / "config")
        made = api.post(f"{CORE}/pods", pod("p", evictionResponders=[{"name": "x.example.com/y", "priority": 1}])).ok()
        assert "evictionResponders" not in made["spec"]
        assert api.get(f"{LIFECYCLE}/evictionrequests").status == 404
        api.close()
