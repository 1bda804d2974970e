"""lifecycle.k8s.io/v1alpha1, served only where it is asked for: EvictionRequests, and the Evictions made of them.

Source: KEP-4563 as merged in 1.37 (`pkg/apis/lifecycle/validation`). There the API may be served while no controller
reads it; so may it here.
"""

import re
from collections.abc import Iterator
from typing import Literal

from k8sai.sim.kinds import Catalog, Resource
from k8sai.sim.objects import Obj
from k8sai.sim.status import Cause, forbidden_value, invalid_value, required, unsupported_value

Lifecycle = Literal["", "served", "running"]
GROUP = "lifecycle.k8s.io"
REQUESTS = Resource(
    GROUP, "v1alpha1", "evictionrequests", "EvictionRequest", subresources=("status",), builtin=False, counts=True
)
EVICTIONS = Resource(GROUP, "v1alpha1", "evictions", "Eviction", subresources=("status",), builtin=False, counts=True)
WARNING = f"{GROUP}/v1alpha1 EvictionRequest is deprecated in v1.40+, unavailable in v1.43+"
_RESERVED = re.compile(r"(^|\.)(k8s|kubernetes)\.io$")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MOST, _FREE = 10, 1000  # responders of a pod; the lowest priority that anybody may have
_INTENTS = ("Eviction", "Withdrawn")


def serve(catalog: Catalog) -> None:
    """Serve both kinds from now on."""
    for resource in (REQUESTS, EVICTIONS):
        catalog.add(resource)


def fill_pod(catalog: Catalog, resource: Resource, obj: Obj) -> None:
    """Where the API is off a pod's responders are dropped without a word."""
    if resource.kind == "Pod" and not resource.group and catalog.get(GROUP, REQUESTS.plural) is None:
        obj["spec"].pop("evictionResponders", None)


def pod_problems(spec: Obj) -> Iterator[Cause]:
    """What is wrong with the responders of a new pod."""
    found, path = spec.get("evictionResponders") or (), "spec.evictionResponders"
    if len(found) > _MOST:
        yield Cause(path, "FieldValueTooMany", f"Too many: {len(found)}: must have at most {_MOST} items")
    if found and spec.get("schedulingGroup"):
        yield forbidden_value("spec.schedulingGroup", "may not be set when evictionResponders is set")
    for at, one in enumerate(found):
        own = not _RESERVED.search(str(one.get("name", "")).partition("/")[0])
        if own and one.get("priority", 0) < _FREE:
            detail = f"priorities 0-{_FREE - 1} are reserved for *.k8s.io and *.kubernetes.io"
            yield invalid_value(f"{path}[{at}].priority", one.get("priority"), detail)


def problems(resource: Resource, new: Obj, old: Obj | None) -> Iterator[Cause]:
    """What is wrong with an EvictionRequest."""
    if resource is not REQUESTS:
        return
    spec = new.get("spec") or {}
    pod = (spec.get("target") or {}).get("pod") or {}
    for key in ("name", "uid"):
        if not pod.get(key):
            yield required(f"spec.target.pod.{key}")
    if pod.get("uid") and not _UUID.fullmatch(pod["uid"]):
        yield invalid_value("spec.target.pod.uid", pod["uid"], "must be a valid UUID")
    yield from _requester(str(spec.get("requester") or ""))
    if spec.get("intent") not in _INTENTS:
        yield unsupported_value("spec.intent", spec.get("intent"), _INTENTS)
    for key in ("target", "requester"):
        if old is not None and spec.get(key) != (old.get("spec") or {}).get(key):
            yield invalid_value(f"spec.{key}", spec.get(key), "field is immutable")


def _requester(name: str) -> Iterator[Cause]:
    domain, slash, _ = name.partition("/")
    if not name:
        yield required("spec.requester")
    elif not slash:
        yield invalid_value("spec.requester", name, "must include a prefix")
    elif _RESERVED.search(domain):
        yield invalid_value("spec.requester", name, "domain names *.k8s.io, *.kubernetes.io are reserved")
