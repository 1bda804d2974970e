"""Refusals in the API server's own words: an `ApiFailure` becomes a `Status` document and its HTTP code.

Source: apimachinery `pkg/api/errors` and `pkg/util/validation/field`.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from k8sai.sim.kinds import Resource


class ApiFailure(Exception):
    """A refused request. `retry_after` is in seconds."""

    def __init__(
        self, code: int, reason: str, message: str, details: dict[str, Any] | None = None, *, retry_after: int = 0
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = dict(details or {})
        self._tells_details = details is not None
        self.retry_after = retry_after
        if retry_after:
            self.details["retryAfterSeconds"] = retry_after

    def document(self) -> dict[str, Any]:
        """The Status a client receives."""
        status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
        }
        if self.details or self._tells_details:
            status["details"] = self.details
        status["code"] = self.code
        if not self.reason:
            del status["reason"]
        return status


class Overloaded(ApiFailure):
    """429 of API priority and fairness: plain text, no Status. `retry_after` is in seconds."""

    def __init__(self, retry_after: int = 1) -> None:
        super().__init__(429, "", "Too many requests, please try again later.", retry_after=retry_after)


@dataclass(frozen=True, slots=True)
class Cause:
    """One wrong field. `reason` is FieldValueRequired, FieldValueInvalid, FieldValueForbidden, …"""

    path: str
    reason: str
    text: str

    def document(self) -> dict[str, str]:
        """The cause as a Status lists it."""
        return {"reason": self.reason, "message": self.text, "field": self.path}

    def __str__(self) -> str:
        return f"{self.path}: {self.text}"


def required(path: str, detail: str = "") -> Cause:
    """The field is missing."""
    return Cause(path, "FieldValueRequired", f"Required value: {detail}" if detail else "Required value")


def invalid_value(path: str, value: object, detail: str) -> Cause:
    """The field's value is wrong."""
    return Cause(path, "FieldValueInvalid", f"Invalid value: {_shown(value)}: {detail}")


def forbidden_value(path: str, detail: str) -> Cause:
    """The field may not be set, or not be changed."""
    return Cause(path, "FieldValueForbidden", f"Forbidden: {detail}")


def unsupported_value(path: str, value: object, allowed: Iterable[str]) -> Cause:
    """The field's value is none of a closed list."""
    choices = ", ".join(f'"{one}"' for one in allowed)
    return Cause(path, "FieldValueNotSupported", f"Unsupported value: {_shown(value)}: supported values: {choices}")


def duplicate_value(path: str, value: object) -> Cause:
    """A list that must not repeat itself does."""
    return Cause(path, "FieldValueDuplicate", f"Duplicate value: {_shown(value)}")


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if value is None:
        return "null"
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


def _details(resource: Resource, name: str, **more: Any) -> dict[str, Any]:
    details: dict[str, Any] = {"name": name} if name else {}
    if resource.group:
        details["group"] = resource.group
    return {**details, "kind": resource.plural, **more}


def not_found(resource: Resource, name: str) -> ApiFailure:
    """404: the object is absent."""
    return ApiFailure(404, "NotFound", f'{resource.title} "{name}" not found', _details(resource, name))


def no_such_path() -> ApiFailure:
    """404: nothing is served there."""
    return ApiFailure(404, "NotFound", "the server could not find the requested resource", {})


def already_exists(resource: Resource, name: str) -> ApiFailure:
    """409: the name is taken."""
    return ApiFailure(409, "AlreadyExists", f'{resource.title} "{name}" already exists', _details(resource, name))


def conflict(resource: Resource, name: str, why: str) -> ApiFailure:
    """409: the write no longer fits the object."""
    message = f'Operation cannot be fulfilled on {resource.title} "{name}": {why}'
    return ApiFailure(409, "Conflict", message, _details(resource, name))


def stale(resource: Resource, name: str) -> ApiFailure:
    """409: somebody else wrote since the caller read."""
    why = "the object has been modified; please apply your changes to the latest version and try again"
    return conflict(resource, name, why)


def invalid(resource: Resource, name: str, causes: Iterable[Cause]) -> ApiFailure:
    """422: the object breaks the rules of its kind; all broken rules at once."""
    found = tuple(causes)
    texts = [str(cause) for cause in found]
    joined = texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"
    details = {
        **({"name": name} if name else {}),
        **({"group": resource.group} if resource.group else {}),
        "kind": resource.kind,
        "causes": [cause.document() for cause in found],
    }
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    return ApiFailure(422, "Invalid", f'{kind} "{name}" is invalid: {joined}', details)


def bad_request(message: str) -> ApiFailure:
    """400: the request makes no sense."""
    return ApiFailure(400, "BadRequest", message)


def forbidden(
    resource: Resource, name: str, *, user: str, verb: str, namespace: str = "", subresource: str = ""
) -> ApiFailure:
    """403 by authorization, worded as RBAC words it."""
    full = f"{resource.plural}/{subresource}" if subresource else resource.plural
    named = f'{resource.title} "{name}"' if name else resource.title
    where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    message = (
        f'{named} is forbidden: User "{user}" cannot {verb} resource "{full}" in API group "{resource.group}" {where}'
    )
    return ApiFailure(403, "Forbidden", message, _details(resource, name))


def refused(resource: Resource, name: str, why: str) -> ApiFailure:
    """403 by admission: allowed to ask, not allowed to have."""
    return ApiFailure(403, "Forbidden", f'{resource.title} "{name}" is forbidden: {why}', _details(resource, name))


def expired(message: str) -> ApiFailure:
    """410: the resource version or continue token is older than what is kept."""
    return ApiFailure(410, "Expired", message)


def too_many(message: str, *, retry_after: int = 0, causes: Iterable[dict[str, str]] = ()) -> ApiFailure:
    """429: not now."""
    found = list(causes)
    return ApiFailure(429, "TooManyRequests", message, {"causes": found} if found else {}, retry_after=retry_after)


def not_allowed(message: str = "the server does not allow this method on the requested resource") -> ApiFailure:
    """405: the kind has no such verb."""
    return ApiFailure(405, "MethodNotAllowed", message, {})


def media_type(message: str) -> ApiFailure:
    """415: the body's format is not understood here."""
    return ApiFailure(415, "UnsupportedMediaType", message)


def unserved(message: str) -> ApiFailure:
    """501: a real cluster can, this one cannot."""
    return ApiFailure(501, "NotImplemented", message)


def success(resource: Resource, name: str, uid: str) -> dict[str, Any]:
    """The Status that answers a delete which left nothing behind."""
    details = _details(resource, name, uid=uid)
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
