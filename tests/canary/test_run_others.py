"""What somebody else writes on the target of a rollout is found and never written over."""

from typing import Any

import pytest

from k8sai.canary.facts import Phase
from k8sai.canary.outcome import exit_of
from k8sai.canary.running.rollback import rollback
from k8sai.errors import Drift, Exit
from tests.canary.operators import Mortal, Site
from tests.canary.run_cases import HTTPROUTE
from tests.canary.run_site import ROUTE, WEIGHT, somebody, to_step


@pytest.fixture
def site() -> Site:
    return HTTPROUTE.site()


def test_a_weight_that_somebody_else_writes_ends_it_without_another_write(site: Site) -> None:
    site.begun()
    to_step(site, 5)
    before = len(site.on_target())
    somebody(site, 0)
    state = site.driven()
    assert (state.phase, exit_of(state)) == (Phase.DRIFTED, Exit.DRIFT)
    assert state.drift == ("the canary's weight is 0 %, not 5 %",)
    assert len(site.on_target()) == before
    assert site.driven().phase is Phase.DRIFTED
    with pytest.raises(Drift):
        to_step(site, 50)
    assert len(site.on_target()) == before


def test_it_goes_back_from_drift(site: Site) -> None:
    site.begun()
    to_step(site, 5)
    somebody(site, 7)
    site.driven()
    state = site.rolled(rollback)
    assert (state.phase, state.cause) == (Phase.ROLLED_BACK, "asked")
    assert site.weights[-1] == 0


class Raced(Mortal):
    """Somebody writes just before the first write to the target."""

    def send(self, method: str, path: str, *more: Any, **named: Any) -> Any:
        if path == ROUTE and not self._site.on_target():
            somebody(self._site, 3)
        return super().send(method, path, *more, **named)


def test_a_guard_that_does_not_hold_is_drift_with_the_value_and_no_second_write(site: Site) -> None:
    site.begun()
    with pytest.raises(Drift, match=f"^{WEIGHT} of httproute/chat is 3, not 0: nothing was written$"):
        site.driven(Raced(site))
    assert site.on_target() == []
    assert site.state.phase is Phase.DRIFTED
    assert site.state.drift == (f"{WEIGHT} of httproute/chat is 3, not 0",)


def test_a_third_version_is_drift_and_the_snapshot_still_leads_back(site: Site) -> None:
    before = site.target()["spec"]
    site.begun()
    to_step(site, 5)
    image = {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "registry/other:9"}
    site.world.edit("deployments.apps", "chat-v2", image)
    site.world.run(60)
    state = site.driven()
    assert state.phase is Phase.DRIFTED
    assert "version behind svc/chat-v2" in state.reason
    site.rolled(rollback)
    assert site.target()["spec"] == before


def test_a_target_of_another_uid_is_not_touched(site: Site) -> None:
    site.begun()
    spec = site.target()["spec"]
    site.world.delete("httproutes", "chat", "gateway.networking.k8s.io")
    site.world.run()
    made = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "chat"}}
    site.world.has({**made, "spec": spec})
    with pytest.raises(Drift, match="deleted and made anew"):
        site.driven()
    assert site.on_target() == []


def test_what_the_backend_does_not_recognize_is_drift(site: Site) -> None:
    """The rule leads elsewhere: KServe, say, has written the route anew."""
    site.begun()
    to_step(site, 5)
    before = len(site.on_target())
    site.world.edit(site.ref.kind, "chat", {"op": "remove", "path": "/spec/rules/0/backendRefs/1"})
    site.world.settle()
    try:
        site.driven()
    except Drift as error:
        assert "rollback" in error.hint
    assert (site.state.phase, len(site.on_target())) == (Phase.DRIFTED, before)
