"""What an API server answers when it does not do it: HTTP codes and Status objects as errors of ours.

    ClusterError
    ├── ApiError          not 2xx; `status` is the HTTP code (0: no answer), `reason` the Status reason
    │   ├── Unavailable   it may pass by itself: 429, 5xx, no connection, connection lost
    │   │   └── RequestTimedOut   --request-timeout ran out (exit 124)
    │   ├── Gone          410 or reason Expired: list again
    │   └── Unauthenticated   401
    Forbidden  ── ApiForbidden   403: `verb`, `resource`, `namespace`
    NotFound   ── ApiNotFound    404
    Refused    ── ApiConflict    409

Status: https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.34/#status-v1-meta
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from k8sai.errors import ClusterError, Exit, Forbidden, K8saiError, NotFound, Refused, TimedOut

_DENIED = (  # not compiled until it is needed: that takes as long as a whole request
    r'User "(?P<user>[^"]*)" cannot (?P<verb>\S+) (?:resource "(?P<resource>[^"]+)" in API group "(?P<group>[^"]*)"'
    r'(?: in the namespace "(?P<namespace>[^"]*)")?|path "(?P<path>[^"]+)")'
)
_PROTOBUF = b"k8s\0"
_TLS_PORT = "Client sent an HTTP request to an HTTPS server"
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


class ApiError(ClusterError):
    """The server said no. `retry_after` is its own wish in seconds, or None; `causes` are those it names."""

    causes: "tuple[Cause, ...]" = ()

    def __init__(
        self, message: str, hint: str = "", *, status: int = 0, reason: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(message, hint)
        self.status = status
        self.reason = reason
        self.retry_after = retry_after


class Unavailable(ApiError):
    """It may pass by itself: busy, restarting, or not reachable just now."""


class RequestTimedOut(Unavailable, TimedOut):
    """`--request-timeout` ran out."""

    exit = Exit.TIMEOUT


class Gone(ApiError):
    """The resourceVersion or continue token is too old: list again."""


class Unauthenticated(ApiError):
    """The server does not accept who we say we are."""


class ApiForbidden(Forbidden):
    """RBAC: this user may not `verb` `resource` (plural, with its group) in `namespace` ("": in all of them).

    `by_admission`: the user may, but a webhook, a policy or a quota does not take this object.
    """

    status = 403
    reason = "Forbidden"
    causes: "tuple[Cause, ...]" = ()  # a disruption budget says 403 too

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        verb: str = "",
        resource: str = "",
        namespace: str = "",
        by_admission: bool = False,
    ) -> None:
        super().__init__(message, hint)
        self.by_admission = by_admission
        self.verb = verb
        self.resource = resource
        self.namespace = namespace


class ApiNotFound(NotFound):
    """The object, or the path itself, does not exist on this server."""

    status = 404

    def __init__(self, message: str, hint: str = "", *, reason: str = "NotFound") -> None:
        super().__init__(message, hint)
        self.reason = reason


class ApiConflict(Refused):
    """Somebody else changed or already made it; nothing was written."""

    status = 409

    def __init__(
        self, message: str, hint: str = "", *, reason: str = "Conflict", causes: "tuple[Cause, ...]" = ()
    ) -> None:
        super().__init__(message, hint)
        self.reason = reason
        self.causes = causes


@dataclass(frozen=True, slots=True)
class Cause:
    """One of the reasons in a Status' details: of a refused apply, the field and who owns it."""

    reason: str = ""
    field: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """The request an answer belongs to, and the words to talk about it."""

    server: str
    method: str = "GET"
    path: str = ""
    context: str = ""
    flags: str = ""  # for a kubectl command line that leads to the same server as the same user
    own_flags: str = ""  # the same, without impersonating anybody
    login: str = ""  # what a person does to log in again
    ended: str = ""  # which credential has ended and when, where that is known


def answer_error(status: int, headers: Mapping[str, str], body: bytes, asked: Asked) -> K8saiError:
    """The error for an HTTP answer that is not 2xx. `body` is a Status, or the page of a gateway in between."""
    said = _status_object(body)
    if not said:
        said = {"message": _plain(body)}
    return status_error({**said, "code": status}, asked, retry_after=retry_after(headers))


def status_error(said: Mapping[str, Any], asked: Asked, *, retry_after: float | None = None) -> K8saiError:
    """The error for a Status object, as an answer's body or a watch's ERROR event carries it."""
    error = _of_status(said, asked, retry_after)
    if isinstance(error, ApiError | ApiForbidden):
        error.causes = _causes(said.get("details"))
    return error


def _of_status(said: Mapping[str, Any], asked: Asked, retry_after: float | None) -> K8saiError:
    code = said.get("code")
    status = code if isinstance(code, int) else 0
    reason = str(said.get("reason") or "")
    message = " ".join(str(said.get("message") or "").split())
    details = said.get("details")
    if retry_after is None and isinstance(details, Mapping) and isinstance(details.get("retryAfterSeconds"), int):
        retry_after = float(details["retryAfterSeconds"])
    if status == 410 or reason in ("Expired", "Gone"):
        return Gone(
            f"{asked.server} no longer has that state: {message or 'expired'}", status=410, reason=reason or "Expired"
        )
    if status == 401:
        return Unauthenticated(_unauthorized(asked, message), asked.login, status=401, reason=reason or "Unauthorized")
    if status == 403:
        return _forbidden(said, message, asked)
    if status == 404:
        return ApiNotFound(f"{asked.server}: {message or f'{asked.path} does not exist'}", reason=reason or "NotFound")
    if status == 409:
        return ApiConflict(
            f"{asked.server}: {message or 'conflict'}",
            "read it again, then repeat",
            reason=reason or "Conflict",
            causes=_causes(details),
        )
    if status == 429 or status >= 500:
        return _unavailable(status, reason, message, asked, retry_after)
    return _odd(status, reason, message, asked)


def _causes(details: object) -> tuple[Cause, ...]:
    listed = details.get("causes") if isinstance(details, Mapping) else None
    return tuple(
        Cause(*(str(one.get(key) or "") for key in ("reason", "field", "message")))
        for one in (listed if isinstance(listed, list) else ())
        if isinstance(one, Mapping)
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Retry-After in seconds from now, at least 0; None where it is absent or unreadable. Counts or HTTP dates."""
    said = headers.get("Retry-After", "").strip()
    if not said:
        return None
    if said.isdigit():
        return float(said)
    import time
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except ValueError:
        return None


def _unauthorized(asked: Asked, message: str) -> str:
    who = f"the credentials of context {asked.context!r}" if asked.context else "these credentials"
    why = asked.ended or (message if message != "Unauthorized" else "")
    return f"{asked.server} does not accept {who} (401){f': {why}' if why else ''}"


def _forbidden(said: Mapping[str, Any], message: str, asked: Asked) -> ApiForbidden:
    denied = re.search(_DENIED, message)
    if not denied:
        admission = bool(re.search(r'denied (?:the )?request|" is forbidden: ', message))
        words, verb = f"{asked.server} forbids it: {message or asked.path}", _VERBS.get(asked.method, "get")
        return ApiForbidden(words, verb=verb, by_admission=admission)
    verb = denied["verb"]
    if denied["path"]:
        return ApiForbidden(
            f"{asked.server} forbids {denied['user']} to {verb} {denied['path']}",
            f"`{_can_i(verb, denied['path'], asked)}`",
            verb=verb,
            resource=denied["path"],
        )
    group, namespace = denied["group"], denied["namespace"] or ""
    plain, _, sub = denied["resource"].partition("/")
    resource = f"{plain}.{group}" if group else plain
    scope = f" -n {namespace}" if namespace else ("" if asked.method != "GET" else " -A")
    if verb.startswith("impersonate"):  # it is about ourselves, not about the user of --as
        asked = replace(asked, flags=asked.own_flags)
    line = _can_i(verb, resource, asked) + (f" --subresource={sub}" if sub else "") + scope
    where = f"in namespace {namespace}" if namespace else "in the whole cluster"
    hint = f"ask an admin for it; this tells when it is granted: `{line}`"
    if denied["user"] == "system:anonymous" and asked.login:  # rights are not what is missing
        hint = asked.login
    return ApiForbidden(
        f"{asked.server} forbids {denied['user']} to {verb} {resource}{f'/{sub}' if sub else ''} {where}",
        hint,
        verb=verb,
        resource=f"{resource}/{sub}" if sub else resource,
        namespace=namespace,
    )


def _can_i(verb: str, what: str, asked: Asked) -> str:
    return f"kubectl auth can-i {verb} {what}{asked.flags}"


def _unavailable(status: int, reason: str, message: str, asked: Asked, wait: float | None) -> Unavailable:
    what = {429: "is too busy (429)", 503: "is not available (503)", 504: "did not answer in time (504)"}.get(
        status, f"failed ({status})"
    )
    more = f": {message}" if message else ""
    return Unavailable(
        f"{asked.server} {what}{more}", "try again in a moment", status=status, reason=reason, retry_after=wait
    )


def _odd(status: int, reason: str, message: str, asked: Asked) -> ApiError:
    if _TLS_PORT in message:
        return ApiError(
            f"{asked.server} wants https, but the address says http",
            "write the server as https://…",
            status=status,
            reason=reason,
        )
    if 300 <= status < 400:
        return ApiError(
            f"{asked.server} sends us elsewhere ({status}), as a login page does and an API server does not",
            asked.login or "check the server's address",
            status=status,
            reason=reason,
        )
    return ApiError(
        f"{asked.server} refused it ({status}): {message or reason or asked.path}", status=status, reason=reason
    )


def _status_object(body: bytes) -> Mapping[str, Any]:
    if body.startswith(_PROTOBUF):  # who asks for protobuf is refused in protobuf
        from k8sai.cluster.wire_frames import status

        return status(body)
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) and document.get("kind") == "Status" else {}


def _plain(body: bytes) -> str:
    """What a proxy or gateway says, without its markup, short."""
    if body.startswith(_PROTOBUF):
        return ""
    text = body[:4096].decode("utf-8", "replace")
    title = re.search(r"<title>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
    text = title[1] if title else re.sub(r"<[^>]*>", " ", text)
    return " ".join(text.split())[:200]
