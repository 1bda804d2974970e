"""A GitOps controller that reverts a weight: it is named, and nobody fights it."""

from typing import Any

import pytest

from k8sai.canary.checks.ownership import writer_of
from k8sai.canary.facts import Phase
from k8sai.canary.running import verbs
from k8sai.errors import Drift
from tests.contract.api import Api
from tests.contract.chat_route import ChatRoute, Operator, needs_routes
from tests.contract.conftest import Server

ARGO = "argocd-controller"
WEIGHT = "/spec/rules/0/backendRefs/1/weight"


@pytest.fixture
def route(api: Api, namespace: str) -> ChatRoute:
    needs_routes(api)
    return ChatRoute(api, namespace)


class Reverting:
    """Applies what Git says as soon as the route is otherwise, and counts how often it had to."""

    def __init__(self, route: ChatRoute) -> None:
        self.route, self.times = route, 0
        self._git = route.manifest(100, 0)

    def __call__(self) -> None:
        if self.route.weights != [100, 0]:
            self.times += 1
            assert self.times < 5, "a fight of writes"
            self.route.admin.apply(self.route.path, self._git, ARGO, force="true").ok()


def test_who_owns_a_weight(route: ChatRoute, api: Api) -> None:
    """Both lists are atomic: whoever writes one weight owns all rules."""
    body: list[dict[str, Any]] = [{"op": "replace", "path": WEIGHT, "value": 5}]
    path = route.path
    api.call("PATCH", path, body, query={"fieldManager": "k8sai"}, content_type="application/json-patch+json").ok()
    ours = writer_of(route.live(), WEIGHT)
    assert ours is not None
    assert (ours.manager, ours.operation, ours.path) == ("k8sai", "Update", "/spec/rules")
    api.apply(path, route.manifest(100, 0), ARGO, force="true").ok()
    theirs = writer_of(route.live(), WEIGHT)
    assert theirs is not None
    assert (theirs.manager, theirs.operation, theirs.path) == (ARGO, "Apply", "/spec/rules")


def test_a_weight_that_is_set_back_between_two_steps(server: Server, route: ChatRoute, api: Api) -> None:
    """The rollout stops as Drifted, says who it was, and writes nothing more, however often it is asked."""
    operator = Operator(route, server.kubeconfig)
    operator.begin()
    with operator.entered() as (hands, held):
        assert held is not None
        verbs.step(hands, held, end=None)
    api.apply(route.path, route.manifest(100, 0), ARGO, force="true").ok()
    assert operator.run().state.phase is Phase.DRIFTED
    assert ARGO in operator.state.reason
    before = route.live()["metadata"]["resourceVersion"]
    operator.run()
    assert route.live()["metadata"]["resourceVersion"] == before
    assert route.weights == [100, 0]


def test_a_weight_that_is_set_back_at_once(server: Server, route: ChatRoute) -> None:
    """Before the gateway has even taken it over: one write, one revert, and no second write."""
    argo = Reverting(route)
    operator = Operator(route, server.kubeconfig, argo)
    operator.begin()
    with pytest.raises(Drift, match=f"was set back .* written by {ARGO}"):
        operator.run()
    assert operator.state.phase is Phase.DRIFTED
    assert ARGO in operator.state.reason
    assert argo.times == 1
    assert route.weights == [100, 0]
