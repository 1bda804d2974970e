"""Server-side apply inside lists: by keys, as sets, whole; keys that defaults complete; maps that are whole."""

import pytest

from tests.contract.api import Api, Json
from tests.contract.objects import deployment, pod
from tests.contract.owners import conflicts, keys, owners

UNPLACED = {"no.such/label": "x"}


@pytest.fixture
def web(core: str) -> str:
    return core.replace("/api/v1", "/apis/apps/v1") + "/deployments/web"


def of_containers(*containers: Json, **spec: object) -> Json:
    """A Deployment of these containers, its selector included."""
    made = deployment(replicas=0)
    made["spec"]["template"]["spec"] = {"containers": list(containers), **spec}
    return made


def part(*containers: Json, **spec: object) -> Json:
    """The same without anything that another manager needs to say."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"template": {"spec": {"containers": list(containers), **spec}}},
    }


def main(**more: object) -> Json:
    return {"name": "main", "image": "registry.example/train:1", **more}


def names(found: Json, field: str = "containers", key: str = "name") -> list[str]:
    return [one[key] for one in found["spec"]["template"]["spec"][field]]


def variables(found: Json) -> Json:
    (first, *_) = found["spec"]["template"]["spec"]["containers"]
    return {one["name"]: one.get("value") for one in first.get("env", ())}


def test_containers_are_told_apart_by_name(api: Api, web: str) -> None:
    api.apply(web, of_containers(main(), {"name": "log", "image": "registry.example/log:1"}), "one").ok()
    side = {"name": "side", "image": "registry.example/side:1"}
    both = api.apply(web, part(side), "two").ok()
    assert names(both) == ["main", "log", "side"]
    assert owners(both)["two", "Apply"]["f:spec"]["f:template"]["f:spec"]["f:containers"] == {
        'k:{"name":"side"}': {".": {}, **keys("image", "name")}
    }
    assert names(api.apply(web, of_containers(main()), "one").ok()) == ["main", "side"]


def test_the_applied_order_wins(api: Api, web: str) -> None:
    first = [{"name": name, "image": f"registry.example/{name}:1"} for name in "abc"]
    api.apply(web, of_containers(*first)).ok()
    assert names(api.apply(web, of_containers(first[2], first[0], first[1])).ok()) == ["c", "a", "b"]
    between = api.apply(web, part({"name": "x", "image": "registry.example/x:1"}, first[1]), "two").ok()
    assert names(between) == ["c", "a", "x", "b"]


def test_a_variable_of_somebody_else_stays(api: Api, web: str) -> None:
    api.apply(web, of_containers(main(env=[{"name": "A", "value": "1"}, {"name": "B", "value": "1"}])), "one").ok()
    api.apply(web, part({"name": "main", "env": [{"name": "C", "value": "1"}]}), "two").ok()
    changed = api.apply(web, of_containers(main(env=[{"name": "A", "value": "2"}])), "one").ok()
    assert variables(changed) == {"A": "2", "C": "1"}
    gone = api.apply(web, of_containers(main()), "one").ok()
    assert variables(gone) == {"C": "1"}


def test_conflicts_name_the_item(api: Api, web: str) -> None:
    ports = [{"containerPort": 80, "name": "http"}]
    api.apply(web, of_containers(main(env=[{"name": "A", "value": "1"}], ports=ports)), "one").ok()
    other = {"name": "main", "env": [{"name": "A", "value": "2"}], "image": "registry.example/train:2"}
    other["ports"] = [{"containerPort": 80, "protocol": "TCP", "name": "web"}]
    inside = '.spec.template.spec.containers[name="main"]'
    assert conflicts(api.apply(web, part(other), "two")) == [
        ('conflict with "one"', f'{inside}.env[name="A"].value'),
        ('conflict with "one"', f"{inside}.image"),
        ('conflict with "one"', f'{inside}.ports[containerPort=80,protocol="TCP"].name'),
    ]


def test_a_default_completes_the_keys_of_a_port(api: Api, web: str) -> None:
    made = api.apply(web, of_containers(main(ports=[{"containerPort": 80, "name": "a"}]))).ok()
    container = owners(made)["one", "Apply"]["f:spec"]["f:template"]["f:spec"]["f:containers"]['k:{"name":"main"}']
    assert container["f:ports"] == {
        'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, **keys("containerPort", "name")}
    }
    again = api.apply(web, of_containers(main(ports=[{"containerPort": 80, "protocol": "TCP", "name": "b"}]))).ok()
    assert [p["name"] for p in again["spec"]["template"]["spec"]["containers"][0]["ports"]] == ["b"]
    udp = [{"containerPort": 80, "name": "a"}, {"containerPort": 80, "protocol": "UDP", "name": "b"}]
    both = api.apply(web, of_containers(main(ports=udp))).ok()
    assert len(both["spec"]["template"]["spec"]["containers"][0]["ports"]) == 2


def test_ports_of_a_service(api: Api, core: str) -> None:
    path = f"{core}/services/s"
    head: Json = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}
    ports = [{"name": "http", "port": 80}, {"name": "more", "port": 81, "targetPort": "x"}]
    made = api.apply(path, {**head, "spec": {"selector": {"a": "b"}, "ports": ports}}).ok()
    assert owners(made)["one", "Apply"]["f:spec"]["f:ports"] == {
        'k:{"port":80,"protocol":"TCP"}': {".": {}, **keys("name", "port")},
        'k:{"port":81,"protocol":"TCP"}': {".": {}, **keys("name", "port", "targetPort")},
    }
    less = api.apply(path, {**head, "spec": {"selector": {"a": "b"}, "ports": ports[:1]}}).ok()
    assert [port["port"] for port in less["spec"]["ports"]] == [80]
    assert less["spec"]["clusterIP"] == made["spec"]["clusterIP"]


def test_lists_that_are_whole(api: Api, web: str) -> None:
    api.apply(web, of_containers(main(command=["a", "b"]), tolerations=[{"key": "x", "operator": "Exists"}])).ok()
    other = part({"name": "main", "command": ["c"]}, tolerations=[{"key": "y", "operator": "Exists"}])
    assert conflicts(api.apply(web, other, "two")) == [
        ('conflict with "one"', '.spec.template.spec.containers[name="main"].command'),
        ('conflict with "one"', ".spec.template.spec.tolerations"),
    ]
    taken = api.apply(web, other, "two", force="true").ok()["spec"]["template"]["spec"]
    assert taken["containers"][0]["command"] == ["c"]
    assert [one["key"] for one in taken["tolerations"]] == ["y"]


def test_maps_and_structs_that_are_whole(api: Api, web: str) -> None:
    reference = {"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
    api.apply(web, of_containers(main(env=[reference]), nodeSelector={"a": "1"})).ok()
    other = part({"name": "main"}, nodeSelector={"b": "1"})
    assert conflicts(api.apply(web, other, "two")) == [('conflict with "one"', ".spec.template.spec.nodeSelector")]
    selected = api.apply(web, other, "two", force="true").ok()
    assert selected["spec"]["template"]["spec"]["nodeSelector"] == {"b": "1"}
    env = owners(selected)["one", "Apply"]["f:spec"]["f:template"]["f:spec"]["f:containers"]['k:{"name":"main"}'][
        "f:env"
    ]
    assert env['k:{"name":"A"}']["f:valueFrom"] == keys("secretKeyRef")


def test_resources_are_merged_by_name(api: Api, web: str) -> None:
    api.apply(web, of_containers(main(resources={"limits": {"cpu": "1"}})), "one").ok()
    both = api.apply(web, part({"name": "main", "resources": {"limits": {"memory": "1Gi"}}}), "two").ok()
    assert both["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"] == {"cpu": "1", "memory": "1Gi"}


def test_a_quantity_written_otherwise_is_the_same(api: Api, web: str) -> None:
    made = api.apply(web, of_containers(main(resources={"limits": {"cpu": "1000m", "memory": "1024Mi"}}))).ok()
    assert made["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"] == {"cpu": "1", "memory": "1Gi"}
    api.until_object(web, lambda d: d.get("status", {}).get("observedGeneration") == 1)
    before = api.get(web).ok()
    again = api.apply(web, of_containers(main(resources={"limits": {"cpu": "1000m", "memory": "1024Mi"}}))).ok()
    assert again["metadata"]["generation"] == before["metadata"]["generation"]
    assert again["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]


def test_sets(api: Api, core: str) -> None:
    head: Json = {"apiVersion": "v1", "kind": "ConfigMap"}
    path = f"{core}/configmaps/s"
    api.apply(path, {**head, "metadata": {"name": "s", "finalizers": ["k8sai.dev/a", "k8sai.dev/b"]}}, "one").ok()
    api.apply(path, {**head, "metadata": {"name": "s", "finalizers": ["k8sai.dev/b"]}}, "two").ok()
    left = api.apply(path, {**head, "metadata": {"name": "s"}}, "one").ok()
    assert left["metadata"]["finalizers"] == ["k8sai.dev/b"]
    twice = api.apply(path, {**head, "metadata": {"name": "s", "finalizers": ["k8sai.dev/c", "k8sai.dev/c"]}})
    assert twice.status == 500
    assert '.metadata.finalizers: duplicate entries for key [="k8sai.dev/c"]' in twice.body["message"]
    api.patch(path, {"metadata": {"finalizers": None}}).ok()


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ([{"name": "A", "value": "1"}, {"name": "A", "value": "2"}], 'duplicate entries for key [name="A"]'),
        (["A"], "element 0: associative list with keys may not have non-map elements"),
        ([None], "element 0: associative list with keys may not have a null element"),
    ],
)
def test_items_that_cannot_be_told_apart(api: Api, web: str, env: list[object], said: str) -> None:
    answer = api.apply(web, of_containers(main(env=env)))
    head = "failed to create typed patch object (/web; apps/v1, Kind=Deployment): "
    place = '.spec.template.spec.containers[name="main"].env: '
    assert (answer.status, answer.body["message"]) == (500, head + place + said)


def test_what_was_there_twice_before(api: Api, web: str) -> None:
    twice = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}, {"name": "B", "value": "3"}]
    made = of_containers(main(env=twice))
    api.post(web.rpartition("/")[0], made, {"fieldManager": "old"}).ok()
    env = owners(api.get(web).ok())["old", "Update"]["f:spec"]["f:template"]["f:spec"]["f:containers"]
    assert env['k:{"name":"main"}']["f:env"]['k:{"name":"A"}'] == {}
    api.apply(web, part({"name": "main", "env": [{"name": "C", "value": "4"}]}), "two").ok()
    found = api.get(web).ok()["spec"]["template"]["spec"]["containers"][0]["env"]
    assert [one["value"] for one in found] == ["1", "2", "3", "4"]
    one = part({"name": "main", "env": [{"name": "A", "value": "5"}]})
    taken = api.apply(web, one, "two", force="true").ok()["spec"]["template"]["spec"]["containers"][0]["env"]
    assert sorted(one["value"] for one in taken) == ["3", "5"]


def test_volumes_and_mounts(api: Api, core: str) -> None:
    path = f"{core}/pods/p"
    made = pod(nodeSelector=UNPLACED, volumes=[{"name": "v", "emptyDir": {}}])
    made["spec"]["containers"][0]["volumeMounts"] = [{"name": "v", "mountPath": "/v"}]
    found = api.apply(path, made).ok()
    spec = owners(found)["one", "Apply"]["f:spec"]
    assert spec["f:volumes"] == {'k:{"name":"v"}': {".": {}, **keys("emptyDir", "name")}}
    mounts = spec["f:containers"]['k:{"name":"main"}']["f:volumeMounts"]
    assert mounts == {'k:{"mountPath":"/v"}': {".": {}, **keys("mountPath", "name")}}


def test_topology_spread_has_two_keys(api: Api, web: str) -> None:
    spread = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}
    found = api.apply(web, of_containers(main(), topologySpreadConstraints=[spread])).ok()
    fields = owners(found)["one", "Apply"]["f:spec"]["f:template"]["f:spec"]["f:topologySpreadConstraints"]
    assert list(fields) == ['k:{"topologyKey":"zone","whenUnsatisfiable":"ScheduleAnyway"}']
