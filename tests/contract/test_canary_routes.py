"""Rollouts of routes against the real definitions: HTTPRoute, VirtualService and InferenceModelRewrite.

Pods are run by the server's own controllers; where no gateway runs, the test says that it has taken a route over.
"""

from collections.abc import Iterator
from threading import Event, Thread
from typing import Any

import pytest

from k8sai.canary.backend import Begin, Goal, Promote, Retire, Rollback, Shift, Write
from k8sai.canary.backends.modelrewrite.backend import ModelRewrite
from k8sai.canary.backends.routes.httproute import HttpRoute
from k8sai.canary.backends.routes.virtualservice import VirtualService
from k8sai.canary.facts import Json, Prepared, Ref, Wish
from k8sai.cluster.patching import Stale
from k8sai.errors import Refused
from tests.canary.routes import GATEWAY, deployment, made, pool, service, to
from tests.contract.api import JSON_PATCH, Api
from tests.contract.canary_driver import Driver
from tests.contract.conftest import Nodes, Server
from tests.contract.real_definitions import define_real

ROUTES = "httproutes.gateway.networking.k8s.io"
POOL = ("inference.networking.k8s.io/v1", "InferencePool")
ISTIO = "networking.istio.io/v1"
REWRITES = ("llm-d.ai/v1alpha2", "inference.networking.x-k8s.io/v1alpha2")


class Yard:
    """A namespace with two versions of chat; `driver.path` is the target's. A gateway may be played."""

    def __init__(self, server: Server, namespace: str, selector: dict[str, str]) -> None:
        self.server, self.api, self.namespace, self._selector = server, server.api, namespace, selector

    def defined(self, *kinds: tuple[str, str]) -> None:
        """By the real definitions; where no folder has them, as the embedded cluster has the kinds built in."""
        try:
            define_real(self.api, *kinds)
        except pytest.skip.Exception:
            if self.server.plane:
                raise

    def make(self, *objects: Json) -> None:
        for obj in objects:
            version, kind = obj["apiVersion"], obj["kind"].lower()
            prefix = "/api/v1" if version == "v1" else f"/apis/{version}"
            obj["metadata"]["namespace"] = self.namespace
            if kind == "deployment":
                obj["spec"]["template"]["spec"]["nodeSelector"] = self._selector
            self.api.post(f"{prefix}/namespaces/{self.namespace}/{kind}s", obj).ok()

    def versions(self, *names: str) -> None:
        """A Service and a Deployment each, with ready pods."""
        for name in names:
            self.make(service(name), deployment(name))
        self.until_ready(*names)

    def until_ready(self, *names: str) -> None:
        for name in names:
            path = f"/apis/apps/v1/namespaces/{self.namespace}/deployments/{name}"
            self.api.until_object(path, lambda one: bool((one.get("status") or {}).get("readyReplicas")))

    def driver(self, backend: Any, ref: Ref) -> Driver:
        return Driver.of(self.api, self.server.kubeconfig, backend, ref)


@pytest.fixture
def yard(server: Server, namespace: str, nodes: Any) -> Yard:
    found: Nodes = nodes(1)
    return Yard(server, namespace, found.selector)


def goals(driver: Driver, prepared: Prepared, *asked: Goal) -> list[Write]:
    return [write for goal in asked for write in driver.reach(goal, prepared)]


# --- HTTPRoute --------------------------------------------------------------------------------------------------------


class Gateway:
    """Takes every generation of a route over, as a gateway that knows all its backends."""

    def __init__(self, api: Api, path: str) -> None:
        self._api, self._path, self._ended = api, path, Event()
        self._thread = Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Gateway":
        self._thread.start()
        self._api.until_object(self._path, lambda one: bool((one.get("status") or {}).get("parents")))
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._api.patch(self._path, {"metadata": {"labels": {"test": "over"}}}).ok()  # so that it looks up
        self._thread.join()

    def _run(self) -> None:
        collection, _, name = self._path.rpartition("/")
        query = {"fieldSelector": f"metadata.name={name}"}
        for objects, _ in self._api.follow(collection, query):
            if self._ended.is_set():
                return
            for obj in objects.values():
                self._take_over(obj)

    def _take_over(self, obj: Json) -> None:
        generation = obj["metadata"]["generation"]
        said = {"status": "True", "message": "", "observedGeneration": generation, "lastTransitionTime": _LONG_AGO}
        conditions = [{**said, "type": kind, "reason": kind} for kind in ("Accepted", "ResolvedRefs")]
        parents = [
            {"parentRef": ref, "controllerName": "example.com/gateway", "conditions": conditions}
            for ref in obj["spec"]["parentRefs"]
        ]
        if (obj.get("status") or {}).get("parents") != parents:
            self._api.patch(f"{self._path}/status", {"status": {"parents": parents}})


_LONG_AGO = "2026-11-21T14:00:00Z"


def http_route(*rules: Json) -> Json:
    return made(GATEWAY, "HTTPRoute", "chat", parentRefs=[{"name": "outside"}], rules=[*rules])


@pytest.fixture
def route(yard: Yard) -> Iterator[Driver]:
    """httproute/chat: a named rule and one without a name, all requests to chat-v1, nobody has written a weight."""
    yard.defined((GATEWAY, "HTTPRoute"), POOL)
    yard.versions("chat-v1", "chat-v2")
    yard.make(http_route({"name": "main", "backendRefs": [to("chat-v1")]}, {"backendRefs": [to("chat-v1")]}))
    driver = yard.driver(HttpRoute(), Ref(ROUTES, yard.namespace, "chat", word="httproute"))
    with Gateway(yard.api, driver.path):
        yield driver


def weights(driver: Driver) -> list[dict[str, int]]:
    rules = driver.target()["spec"]["rules"]
    return [{ref["name"]: ref["weight"] for ref in rule["backendRefs"]} for rule in rules]


def test_a_route_goes_up_step_by_step_and_ends_on_the_new_side(route: Driver) -> None:
    wish = Wish(to="svc/chat-v2")
    prepared = route.prepare(wish)
    writes = goals(route, prepared, Begin(wish, 0), Shift(5), Shift(50), Promote(), Retire())
    assert [one.weight for one in writes] == [0, 5, 50, 100, None]
    assert weights(route) == [{"chat-v2": 100}] * 2
    assert goals(route, prepared, Retire()) == []


def test_a_rollback_ends_with_the_route_as_it_was(route: Driver) -> None:
    wish = Wish(to="svc/chat-v2", headers={"x-canary": "yes"})
    before = route.target()["spec"]
    prepared = route.prepare(wish)
    goals(route, prepared, Begin(wish, 0), Shift(25))
    assert weights(route)[:2] == [{"chat-v1": 75, "chat-v2": 25}] * 2 and len(weights(route)) == 4
    first, second = goals(route, prepared, Rollback())
    assert (first.weight, second.why) == (0, "svc/chat-v2 is no longer referred to")
    assert route.target()["spec"] == before


def test_a_pool_follows_a_service(route: Driver, yard: Yard) -> None:
    yard.make(pool("pool-v2"), deployment("pool-v2"))
    yard.until_ready("pool-v2")
    wish = Wish(to="inferencepool/pool-v2")
    prepared = route.prepare(wish)
    goals(route, prepared, Begin(wish, 0), Shift(10))
    seen = route.see(prepared)
    assert seen.canary and (seen.canary.name, seen.canary.ready, seen.configured) == ("pool-v2", 1, 10)


def test_of_two_that_shift_at_once_one_is_told_that_it_came_late(route: Driver) -> None:
    wish = Wish(to="svc/chat-v2")
    prepared = route.prepare(wish)
    goals(route, prepared, Begin(wish, 0))
    one, other = route.step(Shift(5), prepared), route.step(Shift(50), prepared)
    assert isinstance(one, Write) and isinstance(other, Write)
    route.carry(one)
    with pytest.raises(Stale):
        route.carry(other)
    assert weights(route) == [{"chat-v1": 95, "chat-v2": 5}] * 2


def test_names_beyond_ascii_do_not_break_guards(route: Driver, yard: Yard) -> None:
    """What a rule sets is copied into the rule for headers; what a guard tests is spelled as the server spells it."""
    header = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "x-note", "value": "<ü>"}]}}
    change = [{"op": "add", "path": "/spec/rules/0/filters", "value": [header]}]
    yard.api.patch(route.path, change, JSON_PATCH).ok()
    wish = Wish(to="svc/chat-v2", headers={"x-canary": "<ü>"})
    prepared = route.prepare(wish)
    goals(route, prepared, Begin(wish, 0), Shift(25))
    assert route.see(prepared).drift == ()


# --- VirtualService ---------------------------------------------------------------------------------------------------


def test_a_virtual_service_is_rolled_out_between_subsets(yard: Yard) -> None:
    yard.defined((ISTIO, "VirtualService"), (ISTIO, "DestinationRule"))
    yard.make(service("chat"))
    for name in ("v1", "v2"):
        one = deployment(f"chat-{name}")
        labels = {"app": "chat", "version": name}
        one["spec"]["selector"] = {"matchLabels": labels}
        one["spec"]["template"]["metadata"]["labels"] = labels
        yard.make(one)
    yard.until_ready("chat-v1", "chat-v2")
    subsets = [{"name": name, "labels": {"version": name}} for name in ("v1", "v2")]
    yard.make(made(ISTIO, "DestinationRule", "chat", host="chat", subsets=subsets))
    rule = {"name": "main", "route": [{"destination": {"host": "chat", "subset": "v1"}}]}
    yard.make(made(ISTIO, "VirtualService", "chat", hosts=["chat"], http=[rule]))
    driver = yard.driver(
        VirtualService(), Ref("virtualservices.networking.istio.io", yard.namespace, "chat", word="vs")
    )
    wish, before = Wish(to="subset/v2", headers={"x-canary": "yes"}), driver.target()["spec"]
    prepared = driver.prepare(wish)
    goals(driver, prepared, Begin(wish, 0), Shift(5))
    there = driver.target()["spec"]["http"]
    assert [one["name"] for one in there] == ["main-canary", "main"]
    assert [one["weight"] for one in there[1]["route"]] == [95, 5]
    seen = driver.see(prepared)
    assert seen.canary and (seen.canary.ready, seen.stable.ready, seen.drift) == (1, 1, ())
    goals(driver, prepared, Rollback())
    assert driver.target()["spec"] == before
    goals(driver, prepared, Begin(wish, 0), Promote(), Retire())
    (left,) = driver.target()["spec"]["http"]
    assert left["route"] == [{"destination": {"host": "chat", "subset": "v2"}, "weight": 100}]


# --- model rewrites ---------------------------------------------------------------------------------------------------


@pytest.fixture(params=REWRITES)
def rewrite(request: pytest.FixtureRequest, yard: Yard) -> Driver:
    """modelrewrite/chat in one of the two groups: requests for chat go to chat-a, in a pool."""
    yard.defined((request.param, "InferenceModelRewrite"), POOL)
    yard.make(pool("pool"), deployment("pool"))
    yard.until_ready("pool")
    rule = {"matches": [{"model": {"value": "chat"}}], "targets": [{"modelRewrite": "chat-a"}]}
    yard.make(made(request.param, "InferenceModelRewrite", "chat", poolRef={"name": "pool"}, rules=[rule]))
    group = request.param.partition("/")[0]
    ref = Ref(f"inferencemodelrewrites.{group}", yard.namespace, "chat", word="modelrewrite")
    return yard.driver(ModelRewrite(), ref)


def test_a_model_rewrite_goes_up_and_back(rewrite: Driver) -> None:
    wish, before = Wish(to="chat-b"), rewrite.target()["spec"]
    prepared = rewrite.prepare(wish)
    writes = goals(rewrite, prepared, Begin(wish, 0), Shift(5), Shift(50), Promote())
    assert [one.weight for one in writes] == [5, 50, 100]
    assert rewrite.target()["spec"]["rules"][0]["targets"] == [{"modelRewrite": "chat-b", "weight": 100}]
    seen = rewrite.see(prepared)
    assert (seen.stable.percent, seen.configured, seen.stable.ready) == (0, 100, 1)
    goals(rewrite, prepared, Rollback())
    assert rewrite.target()["spec"] == before


def test_what_servers_take_of_targets_and_nobody_can_mean_is_refused_here(rewrite: Driver, yard: Yard) -> None:
    both = [{"modelRewrite": "chat-a", "weight": 1}, {"modelRewrite": "chat-c"}]
    for targets, said in ((both, "without a weight beside one with"), ([both[0], both[0]], "as a target twice")):
        change = [{"op": "replace", "path": "/spec/rules/0/targets", "value": targets}]
        yard.api.patch(rewrite.path, change, JSON_PATCH).ok()
        with pytest.raises(Refused, match=said):
            rewrite.prepare(Wish(to="chat-b"))
    nothing = [{"op": "replace", "path": "/spec/rules/0/targets/0/weight", "value": 0}]
    body = yard.api.patch(rewrite.path, nothing, JSON_PATCH).refused(422, "Invalid")
    assert "spec.rules[0].targets[0].weight" in body["message"]
