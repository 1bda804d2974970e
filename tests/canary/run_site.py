"""A rollout of an HTTPRoute with its operators, and somebody else who writes on it."""

from typing import Any

from k8sai.canary.running import verbs
from k8sai.canary.state import State
from tests.canary.operators import Site

ROUTE = "/apis/gateway.networking.k8s.io/v1/namespaces/default/httproutes/chat"
WEIGHT = "/spec/rules/0/backendRefs/1/weight"


def to_step(site: Site, weight: int, **more: Any) -> State:
    return site.rolled(lambda hands, held: verbs.step(hands, held, weight, end=None, **more))


def somebody(site: Site, weight: int) -> None:
    """Another one writes the canary's weight."""
    site.world.edit(site.ref.kind, "chat", {"op": "replace", "path": WEIGHT, "value": weight})
    site.world.settle()
