"""managedFields after every other write: who owns what, through which door, and what an apply makes of it."""

import pytest

from tests.contract.api import JSON_PATCH, STRATEGIC, Api, Json
from tests.contract.objects import config_map, deployment, pod
from tests.contract.owners import conflicts, keys, owners, times

UNPLACED = {"no.such/label": "x"}


@pytest.fixture
def path(core: str) -> str:
    return f"{core}/configmaps/settings"


def by(manager: str) -> dict[str, str | int]:
    return {"fieldManager": manager}


def post(api: Api, core: str, body: Json, manager: str = "maker") -> Json:
    return api.post(f"{core}/configmaps", body, by(manager)).ok()


def test_who_makes_it_owns_it(api: Api, core: str) -> None:
    meta: Json = {"labels": {"x": "1"}, "finalizers": ["k8sai.dev/z"]}
    made = post(api, core, config_map(**meta))
    assert owners(made) == {
        ("maker", "Update"): {
            "f:data": {".": {}, "f:a": {}},
            "f:metadata": {
                "f:finalizers": {".": {}, 'v:"k8sai.dev/z"': {}},
                "f:labels": {".": {}, "f:x": {}},
            },
        }
    }
    api.patch(f"{core}/configmaps/settings", {"metadata": {"finalizers": None}}).ok()


def test_defaults_are_its_makers_and_gifts_are_nobodys(api: Api, core: str) -> None:
    made = api.post(f"{core}/pods", pod(nodeSelector=UNPLACED), by("maker")).ok()
    spec = owners(made)["maker", "Update"]["f:spec"]
    container = spec.pop("f:containers")['k:{"name":"main"}']
    assert container == {
        ".": {},
        **keys("image", "imagePullPolicy", "name", "resources", "terminationMessagePath", "terminationMessagePolicy"),
    }
    assert spec == keys(
        *("dnsPolicy", "enableServiceLinks", "nodeSelector", "restartPolicy", "schedulerName", "securityContext"),
        "terminationGracePeriodSeconds",
    )
    service = {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}}
    found = owners(api.post(f"{core}/services", service, by("maker")).ok())["maker", "Update"]["f:spec"]
    assert "f:clusterIP" not in found
    assert found["f:ports"]['k:{"port":80,"protocol":"TCP"}'] == {".": {}, **keys("port", "protocol", "targetPort")}


def test_whoever_changes_a_field_takes_it(api: Api, core: str, path: str) -> None:
    post(api, core, config_map(data={"a": "1", "b": "1", "c": "1", "d": "1"}))
    api.patch(path, {"data": {"a": "2"}}, query=by("merge")).ok()
    api.patch(path, {"data": {"b": "2"}}, STRATEGIC, by("strategic")).ok()
    api.patch(path, [{"op": "replace", "path": "/data/c", "value": "2"}], JSON_PATCH, by("json")).ok()
    read = api.get(path).ok()
    changed = api.put(path, {**read, "data": {**read["data"], "d": "2", "e": "1"}}, by("put")).ok()
    assert owners(changed) == {
        ("json", "Update"): {"f:data": keys("c")},
        ("maker", "Update"): keys("data"),
        ("merge", "Update"): {"f:data": keys("a")},
        ("put", "Update"): {"f:data": keys("d", "e")},
        ("strategic", "Update"): {"f:data": keys("b")},
    }


def test_what_is_removed_is_nobodys(api: Api, core: str, path: str) -> None:
    post(api, core, config_map(data={"a": "1", "b": "1"}))
    api.patch(path, {"data": {"c": "1"}}, query=by("other")).ok()
    less = api.patch(path, {"data": {"a": None, "c": None}}, query=by("cleaner")).ok()
    assert owners(less) == {("maker", "Update"): {"f:data": {".": {}, "f:b": {}}}}, "an entry of nothing is dropped"


def test_a_write_that_changes_nothing_takes_nothing(api: Api, core: str, path: str) -> None:
    made = post(api, core, config_map())
    assert api.patch(path, {"data": {"a": "1"}}, query=by("other")).ok() == made
    assert api.put(path, made, by("other")).ok() == made


def test_the_agent_is_the_manager_where_none_is_named(api: Api, core: str) -> None:
    made = api.post(f"{core}/configmaps", config_map()).ok()
    (name,) = (entry["manager"] for entry in made["metadata"]["managedFields"])
    assert "/" not in name
    assert name == "python-urllib3"


def test_updates_and_applies_of_one_manager_are_two_entries(api: Api, core: str, path: str) -> None:
    post(api, core, config_map(data={"a": "1", "b": "1"}), "me")
    both = api.apply(path, config_map(data={"a": "1"}), "me").ok()
    assert set(owners(both)) == {("me", "Update"), ("me", "Apply")}
    assert conflicts(api.apply(path, config_map(data={"a": "1", "b": "2"}), "me")) == [
        ('conflict with "me" using v1', ".data.b")
    ]


def test_a_put_takes_from_an_applier(api: Api, path: str) -> None:
    made = api.apply(path, config_map(data={"a": "1", "b": "1"}), "one").ok()
    put = api.put(path, {**made, "data": {"a": "2", "b": "1"}}, by("editor")).ok()
    assert owners(put) == {("one", "Apply"): {"f:data": keys("b")}, ("editor", "Update"): {"f:data": keys("a")}}
    assert conflicts(api.apply(path, config_map(data={"a": "1", "b": "1"}), "one")) == [
        ('conflict with "editor" using v1', ".data.a")
    ]
    back = api.apply(path, config_map(data={"a": "1", "b": "1"}), "one", force="true").ok()
    assert owners(back) == {("one", "Apply"): {"f:data": keys("a", "b")}}


def test_a_body_without_managed_fields_keeps_them(api: Api, path: str) -> None:
    api.apply(path, config_map(data={"a": "1"}), "one").ok()
    plain = api.put(path, config_map(data={"a": "1", "b": "2"}), by("editor")).ok()
    assert owners(plain) == {("one", "Apply"): {"f:data": keys("a")}, ("editor", "Update"): {"f:data": keys("b")}}


@pytest.mark.parametrize("entries", [[], [{}]])
def test_managed_fields_can_be_forgotten(api: Api, path: str, entries: list[Json]) -> None:
    api.apply(path, config_map(data={"a": "1"}), "one").ok()
    reset = api.patch(path, {"metadata": {"managedFields": entries}}).ok()
    assert owners(reset) == {}
    assert owners(api.patch(path, {"data": {"b": "1"}}, query=by("editor")).ok()) == {}, "nobody tracks it any more"
    again = api.apply(path, config_map(data={"a": "1"}), "one").ok()
    assert owners(again) == {
        ("one", "Apply"): {"f:data": keys("a")},
        ("before-first-apply", "Update"): {"f:data": {".": {}, **keys("a", "b")}},
    }
    assert times(again)["one"] is None


def test_managed_fields_can_be_edited(api: Api, path: str) -> None:
    api.apply(path, config_map(data={"a": "1", "b": "1"}), "one").ok()
    operations = [{"op": "remove", "path": "/metadata/managedFields/0/fieldsV1/f:data/f:b"}]
    edited = api.patch(path, operations, JSON_PATCH, by("editor")).ok()
    assert owners(edited) == {("one", "Apply"): {"f:data": keys("a")}}
    kept = api.apply(path, config_map(data={"a": "1"}), "one").ok()
    assert kept["data"] == {"a": "1", "b": "1"}


def test_more_than_ten_updaters_become_ancient(api: Api, core: str, path: str) -> None:
    post(api, core, config_map(data={"a": "1"}), "m00")
    for number in range(1, 14):
        found = api.patch(path, {"data": {f"k{number}": "1"}}, query=by(f"m{number:02}")).ok()
    kept = [entry["manager"] for entry in found["metadata"]["managedFields"]]
    assert len(kept) == 10
    assert "ancient-changes" in kept
    everything: set[str] = set()
    for fields in owners(found).values():
        everything |= set(fields["f:data"])
    assert everything == {".", "f:a", *(f"f:k{number}" for number in range(1, 14))}


def test_status_has_owners_of_its_own(api: Api, core: str) -> None:
    path = f"{core}/pods/p"
    api.apply(path, pod(nodeSelector=UNPLACED), "one").ok()
    condition = {"type": "k8sai.dev/Mine", "status": "True"}
    part: Json = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}
    part["spec"] = {"activeDeadlineSeconds": 5}
    part["status"] = {"conditions": [condition]}
    found = api.call(
        "PATCH", f"{path}/status", part, query=by("mine"), content_type="application/apply-patch+yaml"
    ).ok()
    assert owners(found)["mine", "Apply", "status"] == {
        "f:status": {"f:conditions": {'k:{"type":"k8sai.dev/Mine"}': {".": {}, **keys("status", "type")}}}
    }
    assert "activeDeadlineSeconds" not in found["spec"]
    assert condition.items() <= next(c for c in found["status"]["conditions"] if c["type"] == condition["type"]).items()
    ignored = api.apply(path, {**pod(nodeSelector=UNPLACED), "status": {"message": "x"}}, "one").ok()
    assert "f:status" not in owners(ignored)["one", "Apply"]
    assert "message" not in ignored["status"]
    gone = api.apply(f"{path}/status", {**part, "status": {}}, "mine").ok()
    assert "k8sai.dev/Mine" not in {c["type"] for c in gone["status"].get("conditions", ())}


def test_a_status_needs_an_object(api: Api, core: str) -> None:
    api.apply(f"{core}/pods/ghost/status", pod("ghost"), "one").refused(404, "NotFound")


def test_a_patched_status_has_an_owner(api: Api, core: str) -> None:
    path = f"{core}/pods/p"
    api.post(f"{core}/pods", pod(nodeSelector=UNPLACED), by("maker")).ok()
    found = api.patch(f"{path}/status", {"status": {"message": "x"}}, query=by("watcher")).ok()
    assert owners(found)["watcher", "Update", "status"] == {"f:status": keys("message")}


def test_replicas_have_owners(api: Api, core: str) -> None:
    path = core.replace("/api/v1", "/apis/apps/v1") + "/deployments/web"
    api.apply(path, deployment(replicas=1, nodeSelector=UNPLACED), "one").ok()
    api.patch(f"{path}/scale", {"spec": {"replicas": 3}}, query=by("scaler")).ok()
    scaled = api.get(path).ok()
    assert owners(scaled)["scaler", "Update", "scale"] == {"f:spec": keys("replicas")}
    assert "f:replicas" not in owners(scaled)["one", "Apply"]["f:spec"]
    assert conflicts(api.apply(path, deployment(replicas=1, nodeSelector=UNPLACED), "one")) == [
        ('conflict with "scaler" with subresource "scale" using apps/v1', ".spec.replicas")
    ]
    scale: Json = {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {"name": "web"},
        "spec": {"replicas": 5},
    }
    assert conflicts(api.apply(f"{path}/scale", scale, "hpa")) == [
        ('conflict with "scaler" with subresource "scale" using autoscaling/v1', ".spec.replicas")
    ]
    assert api.apply(f"{path}/scale", scale, "hpa", force="true").ok()["spec"] == {"replicas": 5}
    taken = owners(api.get(path).ok())
    assert taken["hpa", "Apply", "scale"] == {"f:spec": keys("replicas")}
    assert ("scaler", "Update", "scale") not in taken
    without = deployment(nodeSelector=UNPLACED)
    del without["spec"]["replicas"]
    assert api.apply(path, without, "one").ok()["spec"]["replicas"] == 5
    wrong = api.apply(f"{path}/scale", deployment(), "hpa").refused(400, "BadRequest")
    assert wrong["message"] == "invalid object type: apps/v1, Kind=Deployment"


def test_client_side_apply_moves_over(api: Api, core: str, path: str) -> None:
    """kubectl may change what its own older way wrote, without force; the annotation follows."""
    last = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"settings"},"data":{"a":"1"}}\n'
    annotation = "kubectl.kubernetes.io/last-applied-configuration"
    made = config_map(data={"a": "1", "b": "1"}, annotations={annotation: last})
    post(api, core, made, "kubectl-client-side-apply")
    assert conflicts(api.apply(path, config_map(data={"a": "2"}), "other")) == [
        ('conflict with "kubectl-client-side-apply" using v1', ".data.a")
    ]
    assert conflicts(api.apply(path, config_map(data={"a": "2", "b": "2"}), "kubectl")) == [
        ('conflict with "kubectl-client-side-apply" using v1', ".data.b")
    ]
    moved = api.apply(path, config_map(data={"a": "2"}), "kubectl").ok()
    assert moved["data"] == {"a": "2", "b": "1"}
    assert '"a":"2"' in moved["metadata"]["annotations"][annotation]
    assert owners(moved)["kubectl", "Apply"] == {"f:data": keys("a")}
