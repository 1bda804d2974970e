"""Pods from flags: so many GPUs each, in the form the real scheduler sees, and the means the cluster has for that."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from k8sai.errors import Usage
from k8sai.facts import DeviceClass
from k8sai.fit.ask import Asked, Group, Json
from k8sai.fleet.answers import Total
from k8sai.fleet.drivers import asks_for_gpus
from k8sai.fleet.resources import Rules
from k8sai.quantity import BadQuantity, parse
from k8sai.view import several

DEFAULT: Final = "nvidia.com/gpu"
_PARTS: Final = ("mig", "vfio", "imex", "channel", "daemon")  # classes of something else than whole cards
_EFFECTS: Final = ("NoSchedule", "NoExecute", "PreferNoSchedule")
_CLAIM: Final = "gpus"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the flags ask of each pod; cpu and memory are quantities, or empty for none."""

    pods: int
    gpus: int
    cpu: str = ""
    memory: str = ""
    tolerations: tuple[Json, ...] = ()
    priority_class: str = ""
    namespace: str = "default"


@dataclass(frozen=True, slots=True)
class Means:
    """How GPUs are asked for: an extended resource, or a claim for devices of a class."""

    resource: str = ""
    device_class: str = ""
    remarks: tuple[str, ...] = ()
    whole: bool = False  # whole cards are meant, not slices or replicas that go by the same name

    @property
    def name(self) -> str:
        return self.resource or self.device_class


def means(
    wanted: str, products: Sequence[Total], classes: Iterable[DeviceClass], rules: Rules, product: str = ""
) -> Means:
    """How to ask for `wanted` (a resource, or a device class), or if empty for whole cards of the product.

    `products` are the fleet's totals. The resource with the most cards is taken; without any the class of a DRA driver,
    by the extended resource it serves where it has one.
    """
    served = {one.metadata.name: one.spec.extended_resource_name or "" for one in classes}
    if wanted:
        return Means(device_class=wanted) if "/" not in wanted and wanted in served else Means(_named(wanted))
    whole = [one for one in products if one.kind == "card" and product.casefold() in one.name.casefold()]
    plugins = _most({one.resource: one for one in whole if "/" in one.resource}, whole)
    if plugins:
        others = [name for name in plugins[1:] if "/" in name]
        said = (f"{plugins[0]} is asked for; --resource {others[0]} asks for the other kind",) if others else ()
        return Means(plugins[0], remarks=said, whole=True)
    if any(one.resource for one in whole):
        return _of_class(served, rules)
    return Means(DEFAULT)


def _most(known: Mapping[str, Total], rows: Iterable[Total]) -> list[str]:
    """The resources by allocatable cards, the most first."""
    sums = dict.fromkeys(known, 0.0)
    for row in rows:
        if row.resource in sums:
            sums[row.resource] += row.figures.allocatable
    return sorted(sums, key=lambda name: (-sums[name], name))


def _of_class(served: Mapping[str, str], rules: Rules) -> Means:
    """A class of whole GPUs; a driver's own class before others."""
    fitting = [name for name in served if asks_for_gpus(name) and not any(part in name for part in _PARTS)]
    chosen = min(fitting, key=lambda name: (not served[name], not rules.driver(name), name), default="")
    if not chosen:
        return Means(DEFAULT, remarks=("the GPUs here are DRA devices, but no DeviceClass for whole GPUs was found",))
    if served[chosen]:
        return Means(served[chosen], remarks=(f"{served[chosen]} is served by claims of DeviceClass {chosen}",))
    said = f"asked for by claims of DeviceClass {chosen}: no node has a GPU resource"
    return Means(device_class=chosen, remarks=(said,))


def _named(resource: str) -> str:
    """`mig-1g.10gb` may stand for the full name."""
    if "/" in resource:
        return resource
    ours = resource == "gpu" or resource.startswith(("mig-", "gpu.shared"))  # gpu.nvidia.com is a DeviceClass
    return f"nvidia.com/{resource}" if ours else resource


def asked(wish: Wish, how: Means) -> Asked:
    """The pods. Requests equal limits: the API server accepts nothing else for devices. Raises Usage."""
    if wish.pods < 1:
        raise Usage(f"--pods {wish.pods}: at least one pod must be asked for")
    if wish.gpus < 1:
        raise Usage(f"--gpus {wish.gpus}: at least one GPU must be asked for")
    amounts: dict[str, str] = {}
    for name, amount in (("cpu", wish.cpu), ("memory", wish.memory)):
        if amount:
            if _amount(name, amount) <= 0:
                raise Usage(f"--{name} {amount}: give an amount above 0")
            amounts[name] = amount
    spec: Json = {"tolerations": list(wish.tolerations)}
    if how.resource:
        amounts[how.resource] = str(wish.gpus)
    else:
        spec["resourceClaims"] = [{"name": _CLAIM, "resourceClaimTemplateName": _CLAIM}]
    container: Json = {"name": "main", "resources": {"requests": dict(amounts), "limits": dict(amounts)}}
    if how.device_class:
        container["resources"]["claims"] = [{"name": _CLAIM}]
    if wish.priority_class:
        spec["priorityClassName"] = wish.priority_class
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"namespace": wish.namespace},
        "spec": {**spec, "containers": [container]},
    }
    templates = {(wish.namespace, _CLAIM): claim_template(how.device_class, wish.gpus)} if how.device_class else {}
    return Asked((Group("pod", wish.pods, pod),), templates, each=_each(wish.gpus, how), remarks=how.remarks)


def _amount(name: str, text: str) -> Decimal:
    """Raises Usage, naming the flag."""
    try:
        return parse(text)
    except BadQuantity as error:
        raise Usage(f"--{name}: {error.message}") from error


def _each(count: int, how: Means) -> str:
    """ "8 GPUs", "2 mig-1g.10gb", "1 GPU"."""
    name = how.name.rpartition("/")[2]
    if how.device_class or name in ("gpu", "tpu", "i915", "xe"):
        return several(count, "GPU")
    return f"{count} {name}"


def claim_template(device_class: str, count: int) -> Json:
    """A ResourceClaimTemplate for so many devices of the class."""
    exactly = {"deviceClassName": device_class, "allocationMode": "ExactCount", "count": count}
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaimTemplate",
        "spec": {"spec": {"devices": {"requests": [{"name": "gpu", "exactly": exactly}]}}},
    }


def toleration(text: str) -> Json:
    """`key`, `key=value`, `key:Effect` or `key=value:Effect`, as `kubectl taint` writes taints. Raises Usage."""
    where, colon, effect = text.partition(":")
    key, equals, value = where.partition("=")
    if not key or (colon and effect not in _EFFECTS):
        raise Usage(
            f"--tolerate {text!r} is no taint",
            f"write key, key=value or key=value:Effect, the effect one of {', '.join(_EFFECTS)}",
        )
    found: Json = {"key": key, "operator": "Equal", "value": value} if equals else {"key": key, "operator": "Exists"}
    return {**found, "effect": effect} if effect else found


def own_tolerations(taints: Iterable[str], rules: Rules) -> list[Json]:
    """Tolerations of the taints that keep pods without GPUs away: those whose key is a GPU resource.

    Many clusters have an admission plugin (ExtendedResourceToleration) that adds the same to pods.
    """
    return [{"key": key, "operator": "Exists"} for key in sorted(set(taints)) if rules.classify(key) is not None]
