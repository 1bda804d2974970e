"""Discovery: the aggregated form, the old form, a group whose server is down, and rights that are missing."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from k8sai.cluster.access import Access, Endpoint
from k8sai.cluster.api_errors import ApiError, Unavailable
from k8sai.cluster.connection import Connection
from k8sai.cluster.credentials import credentials_for
from k8sai.cluster.discovery import Served, served
from tests.cluster.loopback import Loopback, Reply, Request, document, serving, status

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v={};as=APIGroupDiscoveryList"
MISSING = status(404, "NotFound", "the server could not find the requested resource")


@contextmanager
def asking(answer: Callable[[Request], Reply]) -> Iterator[tuple[Served, Loopback]]:
    with serving(answer) as loopback:
        access = Access("x", "default", Endpoint(loopback.url))
        with closing(Connection(access, credentials_for(access), environ={}, chance=lambda: -4.0)) as connection:
            yield served(connection), loopback


def paths(loopback: Loopback) -> list[str]:
    return [request.path for request in loopback.requests]


def by_path(**replies: Reply) -> Callable[[Request], Reply]:
    """`apis__apps` answers for /apis/apps."""
    known = {"/" + name.replace("__", "/").replace("_", "."): reply for name, reply in replies.items()}
    return lambda request: known.get(request.path, MISSING)


def aggregated(form: str, *groups: dict[str, object]) -> Reply:
    body = {"kind": "APIGroupDiscoveryList", "apiVersion": f"apidiscovery.k8s.io/{form}", "items": groups}
    return Reply(200, json.dumps(body).encode(), {"Content-Type": AGGREGATED.format(form)})


def group(name: str, *versions: tuple[str, str, tuple[str, ...]]) -> dict[str, object]:
    """Versions as (version, freshness, cluster-wide resources)."""
    return {
        "metadata": {"name": name} if name else {},
        "versions": [
            {
                "version": version,
                "freshness": freshness,
                "resources": [
                    {"resource": r, "responseKind": {"kind": r.title()}, "scope": "Cluster", "verbs": ["list", "watch"]}
                    for r in resources
                ],
            }
            for version, freshness, resources in versions
        ],
    }


def old_groups(**groups: list[str]) -> Reply:
    """Each group's versions; the first is preferred, though it is not listed first."""
    listed = [
        {
            "name": name.replace("_", "."),
            "versions": [{"groupVersion": f"x/{v}", "version": v} for v in reversed(versions)],
            "preferredVersion": {"version": versions[0]},
        }
        for name, versions in groups.items()
    ]
    return document({"kind": "APIGroupList", "groups": listed})


def old_resources(*names: str) -> Reply:
    listed = [{"name": n, "kind": n.title(), "namespaced": n == "pods", "verbs": ["list"]} for n in names]
    return document({"kind": "APIResourceList", "resources": listed})


@pytest.mark.parametrize("form", ["v2", "v2beta1"])
def test_one_request_tells_of_all_groups(form: str) -> None:
    dra = group(
        "resource.k8s.io", ("v1", "Current", ("resourceslices",)), ("v1beta1", "Current", ("resourceslices", "old"))
    )
    with asking(by_path(apis=aggregated(form, dra, group("apps", ("v1", "Current", ("deployments",)))))) as (
        it,
        loopback,
    ):
        assert it.version("resource.k8s.io", "resourceslices") == "v1"
        assert it.versions("resource.k8s.io", "resourceslices") == ("v1", "v1beta1")
        assert it.version("resource.k8s.io", "old") == "v1beta1"
        assert it.version("resource.k8s.io", "pods") is None
        assert it.version("kueue.x-k8s.io", "workloads") is None
        assert it.groups() == ("resource.k8s.io", "apps")
        assert paths(loopback) == ["/apis"]
        assert AGGREGATED.format("v2") in loopback.requests[0].header("Accept")


def test_the_core_group_is_asked_for_by_itself() -> None:
    with asking(by_path(api=aggregated("v2", group("", ("v1", "Current", ("nodes",)))))) as (it, loopback):
        nodes = it.find("", "nodes")
        assert nodes is not None
        assert (nodes.kind, nodes.namespaced, nodes.verbs, nodes.path("x")) == (
            "Nodes",
            False,
            ("list", "watch"),
            "/api/v1/nodes",
        )
        assert paths(loopback) == ["/api"]


def test_an_older_server_is_asked_group_by_group() -> None:
    answer = by_path(
        apis=old_groups(resource_k8s_io=["v1beta2", "v1beta1"], apps=["v1"]),
        apis__resource_k8s_io__v1beta2=old_resources("resourceslices", "resourceclaims/status"),
        apis__resource_k8s_io__v1beta1=old_resources("resourceslices"),
        api=document({"kind": "APIVersions", "versions": ["v1"]}),
        api__v1=old_resources("pods"),
    )
    with asking(answer) as (it, loopback):
        assert it.versions("resource.k8s.io", "resourceslices") == ("v1beta2", "v1beta1")
        assert [each.plural for each in it.resources("resource.k8s.io")] == ["resourceslices", "resourceslices"]
        assert it.version("kueue.x-k8s.io", "workloads") is None
        pods = it.find("", "pods")
        assert pods is not None
        assert (pods.path("a"), pods.path()) == ("/api/v1/namespaces/a/pods", "/api/v1/pods")
        assert paths(loopback) == [
            "/apis",
            "/apis/resource.k8s.io/v1beta2",
            "/apis/resource.k8s.io/v1beta1",
            "/api",
            "/api/v1",
        ]


def test_a_group_whose_server_is_down_hinders_no_other() -> None:
    stale = group("metrics.k8s.io", ("v1beta1", "Stale", ()))
    with asking(by_path(apis=aggregated("v2", stale, group("apps", ("v1", "Current", ("deployments",)))))) as (it, _):
        assert it.version("metrics.k8s.io", "nodes") is None
        assert it.broken("metrics.k8s.io") == "the server of metrics.k8s.io/v1beta1 does not answer"
        assert it.version("apps", "deployments") == "v1"
        assert it.broken("apps") == ""


def test_the_same_on_an_older_server() -> None:
    answer = by_path(
        apis=old_groups(metrics_k8s_io=["v1beta1"], apps=["v1"]),
        apis__metrics_k8s_io__v1beta1=status(503, "ServiceUnavailable", "no endpoints"),
        apis__apps__v1=old_resources("deployments"),
    )
    with asking(answer) as (it, loopback):
        assert it.version("metrics.k8s.io", "nodes") is None
        assert "no endpoints" in it.broken("metrics.k8s.io")
        assert it.version("apps", "deployments") == "v1"
        assert paths(loopback).count("/apis/metrics.k8s.io/v1beta1") == 1  # asked once, not waited for


def test_without_the_right_to_list_groups_each_is_asked_by_name() -> None:
    no = status(403, "Forbidden", 'forbidden: User "a" cannot get path "/apis"')
    one = {"name": "resource.k8s.io", "versions": [{"version": "v1"}], "preferredVersion": {"version": "v1"}}
    answer = by_path(
        apis=no, api=no, apis__resource_k8s_io=document(one), apis__resource_k8s_io__v1=old_resources("resourceslices"),
        apis__closed_io=no, api__v1=old_resources("pods"),
    )  # fmt: skip
    with asking(answer) as (it, _):
        assert it.version("resource.k8s.io", "resourceslices") == "v1"
        assert it.version("closed.io", "things") is None
        assert "forbids" in it.broken("closed.io")
        assert it.version("absent.io", "things") is None
        assert it.broken("absent.io") == ""
        assert it.version("", "pods") == "v1"
        assert it.groups() == ()


def test_it_is_known_for_the_life_of_a_connection() -> None:
    with asking(by_path(apis=aggregated("v2", group("apps", ("v1", "Current", ("deployments",)))))) as (it, loopback):
        for _ in range(3):
            assert served(it._connection).version("apps", "deployments") == "v1"
        assert paths(loopback) == ["/apis"]


def test_a_failure_is_not_remembered() -> None:
    replies = [Reply(cut=True)] * 5 + [aggregated("v2", group("apps", ("v1", "Current", ("deployments",))))]
    with asking(lambda request: replies.pop(0)) as (it, _):
        with pytest.raises(Unavailable):
            it.version("apps", "deployments")
        assert it.version("apps", "deployments") == "v1"


@pytest.mark.parametrize("body", [b"<html>login</html>", b"[]", b'{"groups": 7}', b""])
def test_something_that_is_no_api_server(body: bytes) -> None:
    with asking(lambda request: Reply(200, body)) as (it, loopback), pytest.raises(ApiError) as caught:
        it.version("apps", "deployments")
    assert caught.value.message.startswith(f"{loopback.url} describes its API in a way that is not understood")
    assert caught.value.hint == "is it an API server? Check the address"
