"""Samples of NVIDIA's dcgm-exporter as one reading per card or MIG slice.

The metrics are those of its default counters. A MIG slice has no GPU_UTIL, GR_ENGINE_ACTIVE stands in. A sensor that
has nothing to say is "blank": a number near the end of its type (2^31, 2^47, 2^63), dropped like NaN.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from k8sai.cluster.exposition import Sample

UTIL = "DCGM_FI_DEV_GPU_UTIL"  # percent
ACTIVE = "DCGM_FI_PROF_GR_ENGINE_ACTIVE"  # 0 to 1
USED = "DCGM_FI_DEV_FB_USED"  # MiB, as the next three
FREE = "DCGM_FI_DEV_FB_FREE"
RESERVED = "DCGM_FI_DEV_FB_RESERVED"
TOTAL = "DCGM_FI_DEV_FB_TOTAL"
POWER = "DCGM_FI_DEV_POWER_USAGE"  # watts
TEMPERATURE = "DCGM_FI_DEV_GPU_TEMP"  # °C
METRICS = (UTIL, ACTIVE, USED, FREE, RESERVED, TOTAL, POWER, TEMPERATURE)
UUIDS = ("UUID", "uuid", "gpu_uuid")
INSTANCES = ("GPU_I_ID", "gpu_i_id")

_BLANK = 0x7FFFFFF0  # the smallest of the blanks; no card has as many MiB, watts or degrees
_EXPORTERS = frozenset({"nvidia-dcgm-exporter", "dcgm-exporter", "exporter"})  # containers of the exporter itself


@dataclass(frozen=True, slots=True)
class Reading:
    """What one card, or one MIG slice of it, says of itself. None where it says nothing.

    `namespace` and `pod` are empty where nobody holds it, or several share it (time slicing reports the card to each).
    """

    uuid: str  # of the card, also for a slice of it
    gpu: str = ""  # the index on its node
    node: str = ""
    model: str = ""
    mig_profile: str = ""
    mig_instance: str = ""  # GPU_I_ID
    mig_uuid: str = ""  # where the exporter knows it (DRA)
    namespace: str = ""
    pod: str = ""
    util: float | None = None  # 0 to 1
    busiest: float | None = None  # the highest of all that says how busy it is; of a slice GR_ENGINE_ACTIVE alone
    memory_used: float | None = None  # MiB
    memory_total: float | None = None  # MiB
    power: float | None = None  # watts
    temperature: float | None = None  # °C
    at: float = 0.0  # epoch seconds


def readings(samples: Iterable[Sample], *, at: float, node: str = "") -> tuple[Reading, ...]:
    """One per card or slice. `node` is where the samples come from, "" where their labels must say it."""
    found: dict[tuple[str, str, str], list[Sample]] = defaultdict(list)
    for sample in samples:
        uuid, instance = identity(sample.labels)
        if sample.metric in METRICS and uuid and is_told(sample.value):
            found[node or _node(sample.labels), uuid, instance].append(sample)
    renamed = any("exported_pod" in s.labels for group in found.values() for s in group)
    return tuple(_reading(key, group, renamed, at) for key, group in found.items())


def identity(labels: Mapping[str, str]) -> tuple[str, str]:
    """UUID of the card ("" where the labels tell none), and which MIG instance of it; both may have been renamed."""
    uuid = next((labels[name] for name in UUIDS if labels.get(name)), "")
    return uuid, next((labels[name] for name in INSTANCES if labels.get(name)), "")


def is_told(value: float) -> bool:
    """Whether a sensor said something: neither NaN nor blank, and nothing that is measured here is below zero."""
    return math.isfinite(value) and 0 <= value < _BLANK


def share(metric: str, value: float) -> float:
    """How busy, 0 to 1, from a value of UTIL or ACTIVE."""
    return min(1.0, value / 100 if metric == UTIL else value)


def _node(labels: dict[str, str]) -> str:
    """The exporter has renamed its label between versions; Prometheus may add one of its own."""
    return next((labels[name] for name in ("Hostname", "hostname", "node") if labels.get(name)), "")


def _reading(key: tuple[str, str, str], group: list[Sample], renamed: bool, at: float) -> Reading:
    node, uuid, instance = key
    values: dict[str, float] = {}
    for sample in group:  # two scrapers may tell of one card: the busier is right
        values[sample.metric] = max(sample.value, values.get(sample.metric, 0.0))
    labels = group[0].labels
    holders = {holder for sample in group if (holder := _holder(sample.labels, renamed))}
    namespace, pod = next(iter(holders)) if len(holders) == 1 else ("", "")
    return Reading(
        uuid=uuid,
        gpu=labels.get("gpu", ""),
        node=node,
        model=labels.get("modelName", ""),
        mig_profile=labels.get("GPU_I_PROFILE") or labels.get("dra_mig_profile", ""),
        mig_instance=instance,
        mig_uuid=labels.get("dra_mig_device_uuid", ""),
        namespace=namespace,
        pod=pod,
        util=_util(values, slice_of_card=bool(instance)),
        busiest=_busiest(values, slice_of_card=bool(instance)),
        memory_used=values.get(USED),
        memory_total=_total(values),
        power=values.get(POWER),
        temperature=values.get(TEMPERATURE),
        at=min([at, *(sample.at for sample in group if sample.at)]),
    )


def _holder(labels: dict[str, str], renamed: bool) -> tuple[str, str] | None:
    """Namespace and pod that hold the card.

    Prometheus calls the exporter's own labels `exported_…` unless told to honor them; `pod` is then the exporter's.
    """
    if renamed:
        pod, namespace = labels.get("exported_pod", ""), labels.get("exported_namespace", "")
    elif labels.get("container") in _EXPORTERS:
        return None
    else:
        pod, namespace = labels.get("pod", ""), labels.get("namespace", "")
    return (namespace, pod) if pod else None


def _util(values: dict[str, float], *, slice_of_card: bool) -> float | None:
    metric = UTIL if UTIL in values and not slice_of_card else ACTIVE
    return share(metric, values[metric]) if metric in values else None


def _busiest(values: dict[str, float], *, slice_of_card: bool) -> float | None:
    told = [share(name, values[name]) for name in ((ACTIVE,) if slice_of_card else (UTIL, ACTIVE)) if name in values]
    return max(told, default=None)


def _total(values: dict[str, float]) -> float | None:
    if TOTAL in values:
        return values[TOTAL]
    if USED in values and FREE in values:
        return values[USED] + values[FREE] + values.get(RESERVED, 0.0)
    return None
