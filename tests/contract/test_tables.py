"""The server-side tables that kubectl prints."""

from collections.abc import Callable

import pytest

from tests.contract.api import TABLE, Api, Json
from tests.contract.conftest import Nodes
from tests.contract.objects import config_map, deployment, job, pod


def _table(api: Api, path: str, **query: str) -> tuple[list[str], list[Json]]:
    table = api.get(path, query, accept=TABLE).ok()
    assert (table["kind"], table["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    assert table["metadata"]["resourceVersion"]
    return [column["name"] for column in table["columnDefinitions"]], table["rows"]


def test_pods(api: Api, core: str, nodes: Callable[..., Nodes]) -> None:
    where = nodes()
    api.post(f"{core}/pods", pod(nodeSelector=where.selector)).ok()
    api.until_object(f"{core}/pods/p", lambda p: p["status"]["phase"] == "Running")
    columns, rows = _table(api, f"{core}/pods")
    assert columns == ["Name", "Ready", "Status", "Restarts", "Age", "IP", "Node", "Nominated Node", "Readiness Gates"]
    (row,) = rows
    cells = dict(zip(columns, row["cells"], strict=True))
    assert (cells["Name"], cells["Ready"], cells["Status"], str(cells["Restarts"])) == ("p", "1/1", "Running", "0")
    assert cells["Node"] == where.names[0]
    assert (cells["Nominated Node"], cells["Readiness Gates"]) == ("<none>", "<none>")
    assert (row["object"]["kind"], row["object"]["metadata"]["name"]) == ("PartialObjectMetadata", "p")


def test_pods_that_wait_or_go(api: Api, core: str) -> None:
    waiting = pod("waits", nodeSelector={"no.such/label": "x"})
    waiting["metadata"]["finalizers"] = ["k8sai.dev/hold"]
    api.post(f"{core}/pods", waiting).ok()
    columns, (row,) = _table(api, f"{core}/pods")
    assert dict(zip(columns, row["cells"], strict=True))["Status"] == "Pending"
    api.delete(f"{core}/pods/waits").ok()
    columns, (row,) = _table(api, f"{core}/pods")
    assert dict(zip(columns, row["cells"], strict=True))["Status"] == "Terminating"
    api.patch(f"{core}/pods/waits", {"metadata": {"finalizers": None}}).ok()


def test_nodes(api: Api, nodes: Callable[..., Nodes]) -> None:
    where = nodes()
    api.patch(f"/api/v1/nodes/{where.names[0]}", {"spec": {"unschedulable": True}}).ok()
    columns, (row,) = _table(api, "/api/v1/nodes", fieldSelector=f"metadata.name={where.names[0]}")
    assert columns[:5] == ["Name", "Status", "Roles", "Age", "Version"]
    assert columns[5:] == ["Internal-IP", "External-IP", "OS-Image", "Kernel-Version", "Container-Runtime"]
    cells = dict(zip(columns, row["cells"], strict=True))
    assert (cells["Name"], cells["Status"], cells["Roles"]) == (where.names[0], "Ready,SchedulingDisabled", "<none>")


def test_wide_columns_have_a_lower_priority(api: Api) -> None:
    table = api.get("/api/v1/nodes", {"limit": 1}, accept=TABLE).ok()
    priorities = {column["name"]: column["priority"] for column in table["columnDefinitions"]}
    assert (priorities["Status"], priorities["Internal-IP"]) == (0, 1)
    formats = {column["name"]: column["format"] for column in table["columnDefinitions"]}
    assert formats["Name"] == "name"


@pytest.mark.parametrize(
    ("group", "plural", "columns"),
    [
        ("/apis/apps/v1", "deployments", "Name|Ready|Up-to-date|Available|Age|Containers|Images|Selector"),
        ("/apis/batch/v1", "jobs", "Name|Status|Completions|Duration|Age|Containers|Images|Selector"),
        ("/api/v1", "configmaps", "Name|Data|Age"),
        ("/api/v1", "events", "Last Seen|Type|Reason|Object|Subobject|Source|Message|First Seen|Count|Name"),
        ("/apis/policy/v1", "poddisruptionbudgets", "Name|Min Available|Max Unavailable|Allowed Disruptions|Age"),
    ],
)
def test_other_kinds(api: Api, namespace: str, group: str, plural: str, columns: str) -> None:
    assert _table(api, f"{group}/namespaces/{namespace}/{plural}")[0] == columns.split("|")


def test_cells_of_workloads(api: Api, core: str, namespace: str) -> None:
    nowhere = {"no.such/label": "x"}
    apps, batch = f"/apis/apps/v1/namespaces/{namespace}", f"/apis/batch/v1/namespaces/{namespace}"
    api.post(f"{apps}/deployments", deployment(replicas=2, nodeSelector=nowhere)).ok()
    api.post(f"{batch}/jobs", job(parallelism=3, nodeSelector=nowhere)).ok()
    api.until_object(f"{apps}/deployments/web", lambda d: d.get("status", {}).get("replicas") == 2)
    api.until_object(f"{batch}/jobs/train", lambda j: j.get("status", {}).get("active") == 3)
    _, (web,) = _table(api, f"{apps}/deployments")
    assert web["cells"][:2] == ["web", "0/2"]
    assert (int(web["cells"][2]), int(web["cells"][3])) == (2, 0)
    _, (train,) = _table(api, f"{batch}/jobs")
    assert train["cells"][:3] == ["train", "Running", "0/3"]


def test_a_table_of_one_object_and_of_a_watch(api: Api, core: str) -> None:
    api.post(f"{core}/configmaps", config_map(labels={"mine": ""})).ok()
    columns, (row,) = _table(api, f"{core}/configmaps/settings")
    assert row["cells"][:2] == ["settings", 1]
    query = {"labelSelector": "mine"}
    with api.watch(f"{core}/configmaps", query, accept=TABLE) as events:
        first = next(events)
        api.patch(f"{core}/configmaps/settings", {"data": {"b": "2"}}).ok()
        second = next(events)
    assert (first["type"], first["object"]["kind"]) == ("ADDED", "Table")
    assert [c["name"] for c in first["object"]["columnDefinitions"]] == columns
    assert first["object"]["rows"][0]["cells"][:2] == ["settings", 1]
    assert second["type"] == "MODIFIED"
    assert second["object"]["rows"][0]["cells"][:2] == ["settings", 2]


def test_without_the_objects(api: Api, core: str) -> None:
    api.post(f"{core}/configmaps", config_map(labels={"mine": ""})).ok()
    _, (row,) = _table(api, f"{core}/configmaps", includeObject="None", labelSelector="mine")
    assert "object" not in row or row["object"] is None
    _, (row,) = _table(api, f"{core}/configmaps", includeObject="Object", labelSelector="mine")
    assert row["object"]["data"] == {"a": "1"}
