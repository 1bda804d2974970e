"""A new LLMInferenceService made from another one: the same spec but for what was asked, and its own name.

Two things must not be copied. What a GitOps tool has put on the object to know its own would make it prune the copy.
And a model without a name is called like its object, so the copy says the old name, or KServe would not route it.
"""

import re
from copy import deepcopy
from typing import Final

from k8sai.canary.backends.kserve_predictor import STOP
from k8sai.canary.backends.llmisvc.group import API, LABEL, group_of, model_name
from k8sai.canary.facts import Json, Wish
from k8sai.canary.wishes import changed
from k8sai.errors import Usage

_TRACKING: Final = re.compile(
    r"argocd\.argoproj\.io/|[a-z]+\.toolkit\.fluxcd\.io/|helm\.sh/|meta\.helm\.sh/|app\.kubernetes\.io/(instance|managed-by)$"
)
_READ_BY_KSERVE: Final = ("serving.kserve.io/", "kueue.x-k8s.io/", "prometheus.io/", "k8s.v1.cni.cncf.io")
_MAIN: Final = "main"  # the container that serves


def copied(stable: Json, name: str, wish: Wish, group: str, weight: int, replicas: int | None) -> Json:
    """The object to create. Raises Usage for a wish that has no place in it."""
    meta, spec = stable["metadata"], _renewed(deepcopy(stable["spec"]), wish)
    spec["model"] = {"name": model_name(stable), **(spec.get("model") or {})}
    if replicas is not None:
        spec["replicas"] = replicas
    router = spec.get("router") or {}
    spec["router"] = {**router, "route": {**(router.get("route") or {}), "group": group, "weight": weight}}
    metadata: Json = {"name": name, "namespace": meta["namespace"]}
    metadata |= {key: kept for key, kept in (("labels", _labels(meta)), ("annotations", _annotations(meta))) if kept}
    return {"apiVersion": API, "kind": "LLMInferenceService", "metadata": metadata, "spec": spec}


def next_name(stable: Json, taken: frozenset[str]) -> str:
    """`chat-v2` after `chat`, `chat-v3` after `chat-v2`; the first that is free."""
    name = str(stable["metadata"]["name"])
    found = re.fullmatch(r"(.*)-v(\d+)", name)
    base, first = (found[1], int(found[2]) + 1) if found else (name, 2)
    at = first
    while f"{base}-v{at}" in taken:
        at += 1
    return f"{base}-v{at}"


def group_name(stable: Json) -> str:
    """Its group, or one called like it: letters, digits and dashes."""
    return group_of(stable) or re.sub(r"[^a-z0-9-]", "-", str(stable["metadata"]["name"]))[:63].strip("-")


def _renewed(spec: Json, wish: Wish) -> Json:
    new = changed(spec, wish)
    if wish.model_uri:
        new["model"] = {**(new.get("model") or {}), "uri": wish.model_uri}
    if wish.image:
        _container(new, wish.container or _MAIN)["image"] = wish.image
    return new


def _container(spec: Json, name: str) -> Json:
    """Of the pod template; one that is only in a base configuration is merged with it by its name."""
    template = spec.setdefault("template", {})
    there: list[Json] = template.setdefault("containers", [])
    found = next((one for one in there if one.get("name") == name), None)
    if found is None and name != _MAIN:
        raise Usage(f"--container {name}: the template has none of that name", "leave it out")
    if found is None:
        found = {"name": name}
        there.append(found)
    return found


def _labels(meta: Json) -> Json:
    return {
        key: value for key, value in (meta.get("labels") or {}).items() if key != LABEL and not _TRACKING.match(key)
    }


def _annotations(meta: Json) -> Json:
    """Those that KServe reads or passes on; never the one that stops it."""
    kept = (meta.get("annotations") or {}).items()
    return {key: value for key, value in kept if key.startswith(_READ_BY_KSERVE) and key != STOP}
