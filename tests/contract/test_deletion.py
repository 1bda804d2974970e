"""Deletion: finalizers, owners and what they own, pods and their kubelets, namespaces."""

from collections.abc import Callable

from tests.contract.api import Api, Json
from tests.contract.conftest import Nodes
from tests.contract.objects import config_map, deployment, owned_by, pod


def _family(api: Api, core: str, **reference: bool) -> None:
    owner = api.post(f"{core}/configmaps", config_map("owner")).ok()
    api.post(f"{core}/configmaps", config_map("owned", ownerReferences=[owned_by(owner, **reference)])).ok()


def test_finalizers_keep_an_object_until_the_last_is_gone(api: Api, core: str) -> None:
    path = f"{core}/configmaps/settings"
    api.post(f"{core}/configmaps", config_map(finalizers=["k8sai.dev/a", "k8sai.dev/b"])).ok()
    told = api.delete(path).ok()
    assert told["kind"] == "ConfigMap"
    assert told["metadata"]["deletionTimestamp"]
    waiting = api.get(path).ok()["metadata"]
    assert (waiting["deletionTimestamp"], waiting["finalizers"]) == (
        told["metadata"]["deletionTimestamp"],
        ["k8sai.dev/a", "k8sai.dev/b"],
    )
    assert waiting["deletionGracePeriodSeconds"] == 0
    assert api.patch(path, {"metadata": {"finalizers": ["k8sai.dev/b"]}}).ok()["metadata"]["deletionTimestamp"]
    api.patch(path, {"metadata": {"finalizers": []}}).ok()
    api.get(path).refused(404, "NotFound")


def test_a_deleted_object_takes_no_new_finalizer(api: Api, core: str) -> None:
    path = f"{core}/configmaps/settings"
    api.post(f"{core}/configmaps", config_map(finalizers=["k8sai.dev/a"])).ok()
    api.delete(path).ok()
    body = api.patch(path, {"metadata": {"finalizers": ["k8sai.dev/a", "k8sai.dev/new"]}}).refused(422, "Invalid")
    assert body["details"]["causes"][0]["field"] == "metadata.finalizers"
    api.patch(path, {"metadata": {"finalizers": None}}).ok()


def test_in_the_background_owned_objects_follow(api: Api, core: str) -> None:
    _family(api, core)
    api.delete(f"{core}/configmaps/owner", {"propagationPolicy": "Background"}).ok()
    api.get(f"{core}/configmaps/owner").refused(404, "NotFound")
    api.until_gone(f"{core}/configmaps/owned")


def test_in_the_foreground_owned_objects_go_first(api: Api, core: str) -> None:
    owner = api.post(f"{core}/configmaps", config_map("owner")).ok()
    owned = config_map("owned", ownerReferences=[owned_by(owner, block=True)], finalizers=["k8sai.dev/hold"])
    api.post(f"{core}/configmaps", owned).ok()
    told = api.delete(f"{core}/configmaps/owner", {"propagationPolicy": "Foreground"}).ok()
    assert told["metadata"]["finalizers"] == ["foregroundDeletion"]
    api.until_object(f"{core}/configmaps/owned", lambda obj: "deletionTimestamp" in obj["metadata"])
    assert "deletionTimestamp" in api.get(f"{core}/configmaps/owner").ok()["metadata"]
    api.patch(f"{core}/configmaps/owned", {"metadata": {"finalizers": None}}).ok()
    api.until_gone(f"{core}/configmaps/owner")


def test_orphans_lose_their_owner_and_stay(api: Api, core: str) -> None:
    _family(api, core)
    api.delete(f"{core}/configmaps/owner", {"propagationPolicy": "Orphan"}).ok()
    api.until_gone(f"{core}/configmaps/owner")
    left = api.until_object(f"{core}/configmaps/owned", lambda obj: not obj["metadata"].get("ownerReferences"))
    assert "deletionTimestamp" not in left["metadata"]


def test_an_object_whose_owner_never_was_is_collected(api: Api, core: str) -> None:
    ghost = {"apiVersion": "v1", "kind": "ConfigMap", "name": "ghost", "uid": "00000000-0000-0000-0000-00000000dead"}
    api.post(f"{core}/configmaps", config_map("owned", ownerReferences=[ghost])).ok()
    api.until_gone(f"{core}/configmaps/owned")


def test_a_second_owner_keeps_an_object(api: Api, core: str) -> None:
    first = api.post(f"{core}/configmaps", config_map("first")).ok()
    second = api.post(f"{core}/configmaps", config_map("second")).ok()
    both = [owned_by(first), owned_by(second, controller=False)]
    api.post(f"{core}/configmaps", config_map("owned", ownerReferences=both)).ok()
    api.delete(f"{core}/configmaps/first", {"propagationPolicy": "Background"}).ok()
    left = api.until_object(f"{core}/configmaps/owned", lambda obj: len(obj["metadata"]["ownerReferences"]) == 1)
    assert left["metadata"]["ownerReferences"][0]["name"] == "second"


def test_a_deployment_takes_its_sets_and_pods_along(api: Api, core: str, nodes: Callable[..., Nodes]) -> None:
    where, apps = nodes(), core.replace("/api/v1", "/apis/apps/v1")
    api.post(f"{apps}/deployments", deployment(replicas=2, nodeSelector=where.selector)).ok()
    api.until(f"{core}/pods", lambda pods: len(pods) == 2 and all(map(_runs, pods.values())))
    api.delete(f"{apps}/deployments/web").ok()
    api.until(f"{apps}/replicasets", lambda sets: not sets)
    api.until(f"{core}/pods", lambda pods: not pods)


def test_a_pod_on_no_node_goes_at_once(api: Api, core: str) -> None:
    api.post(f"{core}/pods", pod(nodeSelector={"no.such/label": "x"})).ok()
    api.delete(f"{core}/pods/p").ok()
    api.get(f"{core}/pods/p").refused(404, "NotFound")


def test_a_running_pod_is_given_its_grace(api: Api, core: str, nodes: Callable[..., Nodes]) -> None:
    running = pod(nodeSelector=nodes().selector, terminationGracePeriodSeconds=7)
    running["metadata"]["finalizers"] = ["k8sai.dev/look"]
    api.post(f"{core}/pods", running).ok()
    api.until_object(f"{core}/pods/p", _runs)
    told = api.delete(f"{core}/pods/p").ok()["metadata"]
    assert told["deletionGracePeriodSeconds"] == 7
    assert told["deletionTimestamp"] > told["creationTimestamp"]
    api.patch(f"{core}/pods/p", {"metadata": {"finalizers": None}}).ok()
    api.until_gone(f"{core}/pods/p")


def test_a_grace_of_zero_ends_a_running_pod_now(api: Api, core: str, nodes: Callable[..., Nodes]) -> None:
    api.post(f"{core}/pods", pod(nodeSelector=nodes().selector)).ok()
    api.until_object(f"{core}/pods/p", _runs)
    api.delete(f"{core}/pods/p", {"gracePeriodSeconds": 0}).ok()
    api.get(f"{core}/pods/p").refused(404, "NotFound")


def test_a_namespace_goes_with_all_that_is_in_it(api: Api, namespace: str, core: str) -> None:
    api.post(f"{core}/configmaps", config_map(finalizers=["k8sai.dev/hold"])).ok()
    told = api.delete(f"/api/v1/namespaces/{namespace}").ok()
    assert told["status"]["phase"] == "Terminating"
    refused = api.post(f"{core}/configmaps", config_map("late")).refused(403, "Forbidden")
    assert refused["details"]["causes"][0]["reason"] == "NamespaceTerminating"
    api.until_object(f"{core}/configmaps/settings", lambda obj: "deletionTimestamp" in obj["metadata"])
    api.patch(f"{core}/configmaps/settings", {"metadata": {"finalizers": None}}).ok()
    api.until_gone(f"/api/v1/namespaces/{namespace}")


def test_namespaces_of_the_cluster_stay(api: Api) -> None:
    api.delete("/api/v1/namespaces/default").refused(403, "Forbidden")


def test_an_unknown_policy_is_refused(api: Api, core: str) -> None:
    api.post(f"{core}/configmaps", config_map()).ok()
    body = api.delete(f"{core}/configmaps/settings", {"propagationPolicy": "Maybe"}).refused(422, "Invalid")
    assert body["details"]["causes"][0]["field"] == "propagationPolicy"


def _runs(pod: Json) -> bool:
    return bool(pod["status"].get("phase") == "Running")
