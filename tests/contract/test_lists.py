"""Lists: pages, selectors, versions."""

import pytest

from tests.contract.api import Api
from tests.contract.objects import config_map, pod

METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


@pytest.fixture
def five(api: Api, core: str) -> str:
    """The path of a collection of five objects."""
    for i in range(5):
        labels = {"index": str(i), "parity": "even" if i % 2 == 0 else "odd"}
        api.post(f"{core}/configmaps", config_map(f"c{i}", labels=labels)).ok()
    return f"{core}/configmaps"


def _names(api: Api, path: str, **query: str) -> list[str]:
    items = api.get(path, {"labelSelector": "index", **query}).ok()["items"]
    return [item["metadata"]["name"] for item in items]


def test_a_list_is_one_and_sorted(api: Api, five: str) -> None:
    listed = api.get(five, {"labelSelector": "index"}).ok()
    assert (listed["kind"], listed["apiVersion"]) == ("ConfigMapList", "v1")
    assert [item["metadata"]["name"] for item in listed["items"]] == ["c0", "c1", "c2", "c3", "c4"]
    assert int(listed["metadata"]["resourceVersion"]) > 0
    assert not {"kind", "apiVersion"} & listed["items"][0].keys()


def test_across_namespaces(api: Api, five: str, namespace: str) -> None:
    everywhere = api.get("/api/v1/configmaps", {"labelSelector": "index=3"}).ok()["items"]
    assert (namespace, "c3") in {(item["metadata"]["namespace"], item["metadata"]["name"]) for item in everywhere}


def test_pages(api: Api, five: str) -> None:
    first = api.get(five, {"limit": 2, "labelSelector": "index"}).ok()
    seen, version = [item["metadata"]["name"] for item in first["items"]], first["metadata"]["resourceVersion"]
    token = first["metadata"]["continue"]
    api.post(five, config_map("c2a", labels={"index": "2a"})).ok()
    while token:
        page = api.get(five, {"limit": 2, "continue": token, "labelSelector": "index"}).ok()
        assert page["metadata"]["resourceVersion"] == version
        seen += [item["metadata"]["name"] for item in page["items"]]
        token = page["metadata"].get("continue", "")
    assert seen == ["c0", "c1", "c2", "c3", "c4"], "all pages show the state of the first"


def test_a_page_tells_how_many_are_left(api: Api, five: str) -> None:
    total = len(api.get(five).ok()["items"])
    page = api.get(five, {"limit": 2}).ok()
    assert page["metadata"]["remainingItemCount"] == total - 2
    assert "continue" not in api.get(five, {"limit": 500}).ok()["metadata"]


def test_a_page_token_that_is_none(api: Api, five: str) -> None:
    api.get(five, {"limit": 2, "continue": "not-a-token"}).refused(400, "BadRequest")


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("parity=even", ["c0", "c2", "c4"]),
        ("parity==odd", ["c1", "c3"]),
        ("parity!=odd", ["c0", "c2", "c4"]),
        ("parity in (odd,even),index notin (0, 1,2)", ["c3", "c4"]),
        ("index,!missing", ["c0", "c1", "c2", "c3", "c4"]),
        ("index>2", ["c3", "c4"]),
        ("index<1,parity", ["c0"]),
        ("missing", []),
    ],
)
def test_label_selectors(api: Api, five: str, selector: str, names: list[str]) -> None:
    assert _names(api, five, labelSelector=f"index,{selector}") == names


def test_a_selector_that_is_none(api: Api, five: str) -> None:
    api.get(five, {"labelSelector": "a in ("}).refused(400, "BadRequest")
    api.get(five, {"fieldSelector": "spec.nodeName"}).refused(400, "BadRequest")
    unknown = api.get(five, {"fieldSelector": "spec.color=red"}).refused(400, "BadRequest")
    assert "spec.color" in unknown["message"]


def test_field_selectors(api: Api, five: str, core: str, namespace: str) -> None:
    assert _names(api, five, fieldSelector="metadata.name=c2") == ["c2"]
    assert _names(api, five, fieldSelector=f"metadata.name!=c2,metadata.namespace={namespace}") == [
        "c0",
        "c1",
        "c3",
        "c4",
    ]
    for name in ("p1", "p2"):
        api.post(f"{core}/pods", pod(name, nodeSelector={"no.such/label": "x"}, priority=0)).ok()
    assert len(api.get(f"{core}/pods", {"fieldSelector": "spec.nodeName=,status.phase=Pending"}).ok()["items"]) == 2
    assert api.get(f"{core}/pods", {"fieldSelector": "status.phase!=Pending"}).ok()["items"] == []
    assert api.get(f"{core}/pods", {"fieldSelector": "spec.restartPolicy=Always"}).ok()["items"]
    assert len(api.get("/api/v1/namespaces", {"fieldSelector": f"metadata.name={namespace}"}).ok()["items"]) == 1


def test_version_zero_and_not_older_than(api: Api, five: str) -> None:
    version = api.get(f"{five}/c4").ok()["metadata"]["resourceVersion"]
    assert api.get(five, {"resourceVersion": "0"}).ok()["kind"] == "ConfigMapList"
    fresh = api.get(five, {"resourceVersion": version, "resourceVersionMatch": "NotOlderThan"}).ok()
    assert int(fresh["metadata"]["resourceVersion"]) >= int(version)
    assert "c4" in {item["metadata"]["name"] for item in fresh["items"]}
    assert api.get(f"{five}/c4", {"resourceVersion": "0"}).ok()["metadata"]["name"] == "c4"


def test_an_exact_version_shows_the_past_or_says_it_is_gone(api: Api, five: str) -> None:
    version = api.get(five).ok()["metadata"]["resourceVersion"]
    exact = {"resourceVersion": version, "resourceVersionMatch": "Exact", "labelSelector": "index"}
    assert api.get(five, exact).ok()["metadata"]["resourceVersion"] == version
    api.delete(f"{five}/c0").ok()
    past = api.get(five, exact)
    if past.status == 410:  # how much is remembered is for each server to say; never the present as if it were the past
        past.refused(410, "Expired")
    else:
        assert past.ok()["metadata"]["resourceVersion"] == version
        assert past.body["items"][0]["metadata"]["name"] == "c0"


@pytest.mark.parametrize(
    ("selector", "why"),
    [
        ("a in", "unable to parse requirement: found '' expected: '('"),
        ("a in (b c)", "unable to parse requirement: found 'c', expected: ',' or ')'"),
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("a=b=c", "found '=', expected: ',' or 'end of string'"),
        ("=x", "found '=', expected: !, identifier, or 'end of string'"),
        ("a,", "found '', expected: identifier after ','"),
        ("/b", 'unable to parse requirement: <nil>: Invalid value: "/b": prefix part must be non-empty'),
    ],
)
def test_selectors_that_cannot_be_read(api: Api, core: str, selector: str, why: str) -> None:
    assert api.get(f"{core}/configmaps", {"labelSelector": selector}).refused(400, "BadRequest")["message"] == why


def test_versions_that_make_no_sense(api: Api, five: str) -> None:
    assert api.get(five, {"resourceVersion": "x"}).status in (400, 422)
    match = api.get(five, {"resourceVersionMatch": "Exact"}).refused(422, "Invalid")
    assert match["details"]["causes"][0]["field"] == "resourceVersionMatch"


def test_a_version_of_the_future(api: Api, five: str) -> None:
    far = str(int(api.get(five).ok()["metadata"]["resourceVersion"]) + 1_000_000)
    body = api.get(five, {"resourceVersion": far, "resourceVersionMatch": "NotOlderThan"}).refused(504, "Timeout")
    assert "Too large resource version" in body["message"]
    assert body["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"


def test_metadata_alone(api: Api, five: str) -> None:
    listed = api.get(five, {"labelSelector": "index"}, accept=METADATA).ok()
    assert (listed["kind"], listed["apiVersion"]) == ("PartialObjectMetadataList", "meta.k8s.io/v1")
    assert {frozenset(item) - {"kind", "apiVersion"} for item in listed["items"]} == {frozenset({"metadata"})}
    assert listed["items"][0]["metadata"]["labels"]["index"] == "0"
