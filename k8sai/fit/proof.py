"""What the API server would refuse of a pod before any scheduler saw it."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from k8sai.errors import Usage
from k8sai.facts import Pod
from k8sai.fit.ask import Json
from k8sai.quantity import BadQuantity, parse

_LISTS: Final = ("initContainers", "containers")


def insist(pod: Json, where: str) -> None:
    """`where` names file and object. Raises Usage with the field and what is wrong with it."""
    try:
        msgspec.convert({**pod, "metadata": {**pod["metadata"], "name": "", "uid": ""}}, Pod)
    except msgspec.ValidationError as error:
        raise Usage(f"{where} is no pod that a cluster takes: {error}") from error
    for field, container in _containers(pod["spec"]):
        _check(container.get("resources") or {}, f"{where}: {field}")


def _containers(spec: Json) -> Iterator[tuple[str, Json]]:
    for key in _LISTS:
        for number, container in enumerate(spec.get(key) or ()):
            yield f"{key}[{number}]", container


def _check(resources: Mapping[str, Any], where: str) -> None:
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for name, said in (*limits.items(), *requests.items()):
        amount = _amount(said, f"{where}: {name}")
        if _device(name) and amount != amount.to_integral_value():
            raise Usage(f"{where}: {name}: {said} is no whole number, and devices come whole")
    for name, said in requests.items():
        if not _device(name):
            continue
        if name not in limits:
            raise Usage(
                f"{where}: {name} has a request and no limit", "devices need a limit; the request may be left out"
            )
        if parse(said) != parse(limits[name]):
            raise Usage(f"{where}: {name}: the request {said} is not the limit {limits[name]}", "make them equal")


def _amount(said: Any, where: str) -> Decimal:
    try:
        amount = parse(said)
    except BadQuantity as error:
        raise Usage(f"{where}: {error.message}") from error
    if amount < 0:
        raise Usage(f"{where}: {said} is negative")
    return amount


def _device(name: str) -> bool:
    """An extended resource: of somebody's own domain."""
    domain, slash, _ = name.partition("/")
    return bool(slash) and not domain.endswith("kubernetes.io")
