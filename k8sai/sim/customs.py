"""Objects of custom kinds against the schema of their definition.

Source: apiextensions-apiserver `pkg/apiserver/customresource_handler.go` and `pkg/registry/customresource`.
"""

from typing import Any

from k8sai.schema import object_meta
from k8sai.sim import status, versions
from k8sai.sim.kinds import Resource
from k8sai.sim.objects import Obj
from k8sai.sim.status import Cause


def read(resource: Resource, obj: Obj) -> list[str]:
    """Bring an object that a client sent into form, in place: what was dropped. ApiFailure 400.

    Fields that the schema does not know go, defaults are filled in.
    """
    if resource.definition is None:
        return []
    wrong = object_meta.wrong_type(obj.get("metadata") or {})
    if wrong:
        raise status.bad_request(f"{resource.kind} in version {resource.version!r} cannot be handled: {wrong}")
    unknown = resource.definition.schema.prune(obj)
    resource.definition.schema.default(obj)
    return unknown


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
