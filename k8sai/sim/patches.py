"""The patch formats of the API: JSON patch, merge patch, and strategic merge patch; apply is in `applying`.

Source: apiserver `pkg/endpoints/handlers/patch.go`.
"""

import json
from typing import Any

import jsonpatch

from k8sai.schema.problems import encoded, plain, quoted
from k8sai.sim import status
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
    """The object with the patch applied; `old` is left alone. ApiFailure 400, 422."""
    if media == JSON_PATCH:
        return _json_patched(resource, old, patch)
    if not isinstance(patch, dict):
        raise status.bad_request(
            "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"
        )
    if media == MERGE_PATCH:
        return _as_object(merged(copied(old), patch))
    return _as_object(merge_strategic(copied(old), patch))


def merged(target: Any, patch: Any) -> Any:
    """RFC 7386; changes and returns the target."""
    if not isinstance(patch, dict):
        return patch
    result = target if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def _json_patched(resource: Resource, old: Obj, patch: Any) -> Obj:
    if not isinstance(patch, list):
        raise status.bad_request(
            "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"
        )
    found = copied(old)
    try:
        for operation in jsonpatch.JsonPatch(patch).patch:
            found = _operated(found, operation)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, KeyError, TypeError, IndexError):
        message = "the server rejected our request due to an error in our request"
        raise ApiFailure(422, "Invalid", message, {}) from None
    return _as_object(found)


def _operated(found: Any, operation: Obj) -> Any:
    """As servers have it: null is also what is not there, 0.0 is not 0, and `replace` adds what is not there."""
    above, last = jsonpatch.JsonPointer(operation["path"]).to_last(found)
    absent = isinstance(above, dict) and last is not None and last not in above
    if operation["op"] == "test" and absent:
        if operation["value"] is not None:
            raise jsonpatch.JsonPatchTestFailed("absent")
        return found
    if operation["op"] == "test":
        there = found if last is None else above[last]
        if json.dumps(there, sort_keys=True) != json.dumps(operation["value"], sort_keys=True):
            raise jsonpatch.JsonPatchTestFailed("another value")
        return found
    if operation["op"] == "replace" and absent:
        operation = {**operation, "op": "add"}
    return jsonpatch.JsonPatch([operation]).apply(found, in_place=True)


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


def same_object(old: Obj, new: Obj) -> None:
    """ApiFailure where a patch would turn the object into another one."""
    for key in ("apiVersion", "kind"):
        if new.get(key, old[key]) != old[key]:
            raise status.bad_request(f"{key} in the patch ({new[key]}) does not match the object's ({old[key]})")
    if name_of(new) != name_of(old):
        message = f"the name of the object ({name_of(new)}) does not match the name on the URL ({name_of(old)})"
        raise status.bad_request(message)
