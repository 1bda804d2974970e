"""Whether the ClusterQueue has quota of everything that is asked: devices that no class is mapped for, and resources
that no group covers.

Source: pkg/dra/claims.go and pkg/scheduler/flavorassigner of Kueue 0.19. How classes are mapped stands in Kueue's own
configuration, so of these only its word is known.
"""

from collections.abc import Iterator
from re import findall

from k8sai.queues.why.finding import Finding, Fix
from k8sai.queues.why.look import Look
from k8sai.queues.words import amount
from k8sai.queues.workload import Workload


def check(look: Look) -> Iterator[Finding]:
    """Of one that waits."""
    if look.workload is None or not look.waits:
        return
    yield from _devices(look, look.workload)
    yield from _uncovered(look, look.workload)


def _devices(look: Look, workload: Workload) -> Iterator[Finding]:
    claims = any(pod_set.spec.get("resourceClaims") for pod_set in workload.pod_sets)
    if not claims or look.said is None or look.said.code != "DeviceMappingMissing":
        return
    classes = ", ".join(dict.fromkeys(findall(r"DeviceClass (\S+) is not mapped", look.said.message)))
    message = f"Kueue's configuration maps DeviceClass {classes} to no resource, so its claims count against no quota"
    yield Finding(
        "devices",
        "DeviceMappingMissing",
        message,
        f"DeviceClass {classes}",
        evidence=(look.said.message,),
        fixes=(Fix("admin", f"add {classes} to resources.deviceClassMappings of Kueue's configuration"),),
        next="kubectl get configmap kueue-manager-config -n kueue-system -o yaml",
    )


def _uncovered(look: Look, workload: Workload) -> Iterator[Finding]:
    queue = look.queue
    if queue is None:
        return
    for resource, asked in workload.asks().items():
        if asked and queue.group_of(resource) is None:
            yield Finding(
                "covered",
                "ResourceNotCovered",
                f"it asks {amount(resource, asked)} {resource}, of which ClusterQueue {queue.name} has no quota at all",
                f"ClusterQueue {queue.name}",
                need=asked,
                fixes=(Fix("admin", f"cover {resource} in ClusterQueue {queue.name}"),),
                next=f"k8sai queue describe cq/{queue.name}",
            )
