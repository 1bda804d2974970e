"""Every quantity an object carries, with its place: what a file may have wrong, and a server does not."""

from collections.abc import Iterable, Iterator, Mapping

from k8sai import facts
from k8sai.errors import Usage
from k8sai.facts import Object
from k8sai.quantity import BadQuantity, Raw, parse

Placed = tuple[str, Raw]


def check(obj: Object) -> None:
    """Raises Usage that names the object and the place of the first quantity that is none."""
    for place, raw in _placed(obj):
        try:
            parse(raw)
        except BadQuantity as error:
            raise Usage(f"{name(obj)}: {place}: {error.message}", error.hint) from error


def name(obj: Object) -> str:
    """The object as kubectl's errors say it: `node gpu-1`, `pod team-a/train-0`."""
    meta = obj.metadata
    return f"{type(obj).__name__.lower()} {f'{meta.namespace}/' if meta.namespace else ''}{meta.name}"


def _placed(obj: Object) -> Iterator[Placed]:
    match obj:
        case facts.Node():
            yield from _in("status.capacity", obj.status.capacity)
            yield from _in("status.allocatable", obj.status.allocatable)
        case facts.Pod():
            yield from _of_pod(obj)
        case facts.ResourceSlice():
            yield from _of_slice(obj.spec)
        case facts.ResourceClaim() if obj.status.allocation:
            for at, result in enumerate(obj.status.allocation.devices.results or ()):
                yield from _in(f"status.allocation.devices.results[{at}].consumedCapacity", result.consumed_capacity)


def _of_pod(pod: facts.Pod) -> Iterator[Placed]:
    yield from _in("spec.overhead", pod.spec.overhead)
    yield from _of_requirements("spec.resources", pod.spec.resources)
    for field, containers in (("containers", pod.spec.containers), ("initContainers", pod.spec.init_containers)):
        for at, container in enumerate(containers or ()):
            yield from _of_requirements(f"spec.{field}[{at}].resources", container.resources)
    both = (
        ("containerStatuses", pod.status.container_statuses),
        ("initContainerStatuses", pod.status.init_container_statuses),
    )
    for field, statuses in both:
        for at, status in enumerate(statuses or ()):
            yield from _in(f"status.{field}[{at}].allocatedResources", status.allocated_resources)
            yield from _of_requirements(f"status.{field}[{at}].resources", status.resources)


def _of_requirements(place: str, both: facts.ResourceRequirements | None) -> Iterator[Placed]:
    if both is not None:
        yield from _in(f"{place}.requests", both.requests)
        yield from _in(f"{place}.limits", both.limits)


def _of_slice(spec: facts.ResourceSliceSpec) -> Iterator[Placed]:
    for at, device in enumerate(spec.devices or ()):
        place = f"spec.devices[{at}]"
        yield from _values(f"{place}.capacity", device.capacity)
        for number, consumed in enumerate(device.consumes_counters or ()):
            yield from _values(f"{place}.consumesCounters[{number}].counters", consumed.counters)
    for at, shared in enumerate(spec.shared_counters or ()):
        yield from _values(f"spec.sharedCounters[{at}].counters", shared.counters)


def _in(place: str, resources: facts.Resources | None) -> Iterable[Placed]:
    return ((f'{place}["{key}"]', raw) for key, raw in (resources or {}).items())


def _values(
    place: str, amounts: Mapping[str, facts.DeviceCapacity] | Mapping[str, facts.DeviceCounter] | None
) -> Iterable[Placed]:
    return ((f'{place}["{key}"].value', amount.value) for key, amount in (amounts or {}).items())
