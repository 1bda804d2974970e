"""Asking by HTTP through pods/proxy: what is sent where, what an answer is worth, what the server refuses."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from k8sai.cluster.api_errors import ApiForbidden
from k8sai.evict.facts import Json, Request
from k8sai.evict.method import Asked, Said, Site
from k8sai.evict.methods import reach
from k8sai.evict.methods.http import Http
from tests.cluster.loopback import Loopback, Reply, document, in_turn, status
from tests.cluster.loopback import Request as Sent
from tests.cluster.talking import talking
from tests.evict.methods_site import never, request, site_of

DENIED = 'pods "p" is forbidden: User "ana" cannot create resource "pods/proxy" in API group "" in the namespace "ml"'
DONE = {"requestId": "a1b2c3", "step": 9, "complete": True, "ranks": 2, "worldSize": 2}


def pod(name: str) -> Json:
    meta = {"name": name, "namespace": "ml", "uid": name}
    return {"metadata": meta, "spec": {"containers": [{"name": "main"}]}}


@contextmanager
def proxied(answer: Callable[[Sent], Reply] | Reply, *names: str, **contract: Any) -> Iterator[tuple[Site, Loopback]]:
    """Requests to pods/proxy are answered; everything else is not there."""

    def told(sent: Sent) -> Reply:
        if "/proxy" not in sent.path:
            return status(404, "NotFound", "nothing is here")
        return answer(sent) if callable(answer) else answer

    contract = {"http": "POST :8080/checkpoint", **contract}
    with talking(told) as (connection, loopback):
        yield site_of(connection, [pod(name) for name in names or ("p",)], "ml", **contract), loopback


def asked(site: Site, what: Request | None = None) -> tuple[Said, ...]:
    return Http().ask(site, what or request(), never).said


def test_where_it_goes_and_what_it_says() -> None:
    with proxied(Reply(202), http="PUT :8080/save?x=1") as (site, loopback):
        assert asked(site) == (Said("p", "accepted"),)
        assert Http().rights(site) == (("update", "pods", "proxy", "ml"),)
    (sent,) = loopback.requests
    assert (sent.method, sent.path) == ("PUT", "/api/v1/namespaces/ml/pods/p:8080/proxy/save?x=1")
    said = json.loads(sent.body)
    assert (said["id"], said["reason"], said["requester"], said["deadline"][-1]) == ("a1b2c3", "drain", "ana", "Z")


@pytest.mark.parametrize(
    ("answer", "heard", "why"),
    [
        (Reply(200), "accepted", ""),
        (Reply(202, b"thanks"), "accepted", ""),
        (document(DONE), "answered", ""),
        (document({**DONE, "complete": False}, 202), "accepted", "it has begun to save"),
        (document({**DONE, "requestId": "older1"}), "accepted", "its answer does not name the request"),
        (document({"step": []}), "accepted", "its answer cannot be read: step is []"),
        (Reply(500, b"out of memory"), "failed", "it answered 500: out of memory"),
        (Reply(404), "failed", "it answered 404"),
        (Reply(403, b"no"), "failed", "it answered 403: no"),
        (Reply(302, b"", {"Location": "http://elsewhere"}), "failed", "it answered 302"),
        (status(404, "NotFound", 'pods "p" not found'), "failed", ""),
    ],
)
def test_what_an_answer_is_worth(answer: Reply, heard: str, why: str) -> None:
    with proxied(answer) as (site, loopback):
        (said,) = asked(site)
    assert said.heard == heard
    assert said.why.startswith(why)
    assert len(loopback.requests) == 1, "nothing of it is tried again"


def test_a_missing_right_is_no_answer_of_the_pod() -> None:
    with proxied(status(403, "Forbidden", DENIED)) as (site, _), pytest.raises(ApiForbidden, match="create pods/proxy"):
        asked(site)


def test_nobody_listens_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same id, asked again: the workload takes it for one request."""
    monkeypatch.setattr(reach, "_AGAIN", 0.0)
    refused = status(503, "ServiceUnavailable", "error trying to reach service: dial tcp: connection refused")
    with proxied(in_turn(refused, Reply(202))) as (site, loopback):
        assert asked(site) == (Said("p", "accepted"),)
    assert [json.loads(one.body)["id"] for one in loopback.requests] == ["a1b2c3"] * 2


def test_nobody_ever_listens() -> None:
    """What the server has answered was not carried out, so the next method may be tried."""
    refused = status(503, "ServiceUnavailable", "error trying to reach service: dial tcp: connection refused")
    with proxied(refused) as (site, loopback):
        (said,) = asked(site, request(seconds=0.5))
    assert (said.heard, len(loopback.requests)) == ("failed", 1)


def test_without_any_answer_nobody_knows() -> None:
    with proxied(Reply(cut=True)) as (site, _):
        assert [one.heard for one in asked(site, request(seconds=0.5))] == ["silent"]


def test_who_accepted_is_asked_what_became_of_it() -> None:
    with proxied(in_turn(Reply(202), Reply(202), document(DONE))) as (site, _):
        http, what = Http(), request()
        first = http.ask(site, what, never)
        later = http.look(site, what, first)
        assert (first.said[0].heard, later.said[0].heard) == ("accepted", "accepted")
        (said,) = http.look(site, what, later).said
    assert said.heard == "answered"
    assert said.ack is not None and said.ack.step == 9


def test_who_has_answered_is_not_asked_again() -> None:
    with proxied(document(DONE), "p", "q", scope="all") as (site, loopback):
        http, what = Http(), request()
        first = http.ask(site, what, never)
        assert http.look(site, what, first) == first
    assert len(loopback.requests) == 2


def test_a_paused_rank_is_let_go() -> None:
    with proxied(Reply(200), "p", "q", scope="all", after="pause") as (site, loopback):
        assert Http().rights(site) == (("create", "pods", "proxy", "ml"), ("delete", "pods", "proxy", "ml"))
        Http().withdraw(site, request(), Asked())
    assert sorted((one.method, one.path) for one in loopback.requests) == [
        ("DELETE", f"/api/v1/namespaces/ml/pods/{name}:8080/proxy/checkpoint?id=a1b2c3") for name in "pq"
    ]


def test_taking_back_is_tried_and_no_more() -> None:
    with proxied(status(403, "Forbidden", DENIED)) as (site, _):
        Http().withdraw(site, request(), Asked())
