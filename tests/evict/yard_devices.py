"""Nodes whose GPUs a driver publishes, and gangs that hold them by claims."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from tests.contract.api import Json
from tests.controlplane import dra
from tests.evict.yard import Yard
from tests.evict.yard_objects import job

RULES: Final = "/apis/resource.k8s.io/v1/devicetaintrules"
BRIDGED: Final = "example.com/gpu"  # plain requests for it become claims too


@contextmanager
def published(yard: Yard, cards: int = 2, *names: str) -> Iterator[list[str]]:
    """The nodes `names`, each with so many cards; numbers go on from node to node. Gone when the block ends."""
    made = yard.nodes(*(names or ("n0", "n1")), gpus=0)
    expression = f'device.driver == "{dra.DRIVER}"'
    objects = [
        (dra.CLASSES, dra.device_class(f"gpu.{yard.namespace}", expression, f"{BRIDGED}-{yard.namespace}")),
        *(
            (dra.SLICES, dra.resource_slice(node, [dra.gpu(place * cards + one) for one in range(cards)]))
            for place, node in enumerate(made)
        ),
    ]
    for path, obj in objects:
        yard.api.post(path, obj).ok()
    yard.api.post(dra.templates_path(yard.namespace), dra.claim_template("one", f"gpu.{yard.namespace}")).ok()
    yard.api.post(dra.claims_path(yard.namespace), dra.claim("fixed", f"gpu.{yard.namespace}")).ok()
    try:
        yield made
    finally:
        for path, obj in objects:
            yard.api.delete(f"{path}/{obj['metadata']['name']}")
        for name in rules_of(yard):
            yard.api.delete(f"{RULES}/{name}")


def claiming(name: str, where: str, pods: int = 1, says: Mapping[str, str] | None = None) -> Json:
    """A Job of which each pod claims one card."""
    made = job(name, where, pods=pods, gpus=0, says=says)
    spec = made["spec"]["template"]["spec"]
    spec["resourceClaims"] = [{"name": "gpu", "resourceClaimTemplateName": "one"}]
    spec["containers"][0]["resources"] = {"claims": [{"name": "gpu"}]}
    return made


def bridged(name: str, where: str, says: Mapping[str, str] | None = None) -> Json:
    """A Job whose pod asks for a card as one asks a device plugin; the scheduler makes the claim."""
    made = job(name, where, pods=1, gpus=0, says=says)
    amounts = {f"{BRIDGED}-{where}": "1"}
    made["spec"]["template"]["spec"]["containers"][0]["resources"] = {"requests": amounts, "limits": amounts}
    return made


def fixed(name: str, where: str, says: Mapping[str, str] | None = None) -> Json:
    """A Job whose pod uses a claim that has a name, and so outlives the pod."""
    made = claiming(name, where, says=says)
    made["spec"]["template"]["spec"]["resourceClaims"] = [{"name": "gpu", "resourceClaimName": "fixed"}]
    return made


def device_of(yard: Yard, pod: str) -> tuple[str, str]:
    """What the pods of that name hold: the UUID of one card, and its pool."""
    uids = {one["metadata"]["uid"] for one in yard.pods_of(pod)}
    for claim in yard.api.get(dra.claims_path(yard.namespace)).ok()["items"]:
        status = claim.get("status") or {}
        if uids & {one["uid"] for one in status.get("reservedFor") or ()}:
            [one] = status["allocation"]["devices"]["results"]
            return f"GPU-{int(one['device'].removeprefix('gpu-')):08d}", one["pool"]
    raise AssertionError(f"{pod} holds nothing")


def rules_of(yard: Yard) -> dict[str, Json]:
    """The rules for cards of the yard's nodes, by name."""
    found = yard.api.get(RULES).ok()["items"]
    prefix = f"{yard.namespace}-"
    mine = [one for one in found if str(one["spec"].get("deviceSelector", {}).get("pool", "")).startswith(prefix)]
    return {one["metadata"]["name"]: one for one in mine}
