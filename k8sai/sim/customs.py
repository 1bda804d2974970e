"""Objects of custom kinds against the schema of their definition.

Source: apiextensions-apiserver `pkg/apiserver/customresource_handler.go` and `pkg/registry/customresource`.
"""

from dataclasses import replace
from typing import Any

from k8sai.schema import object_meta
from k8sai.sim import status, versions
from k8sai.sim.kinds import Resource
from k8sai.sim.objects import Obj, encode, name_of
from k8sai.sim.status import Cause

_SHOWN = 30  # characters of a body that an error begins with


def check_type(resource: Resource, obj: Obj) -> None:
    """The apiVersion and kind of an object that a client sent for a custom kind. ApiFailure 400, 422."""
    kind, version = obj.get("kind"), obj.get("apiVersion")
    if not kind or not isinstance(kind, str):
        text = encode(obj).decode()
        short = text if len(text) <= _SHOWN else f"{text[:_SHOWN]} ..."
        what = f"the object provided is unrecognized (must be of type {resource.kind})"
        raise status.bad_request(f"{what}: Object 'Kind' is missing in '{text}' ({short})")
    if version != resource.api_version:
        text = f"the API version in the data ({version or ''}) does not match the expected API version"
        raise status.bad_request(f"{text} ({resource.api_version})")
    if kind != resource.kind:
        other = replace(resource, kind=kind)
        raise status.invalid(other, name_of(obj), [status.invalid_value("kind", kind, f"must be {resource.kind}")])


def check_version(resource: Resource, obj: Obj) -> None:
    """An update must say which version of the object it changes. ApiFailure 422."""
    if resource.definition is not None and not (obj.get("metadata") or {}).get("resourceVersion"):
        cause = status.invalid_value("metadata.resourceVersion", 0, "must be specified for an update")
        raise status.invalid(replace(resource, kind=resource.plural), name_of(obj), [cause])


def read(resource: Resource, obj: Obj) -> list[str]:
    """Bring an object that a client sent into form, in place: what was dropped. ApiFailure 400.

    Fields that the schema does not know go, defaults are filled in.
    """
    if resource.definition is None:
        return []
    wrong = object_meta.wrong_type(obj.get("metadata") or {})
    if wrong:
        head = f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}'
        raise status.bad_request(f"{head}: {wrong}")
    return resource.definition.fit(obj)


def causes(resource: Resource, new: Obj, old: Obj | None = None) -> list[Cause]:
    """What the schema has against an object, as its version shows it; of an update only against what it changes."""
    if resource.definition is None:
        return []
    before = _bare(resource, old) if old is not None else None
    problems, _ = resource.definition.verdict(_bare(resource, new), before)
    return [Cause(problem.path, problem.reason, problem.message) for problem in problems]


def _bare(resource: Resource, obj: Obj) -> dict[str, Any]:
    """Without the owners of its fields: no rule looks at them."""
    shown = versions.shown(resource, obj)
    meta = {key: value for key, value in shown["metadata"].items() if key != "managedFields"}
    return {**shown, "metadata": meta}
