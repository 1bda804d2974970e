"""What ResourceQuotas allow namespaces in GPUs, as the quota controller last counted it."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec import Struct

from k8sai.errors import Usage
from k8sai.fleet.resources import Rules
from k8sai.fleet.rule_file import configured
from k8sai.quantity import parse

_REQUESTS: Final = "requests."
_DEVICES: Final = ".deviceclass.resource.k8s.io/devices"


class Quota(Struct, frozen=True):
    """One limit of one namespace, in native units of what it limits: a resource, or the devices of a class."""

    name: str
    limits: str  # "nvidia.com/gpu", or a device class
    used: float
    hard: float

    @property
    def full(self) -> bool:
        """Nothing more is let in."""
        return self.used >= self.hard


def gpu_quotas(objects: Iterable[Mapping[str, Any]], rules: Rules | None = None) -> dict[str, tuple[Quota, ...]]:
    """By namespace the limits that are about GPUs, the one with the least left first."""
    known = rules or configured()
    found: dict[str, list[Quota]] = {}
    for one in objects:
        meta, status = one.get("metadata") or {}, one.get("status") or {}
        hard = status.get("hard") or (one.get("spec") or {}).get("hard") or {}
        for key, most in hard.items():
            limits = _about(str(key), known)
            if limits:
                quota = _quota(str(meta.get("name", "")), limits, (status.get("used") or {}).get(key, "0"), most)
                found.setdefault(str(meta.get("namespace", "")), []).extend(quota)
    return {namespace: tuple(sorted(quotas, key=_left)) for namespace, quotas in found.items()}


def _about(key: str, rules: Rules) -> str:
    """What of GPUs the key limits; "" for keys about something else."""
    if key.endswith(_DEVICES):
        return key.removesuffix(_DEVICES)
    resource = key.removeprefix(_REQUESTS)
    return resource if resource != key and rules.classify(resource) is not None else ""


def _quota(name: str, limits: str, used: Any, hard: Any) -> list[Quota]:
    try:
        return [Quota(name, limits, float(parse(used)), float(parse(hard)))]
    except Usage:  # a quota nobody can read limits nothing that could be told
        return []


def _left(quota: Quota) -> tuple[float, str, str]:
    return (quota.hard - quota.used, quota.limits, quota.name)
