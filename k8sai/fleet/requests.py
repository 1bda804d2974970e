"""What a pod takes of a node, per resource: sidecars, init containers, overhead, pod-level resources, resize in flight.

The same sum as the scheduler's (k8s.io/component-helpers/resource, PodRequests), checked against a 1.37 scheduler.
"""

from collections.abc import Callable, Iterable, Mapping

from k8sai.facts import Container, ContainerStatus, Pod, Resources
from k8sai.quantity import BadQuantity, Raw, milli, whole

Keep = Callable[[str], object]
_RESIZABLE = ("cpu", "memory")


def effective(pod: Pod, keep: Keep | None = None) -> dict[str, int]:
    """What the pod takes: cpu in thousandths, memory in bytes, devices in whole units; what it does not ask is absent.

    `keep` limits the answer to the resources it says yes to. Raises BadQuantity for a malformed or negative one.
    """
    spec = pod.spec
    resized = _resized(pod) if keep is None else {}
    total: dict[str, int] = {}
    for container in spec.containers:
        _add(total, resized.get(container.name) or _asked(container, keep))
    if spec.init_containers:
        total = _with_init(total, spec.init_containers, resized, keep)
    if keep is None and spec.resources is not None and spec.resources.requests:
        # Only cpu, memory and huge pages exist at pod level; there the pod's own word replaces the containers' sum.
        # A limit without a request does not: the API server has already defaulted what counts.
        total.update({name: count(name, raw) for name, raw in spec.resources.requests.items() if _pod_level(name)})
    if spec.overhead:
        _add(total, _amounts(spec.overhead, keep))
    return {name: amount for name, amount in total.items() if amount}


def count(name: str, raw: Raw) -> int:
    """A quantity in the unit `effective` uses for the resource. Raises BadQuantity."""
    amount = milli(raw) if name == "cpu" else whole(raw)
    if amount < 0:
        raise BadQuantity(f"{name}: {raw!r} is negative")
    return amount


def _with_init(
    main: dict[str, int], inits: Iterable[Container], resized: Mapping[str, dict[str, int]], keep: Keep | None
) -> dict[str, int]:
    """The larger of everything that runs together and the worst moment of starting up.

    A sidecar (restartPolicy Always) runs on beside all that start after it; an ordinary init container runs alone
    beside the sidecars started so far.
    """
    running = dict(main)
    sidecars: dict[str, int] = {}
    peak: dict[str, int] = {}
    for container in inits:
        if container.restart_policy == "Always":
            asked = resized.get(container.name) or _asked(container, keep)
            _add(running, asked)
            _add(sidecars, asked)
            _raise_to(peak, sidecars)
        else:
            moment = dict(sidecars)
            _add(moment, _asked(container, keep))
            _raise_to(peak, moment)
    _raise_to(running, peak)
    return running


def _asked(container: Container, keep: Keep | None) -> dict[str, int]:
    """Requests, and limits where there is no request: live pods have the default filled in, templates do not."""
    resources = container.resources
    asked = _amounts(resources.requests, keep) if resources.requests else {}
    if resources.limits:
        for name, raw in resources.limits.items():
            if name not in asked and (keep is None or keep(name)) and name not in (resources.requests or ()):
                asked[name] = count(name, raw)
    return asked


def _resized(pod: Pod) -> dict[str, dict[str, int]]:
    """Per container what a resize in flight makes it count: the most of spec, allocated and actual.

    The spec is left out while the resize is Infeasible. Only cpu and memory can be resized.
    """
    statuses = (*(pod.status.container_statuses or ()), *(pod.status.init_container_statuses or ()))
    known = {status.name: status for status in statuses if status.allocated_resources or status.resources}
    if not known:
        return {}
    infeasible = any(
        condition.type == "PodResizePending" and condition.status == "True" and condition.reason == "Infeasible"
        for condition in pod.status.conditions or ()
    )
    return {
        container.name: _in_flight(container, known[container.name], infeasible)
        for container in (*pod.spec.containers, *(pod.spec.init_containers or ()))
        if container.name in known
    }


def _in_flight(container: Container, status: ContainerStatus, infeasible: bool) -> dict[str, int]:
    asked = _asked(container, None)
    given: dict[str, int] = {}
    for source in (status.allocated_resources, status.resources.requests if status.resources else None):
        _raise_to(given, _amounts(source or {}, _RESIZABLE.__contains__))
    for name, amount in given.items():
        asked[name] = amount if infeasible else max(asked.get(name, 0), amount)
    return asked


def _pod_level(name: str) -> bool:
    return name in _RESIZABLE or name.startswith("hugepages-")


def _amounts(resources: Resources, keep: Keep | None) -> dict[str, int]:
    return {name: count(name, raw) for name, raw in resources.items() if keep is None or keep(name)}


def _add(total: dict[str, int], more: Mapping[str, int]) -> None:
    for name, amount in more.items():
        total[name] = total.get(name, 0) + amount


def _raise_to(total: dict[str, int], floor: Mapping[str, int]) -> None:
    for name, amount in floor.items():
        if amount > total.get(name, 0):
            total[name] = amount
