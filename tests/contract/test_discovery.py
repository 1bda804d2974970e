"""What a server says it serves: versions, groups, kinds and health."""

import pytest

from tests.contract.api import AGGREGATED, Api, Json


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz"])
def test_health(api: Api, path: str) -> None:
    answer = api.get(path)
    assert (answer.status, answer.body) == (200, "ok")


def test_version(api: Api) -> None:
    version = api.get("/version").ok()
    assert version["gitVersion"].startswith("v1.")
    assert (version["major"], version["minor"].rstrip("+").isdigit()) == ("1", True)


def test_core_versions(api: Api) -> None:
    versions = api.get("/api").ok()
    assert (versions["kind"], versions["versions"]) == ("APIVersions", ["v1"])


def test_groups_in_the_old_form(api: Api) -> None:
    listed = api.get("/apis").ok()
    assert listed["kind"] == "APIGroupList"
    groups = {group["name"]: group for group in listed["groups"]}
    assert {"apps", "batch", "policy", "resource.k8s.io", "scheduling.k8s.io", "coordination.k8s.io"} <= groups.keys()
    apps = {"groupVersion": "apps/v1", "version": "v1"}
    assert groups["apps"]["preferredVersion"] == apps
    assert apps in groups["apps"]["versions"]


def test_one_group(api: Api) -> None:
    group = api.get("/apis/batch").ok()
    assert (group["kind"], group["name"]) == ("APIGroup", "batch")
    assert group["preferredVersion"]["groupVersion"] == "batch/v1"


def test_core_kinds(api: Api) -> None:
    listed = api.get("/api/v1").ok()
    assert (listed["kind"], listed["groupVersion"]) == ("APIResourceList", "v1")
    kinds = {resource["name"]: resource for resource in listed["resources"]}
    pods = kinds["pods"]
    assert (pods["kind"], pods["namespaced"], pods["singularName"], pods["shortNames"]) == ("Pod", True, "pod", ["po"])
    everything = {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}
    assert set(pods["verbs"]) == everything
    assert kinds["nodes"]["namespaced"] is False
    assert {"pods/status", "pods/binding", "pods/eviction", "nodes/status", "namespaces/status"} <= kinds.keys()
    eviction = kinds["pods/eviction"]
    assert (eviction["group"], eviction["version"], eviction["kind"]) == ("policy", "v1", "Eviction")


def test_kinds_with_a_scale(api: Api) -> None:
    kinds = {resource["name"]: resource for resource in api.get("/apis/apps/v1").ok()["resources"]}
    scale = kinds["deployments/scale"]
    assert (scale["group"], scale["version"], scale["kind"]) == ("autoscaling", "v1", "Scale")
    assert {"get", "patch", "update"} == set(scale["verbs"])


@pytest.mark.parametrize("path", ["/api", "/apis"])
def test_aggregated_discovery(api: Api, path: str) -> None:
    answer = api.get(path, accept=AGGREGATED)
    listed = answer.ok()
    assert (listed["kind"], listed["apiVersion"]) == ("APIGroupDiscoveryList", "apidiscovery.k8s.io/v2")
    assert "as=APIGroupDiscoveryList" in answer.headers["Content-Type"]
    groups = {group["metadata"].get("name", ""): group for group in listed["items"]}
    group, plural, kind = (
        ("", "nodes", "Node") if path == "/api" else ("resource.k8s.io", "deviceclasses", "DeviceClass")
    )
    resource = _resource(groups[group]["versions"], "v1", plural)
    assert (resource["responseKind"]["kind"], resource["scope"]) == (kind, "Cluster")
    assert {"get", "list", "watch"} <= set(resource["verbs"])
    assert resource["singularResource"] == kind.lower()


def test_aggregated_discovery_tells_subresources(api: Api) -> None:
    groups = api.get("/api", accept=AGGREGATED).ok()["items"]
    pods = _resource(groups[0]["versions"], "v1", "pods")
    assert pods["scope"] == "Namespaced"
    assert {"status", "binding", "eviction"} <= {sub["subresource"] for sub in pods["subresources"]}


def test_unknown_kinds_and_groups(api: Api) -> None:
    body = api.get("/api/v1/nosuchkinds").refused(404, "NotFound")
    assert body["message"] == "the server could not find the requested resource"
    assert api.get("/apis/nosuch.example").status == 404
    assert api.get("/apis/nosuch.example/v1/things").status == 404
    assert api.get("/apis/apps/v99/deployments").status == 404


def _resource(versions: list[Json], version: str, plural: str) -> Json:
    (found,) = (v for v in versions if v["version"] == version)
    (resource,) = (r for r in found["resources"] if r["resource"] == plural)
    return dict(resource)
