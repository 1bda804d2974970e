"""What NVIDIA's DRA driver publishes for a node: whole cards, or cards with every partition they can be cut into."""

import uuid

from k8sai.sim.hardware import MIG_PROFILES, Product
from k8sai.sim.objects import Obj

DRIVER = "gpu.nvidia.com"
_PER_SLICE = 64  # devices of one ResourceSlice when they consume counters
_SPACE = uuid.UUID("c0a1f2f0-5a0e-5d6f-9a53-61a4a3f1f7d2")

DEVICE_CLASSES: tuple[Obj, ...] = (
    {
        "metadata": {"name": "gpu.nvidia.com"},
        "spec": {
            "extendedResourceName": "nvidia.com/gpu",
            "selectors": [
                {"cel": {"expression": f"device.driver == '{DRIVER}' && device.attributes['{DRIVER}'].type == 'gpu'"}}
            ],
        },
    },
    {
        "metadata": {"name": "mig.nvidia.com"},
        "spec": {
            "selectors": [
                {"cel": {"expression": f"device.driver == '{DRIVER}' && device.attributes['{DRIVER}'].type == 'mig'"}}
            ],
        },
    },
)


def slices(node: str, uid: str, product: Product, cards: int, *, partitions: bool, ill: set[int]) -> list[Obj]:
    """The ResourceSlices of a node's pool. A card in `ill` is published with a taint, as the driver does."""
    devices = [d for card in range(cards) for d in _card(node, product, card, partitions, card in ill)]
    size = _PER_SLICE if partitions else 128
    specs: list[Obj] = [{"devices": devices[at : at + size]} for at in range(0, len(devices), size)]
    if partitions:
        specs.insert(0, {"sharedCounters": [_counters(product, card) for card in range(cards)]})
    owner = {"apiVersion": "v1", "kind": "Node", "name": node, "uid": uid, "controller": True}
    pool = {"name": node, "generation": 1, "resourceSliceCount": len(specs)}
    return [
        {
            "metadata": {"name": f"{node}-{DRIVER}-{number}", "ownerReferences": [owner]},
            "spec": {"driver": DRIVER, "nodeName": node, "pool": pool, **spec},
        }
        for number, spec in enumerate(specs)
    ]


def _uuid(node: str, card: int, part: str = "") -> str:
    prefix = "MIG" if part else "GPU"
    return f"{prefix}-{uuid.uuid5(_SPACE, f'{node}/{card}/{part}')}"


def _attributes(node: str, product: Product, card: int) -> Obj:
    return {
        "architecture": {"string": product.family.capitalize()},
        "brand": {"string": "Nvidia"},
        "cudaComputeCapability": {"version": f"{product.compute[0]}.{product.compute[1]}.0"},
        "cudaDriverVersion": {"version": "13.0.0"},
        "driverVersion": {"version": "580.95.5"},
        "productName": {"string": product.label.replace("-", " ")},
        "resource.kubernetes.io/pciBusID": {"string": f"0000:{0x0A + 0x10 * card:02x}:00.0"},
    }


def _card(node: str, product: Product, card: int, partitions: bool, ill: bool) -> list[Obj]:
    """The card itself, and with `partitions` every instance it can be cut into."""
    common = _attributes(node, product, card)
    taints = [{"key": f"{DRIVER}/unhealthy", "value": "xid-79", "effect": "NoSchedule"}] if ill else []
    whole: Obj = {
        "name": f"gpu-{card}",
        "attributes": {**common, "type": {"string": "gpu"}, "uuid": {"string": _uuid(node, card)}},
        "capacity": {"memory": {"value": f"{product.memory}Mi"}, "multiprocessors": {"value": str(product.units)}},
    }
    if taints:
        whole["taints"] = taints
    if not partitions:
        return [whole]
    whole["consumesCounters"] = [_consumes(card, product.units, range(8))]
    found = [whole]
    for profile, (size, units, number, starts) in MIG_PROFILES.items():
        for start in starts:
            place = range(start, start + size)
            part: Obj = {
                "name": f"gpu-{card}-mig-{profile.replace('.', '')}-{number}-{start}",
                "attributes": {
                    **common,
                    "type": {"string": "mig"},
                    "profile": {"string": profile},
                    "parentUUID": {"string": _uuid(node, card)},
                    "uuid": {"string": _uuid(node, card, f"{profile}/{start}")},
                },
                "capacity": {
                    "memory": {"value": f"{product.memory * size // 8}Mi"},
                    "multiprocessors": {"value": str(units)},
                },
                "consumesCounters": [_consumes(card, units, place)],
            }
            found.append({**part, "taints": taints} if taints else part)
    return found


def _consumes(card: int, units: int, place: range) -> Obj:
    memory = {f"memory-slice-{i}": {"value": "1"} for i in place}
    return {"counterSet": f"gpu-{card}-counter-set", "counters": {"multiprocessors": {"value": str(units)}, **memory}}


def _counters(product: Product, card: int) -> Obj:
    memory = {f"memory-slice-{i}": {"value": "1"} for i in range(8)}
    return {
        "name": f"gpu-{card}-counter-set",
        "counters": {"multiprocessors": {"value": str(product.units)}, **memory},
    }
