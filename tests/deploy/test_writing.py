"""What is sent for each write, and what the answers mean."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from k8sai.cluster.api_errors import ApiConflict, ApiError, ApiNotFound, Asked, Unavailable
from k8sai.cluster.connection import Response
from k8sai.cluster.writing import Invalid, Writer
from tests.deploy.objects import RESOURCES, Json, target

Sent = tuple[str, str, Mapping[str, str], Json | None]


class Connection:
    """Answers one after the other; errors are raised. `sent` is what was asked."""

    server = "https://server"

    def __init__(self, *answers: Json | Exception, headers: Mapping[str, str] | None = None) -> None:
        self.answers, self.headers, self.sent = list(answers), headers or {}, list[Sent]()

    def request(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: bytes | None = None, **_: Any
    ) -> Response:
        self.sent.append((method, path, dict(query or {}), json.loads(body) if body else None))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Response(200, self.headers, json.dumps(answer).encode())

    def asked(self, method: str, path: str) -> Asked:
        return Asked(self.server, method, path)


def writer(connection: Connection, manager: str = "k8sai") -> Writer:
    return Writer(connection, manager)  # type: ignore[arg-type]


PATH = "/apis/apps/v1/namespaces/ml/deployments/web"
BODY = {"kind": "Deployment", "metadata": {"name": "web"}}


def test_an_apply_names_its_manager_and_is_strict_and_not_forced() -> None:
    connection = Connection(BODY, BODY)
    writer(connection).apply(target(), BODY)
    writer(connection, "me").apply(target(), BODY, force=True, dry_run=True)
    strict = {"fieldValidation": "Strict"}
    assert connection.sent == [
        ("PATCH", PATH, {"fieldManager": "k8sai", **strict}, BODY),
        ("PATCH", PATH, {"fieldManager": "me", **strict, "dryRun": "All", "force": "true"}, BODY),
    ]


def test_a_delete_is_bound_to_the_uid_and_a_dry_run_is_said_in_the_body() -> None:
    """A server that gets a body does not look at the query."""
    connection = Connection({}, {}, ApiNotFound("gone"))
    assert writer(connection).delete(target(), uid="u")
    assert writer(connection).delete(target(), uid="u", propagation="Foreground", dry_run=True)
    assert not writer(connection).delete(target(), uid="u")
    options = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": "u"}}
    assert connection.sent[:2] == [
        ("DELETE", PATH, {}, {**options, "propagationPolicy": "Background"}),
        ("DELETE", PATH, {}, {**options, "propagationPolicy": "Foreground", "dryRun": ["All"]}),
    ]


def test_warnings_are_kept_once_each() -> None:
    said = '299 - "would violate \\"restricted\\"", 299 - "deprecated", 299 - "deprecated"'
    written = writer(Connection(BODY, headers={"Warning": said})).apply(target(), BODY)
    assert written.warnings == ('would violate "restricted"', "deprecated")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            ApiError("https://server refused it (422): x is invalid: spec: Required value", status=422),
            "x is invalid: spec: Required value",
        ),
        (ApiError("https://server refused it (400): strict decoding error", status=400), "strict decoding error"),
        (
            Unavailable(
                "https://server failed (500): failed to create typed patch object (ml/web; apps/v1, Kind=Deployment): "
                ".spec.x: field not declared in schema",
                status=500,
            ),
            ".spec.x: field not declared in schema",
        ),
        (
            Unavailable(
                "https://server failed (500): failed to create typed patch object (ml/s; /v1, Kind=Secret): "
                ".data.pin: expected string, got &value.valueUnstructured{Value:4711}",
                "try again in a moment",
                status=500,
            ),
            ".data.pin: expected string, not what is written",
        ),
        (
            Unavailable(
                "https://server failed (500): failed to convert new object (ml/s; /v1, Kind=Secret) to proper version: "
                "unable to convert unstructured object to /v1, Kind=Secret: error decoding from json: "
                "illegal base64 data at input byte 7",
                "try again in a moment",
                status=500,
            ),
            "illegal base64 data at input byte 7",
        ),
        (
            ApiError(
                f"https://server refused it (422): x is invalid: spec.a: Invalid value: {{{'a' * 400}}}: no", status=422
            ),
            "x is invalid: spec.a: no",
        ),
    ],
)
def test_what_is_wrong_with_a_manifest_is_no_fault_of_the_server(error: Exception, words: str) -> None:
    with pytest.raises(Invalid) as caught:
        writer(Connection(error)).apply(target(), BODY)
    assert (caught.value.message, caught.value.hint) == (words, "")


def test_what_cannot_be_changed_says_how_it_can() -> None:
    error = ApiError("https://server refused it (422): x is invalid: spec.template: field is immutable", status=422)
    with pytest.raises(Invalid) as caught:
        writer(Connection(error)).apply(target(), BODY)
    assert "`k8sai delete -f FILE`" in caught.value.hint


def busy(wait: float | None, status: int = 429) -> Unavailable:
    return Unavailable("busy", status=status, retry_after=wait)


def test_who_says_when_is_asked_again_then(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    connection = Connection(busy(2), busy(3, 503), BODY)
    writer(connection).apply(target(), BODY)
    assert (waits, len(connection.sent)) == ([2, 3], 3)


@pytest.mark.parametrize("error", [busy(None), busy(None, 503), busy(1, 500), busy(1, 0), busy(61)])
def test_who_does_not_is_not(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    monkeypatch.setattr("time.sleep", lambda _: pytest.fail("waited"))
    connection = Connection(error, BODY)
    with pytest.raises(Unavailable):
        writer(connection).apply(target(), BODY)
    assert len(connection.sent) == 1


def test_a_server_that_is_always_busy_is_left_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    connection = Connection(*[busy(1)] * 9)
    with pytest.raises(Unavailable):
        writer(connection).apply(target(), BODY)
    assert len(connection.sent) == 5


def test_what_is_not_there_is_none() -> None:
    assert writer(Connection(ApiNotFound("no"))).live(target()) is None
    assert writer(Connection(ApiNotFound("no"))).metadata(target()) is None
    assert writer(Connection(ApiNotFound("no"))).members(RESOURCES["Secret"], "ml", "a=b") == []


def test_members_come_page_by_page() -> None:
    first = {"items": [{"metadata": {"name": "a"}}], "metadata": {"continue": "t"}}
    connection = Connection(first, {"items": [{"metadata": {"name": "b"}}]})
    found = writer(connection).members(RESOURCES["Secret"], "ml", "a=b")
    assert [one["metadata"]["name"] for one in found] == ["a", "b"]
    assert [query for _, _, query, _ in connection.sent][1] == {"labelSelector": "a=b", "limit": "500", "continue": "t"}


def test_a_right_is_asked_for_as_it_will_be_used() -> None:
    connection = Connection({"status": {"allowed": True}}, {"status": {}})
    assert writer(connection).may("patch", RESOURCES["Deployment"], "ml", "web")
    assert not writer(connection).may("create", RESOURCES["Namespace"])
    asked = [(body or {})["spec"]["resourceAttributes"] for *_, body in connection.sent]
    assert asked == [
        {
            "verb": "patch",
            "group": "apps",
            "resource": "deployments",
            "version": "v1",
            "namespace": "ml",
            "name": "web",
        },
        {"verb": "create", "group": "", "resource": "namespaces", "version": "v1"},
    ]


def test_a_merge_is_bound_to_the_object_and_its_version() -> None:
    connection = Connection(BODY, BODY)
    patch = {"metadata": {"labels": {"a": None}}, "spec": {"paused": True}}
    writer(connection).merge(target(), patch, uid="u", version="7")
    writer(connection).merge(target(), {}, uid="u", version="7", dry_run=True)
    guard = {"uid": "u", "resourceVersion": "7"}
    strict = {"fieldManager": "k8sai", "fieldValidation": "Strict"}
    assert connection.sent == [
        ("PATCH", PATH, strict, {"metadata": {"labels": {"a": None}, **guard}, "spec": {"paused": True}}),
        ("PATCH", PATH, {**strict, "dryRun": "All"}, {"metadata": guard}),
    ]


REFUSAL = {"kind": "Status", "status": "Failure", "code": 409, "reason": "Conflict", "message": "it has been modified"}


@pytest.mark.parametrize(
    ("said", "error"),
    [(REFUSAL, ApiConflict), ({**REFUSAL, "code": 500}, Unavailable), ({**REFUSAL, "code": 422}, Invalid)],
)
def test_a_refusal_that_is_answered_with_200_is_one(said: Json, error: type[Exception]) -> None:
    """Gateways do that; what is in the body counts."""
    with pytest.raises(error, match="it has been modified"):
        writer(Connection(said)).merge(target(), {}, uid="u", version="7")


def test_an_object_that_talks_of_failures_is_none() -> None:
    body = {**BODY, "status": {"phase": "Failure"}, "kind": "Status"}
    assert writer(Connection(body)).merge(target(), {}, uid="u", version="7").object == body


def test_who_we_are_is_what_the_server_says_else_nobody() -> None:
    told = {"status": {"userInfo": {"username": "eve"}}}
    assert writer(Connection(told)).whoami() == "eve"
    assert writer(Connection(ApiNotFound("no"))).whoami() == ""
