"""A cluster followed with few rights, and kinds that are not served."""

import json
from typing import Any

from tests.cluster.following import Follow, until_source
from tests.cluster.scripted_api import (
    DEADLINE,
    Answer,
    Notebook,
    ScriptedApi,
    forbidden,
    listed,
    obj,
    refused,
    watched,
)


def test_without_the_right_to_all_namespaces_the_contexts_own_is_read(
    api: ScriptedApi, book: Notebook, follow: Follow
) -> None:
    api.on("/api/v1/pods probe", forbidden("list", "pods"))
    api.on("/api/v1/namespaces/mine/pods", listed(obj("a"), version=5))
    api.on("/api/v1/namespaces/mine/pods watch", watched(hold=True))
    live = follow()
    assert until_source(live, lambda s: s.state == "live").namespace == "mine"
    book.until(lambda: book.names("pods") == {"a"})


def test_forbidden_is_said_and_the_rest_goes_on(api: ScriptedApi, book: Notebook, follow: Follow) -> None:
    api.on("nodes probe", forbidden("list", "nodes"))
    api.on("pods", listed(obj("a")))
    api.on("pods watch", watched(hold=True))
    live = follow("nodes", "pods")
    assert live.wait_synced(DEADLINE)
    nodes, pods = live.sources()
    assert (nodes.state, pods.state) == ("forbidden", "live")
    assert "forbids ann to list nodes" in nodes.message and "kubectl auth can-i list nodes" in nodes.hint


def test_what_was_forbidden_is_tried_again_slowly(api: ScriptedApi, follow: Follow) -> None:
    api.on("nodes probe", forbidden("list", "nodes"), listed())
    api.on("nodes", listed(obj("n")))
    api.on("nodes watch", watched(hold=True))
    live = follow("nodes")
    assert until_source(live, lambda s: s.state == "live").count == 1


def test_who_may_list_but_not_watch_lists_from_time_to_time(api: ScriptedApi, book: Notebook, follow: Follow) -> None:
    api.on("pods", listed(obj("a")), listed(obj("b")))
    api.on("pods watch", forbidden("watch", "pods"))
    live = follow()
    book.until(lambda: book.names("pods") == {"b"})
    source = until_source(live, lambda s: s.state == "once")
    assert "forbids ann to watch pods" in source.message


DISCOVERY = "/apis"


def groups(*versions: str) -> Answer:
    """Old-style discovery that knows resource.k8s.io in these versions, or not at all."""
    body: dict[str, Any] = {"kind": "APIGroupList", "apiVersion": "v1", "groups": []}
    if versions:
        each = [{"groupVersion": f"resource.k8s.io/{v}", "version": v} for v in versions]
        body["groups"] = [{"name": "resource.k8s.io", "versions": each, "preferredVersion": each[0]}]
    return Answer(body=json.dumps(body).encode())


def resources(version: str, *plurals: str) -> Answer:
    each = [{"name": p, "kind": "K", "namespaced": False, "verbs": ["list"], "singularName": ""} for p in plurals]
    body = {"kind": "APIResourceList", "groupVersion": f"resource.k8s.io/{version}", "resources": each}
    return Answer(body=json.dumps(body).encode())


def test_a_kind_the_server_does_not_serve_is_absent(api: ScriptedApi, follow: Follow) -> None:
    api.on(DISCOVERY, groups())
    live = follow("resourceslices")
    source = until_source(live, lambda s: s.state == "absent")
    assert "does not serve resourceslices.resource.k8s.io" in source.message
    assert live.wait_synced(DEADLINE)


def test_forbidden_and_not_served_is_absent(api: ScriptedApi, follow: Follow) -> None:
    """RBAC refuses before it is known whether the path exists."""
    api.on("deviceclasses", forbidden("list", "deviceclasses", "resource.k8s.io"))
    api.on(DISCOVERY, groups())
    until_source(follow("deviceclasses"), lambda s: s.state == "absent")


def test_an_absent_kind_that_appears_is_found(api: ScriptedApi, book: Notebook, follow: Follow) -> None:
    api.on(DISCOVERY, groups())
    path = "/apis/resource.k8s.io/v1/deviceclasses"
    api.on(path, refused(404, "NotFound"), listed(obj("gpu")))
    api.on(f"{path} watch", watched(hold=True))
    live = follow("deviceclasses")
    book.until(lambda: book.names("deviceclasses") == {"gpu"})
    until_source(live, lambda s: s.state == "live")


def test_an_older_version_is_read_where_v1_is_not_served(api: ScriptedApi, book: Notebook, follow: Follow) -> None:
    api.on(DISCOVERY, groups("v1beta1"))
    api.on("/apis/resource.k8s.io/v1beta1", resources("v1beta1", "resourceslices"))
    device = {"name": "gpu-0", "basic": {"capacity": {"memory": {"value": "80Gi"}}}}
    path = "/apis/resource.k8s.io/v1beta1/resourceslices"
    api.on(path, listed(obj("s", spec={"driver": "gpu.nvidia.com", "devices": [device]})))
    api.on(f"{path} watch", watched(hold=True))
    follow("resourceslices")
    book.until(lambda: book.names("resourceslices") == {"s"})
    spec: Any = book.objects["resourceslices"]["s"].spec
    assert spec.devices[0].name == "gpu-0" and spec.devices[0].capacity["memory"].value == "80Gi"


def test_versions_nobody_can_read_are_named(api: ScriptedApi, follow: Follow) -> None:
    api.on(DISCOVERY, groups("v1alpha1"))
    api.on("/apis/resource.k8s.io/v1alpha1", resources("v1alpha1", "resourceslices"))
    source = until_source(follow("resourceslices"), lambda s: s.state == "absent")
    assert "only in v1alpha1" in source.message
