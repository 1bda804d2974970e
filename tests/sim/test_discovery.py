"""What the server says it serves."""

from k8sai.sim import discovery, kinds, openapi
from k8sai.sim.kinds import Catalog, Resource
from k8sai.sim.store import Store
from tests.sim.apiserver import Client, served

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"


def test_both_forms_of_discovery_say_the_same() -> None:
    async def test(store: Store, api: Client) -> None:
        plain: set[tuple[str, str, bool]] = set()
        groups = (await api.get("/apis")).body["groups"]
        for version in ("v1", *(each["groupVersion"] for group in groups for each in group["versions"])):
            path = f"/apis/{version}" if "/" in version else f"/api/{version}"
            for line in (await api.get(path)).body["resources"]:
                plain.add((version, line["name"], line["namespaced"]))
        whole: set[tuple[str, str, bool]] = set()
        for path in ("/api", "/apis"):
            for group in (await api.get(path, Accept=AGGREGATED)).body["items"]:
                for version in group["versions"]:
                    name = group["metadata"].get("name")
                    title = f"{name}/{version['version']}" if name else version["version"]
                    for line in version["resources"]:
                        namespaced = line["scope"] == "Namespaced"
                        whole.add((title, line["resource"], namespaced))
                        for sub in line.get("subresources", ()):
                            whole.add((title, f"{line['resource']}/{sub['subresource']}", namespaced))
        assert plain == whole
        assert ("v1", "pods/eviction", True) in plain
        assert ("resource.k8s.io/v1", "resourceslices", False) in plain

    served(test)


def test_aggregated_discovery_is_not_sent_twice() -> None:
    async def test(store: Store, api: Client) -> None:
        first = await api.get("/apis", Accept=AGGREGATED)
        assert first.headers["Content-Type"] == "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
        again = await api.get("/apis", Accept=AGGREGATED, If_None_Match=first.headers["ETag"])
        assert (again.code, again.body) == (304, "")
        store.catalog.add(Resource("example.com", "v1", "gizmos", "Gizmo", builtin=False))
        fresh = await api.get("/apis", Accept=AGGREGATED, If_None_Match=first.headers["ETag"])
        assert fresh.code == 200

    served(test)


def test_a_kind_that_joins_is_served_at_once() -> None:
    async def test(store: Store, api: Client) -> None:
        gizmo = {"apiVersion": "example.com/v1", "kind": "Gizmo", "metadata": {"name": "g"}, "spec": {"size": 1}}
        path = "/apis/example.com/v1/namespaces/default/gizmos"
        assert (await api.get(path)).code == 404
        store.catalog.add(Resource("example.com", "v1", "gizmos", "Gizmo", builtin=False))
        assert (await api.call("POST", path, gizmo)).code == 201
        assert (await api.get(path)).body["items"][0]["spec"] == {"size": 1}
        assert "example.com" in [group["name"] for group in (await api.get("/apis")).body["groups"]]

    served(test)


def test_short_names_and_categories_are_told() -> None:
    lines = {one["name"]: one for one in (discovery.resources(Catalog(), "v1") or {})["resources"]}
    assert (lines["pods"]["shortNames"], lines["pods"]["categories"]) == (["po"], ["all"])
    assert (lines["nodes"]["shortNames"], lines["nodes"]["namespaced"]) == (["no"], False)
    assert lines["pods/eviction"]["group"] == "policy"
    assert discovery.resources(Catalog(), "v2") is None


def test_it_is_healthy_and_has_a_version() -> None:
    async def test(store: Store, api: Client) -> None:
        for path in ("/healthz", "/livez", "/readyz", "/readyz/ping"):
            assert (await api.get(path)).body == "ok"
        version = (await api.get("/version")).body
        assert (version["major"], version["minor"]) == ("1", "37")
        away = await api.get("/apis/none.example.com/v1")
        assert (away.code, away.body) == (404, "404 page not found\n")

    served(test)


def test_openapi_names_every_kind_and_what_kubectl_looks_for() -> None:
    catalog = Catalog()
    for path in openapi.index(catalog)["paths"]:
        document = openapi.document(catalog, path) or {}
        known = {
            (gvk["group"], gvk["kind"])
            for schema in document["components"]["schemas"].values()
            for gvk in schema.get("x-kubernetes-group-version-kind", ())
        }
        served_there = {(one.group, one.kind) for one in kinds.BUILTIN if path.partition("/")[2] == one.api_version}
        assert known == served_there, path
    patch = (openapi.document(catalog, "api/v1") or {})["paths"]["/api/v1/namespaces/{namespace}/pods/{name}"]["patch"]
    assert {"fieldValidation", "dryRun"} <= {parameter["name"] for parameter in patch["parameters"]}
    assert openapi.document(catalog, "apis/none/v1") is None


def test_openapi_references_lead_somewhere() -> None:
    document = openapi.swagger(Catalog())

    def references(value: object) -> list[str]:
        if isinstance(value, dict):
            found = [value["$ref"]] if "$ref" in value else []
            return found + [one for child in value.values() for one in references(child)]
        return [one for child in value for one in references(child)] if isinstance(value, list) else []

    targets = set(references(document))
    assert len(targets) > 100
    assert {one.removeprefix("#/definitions/") for one in targets} <= set(document["definitions"])
