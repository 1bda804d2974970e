"""What clients ask of models, and how each version answers, as a ConfigMap labelled `sim.k8sai.dev/traffic` tells it.

    data:
      traffic.yaml: |
        to: httproute/chat     # or svc, isvc, llmisvc, ksvc, virtualservice, rollout, modelrewrite
        rate: 40               # requests a second
        versions:              # the first whose `when` is found in the pod (name, labels, images, arguments) is taken
        - {when: chat-v2, errors: 5%, ttft: 1.2, spread: 0.8}
        - {errors: 0.2%, ttft: 0.4, itl: 0.02, e2e: 9}

Latencies are medians in seconds of log-normal distributions; `spread` is the standard deviation of their logarithm.
"""

import json
import re
from dataclasses import dataclass, field, fields
from math import erf, log, sqrt
from typing import Any, Final

import yaml

from k8sai.sim.objects import Obj

LABEL: Final = "sim.k8sai.dev/traffic"
KEY: Final = "traffic.yaml"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How a version answers. `errors` are answered 500, `aborts` are given up by clients; shares of all requests."""

    when: str = ""
    errors: float = 0.0
    aborts: float = 0.0
    ttft: float = 0.3
    itl: float = 0.02
    e2e: float = 6.0
    spread: float = 0.5
    server: str = "vllm"  # or sglang, triton

    def within(self, median: float, bound: float) -> float:
        """Share of the requests that take at most `bound` seconds."""
        return 0.5 * (1 + erf(log(bound / median) / (self.spread * sqrt(2)))) if bound > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Script:
    """Traffic to one target."""

    namespace: str
    kind: str
    name: str
    rate: float
    model: str = ""
    versions: tuple[Behaviour, ...] = field(default_factory=tuple)

    def behaviour(self, pod: Obj, model: str = "") -> Behaviour:
        """Of a pod, or of a model in it."""
        text = f"{model} {_text(pod)}"
        return next((one for one in self.versions if re.search(one.when, text)), Behaviour())


def scripts(config: Obj) -> list[Script]:
    """Of a ConfigMap; none where it cannot be read."""
    try:
        told = yaml.safe_load((config.get("data") or {}).get(KEY) or "")
        return [_script(config, one) for one in (told if isinstance(told, list) else [told]) if one]
    except (yaml.YAMLError, KeyError, TypeError, ValueError, re.error):
        return []


def _script(config: Obj, told: dict[str, Any]) -> Script:
    kind, _, name = str(told["to"]).partition("/")
    versions = tuple(_behaviour(one) for one in told.get("versions") or ())
    space = config["metadata"]["namespace"]
    return Script(space, kind, name, float(told.get("rate", 10)), str(told.get("model", name)), versions)


def _behaviour(told: dict[str, Any]) -> Behaviour:
    known = {one.name for one in fields(Behaviour)}
    found: dict[str, Any] = {
        key: value if key in ("when", "server") else _number(value) for key, value in told.items() if key in known
    }
    re.compile(str(found.get("when", "")))
    return Behaviour(**found)


def _number(value: object) -> float:
    """0.05, or 5%."""
    text = str(value)
    return float(text[:-1]) / 100 if text.endswith("%") else float(text)


def _text(pod: Obj) -> str:
    meta, spec = pod.get("metadata") or {}, pod.get("spec") or {}
    kept = [{key: one.get(key) for key in ("image", "command", "args", "env")} for one in spec.get("containers") or ()]
    return json.dumps([meta.get("name"), meta.get("labels"), meta.get("annotations"), kept], sort_keys=True)
