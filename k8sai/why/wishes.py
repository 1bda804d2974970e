"""What a pod asks of devices: by its claims, and by extended resources that a class names as its own."""

from k8sai.cluster.reading import Json
from k8sai.scheduling.claims import claim_names
from k8sai.scheduling.nodes import NodeInfo, PodInfo
from k8sai.why.case import Case
from k8sai.why.demand import alternatives, demands


def bodies(case: Case, pod: PodInfo) -> list[list[Json]]:
    """Of every request of its open claims the alternatives, and what it asks of a class by an extended resource."""
    found = [[body for _, body in alternatives(request)] for claim in open_claims(case) for request in demands(claim)]
    return [*found, *([body] for _, body in bridged(case, pod))]


def bridged_on(case: Case, pod: PodInfo, node: NodeInfo) -> list[tuple[str, Json]]:
    """(resource, request) of what no device plugin of this node serves, and a class would, although others have it."""
    return [(resource, body) for resource, body in _served_by_class(case, pod) if not node.allocatable.get(resource)]


def open_claims(case: Case) -> list[Json]:
    """Its claims that have no devices yet."""
    names = (name for _, name in claim_names(case.pod or {}) if name)
    claims = (case.moment.supply.claim(case.namespace, name) for name in names)
    return [claim for claim in claims if claim is not None and not (claim.get("status") or {}).get("allocation")]


def bridged(case: Case, pod: PodInfo) -> list[tuple[str, Json]]:
    """The requests that the scheduler would make for extended resources which no device plugin serves."""
    nodes = case.moment.trial.view.nodes.values()
    return [
        (resource, body)
        for resource, body in _served_by_class(case, pod)
        if not any(node.allocatable.get(resource) for node in nodes)
    ]


def _served_by_class(case: Case, pod: PodInfo) -> list[tuple[str, Json]]:
    """The requests that stand for extended resources which a class names as its own."""
    classes = case.moment.supply.bridges()
    return [
        (resource, {"deviceClassName": classes[resource], "count": amount})
        for resource, amount in pod.requests.items()
        if resource in classes
    ]
