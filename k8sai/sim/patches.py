"""The patch formats of the API: JSON patch, merge patch, and strategic merge patch; apply is in `applying`.

Source: apiserver `pkg/endpoints/handlers/patch.go`.
"""

from typing import Any

from k8sai.merge_patch import merged
from k8sai.schema.problems import encoded, plain, quoted
from k8sai.sim import json_patch, status
from k8sai.sim.kinds import Resource
from k8sai.sim.objects import Obj, copied, name_of
from k8sai.sim.status import ApiFailure
from k8sai.sim.strategic import merge_strategic

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"


def check_media(resource: Resource, media: str) -> None:
    """ApiFailure 415 for a format the kind does not take."""
    offered = [JSON_PATCH, MERGE_PATCH, *((STRATEGIC_PATCH,) if resource.builtin else ()), APPLY_PATCH]
    if media not in offered:
        if resource.builtin:
            raise ApiFailure(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})
        message = "the body of the request was in an unknown format - accepted media types include: "
        raise status.media_type(message + ", ".join(offered))


def patched(resource: Resource, old: Obj, patch: Any, media: str) -> Obj:
    """The object with the patch applied; `old` is left alone. A JSON patch may be as it was sent, in bytes: how a value
    is spelled matters there. ApiFailure 400, 422.
    """
    if media == JSON_PATCH:
        return _json_patched(old, patch)
    if not isinstance(patch, dict):
        raise status.bad_request(
            "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"
        )
    if media == MERGE_PATCH:
        return _as_object(merged(copied(old), patch, hollow=True))
    return _as_object(merge_strategic(copied(old), patch))


def _json_patched(old: Obj, patch: Any) -> Obj:
    operations = json_patch.operations_of(patch if isinstance(patch, bytes) else encoded(patch).encode())
    try:
        return _as_object(json_patch.apply(copied(old), operations))
    except json_patch.Inapplicable:
        message = "the server rejected our request due to an error in our request"
        raise ApiFailure(422, "Invalid", message, {}) from None


def _as_object(found: Any) -> Obj:
    if not isinstance(found, dict) or not isinstance(found.get("metadata"), dict):
        raise status.bad_request("the patched object has no metadata")
    return found


def unreadable(failure: ApiFailure, shown: Any, media: str) -> ApiFailure:
    """What a patch is told that makes an object which cannot be read; the server shows the object, or the patch."""
    why = failure.message.partition(" cannot be handled as a ")[2].partition(": ")[2] or failure.message
    text = plain(shown) if media == STRATEGIC_PATCH else encoded(shown)
    cause = status.Cause("patch", "FieldValueInvalid", f"Invalid value: {quoted(text)}: {why}")
    details = {"causes": [cause.document()]}
    return ApiFailure(422, "Invalid", f' "" is invalid: {cause}', details)


def same_object(resource: Resource, old: Obj, new: Obj) -> None:
    """ApiFailure where a patch would turn the object into another one. Of an older version and another uid, the version
    is told.
    """
    for key in ("apiVersion", "kind"):
        if new.get(key, old[key]) != old[key]:
            raise status.bad_request(f"{key} in the patch ({new[key]}) does not match the object's ({old[key]})")
    if name_of(new) != name_of(old):
        message = f"the name of the object ({name_of(new)}) does not match the name on the URL ({name_of(old)})"
        raise status.bad_request(message)
    meta, was = new["metadata"], old["metadata"]
    if meta.get("resourceVersion") not in (None, "", was["resourceVersion"]):
        raise status.stale(resource, name_of(old))
    if meta.get("uid") not in (None, "", was["uid"]):
        cause = status.invalid_value("metadata.uid", meta["uid"], "field is immutable")
        raise status.invalid(resource, name_of(old), [cause])
