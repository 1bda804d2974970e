"""Parts of an object with a door of their own: status, scale, binding, eviction."""

from collections.abc import Callable

from tests.contract.api import Api, Json
from tests.contract.conftest import Nodes
from tests.contract.objects import deployment, pod

POLICY = "/apis/policy/v1"


def _apps(core: str) -> str:
    return core.replace("/api/v1", "/apis/apps/v1")


def test_status_is_written_through_its_own_door_only(api: Api, core: str) -> None:
    path = f"{core}/pods/p"
    api.post(f"{core}/pods", pod(nodeSelector={"no.such/label": "x"}) | {"status": {"phase": "Running"}}).ok()
    assert api.get(path).ok()["status"]["phase"] == "Pending"
    api.patch(path, {"status": {"phase": "Running"}, "metadata": {"labels": {"a": "1"}}}).ok()
    assert api.get(path).ok()["status"]["phase"] == "Pending"
    body = {"status": {"message": "by hand"}, "spec": {"activeDeadlineSeconds": 5}}
    patched = api.patch(f"{path}/status", body).ok()
    assert patched["status"]["message"] == "by hand"
    assert "activeDeadlineSeconds" not in patched["spec"]
    assert api.get(f"{path}/status").ok()["status"]["message"] == "by hand"


def test_a_node_may_register_with_its_status(api: Api) -> None:
    capacity = {"cpu": "8", "memory": "64Gi", "nvidia.com/gpu": "8"}
    node = {"metadata": {"name": "registers"}, "status": {"capacity": capacity, "allocatable": capacity}}
    try:
        made = api.post("/api/v1/nodes", node).ok()
        assert made["status"]["capacity"]["nvidia.com/gpu"] == "8"
        labelled = {"metadata": {"name": "registers"}, "status": {**made["status"], "phase": "Running"}}
        assert api.put("/api/v1/nodes/registers/status", labelled).ok()["status"]["phase"] == "Running"
        fewer = {"status": {"allocatable": {"nvidia.com/gpu": "7"}}}
        assert api.patch("/api/v1/nodes/registers/status", fewer).ok()["status"]["allocatable"]["nvidia.com/gpu"] == "7"
        assert api.patch("/api/v1/nodes/registers", {"spec": {"unschedulable": True}}).ok()["spec"]["unschedulable"]
    finally:
        api.delete("/api/v1/nodes/registers")


def test_scale(api: Api, core: str) -> None:
    path = f"{_apps(core)}/deployments/web"
    api.post(f"{_apps(core)}/deployments", deployment(replicas=1, nodeSelector={"no.such/label": "x"})).ok()
    scale = api.get(f"{path}/scale").ok()
    assert (scale["kind"], scale["apiVersion"], scale["spec"]) == ("Scale", "autoscaling/v1", {"replicas": 1})
    assert scale["metadata"]["name"] == "web"
    whatever_version = {"name": "web", "namespace": scale["metadata"]["namespace"]}
    api.put(f"{path}/scale", {**scale, "metadata": whatever_version, "spec": {"replicas": 3}}).ok()
    assert api.get(path).ok()["spec"]["replicas"] == 3
    api.patch(f"{path}/scale", {"spec": {"replicas": 2}}).ok()
    assert api.get(path).ok()["spec"]["replicas"] == 2
    api.put(f"{path}/scale", {**scale, "spec": {"replicas": 9}}).refused(409, "Conflict")
    api.patch(f"{path}/scale", {"spec": {"replicas": -1}}).refused(422, "Invalid")
    selected = api.until_object(path, lambda web: web.get("status", {}).get("replicas") == 2)
    assert selected["status"]["replicas"] == 2
    assert api.get(f"{path}/scale").ok()["status"] == {"replicas": 2, "selector": "app=web"}


def test_binding(api: Api, core: str, nodes: Callable[..., Nodes]) -> None:
    where = nodes()
    api.post(f"{core}/pods", pod(schedulerName="nobody")).ok()
    binding = {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": where.names[0]}}
    bound = api.post(f"{core}/pods/p/binding", binding).ok()
    assert (bound["kind"], bound["status"]) == ("Status", "Success")
    placed = api.until_object(f"{core}/pods/p", _runs)
    assert placed["spec"]["nodeName"] == where.names[0]
    (scheduled,) = (c for c in placed["status"]["conditions"] if c["type"] == "PodScheduled")
    assert scheduled["status"] == "True"
    again = {**binding, "target": {"kind": "Node", "name": "another"}}
    api.post(f"{core}/pods/p/binding", again).refused(409, "Conflict")


def test_eviction_without_a_budget_deletes(api: Api, core: str, nodes: Callable[..., Nodes]) -> None:
    api.post(f"{core}/pods", pod(nodeSelector=nodes().selector)).ok()
    api.until_object(f"{core}/pods/p", _runs)
    dry = api.post(f"{core}/pods/p/eviction", _eviction("p", dryRun=["All"])).ok()
    assert (dry["kind"], dry["status"]) == ("Status", "Success")
    assert "deletionTimestamp" not in api.get(f"{core}/pods/p").ok()["metadata"]
    assert api.post(f"{core}/pods/p/eviction", _eviction("p")).status == 201
    api.until_gone(f"{core}/pods/p")
    api.post(f"{core}/pods/p/eviction", _eviction("p")).refused(404, "NotFound")


def test_a_budget_stops_evictions_and_says_so(api: Api, core: str, nodes: Callable[..., Nodes]) -> None:
    budgets = f"{POLICY}{core.removeprefix('/api/v1')}/poddisruptionbudgets"
    where = nodes()
    for name in ("p1", "p2"):
        guarded = pod(name, nodeSelector=where.selector)
        guarded["metadata"]["labels"] = {"app": "guarded"}
        api.post(f"{core}/pods", guarded).ok()
    api.until(f"{core}/pods", lambda pods: all(map(_runs, pods.values())))
    budget = {
        "metadata": {"name": "guard"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "guarded"}}},
    }
    api.post(budgets, budget).ok()
    status = api.until_object(f"{budgets}/guard", lambda b: b.get("status", {}).get("disruptionsAllowed") == 1)[
        "status"
    ]
    assert (status["currentHealthy"], status["desiredHealthy"], status["expectedPods"]) == (2, 1, 2)
    assert api.post(f"{core}/pods/p1/eviction", _eviction("p1")).status == 201
    refused = api.post(f"{core}/pods/p2/eviction", _eviction("p2")).refused(429, "TooManyRequests")
    assert refused["message"].startswith("Cannot evict pod as it would violate the pod's disruption budget")
    assert [cause["reason"] for cause in refused["details"]["causes"]] == ["DisruptionBudget"]
    assert "deletionTimestamp" not in api.get(f"{core}/pods/p2").ok()["metadata"]


def _eviction(name: str, **options: object) -> Json:
    body: Json = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
    return {**body, "deleteOptions": options} if options else body


def _runs(pod: Json) -> bool:
    return bool(pod["status"].get("phase") == "Running")
