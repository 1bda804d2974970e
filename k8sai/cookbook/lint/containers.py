"""Rules about one container: its image, its resources, its environment and its probes."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from k8sai.cookbook.lint.finding import Json, Said, items, mapping, warning
from k8sai.cookbook.lint.pods import Pod, amounts, is_gpu, pods
from k8sai.errors import K8saiError
from k8sai.manifests import Manifest
from k8sai.quantity import parse

_BY_HAND: Final = {
    "CUDA_VISIBLE_DEVICES": "the runtime sets it to the devices that were given",
    "NVIDIA_VISIBLE_DEVICES": "the runtime sets it to the devices that were given; by hand it takes others' devices",
    "TF_CONFIG": "the operator writes one for each replica; a fixed one breaks the cluster",
    "CUDA_MPS_PIPE_DIRECTORY": "the device plugin sets it where it shares a card; elsewhere it leads to nothing",
    "CUDA_MPS_LOG_DIRECTORY": "the device plugin sets it where it shares a card; elsewhere it leads to nothing",
}
_FLOATING: Final = re.compile(r"^(latest|main|master|nightly|dev|edge|stable|latest[-_].*|.*[-_]latest|nightly[-_].*)$")
_IDLE_IMAGES: Final = ("tritonserver", "nvidia/pytorch", "pytorch/pytorch", "tensorflow/tensorflow", "nvidia/cuda")
_LOAD: Final = 120  # seconds that a model takes to load, at the least


def rules(manifest: Manifest) -> Iterator[Said]:
    """Everything there is to say of the containers of an object."""
    for pod in pods(manifest):
        for where, container in pod.containers():
            yield from image(where, container)
            yield from resources(where, container)
            yield from environment(where, container)
            yield from lists(where, container)
        for where, container in pod.containers():
            if ".containers[" in f".{where}" and "initContainers" not in where:
                yield from starts(where, container)
                yield from probes(where, container, pod)


def image(where: str, container: Json) -> Iterator[Said]:
    """A tag that moves makes two pods of one set differ, and a roll back impossible."""
    name = container.get("image")
    if not isinstance(name, str) or not name or "@sha256:" in name:
        return
    last = name.rpartition("/")[2]
    tag = last.partition(":")[2]
    if not tag:
        yield Said("floating-tag", f"{name} has no tag: it is whatever was pushed last", f"{where}.image")
    elif _FLOATING.match(tag):
        yield Said("floating-tag", f"the tag of {name} moves: name a version", f"{where}.image")


def resources(where: str, container: Json) -> Iterator[Said]:
    """GPUs are whole, in limits, and a request says the same; every amount is a quantity."""
    asked = mapping(container.get("resources"))
    limits, requests = mapping(asked.get("limits")), mapping(asked.get("requests"))
    for part, amounts_of in (("limits", limits), ("requests", requests)):
        for name, value in amounts_of.items():
            at = f"{where}.resources.{part}.{name}"
            number = _number(value)
            if number is None:
                yield Said("quantity", f"{value!r} is not a quantity", at)
            elif is_gpu(str(name)) and number % 1:
                yield Said(
                    "gpu-request", f"{value} of a device is not possible: share it by MIG, time slices or a claim", at
                )
    for name, value in requests.items():
        if not is_gpu(str(name)):
            continue
        at = f"{where}.resources.requests.{name}"
        if name not in limits:
            yield Said("gpu-request", f"{name} is in requests only: it must be in limits", at)
        elif _number(value) != _number(limits[name]):
            yield Said(
                "gpu-request", f"{name} asks for {value} and is limited to {limits[name]}: they must be equal", at
            )


def environment(where: str, container: Json) -> Iterator[Said]:
    """Variables that the runtime, the plugin or an operator sets."""
    for index, each in enumerate(items(container.get("env"))):
        why = _BY_HAND.get(str(each.get("name")))
        if why:
            yield Said("hand-set-env", f"{each['name']} is set by hand: {why}", f"{where}.env[{index}]")
        if "value" in each and not isinstance(each["value"], str):
            yield Said(
                "env-text",
                f"the value of {each.get('name')} is no text: put it in quotes",
                f"{where}.env[{index}].value",
            )


def lists(where: str, container: Json) -> Iterator[Said]:
    """Two entries with one key cannot be applied by the server, and one of them vanishes by other ways."""
    for key, names in (
        ("env", [each.get("name") for each in items(container.get("env"))]),
        ("volumeMounts", [each.get("mountPath") for each in items(container.get("volumeMounts"))]),
        ("ports", [(each.get("containerPort"), each.get("protocol", "TCP")) for each in items(container.get("ports"))]),
    ):
        yield from doubles(f"{where}.{key}", names)


def doubles(where: str, keys: list[Any]) -> Iterator[Said]:
    """Keys of a list that are there twice."""
    for key, number in Counter(keys).items():
        if number > 1:
            name = "/".join(str(part) for part in key) if isinstance(key, tuple) else key
            yield Said("duplicate-key", f"{name} is there {number} times: a server-side apply is refused", where)


def starts(where: str, container: Json) -> Iterator[Said]:
    """Images that do nothing useful unless they are told what."""
    name = str(container.get("image", ""))
    if any(word in name for word in _IDLE_IMAGES) and not container.get("command") and not container.get("args"):
        yield Said("no-command", f"{name} starts no server of its own: it needs a command or args", where)


def probes(where: str, container: Json, pod: Pod) -> Iterator[Said]:
    """A liveness probe that gives up before the model is loaded restarts the server for ever."""
    live = mapping(container.get("livenessProbe"))
    if not live or container.get("startupProbe") or not (amounts(container) or pod.claims):
        return
    patience = _int(live.get("initialDelaySeconds"), 0) + _int(live.get("periodSeconds"), 10) * _int(
        live.get("failureThreshold"), 3
    )
    if patience < _LOAD:
        message = f"the pod is killed after {patience} s, and a model takes longer to load: add a startupProbe"
        yield warning("liveness-before-load", message, f"{where}.livenessProbe")


def _int(value: Any, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return parse(str(value))
    except (ValueError, K8saiError):
        return None
