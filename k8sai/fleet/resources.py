"""Which resource names are GPUs, what one unit of each is, and how many cards it is worth on a given node."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Final

from k8sai.fleet.answers import Kind
from k8sai.fleet.drivers import DRIVERS
from k8sai.fleet.shares import CARD, part

KINDS: Final[tuple[Kind, ...]] = ("card", "slice", "replica", "fraction", "monitor")


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table. A name belongs to the first rule whose pattern matches all of it.

    `cards` is what a unit is worth where the node says nothing else. A group named `g` in the pattern is a MIG
    profile's number of compute slices. `per_card` is a node label whose number is the units per card; `count` is a
    resource of the same node whose capacity is the number of cards that all units together make up. `same_as` names a
    resource that counts the same silicon: where a node has that, this one adds no capacity.
    """

    pattern: str
    family: str
    kind: Kind = "card"
    cards: Fraction = Fraction(1)
    per_card: str = ""
    count: str = ""
    same_as: str = ""


def _monitor(pattern: str, family: str) -> Rule:
    return Rule(pattern, family, "monitor", Fraction(0))


# A GPU model where a device plugin was told to use names of its own: nvidia.com/a100, nvidia.com/h100-80gb.
_MODEL = (
    r"(?:gpu[-._])?(?:(?:tesla[-._])?(?:gb|gh|[abhlptv])\d{1,4}|[rg]tx[-._]?[a-z]?\d{3,4})[a-z]{0,3}(?:[-._][\w.-]+)?"
)
# The same behind KubeVirt's passthrough: the chip, then the product.
_CHIP = r"(?:G[A-Z]\d{3}|TU\d{3}|AD\d{3})[A-Z]*_[\w.-]+"

BUILTIN: Final[tuple[Rule, ...]] = (
    # NVIDIA. gpu becomes slices or replicas where the node's labels say so: see `weigh`.
    Rule(r"nvidia\.com/gpu", "nvidia", per_card="nvidia.com/gpu.replicas"),
    Rule(r"nvidia\.com/gpu\.shared", "nvidia", "replica", per_card="nvidia.com/gpu.replicas"),
    Rule(r"nvidia\.com/mig-(?P<g>\d+)g\.\d+gb[\w.+-]*?\.shared", "nvidia", "replica"),
    Rule(r"nvidia\.com/mig-(?P<g>\d+)g\.\d+gb[\w.+-]*", "nvidia", "slice"),
    _monitor(r"nvidia\.com/(?:gpumem|gpumem-percentage|gpucores|priority)", "nvidia"),  # HAMi: in pods only
    Rule(rf"nvidia\.com/(?:pgpu|{_CHIP})", "nvidia"),
    Rule(rf"nvidia\.com/{_MODEL}\.shared", "nvidia", "replica", per_card="nvidia.com/gpu.replicas"),
    Rule(rf"nvidia\.com/{_MODEL}", "nvidia"),
    # AMD. In strategy `mixed` each partition type has its name; `single` keeps amd.com/gpu for partitions too.
    Rule(r"amd\.com/gpu", "amd"),
    Rule(r"amd\.com/(?P<mode>[sdtqc]px)_nps\d+", "amd", "slice"),
    # Intel.
    Rule(r"gpu\.intel\.com/(?:i915|xe)", "intel"),
    _monitor(r"gpu\.intel\.com/(?:i915_monitoring|xe_monitoring|monitoring|millicores|memory\.max|tiles)", "intel"),
    # Google, AWS, Habana and others.
    Rule(r"google\.com/tpu|cloud-tpus\.google\.com/(?:preemptible-)?v\d+", "google"),
    Rule(r"aws\.amazon\.com/neuron", "aws"),
    Rule(r"aws\.amazon\.com/neurondevice", "aws", same_as="aws.amazon.com/neuron"),
    Rule(r"aws\.amazon\.com/neuroncore", "aws", "slice", Fraction(1, 2), same_as="aws.amazon.com/neuron"),
    Rule(r"habana\.ai/gaudi\d?", "habana"),
    Rule(r"huawei\.com/Ascend\w+", "huawei"),
    Rule(r"qualcomm\.com/qaic", "qualcomm"),
    # A device class asked for like a resource, until the scheduler has made a claim of it.
    Rule(r"deviceclass\.resource\.kubernetes\.io/(?:[\w.-]*[.-])?(?:gpu|tpu|neuron|gaudi)s?(?:[.-][\w.-]+)?", "other"),
    # Sharing layers that count in units of their own.
    Rule(r"aliyun\.com/gpu", "nvidia"),
    Rule(r"aliyun\.com/gpu-mem", "nvidia", "fraction", count="aliyun.com/gpu-count"),
    _monitor(r"aliyun\.com/gpu-count|aliyun\.com/gpu-core\.percentage", "nvidia"),
    Rule(r"volcano\.sh/gpu-number", "nvidia"),
    Rule(
        r"volcano\.sh/gpu-memory", "nvidia", "fraction", count="volcano.sh/gpu-number", same_as="volcano.sh/gpu-number"
    ),
    Rule(r"volcano\.sh/vgpu-number", "nvidia", "replica"),
    _monitor(r"volcano\.sh/vgpu-(?:memory|memory-percentage|cores)", "nvidia"),
)

# MI300 class: how many partitions a card falls into per compute mode.
_AMD_PARTS: Final = {"spx": 1, "dpx": 2, "tpx": 3, "qpx": 4, "cpx": 8}
HAMI_REGISTER: Final = "hami.io/node-nvidia-register"
VOLCANO_REGISTER: Final = "volcano.sh/node-vgpu-register"


class Rules:
    """The table with its answers remembered: a name is matched once, then looked up."""

    def __init__(self, rules: Iterable[Rule] = BUILTIN, drivers: Iterable[tuple[str, str]] = DRIVERS) -> None:
        self._rules = [(re.compile(rule.pattern), rule) for rule in rules]
        self._drivers = [(re.compile(pattern), family) for pattern, family in drivers]
        self._families: dict[str, str] = {}
        self._known: dict[str, Rule | None] = {"cpu": None, "memory": None, "ephemeral-storage": None}

    def classify(self, name: str) -> Rule | None:
        """The rule of a resource name, or None where it is no GPU and nothing about one."""
        try:
            return self._known[name]
        except KeyError:
            rule = next((rule for pattern, rule in self._rules if pattern.fullmatch(name)), None)
            self._known[name] = rule
            return rule

    def driver(self, name: str) -> str:
        """The family of GPUs that a DRA driver allocates; empty for a driver of something else."""
        family = self._families.get(name)
        if family is None:
            family = next((family for pattern, family in self._drivers if pattern.fullmatch(name)), "")
            self._families[name] = family
        return family

    @property
    def names(self) -> Mapping[str, Rule | None]:
        """Every name asked for so far with its answer: the fast path of a first look at a pod."""
        return self._known


@cache
def builtin() -> Rules:
    """The table as it ships."""
    return Rules()


def classify(name: str) -> Rule | None:
    """What the shipped table says of a resource name."""
    return builtin().classify(name)


def weigh(
    rule: Rule, name: str, labels: Mapping[str, str], annotations: Mapping[str, str], capacity: Mapping[str, int]
) -> tuple[Kind, int]:
    """What a unit of the resource is on this node, and its share of a card (in units of `CARD`).

    `capacity` is the node's capacity of GPU resources.
    """
    if rule.kind == "monitor":
        return "monitor", 0
    if rule.count:
        return rule.kind, part(capacity.get(rule.count, 0), capacity.get(name, 0))
    if rule.family == "nvidia":
        return _weigh_nvidia(rule, name, labels, annotations)
    if name.startswith("amd.com/"):
        return _weigh_amd(rule, name, labels)
    if rule.same_as and capacity.get(rule.same_as) and capacity.get(name):
        return rule.kind, part(capacity[rule.same_as], capacity[name])
    return _divided(rule.kind, CARD * rule.cards, _number(labels.get(rule.per_card)))


def _weigh_nvidia(rule: Rule, name: str, labels: Mapping[str, str], annotations: Mapping[str, str]) -> tuple[Kind, int]:
    product = labels.get("nvidia.com/gpu.product", "")
    a30 = "A30" in product.replace("-", " ").split()
    kind, share = rule.kind, CARD * rule.cards
    if "<g>" in rule.pattern:
        share = _profile(name.removeprefix("nvidia.com/mig-"), a30) * rule.cards
        if kind == "replica":
            profile = name.removesuffix(".shared")
            return kind, _divided(kind, share, _number(labels.get(f"{profile}.replicas")))[1]
        return kind, round(share)
    if name == "nvidia.com/gpu":
        # MIG strategy `single` and GKE's partitions keep the plain name for slices.
        profile = product.partition("-MIG-")[2] or labels.get("cloud.google.com/gke-gpu-partition-size", "")
        if profile:
            kind, share = "slice", Fraction(_profile(profile, a30))
        split = _number(labels.get("cloud.google.com/gke-max-shared-clients-per-gpu")) or _split(
            annotations.get(HAMI_REGISTER)
        )
        if split > 1:
            return "replica", round(share / split)
    if name == "volcano.sh/vgpu-number":
        return kind, round(share / max(_split(annotations.get(VOLCANO_REGISTER)), 1))
    return _divided(kind, share, _number(labels.get(rule.per_card)))


def _weigh_amd(rule: Rule, name: str, labels: Mapping[str, str]) -> tuple[Kind, int]:
    mode = name.removeprefix("amd.com/").partition("_")[0]
    if mode not in _AMD_PARTS:
        partition = (
            labels.get("amd.com/compute-memory-partition") or labels.get("amd.com/gpu.compute-memory-partition") or ""
        )
        mode = partition.partition("_")[0]
    parts = _AMD_PARTS.get(mode, 1)
    if mode == "cpx" and "MI300A" in labels.get("amd.com/gpu.product-name", ""):
        parts = 6
    return ("slice" if parts > 1 else "card"), round(CARD * rule.cards / parts)


def _divided(kind: Kind, share: Fraction | int, replicas: int) -> tuple[Kind, int]:
    """A card that several may use at once is counted by its replicas, never as several cards."""
    return ("replica", round(share / replicas)) if replicas > 1 else (kind, round(share))


def _profile(profile: str, a30: bool) -> int:
    """The share of a MIG profile such as `3g.20gb`: sevenths of the card, quarters on an A30."""
    slices = re.match(r"(\d+)g", profile)
    if slices is None:
        return CARD
    whole = 4 if a30 else 7
    return part(min(int(slices[1]), whole), whole)


def _split(register: str | None) -> int:
    """Into how many each card is split, from the first card of a HAMi or Volcano register; 0 where there is none."""
    if not register:
        return 0
    found = re.search(r'"count"\s*:\s*(\d+)', register) or re.match(r"[^,:\[{]+,(\d+),", register)
    return int(found[1]) if found else 0


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() else 0
