"""Devices: slices, classes and claims, and what the scheduler allocates to whom."""

from collections.abc import Callable, Iterator

import pytest

from tests.contract.api import Api, Json
from tests.contract.conftest import Nodes
from tests.controlplane import dra
from tests.controlplane.gpu_pods import add_pods, gpu_pod, runs, wait_placed


@pytest.fixture
def published(api: Api) -> Iterator[Callable[..., None]]:
    """`published(slice, class, …)`: cluster-wide objects that are gone when the test ends."""
    made: list[str] = []

    def publish(*objects: Json) -> None:
        for obj in objects:
            path = dra.CLASSES if obj["kind"] == "DeviceClass" else dra.SLICES
            api.post(path, obj).ok()
            made.append(f"{path}/{obj['metadata']['name']}")

    yield publish
    for path in made:
        api.delete(path)


def _class(namespace: str, kind: str = "gpu", extended_resource: str = "") -> Json:
    """A class by the test's own name, so that tests do not meet."""
    expression = f'device.driver == "{dra.DRIVER}" && device.attributes["{dra.DRIVER}"].type == "{kind}"'
    return dra.device_class(f"{kind}.{namespace}", expression, extended_resource)


def _devices(claim: Json) -> list[str]:
    return [result["device"] for result in claim["status"]["allocation"]["devices"]["results"]]


def _allocated(api: Api, namespace: str) -> dict[str, list[str]]:
    """Devices by the pod that each claim is reserved for."""
    claims = api.get(dra.claims_path(namespace)).ok()["items"]
    return {c["status"]["reservedFor"][0]["name"]: _devices(c) for c in claims if "allocation" in c.get("status", {})}


def test_a_claim_from_a_template(
    api: Api, namespace: str, core: str, nodes: Callable[..., Nodes], published: Callable[..., None]
) -> None:
    where = nodes(1, gpus=0)
    published(_class(namespace), dra.resource_slice(where.names[0], map(dra.gpu, range(2))))
    api.post(dra.templates_path(namespace), dra.claim_template("one", f"gpu.{namespace}")).ok()
    add_pods(api, namespace, (dra.claiming_pod(f"p{i}", template="one", nodeSelector=where.selector) for i in range(2)))
    pods = wait_placed(api, namespace)
    claims = {c["metadata"]["name"]: c for c in api.get(dra.claims_path(namespace)).ok()["items"]}
    for pod in pods.values():
        (status,) = pod["status"]["resourceClaimStatuses"]
        claim = claims[status["resourceClaimName"]]
        assert status["name"] == "gpu"
        assert claim["metadata"]["ownerReferences"][0]["name"] == pod["metadata"]["name"]
        reserved = {"resource": "pods", "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}
        assert claim["status"]["reservedFor"] == [reserved]
        (result,) = claim["status"]["allocation"]["devices"]["results"]
        assert (result["driver"], result["pool"], result["request"]) == (dra.DRIVER, where.names[0], "cards")
    assert sorted(_allocated(api, namespace).values()) == [["gpu-0"], ["gpu-1"]]


def test_a_pod_waits_for_a_device(
    api: Api, namespace: str, core: str, nodes: Callable[..., Nodes], published: Callable[..., None]
) -> None:
    where = nodes(1, gpus=0)
    published(_class(namespace), dra.resource_slice(where.names[0], [dra.gpu(0)]))
    api.post(dra.templates_path(namespace), dra.claim_template("one", f"gpu.{namespace}")).ok()
    add_pods(api, namespace, [dra.claiming_pod("first", template="one", nodeSelector=where.selector)])
    wait_placed(api, namespace)
    add_pods(api, namespace, [dra.claiming_pod("second", template="one", nodeSelector=where.selector)])
    waiting = wait_placed(api, namespace, expect_pending=1)[f"{namespace}/second"]
    (condition,) = (c for c in waiting["status"]["conditions"] if c["type"] == "PodScheduled")
    assert "cannot allocate all claims" in condition["message"]
    api.delete(f"{core}/pods/first", {"gracePeriodSeconds": 0}).ok()
    api.until_object(f"{core}/pods/second", runs)


def test_a_count_is_all_or_nothing(
    api: Api, namespace: str, nodes: Callable[..., Nodes], published: Callable[..., None]
) -> None:
    where = nodes(2, gpus=0)
    published(_class(namespace), *(dra.resource_slice(name, map(dra.gpu, range(2))) for name in where.names))
    for count in (2, 3):
        api.post(dra.templates_path(namespace), dra.claim_template(f"of-{count}", f"gpu.{namespace}", count)).ok()
        add_pods(api, namespace, [dra.claiming_pod(f"p{count}", template=f"of-{count}", nodeSelector=where.selector)])
    wait_placed(api, namespace, expect_pending=1)
    assert _allocated(api, namespace) == {"p2": ["gpu-0", "gpu-1"]}


def test_a_shared_claim_is_allocated_once(
    api: Api, namespace: str, nodes: Callable[..., Nodes], published: Callable[..., None]
) -> None:
    where = nodes(1, gpus=0)
    published(_class(namespace), dra.resource_slice(where.names[0], map(dra.gpu, range(2))))
    api.post(dra.claims_path(namespace), dra.claim("shared", f"gpu.{namespace}")).ok()
    add_pods(
        api, namespace, (dra.claiming_pod(f"p{i}", claim_name="shared", nodeSelector=where.selector) for i in range(3))
    )
    wait_placed(api, namespace)
    claim = api.get(f"{dra.claims_path(namespace)}/shared").ok()
    assert len(_devices(claim)) == 1
    assert {user["name"] for user in claim["status"]["reservedFor"]} == {"p0", "p1", "p2"}


def test_attributes_and_capacity_select(
    api: Api, namespace: str, nodes: Callable[..., Nodes], published: Callable[..., None]
) -> None:
    where = nodes(1, gpus=0)
    small = dra.gpu(1)
    small["capacity"] = {"memory": {"value": "40Gi"}}
    published(_class(namespace), dra.resource_slice(where.names[0], [dra.gpu(0), small, dra.gpu(2)]))
    selector = f'device.capacity["{dra.DRIVER}"].memory.isLessThan(quantity("80Gi"))'
    api.post(dra.templates_path(namespace), dra.claim_template("small", f"gpu.{namespace}", selector=selector)).ok()
    add_pods(api, namespace, [dra.claiming_pod("p", template="small", nodeSelector=where.selector)])
    wait_placed(api, namespace)
    assert _allocated(api, namespace) == {"p": ["gpu-1"]}


def test_partitions_draw_on_one_card(
    api: Api, namespace: str, core: str, nodes: Callable[..., Nodes], published: Callable[..., None]
) -> None:
    where = nodes(1, gpus=0)
    published(_class(namespace), _class(namespace, "mig"), *dra.partitionable(where.names[0], (4, 4)))
    for kind in ("gpu", "mig"):
        api.post(dra.templates_path(namespace), dra.claim_template(kind, f"{kind}.{namespace}")).ok()
    add_pods(api, namespace, [dra.claiming_pod("part", template="mig", nodeSelector=where.selector)])
    wait_placed(api, namespace)
    others = [dra.claiming_pod("whole", template="gpu"), dra.claiming_pod("second-part", template="mig")]
    for pod in others:
        pod["spec"]["nodeSelector"] = where.selector
    add_pods(api, namespace, others)
    wait_placed(api, namespace, expect_pending=2)
    assert set(_allocated(api, namespace)) == {"part"}, "four of seven are taken: neither four more nor the whole"


def test_a_pool_that_is_not_complete_gives_nothing(
    api: Api, namespace: str, nodes: Callable[..., Nodes], published: Callable[..., None]
) -> None:
    where = nodes(1, gpus=0)
    half = dra.resource_slice(where.names[0], [dra.gpu(0)], slices=2)
    published(_class(namespace), half)
    api.post(dra.templates_path(namespace), dra.claim_template("one", f"gpu.{namespace}")).ok()
    add_pods(api, namespace, [dra.claiming_pod("p", template="one", nodeSelector=where.selector)])
    wait_placed(api, namespace, expect_pending=1)
    published(dra.resource_slice(where.names[0], [dra.gpu(1)], name=f"{where.names[0]}-b", slices=2))
    wait_placed(api, namespace)


def test_a_tainted_device_is_left_out(
    api: Api, namespace: str, nodes: Callable[..., Nodes], published: Callable[..., None]
) -> None:
    where = nodes(1, gpus=0)
    broken = dra.gpu(0, taints=[{"key": "gpu.nvidia.com/xid", "value": "79", "effect": "NoSchedule"}])
    published(_class(namespace), dra.resource_slice(where.names[0], [broken, dra.gpu(1)]))
    api.post(dra.templates_path(namespace), dra.claim_template("one", f"gpu.{namespace}")).ok()
    add_pods(api, namespace, [dra.claiming_pod("p", template="one", nodeSelector=where.selector)])
    wait_placed(api, namespace)
    assert _allocated(api, namespace) == {"p": ["gpu-1"]}


def test_a_plain_request_is_bridged_to_a_claim(
    api: Api, namespace: str, nodes: Callable[..., Nodes], published: Callable[..., None]
) -> None:
    where, resource = nodes(1, gpus=0), f"{namespace}.example.com/gpu"
    published(_class(namespace, extended_resource=resource), dra.resource_slice(where.names[0], map(dra.gpu, range(2))))
    asks = {"name": "main", "image": "registry.example/train:1", "resources": {"limits": {resource: "2"}}}
    add_pods(api, namespace, [gpu_pod("p", containers=[asks], nodeSelector=where.selector)])
    (pod,) = wait_placed(api, namespace).values()
    status = pod["status"]["extendedResourceClaimStatus"]
    (mapping,) = status["requestMappings"]
    assert (mapping["containerName"], mapping["resourceName"]) == ("main", resource)
    claim = api.get(f"{dra.claims_path(namespace)}/{status['resourceClaimName']}").ok()
    assert sorted(_devices(claim)) == ["gpu-0", "gpu-1"]
    assert claim["status"]["reservedFor"][0]["name"] == "p"


def test_slices_are_found_by_driver_and_node(
    api: Api, namespace: str, nodes: Callable[..., Nodes], published: Callable[..., None]
) -> None:
    where = nodes(1, gpus=0)
    published(dra.resource_slice(where.names[0], [dra.gpu(0)]))
    for selector in (f"spec.nodeName={where.names[0]}", f"spec.driver={dra.DRIVER},spec.nodeName={where.names[0]}"):
        assert len(api.get(dra.SLICES, {"fieldSelector": selector}).ok()["items"]) == 1
    assert api.get(dra.SLICES, {"fieldSelector": "spec.driver=nobody.example"}).ok()["items"] == []
