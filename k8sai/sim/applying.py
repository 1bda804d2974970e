"""Server-side apply: a PATCH whose body is a configuration, merged by the rules of `k8sai.schema.ssa`.

Source: apiserver `pkg/endpoints/handlers/patch.go` (applyPatcher), apimachinery `pkg/util/managedfields/internal`
(structuredmerge.go, and lastapplied*.go for objects that client-side apply made).
"""

import json
from typing import Any, NamedTuple

from k8sai.schema import ssa
from k8sai.schema.comparing import compare, fields_of
from k8sai.schema.elements import BadItem, path_text
from k8sai.schema.managed import Owner, Owners, entries_of
from k8sai.schema.ssa import Conflicts
from k8sai.sim import customs, status
from k8sai.sim.kinds import Resource
from k8sai.sim.objects import Obj, copied, name_of
from k8sai.sim.ownership import blank, live_owners, shape_for, without_owners
from k8sai.sim.resets import reset_fields
from k8sai.sim.routes import Target
from k8sai.sim.status import ApiFailure
from k8sai.sim.typed import check_declared

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class Applied(NamedTuple):
    """An object to be written: it has its managedFields already."""

    obj: Obj
    new: bool


def check(resource: Resource, config: Obj, kind: str = "", version: str = "") -> None:
    """The body must be of the kind the URL names, and fit its shape. ApiFailure 400, 500."""
    kind, version = kind or resource.kind, version or resource.api_version
    if (config.get("apiVersion"), config.get("kind")) != (version, kind):
        group, _, plain = str(config.get("apiVersion") or "").rpartition("/")
        raise status.bad_request(f"invalid object type: {group}/{plain}, Kind={config.get('kind') or ''}")
    meta = config.get("metadata")
    if isinstance(meta, dict) and meta.get("managedFields") is not None:
        raise status.bad_request("metadata.managedFields must be nil")
    check_declared(resource, config, shape_for(resource))


def applied(target: Target, old: Obj | None, config: Obj, author: Owner, *, force: bool) -> Applied:
    """What a configuration makes of an object, or of none. ApiFailure 400, 409 by conflicts, 500."""
    resource = target.resource
    check(resource, config)
    live = without_owners(old) if old is not None else {}
    owners = live_owners(old) if old is not None else {}
    new, after = merge(resource, target.subresource, live, config, owners, author, force=force)
    meta = new.get("metadata")
    if not isinstance(meta, dict):
        meta = {}
    if old is None:
        if not meta.get("name"):
            text = f"the name of the object ({target.name} based on URL) was undeterminable: name must be provided"
            raise status.bad_request(text)
        if meta.get("uid"):
            why = f"uid mismatch: the provided object specified uid {meta['uid']}, and no existing object was found"
            raise status.conflict(resource, target.name, why)
        meta = {key: value for key, value in meta.items() if key not in ("resourceVersion", "uid")}
    elif meta.get("uid") != old["metadata"]["uid"]:
        cause = status.invalid_value("metadata.uid", meta.get("uid"), "field is immutable")
        raise status.invalid(resource, target.name, [cause])
    if name_of(new) != target.name:
        text = f"the name of the object ({name_of(new)}) does not match the name on the URL ({target.name})"
        raise status.bad_request(text)
    _refuse_nulls(resource, new, old)
    return Applied({**new, "metadata": {**meta, "managedFields": entries_of(after)}}, old is None)


def _refuse_nulls(resource: Resource, new: Obj, old: Obj | None) -> None:
    """ApiFailure 422 for nulls of a custom kind, also those that stand where all of a map was taken away.

    Other writes drop them when the body is read; here they come out of merging.
    """
    if resource.definition is None or not _has_null(new):
        return
    found = [cause for cause in customs.causes(resource, new, old) if cause.reason == "FieldValueTypeInvalid"]
    if found:
        raise status.invalid(resource, name_of(new), found)


def _has_null(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_null(one) for one in value.values())
    return any(_has_null(one) for one in value) if isinstance(value, list) else value is None


def merge(
    resource: Resource, subresource: str, live: Obj, config: Obj, owners: Owners, author: Owner, *, force: bool
) -> tuple[Obj, Owners]:
    """The merged object and its owners. ApiFailure 409 by conflicts, 500."""
    shape, ignored = shape_for(resource), reset_fields(resource, subresource)
    empty = blank(resource, live)

    def once(forced: bool) -> tuple[Obj, Owners]:
        return ssa.applied(live, config, owners, author, shape, force=forced, ignored=ignored, blank=empty)

    try:
        try:
            new, after = once(force)
        except Conflicts as conflicts:
            new, after = once(_migrates(resource, live, conflicts, author))
    except Conflicts as conflicts:
        raise _conflict(conflicts) from None
    except BadItem as bad:
        raise ApiFailure(500, "", f"failed to merge config: {bad}") from None
    new = copied(_without_nulls(new) if resource.builtin else new)
    _sync_last_applied(new, config, author)
    return new, after


def _without_nulls(value: Any) -> Any:
    """Fields that are null are absent in the built-in kinds."""
    if isinstance(value, dict):
        return {key: _without_nulls(one) for key, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value


def _conflict(conflicts: Conflicts) -> ApiFailure:
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {owner}", "field": path_text(path)}
        for owner, path in conflicts.found
    ]
    return ApiFailure(409, "Conflict", str(conflicts), {"causes": causes})


def _migrates(resource: Resource, live: Obj, conflicts: Conflicts, author: Owner) -> bool:
    """Whether kubectl only takes over what client-side apply, its own older way, has written. Raises Conflicts."""
    text = _annotations(live).get(_LAST_APPLIED)
    if author.manager != "kubectl" or not text:
        raise conflicts
    try:
        last = json.loads(text)
    except ValueError:
        raise conflicts from None
    if not isinstance(last, dict) or last.get("apiVersion") != resource.api_version:
        raise conflicts
    shape = shape_for(resource)
    changed = compare(last, live, shape)
    own = fields_of(last, shape) - changed.modified - changed.added - changed.removed
    left = [(owner, path) for owner, path in conflicts.found if path not in own]
    if left:
        raise Conflicts(left)
    return True


def _sync_last_applied(new: Obj, config: Obj, author: Owner) -> None:
    """Keep kubectl's annotation of client-side apply in step, so that both ways see the same configuration."""
    if author.manager != "kubectl" or not _annotations(new).get(_LAST_APPLIED):
        return
    bare = copied(config)
    _annotations(bare).pop(_LAST_APPLIED, None)
    text = json.dumps(bare, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    new["metadata"]["annotations"][_LAST_APPLIED] = text + "\n"


def _annotations(obj: Obj) -> dict[str, str]:
    found = (obj.get("metadata") or {}).get("annotations")
    return found if isinstance(found, dict) else {}
