"""Whether the namespace may use the queue, and whether its LimitRanges and the pods' own limits let the requests be.

Source: pkg/util/limitrange and pkg/workload/resources.go of Kueue 0.19.
"""

from collections.abc import Iterator, Mapping

from k8sai.cluster.reading import Json
from k8sai.queues.parse_workload import pod_requests
from k8sai.queues.values import amounts
from k8sai.queues.why.finding import Finding, Fix
from k8sai.queues.why.look import Look
from k8sai.queues.words import amount
from k8sai.queues.workload import PodSet, Workload
from k8sai.scheduling.selectors import labels_match

_RANGES = "limitranges"


def check(look: Look) -> Iterator[Finding]:
    """Of one that waits: Kueue asks only before it gives quota."""
    if look.workload is None or not look.waits:
        return
    yield from _namespace(look)
    yield from _requests(look, look.workload)
    yield from _ranges(look, look.workload)


def _namespace(look: Look) -> Iterator[Finding]:
    queue = look.queue
    if queue is None or queue.selector == {}:
        return
    labels = look.setting.namespaces.get(look.namespace)
    if queue.selector is not None and labels is None:
        return  # its labels may not be read
    if labels_match(queue.selector, labels or {}):
        return
    null = queue.selector is None
    which = "admits no namespace: its namespaceSelector is not set" if null else "does not admit its namespace"
    fix = "set namespaceSelector to {} or to labels of the namespace" if null else _wanted(queue.selector or {})
    yield Finding(
        "allowed",
        "Misconfigured",
        f"ClusterQueue {queue.name} {which}",
        f"ClusterQueue {queue.name}",
        fixes=(Fix("admin", fix),),
        next=f"kubectl get namespace {look.namespace} --show-labels",
    )


def _wanted(selector: Json) -> str:
    labels = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    rules = [
        " ".join(filter(None, [str(one.get("key")), str(one.get("operator")), ",".join(one.get("values") or ())]))
        for one in selector.get("matchExpressions") or ()
    ]
    return f"label the namespace so that {' and '.join([*labels, *rules])}"


def _requests(look: Look, workload: Workload) -> Iterator[Finding]:
    for pod_set in workload.pod_sets:
        for container in _containers(pod_set):
            resources = container.get("resources") or {}
            asked, limits = amounts(resources.get("requests")), amounts(resources.get("limits"))
            over = [name for name, value in asked.items() if name in limits and value > limits[name]]
            if over:
                yield Finding(
                    "allowed",
                    "BadRequests",
                    f"container {container.get('name')} of {pod_set.name} requests more {over[0]} than its limit",
                    f"Workload {workload.ref}",
                    next=look.kubectl("get", look.title, "-o", "yaml"),
                )


def _ranges(look: Look, workload: Workload) -> Iterator[Finding]:
    for limit_range in look.reading.list(_RANGES, look.namespace):
        for pod_set in workload.pod_sets:
            for message in _broken(pod_set, limit_range):
                yield Finding(
                    "allowed",
                    "LimitRange",
                    message,
                    f"LimitRange {look.namespace}/{limit_range['metadata']['name']}",
                    fixes=(Fix("user", "ask within the range"),),
                    next=look.kubectl("describe", f"limitrange/{limit_range['metadata']['name']}"),
                )


def _broken(pod_set: PodSet, limit_range: Json) -> Iterator[str]:
    for limit in (limit_range.get("spec") or {}).get("limits") or ():
        if limit.get("type") == "Container":
            for container in _containers(pod_set):
                least, most = _extremes(container.get("resources") or {})
                yield from _beyond(f"container {container.get('name')}", pod_set, least, most, limit, limit_range)
        elif limit.get("type") == "Pod":
            whole = pod_requests(pod_set.spec)
            yield from _beyond("a pod", pod_set, whole, whole, limit, limit_range)


def _beyond(
    who: str, pod_set: PodSet, least: Mapping[str, int], most: Mapping[str, int], limit: Json, limit_range: Json
) -> Iterator[str]:
    name = limit_range["metadata"]["name"]
    for resource, high in amounts(limit.get("max")).items():
        asked = most.get(resource, 0)
        if asked > high:
            says = f"asks {amount(resource, asked)} {resource}, LimitRange {name} allows {amount(resource, high)}"
            yield f"{who} of pod set {pod_set.name} {says}"
    for resource, low in amounts(limit.get("min")).items():
        asked = least.get(resource, 0)
        if asked < low:
            says = f"asks {amount(resource, asked)} {resource}, LimitRange {name} wants {amount(resource, low)}"
            yield f"{who} of pod set {pod_set.name} {says}"


def _extremes(resources: Json) -> tuple[dict[str, int], dict[str, int]]:
    """Per resource the smaller and the larger of request and limit."""
    asked, limits = amounts(resources.get("requests")), amounts(resources.get("limits"))
    both = {
        name: (asked.get(name, limits.get(name, 0)), limits.get(name, asked.get(name, 0))) for name in asked | limits
    }
    return {name: min(pair) for name, pair in both.items()}, {name: max(pair) for name, pair in both.items()}


def _containers(pod_set: PodSet) -> Iterator[Json]:
    yield from pod_set.spec.get("initContainers") or ()
    yield from pod_set.spec.get("containers") or ()
