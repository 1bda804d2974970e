"""A node's dcgm-exporter: what its NVIDIA cards say of themselves, in the text format of Prometheus.

Any pod labelled `app: nvidia-dcgm-exporter` is one. The numbers follow from the card's UUID, its holder and the clock:
the same question at the same time has the same answer. A card that is ill says nothing.
"""

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from k8sai.sim.controllers.devices import device_id, device_ids, replicas, unhealthy
from k8sai.sim.hardware import NVIDIA, PRODUCTS, Product
from k8sai.sim.kinds import find
from k8sai.sim.objects import Obj
from k8sai.sim.slices import DRIVER
from k8sai.sim.store import Store

LABEL = ("app", "nvidia-dcgm-exporter")
_NODES, _PODS = find("", "nodes"), find("", "pods")
_SLICES, _CLAIMS = find("resource.k8s.io", "resourceslices"), find("resource.k8s.io", "resourceclaims")
_WATTS = {"H100": 700, "H200": 700, "B200": 1000, "A100": 400, "L40S": 350, "T4": 70}
_WAVE = 90.0  # seconds from crest to crest
_CARD_PARTS = 7  # compute slices of a card that MIG cuts
_HELP = {
    "DCGM_FI_DEV_GPU_UTIL": "GPU utilization (in %).",
    "DCGM_FI_DEV_FB_USED": "Framebuffer memory used (in MiB).",
    "DCGM_FI_DEV_FB_FREE": "Framebuffer memory free (in MiB).",
    "DCGM_FI_DEV_POWER_USAGE": "Power draw (in W).",
    "DCGM_FI_DEV_GPU_TEMP": "GPU temperature (in C).",
    "DCGM_FI_PROF_GR_ENGINE_ACTIVE": "Ratio of time the graphics engine is active.",
}
IDLE = "sim.k8sai.dev/idle"  # annotation of a pod: the share of pods like it that do nothing


class Holder(NamedTuple):
    """A container on a card, and the share of pods like it that do nothing."""

    namespace: str
    pod: str
    container: str
    idle: float = 0.0


@dataclass(frozen=True, slots=True)
class Part:
    """A card, or an instance of one: `profile`, `instance` and `told` (its own UUID, with DRA) are of MIG.

    `name` is how the kubelet calls what it gives to a pod: a UUID, or the name of a DRA device.
    """

    card: str
    index: int
    name: str
    profile: str = ""
    instance: int = 0
    told: str = ""


def is_exporter(pod: Obj) -> bool:
    """Whether the pod plays the exporter, now."""
    running: bool = (pod.get("status") or {}).get("phase") == "Running"
    return running and (pod["metadata"].get("labels") or {}).get(LABEL[0]) == LABEL[1]


@dataclass(frozen=True, slots=True)
class Metered:
    """A card or instance that the exporter tells of, once for each of its holders."""

    part: Part
    product: Product
    holders: tuple[Holder, ...]

    def busy(self, at: float, span: float = 0.0) -> float:
        """How busy at this time, 0 to 1; or the most in so many seconds before it."""
        return max((_busy(self.part, one, at, span) for one in self.holders), default=0.0)

    def values(self, busy: float) -> Iterator[tuple[str, str]]:
        """Metric and value, when it is so busy."""
        return _values(self.part, self.product, busy, held=bool(self.holders))

    def labels(self, node: str) -> Iterator[dict[str, str]]:
        """One set per holder."""
        for holder in self.holders or (None,):
            yield _labels(self.part, self.product, node, holder)


def metered(store: Store, node: str) -> list[Metered]:
    """The node's NVIDIA cards, as far as they are well."""
    found = store.find(_NODES, "", node)
    product = _product(found) if found is not None else None
    if found is None or product is None:
        return []
    holders = _holders(store, node)
    parts = (*_plugged(found, product), *_claimed(store, node, holders))
    return [Metered(part, product, tuple(holders.get(part.name, ()))) for part in parts]


def exposition(store: Store, node: str) -> str:
    """What `/metrics` of the node's exporter answers; nothing but comments where it has no NVIDIA cards."""
    samples: dict[str, list[str]] = {metric: [] for metric in _HELP}
    for one in metered(store, node):
        values = list(one.values(one.busy(store.now())))
        for labels in one.labels(node):
            said = ",".join(f'{name}="{value}"' for name, value in labels.items())
            for metric, value in values:
                samples[metric].append(f"{metric}{{{said}}} {value}")
    if not any(samples.values()):
        return "# no NVIDIA cards\n"
    return "".join(
        f"# HELP {metric} {_HELP[metric]}\n# TYPE {metric} gauge\n" + "\n".join(lines) + "\n"
        for metric, lines in samples.items()
        if lines
    )


def _product(node: Obj) -> Product | None:
    label = (node["metadata"].get("labels") or {}).get("nvidia.com/gpu.product", "")
    known = (one for one in PRODUCTS.values() if one.resource == NVIDIA)
    return next((one for one in known if label == one.label or label.startswith(f"{one.label}-")), None)


def _holders(store: Store, node: str) -> dict[str, list[Holder]]:
    """Who has which device: by UUID of a plugin, as the kubelet tells it, or by name of a DRA driver's device."""
    found: dict[str, list[Holder]] = {}
    by_uid: dict[str, Holder] = {}
    for pod in store.list(_PODS):
        status = pod.get("status") or {}
        if pod["spec"].get("nodeName") != node or status.get("phase") not in ("Pending", "Running"):
            continue
        meta = pod["metadata"]
        idle = float((meta.get("annotations") or {}).get(IDLE) or 0)
        by_uid[meta["uid"]] = Holder(meta["namespace"], meta["name"], pod["spec"]["containers"][0]["name"], idle)
        for container in status.get("containerStatuses") or ():
            holder = Holder(meta["namespace"], meta["name"], container["name"], idle)
            for group in container.get("allocatedResourcesStatus") or ():
                for device in group.get("resources") or ():
                    name = device["resourceID"].partition("::")[0]
                    if holder not in found.setdefault(name, []):
                        found[name].append(holder)
    for claim in store.list(_CLAIMS):
        status = claim.get("status") or {}
        pods = [by_uid[one["uid"]] for one in status.get("reservedFor") or () if one["uid"] in by_uid]
        for result in ((status.get("allocation") or {}).get("devices") or {}).get("results") or ():
            if pods and (result["driver"], result["pool"]) == (DRIVER, node):
                found[result["device"]] = pods
    return found


def _plugged(node: Obj, product: Product) -> Iterator[Part]:
    """The cards that device plugins serve, and their MIG instances, packed onto cards in order."""
    name = node["metadata"]["name"]
    ill = unhealthy(node)
    taken = _CARD_PARTS
    card, instance = -1, 0
    for resource in (node.get("status") or {}).get("capacity") or {}:
        if not resource.startswith("nvidia.com/"):
            continue
        each = replicas(node, resource)
        for index, device in enumerate(device_ids(node, resource)[::each]):
            uuid = device.partition("::")[0]
            if index in ill.get(resource, ()):
                continue
            if not uuid.startswith("MIG-"):
                yield Part(uuid, index, uuid)
                continue
            profile = _profile(node, resource)
            size = int(profile[0])
            if taken + size > _CARD_PARTS:
                card, taken, instance = card + 1, 0, 0
            taken, instance = taken + size, instance + 1
            yield Part(device_id(name, NVIDIA, card, "GPU"), card, uuid, profile, instance)


def _profile(node: Obj, resource: str) -> str:
    """ "1g.10gb", from the resource's name or, where all cards are cut alike, from the product's."""
    if resource.startswith("nvidia.com/mig-"):
        return resource.removeprefix("nvidia.com/mig-")
    return str(node["metadata"]["labels"]["nvidia.com/gpu.product"].rpartition("-MIG-")[2])


def _claimed(store: Store, node: str, holders: Mapping[str, list[Holder]]) -> Iterator[Part]:
    """The cards of a DRA driver: whole, or instead of a card that is cut the partitions that pods hold."""
    devices = [d for one in store.list(_SLICES) if _is_of(one, node) for d in one["spec"].get("devices") or ()]
    healthy = [(d["name"], _attributes(d)) for d in devices if not d.get("taints")]
    cut = [(name, said) for name, said in healthy if said.get("type") == "mig" and name in holders]
    parents = {said["parentUUID"] for _, said in cut}
    for name, said in healthy:
        if said.get("type") == "gpu" and said["uuid"] not in parents:
            yield Part(said["uuid"], _index(name), name)
    for instance, (name, said) in enumerate(cut, 1):
        yield Part(said["parentUUID"], _index(name), name, said["profile"], instance, said["uuid"])


def _is_of(one: Obj, node: str) -> bool:
    return bool(one["spec"].get("nodeName") == node and one["spec"].get("driver") == DRIVER)


def _attributes(device: Obj) -> dict[str, str]:
    return {name: value["string"] for name, value in (device.get("attributes") or {}).items() if "string" in value}


def _index(device: str) -> int:
    """Of a driver's device: `gpu-3`, `gpu-3-mig-…`."""
    return int(device.split("-")[1])


# --- numbers ----------------------------------------------------------------------------------------------------------


def _busy(part: Part, holder: Holder, now: float, span: float) -> float:
    """0 to 1: nothing for a card its holder has forgotten, else a slow wave around a mean; the most within `span`."""
    who = holder[:3]
    if _draw("idle", *who[:2]) < holder.idle or _draw(part.card, *who) < 0.08:
        return 0.0
    mean = 0.45 + 0.5 * _draw(*who)  # the pods of a card or gang are alike in how hard they work
    turn = now / _WAVE + _draw(part.card, str(part.instance))
    since_crest = (turn - 0.25) % 1 * _WAVE
    ends = (turn, turn - span / _WAVE)
    wave = 1.0 if since_crest <= span else max(math.sin(2 * math.pi * end) for end in ends)
    return min(1.0, max(0.02, mean + 0.08 * wave))


def _draw(*words: str) -> float:
    """0 to 1, the same for the same words."""
    return int.from_bytes(hashlib.blake2b("/".join(words).encode(), digest_size=4).digest(), "big") / 2**32


def _values(part: Part, product: Product, busy: float, *, held: bool) -> Iterator[tuple[str, str]]:
    """An instance has no GPU_UTIL of its own, its share of the card's memory, and the power of the whole card."""
    share = int(part.profile.partition(".")[2].removesuffix("gb")) / 80 if part.profile else 1.0
    memory = round(product.memory * share)
    used = (
        round(memory * min(0.97, 0.35 + 0.6 * _draw(part.card, "memory"))) if held else 4
    )  # what is idle stays loaded
    most = _WATTS.get(next(name for name, one in PRODUCTS.items() if one is product), 300)
    if part.profile:
        yield "DCGM_FI_PROF_GR_ENGINE_ACTIVE", f"{busy:.6f}"
    else:
        yield "DCGM_FI_DEV_GPU_UTIL", str(round(busy * 100))
        yield "DCGM_FI_PROF_GR_ENGINE_ACTIVE", f"{busy:.6f}"
    yield "DCGM_FI_DEV_FB_USED", str(used)
    yield "DCGM_FI_DEV_FB_FREE", str(memory - used)
    heat = _draw(part.card, "power") if part.profile else busy
    yield "DCGM_FI_DEV_POWER_USAGE", f"{most * (0.12 + 0.83 * heat):.3f}"
    yield "DCGM_FI_DEV_GPU_TEMP", str(round(31 + 40 * heat))


def _labels(part: Part, product: Product, node: str, holder: Holder | None) -> dict[str, str]:
    labels = {
        "gpu": str(part.index),
        "UUID": part.card,
        "device": f"nvidia{part.index}",
        "modelName": product.label.replace("-", " "),
        "Hostname": node,
    }
    if part.profile:
        labels |= {"GPU_I_PROFILE": part.profile, "GPU_I_ID": str(part.instance)}
    if part.told:
        labels["dra_mig_device_uuid"] = part.told
    if holder is not None:
        labels |= {"namespace": holder.namespace, "pod": holder.pod, "container": holder.container}
    return labels
