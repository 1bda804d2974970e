"""Status objects as errors: class, exit code, sentence, and a hint that can be pasted."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from k8sai.cluster import wire_pb2 as pb
from k8sai.cluster.api_errors import (
    ApiConflict,
    ApiError,
    ApiForbidden,
    ApiNotFound,
    Asked,
    Gone,
    RequestTimedOut,
    Unauthenticated,
    Unavailable,
    answer_error,
    retry_after,
    status_error,
)
from k8sai.errors import ClusterError, Exit, Forbidden, K8saiError, NotFound, Refused, TimedOut

ASKED = Asked(
    "https://one:6443",
    "GET",
    "/api/v1/pods",
    "prod",
    flags=" --context prod",
    own_flags=" --context prod",
    login="log in again: `login`",
)


def said(code: int, reason: str = "", message: str = "", **more: Any) -> K8saiError:
    body = {"kind": "Status", "code": code, "reason": reason, "message": message, **more}
    return answer_error(code, {}, json.dumps(body).encode(), ASKED)


@pytest.mark.parametrize(
    ("code", "reason", "kind", "family", "exit"),
    [
        (400, "BadRequest", ApiError, ClusterError, Exit.CLUSTER),
        (401, "Unauthorized", Unauthenticated, ClusterError, Exit.CLUSTER),
        (403, "Forbidden", ApiForbidden, Forbidden, Exit.FORBIDDEN),
        (404, "NotFound", ApiNotFound, NotFound, Exit.NOT_FOUND),
        (409, "Conflict", ApiConflict, Refused, Exit.REFUSED),
        (410, "Expired", Gone, ApiError, Exit.CLUSTER),
        (422, "Invalid", ApiError, ClusterError, Exit.CLUSTER),
        (429, "TooManyRequests", Unavailable, ApiError, Exit.CLUSTER),
        (500, "InternalError", Unavailable, ApiError, Exit.CLUSTER),
        (503, "ServiceUnavailable", Unavailable, ApiError, Exit.CLUSTER),
        (504, "Timeout", Unavailable, ApiError, Exit.CLUSTER),
    ],
)
def test_each_code_has_its_class(
    code: int, reason: str, kind: type[K8saiError], family: type[K8saiError], exit: Exit
) -> None:
    error = said(code, reason, "why")
    assert type(error) is kind
    assert isinstance(error, family)
    assert error.exit == exit
    assert (error.status, error.reason) == (code, reason)  # type: ignore[attr-defined]
    assert "https://one:6443" in error.message


def test_a_refusal_in_protobuf_reads_as_in_json() -> None:
    """A server that was asked for protobuf refuses in it, a wrong token for one."""
    said = pb.Status(
        code=429, reason="TooManyRequests", message="later", details=pb.StatusDetails(retry_after_seconds=3)
    )
    body = b"k8s\0" + pb.Unknown(raw=said.SerializeToString()).SerializeToString()
    error = answer_error(429, {}, body, ASKED)
    assert isinstance(error, Unavailable)
    assert (error.message, error.reason) == ("https://one:6443 is too busy (429): later", "TooManyRequests")
    assert error.retry_after == 3
    assert answer_error(401, {}, b"k8s\0\xff", ASKED).message.isprintable()


def test_who_may_not_impersonate_asks_as_himself() -> None:
    """As the user of --as the question itself would be denied."""
    asked = replace(ASKED, flags=" --context prod --as bob")
    message = 'User "alice" cannot impersonate resource "users" in API group "" at the cluster scope'
    error = status_error({"code": 403, "reason": "Forbidden", "message": message}, asked)
    assert error.hint.endswith("`kubectl auth can-i impersonate users --context prod -A`")
    message = 'nodes is forbidden: User "bob" cannot list resource "nodes" in API group "" at the cluster scope'
    error = status_error({"code": 403, "reason": "Forbidden", "message": message}, asked)
    assert error.hint.endswith("`kubectl auth can-i list nodes --context prod --as bob -A`")


DENIED = [
    (
        'pods is forbidden: User "alice" cannot list resource "pods" in API group "" at the cluster scope',
        ("list", "pods", ""),
        "https://one:6443 forbids alice to list pods in the whole cluster",
        "`kubectl auth can-i list pods --context prod -A`",
    ),
    (
        'resourceclaims.resource.k8s.io is forbidden: User "system:serviceaccount:a:b" cannot watch resource'
        ' "resourceclaims" in API group "resource.k8s.io" in the namespace "team-a"',
        ("watch", "resourceclaims.resource.k8s.io", "team-a"),
        "https://one:6443 forbids system:serviceaccount:a:b to watch resourceclaims.resource.k8s.io"
        " in namespace team-a",
        "`kubectl auth can-i watch resourceclaims.resource.k8s.io --context prod -n team-a`",
    ),
    (
        'pods "p" is forbidden: User "alice" cannot get resource "pods/log" in API group "" in the namespace "x"',
        ("get", "pods/log", "x"),
        "https://one:6443 forbids alice to get pods/log in namespace x",
        "`kubectl auth can-i get pods --context prod --subresource=log -n x`",
    ),
    (
        'forbidden: User "system:anonymous" cannot get path "/metrics"',
        ("get", "/metrics", ""),
        "https://one:6443 forbids system:anonymous to get /metrics",
        "`kubectl auth can-i get /metrics --context prod`",
    ),
]


@pytest.mark.parametrize(("message", "parts", "sentence", "hint"), DENIED)
def test_a_denial_names_who_what_and_where(message: str, parts: tuple[str, str, str], sentence: str, hint: str) -> None:
    error = said(403, "Forbidden", message)
    assert isinstance(error, ApiForbidden)
    assert (error.verb, error.resource, error.namespace) == parts
    assert error.message == sentence
    assert hint in error.hint


def test_nobody_is_told_to_say_who_they_are() -> None:
    message = (
        'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" at the cluster scope'
    )
    assert said(403, "Forbidden", message).hint == "log in again: `login`"


def test_a_denial_that_is_not_rbac_keeps_its_own_words() -> None:
    error = said(403, "Forbidden", 'pods "x" is forbidden: violates PodSecurity "restricted:latest"')
    assert isinstance(error, ApiForbidden) and error.by_admission
    assert (
        error.message == 'https://one:6443 forbids it: pods "x" is forbidden: violates PodSecurity "restricted:latest"'
    )


def test_a_refused_login_says_what_to_do() -> None:
    error = said(401, "Unauthorized", "Unauthorized")
    assert error.message == "https://one:6443 does not accept the credentials of context 'prod' (401)"
    assert error.hint == "log in again: `login`"


@pytest.mark.parametrize("code", [200, 410])
def test_an_event_that_says_expired_is_gone(code: int) -> None:
    error = status_error({"code": code, "reason": "Expired", "message": "too old resource version: 1 (9)"}, ASKED)
    assert isinstance(error, Gone)
    assert (error.status, error.reason) == (410, "Expired")


@pytest.mark.parametrize("event", [{}, {"code": "x"}, {"code": None, "message": None, "details": "odd"}, {"code": 418}])
def test_an_odd_event_is_an_error_all_the_same(event: dict[str, Any]) -> None:
    error = status_error(event, ASKED)
    assert type(error) is ApiError
    assert error.message.startswith("https://one:6443 refused it")


def test_many_lines_become_one() -> None:
    assert said(422, "Invalid", "a:\n * b\n * c").message == "https://one:6443 refused it (422): a: * b * c"


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[1]", b"null", b'{"kind": "Pod"}', b"\xff\xfe", b'{"kind": "Status"}']
)
def test_bodies_that_are_no_status(body: bytes) -> None:
    error = answer_error(500, {}, body, ASKED)
    assert isinstance(error, Unavailable)
    assert error.message.startswith("https://one:6443 failed (500)")


@pytest.mark.parametrize(("text", "seconds"), [("", None), ("0", 0.0), ("7", 7.0), ("soon", None), ("-1", None)])
def test_retry_after(text: str, seconds: float | None) -> None:
    assert retry_after({"Retry-After": text}) == seconds


def test_retry_after_may_be_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert 50 < (retry_after({"Retry-After": later}) or 0) <= 60
    assert retry_after({"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}) == 0


def test_the_servers_wish_may_stand_in_its_status() -> None:
    error = said(429, "TooManyRequests", "busy", details={"retryAfterSeconds": 3})
    assert isinstance(error, Unavailable)
    assert error.retry_after == 3.0


def test_a_request_that_timed_out_is_both() -> None:
    error = RequestTimedOut("late")
    assert isinstance(error, Unavailable)
    assert isinstance(error, TimedOut)
    assert error.exit == Exit.TIMEOUT
