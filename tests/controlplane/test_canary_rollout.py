"""`k8sai canary` on a Rollout with Argo's own controller, beside colleagues who use Argo's own plugin."""

from collections.abc import Callable

import pytest

from k8sai.canary.backend import Begin
from k8sai.canary.facts import Json
from k8sai.errors import Exit
from tests.canary.rollouts import TO_V2, V1, V2
from tests.controlplane.rollout_yard import Yard
from tests.controlplane.server import ControlPlane

pytestmark = pytest.mark.controlplane

START = ("--image", V2, "--timeout", "60s")
PAUSED: Json = {"op": "add", "path": "/spec/paused", "value": True}


@pytest.fixture
def yard(plane: ControlPlane, namespace: str, addon: Callable[..., None]) -> Yard:
    addon("argo-rollouts")
    if not (plane.binaries / "kubectl-argo-rollouts").is_file():
        pytest.skip(f"{plane.binaries} has no kubectl-argo-rollouts")
    return Yard(plane, namespace)


def started(yard: Yard, *, routed: bool = False) -> None:
    """At the first step."""
    yard.has(routed=routed)
    assert yard("start", *START).code == Exit.OK
    assert yard("step").code == Exit.OK


def status(yard: Yard) -> Json:
    found: Json = yard.chat.target()["status"]
    return found


def home(yard: Yard) -> None:
    """The old version has all there is, and nothing is left to try again."""
    live = yard.chat.target()
    container = live["spec"]["template"]["spec"]["containers"][0]
    assert (container["image"], live["status"]["currentPodHash"]) == (V1, live["status"]["stableRS"])
    assert not {"abort", "promoteFull", "pauseConditions"} & live["status"].keys()
    if "weights" in live["status"]["canary"]:
        assert live["status"]["canary"]["weights"]["canary"]["weight"] == 0
    sets = yard.plane.api.get(f"/apis/apps/v1/namespaces/{yard.namespace}/replicasets").ok()["items"]
    stable = next(one for one in sets if one["metadata"]["name"].endswith(live["status"]["stableRS"]))
    assert stable["status"]["availableReplicas"] == 4


def test_there_and_on_by_commands(yard: Yard) -> None:
    started(yard, routed=True)
    refused = yard("step")
    assert refused.code == Exit.INCONCLUSIVE, refused.err  # nothing is counted yet
    assert status(yard)["canary"]["weights"]["canary"]["weight"] == 25
    assert yard("step", "--force", "a test").code == Exit.OK
    assert status(yard)["canary"]["weights"]["canary"]["weight"] == 75
    assert yard("promote", "--force", "a test").code == Exit.OK
    assert status(yard)["stableRS"] == status(yard)["currentPodHash"]
    spec = yard.chat.target()["spec"]["template"]["spec"]
    assert spec["containers"][0]["image"] == V2
    assert "dnsPolicy" not in spec  # nothing of the server's lands in what Git has
    yard.chat.api.delete(yard.chat.path)


@pytest.mark.parametrize("routed", [False, True])
def test_a_rollback_of_one_that_is_paused_takes_all_requests_back(yard: Yard, routed: bool) -> None:
    started(yard, routed=routed)
    yard.plugin("pause", "chat")
    assert yard("rollback").code == Exit.OK
    home(yard)


def test_a_rollback_after_promote_full_takes_all_requests_back(yard: Yard) -> None:
    """The plugin's own abort says `aborted` there, and nothing is."""
    yard.has(routed=True)
    never = ("--image", V2, "--set", r"metadata.annotations.test\.k8sai\.dev/never-start=yes", "--timeout", "3s")
    assert yard("start", *never).code == Exit.TIMEOUT
    yard.plugin("promote", "chat", "--full")
    yard.until(yard.chat, lambda one: one["status"].get("promoteFull") and one["status"]["currentStepIndex"] == 6)
    assert "aborted" in yard.plugin("abort", "chat")
    yard.until(yard.chat, lambda one: not one["status"].get("abort"))
    assert status(yard)["promoteFull"]
    assert yard("rollback").code == Exit.OK
    home(yard)


def test_an_edit_of_the_steps_after_an_abort_is_told_as_a_restart(yard: Yard) -> None:
    started(yard)
    yard.plugin("abort", "chat")
    yard.until(yard.chat, lambda one: one["status"].get("phase") == "Degraded")
    steps = [{"setWeight": 50}, {"pause": {}}]
    yard.edit({"op": "replace", "path": "/spec/strategy/canary/steps", "value": steps})
    yard.until(yard.chat, lambda one: one["status"].get("pauseConditions"))
    ended = yard("run", "--max-duration", "5m")
    assert ended.code == Exit.DRIFT, ended.err
    assert "has begun the canary again, at the first step" in ended.out + ended.err
    assert "aborted" not in ended.out + ended.err
    assert yard("rollback").code == Exit.OK
    home(yard)


def test_a_colleagues_promote_in_the_middle_is_drift(yard: Yard) -> None:
    started(yard)
    yard.plugin("promote", "chat")
    yard.until(yard.chat, lambda one: one["status"].get("currentStepIndex") == 5)
    ended = yard("run", "--max-duration", "5m")
    assert ended.code == Exit.DRIFT, ended.err
    assert "the canary's weight is 75 %, not 25 %" in ended.out + ended.err
    assert yard("rollback").code == Exit.OK
    home(yard)


def test_while_the_controller_is_down_a_step_is_asked_for_once(yard: Yard) -> None:
    """The plugin's second promote skips a step there."""
    started(yard)
    yard.plane.processes.kill("argo-rollouts")
    try:
        for _ in range(2):
            ended = yard("step", "--force", "a test", "--timeout", "2s")
            assert ended.code == Exit.TIMEOUT, ended.err
        assert status(yard)["currentStepIndex"] == 1
        assert "pauseConditions" not in status(yard)
    finally:
        yard.plane.processes.start_again("argo-rollouts")
    assert yard("step", "--to", "75", "--timeout", "60s").code == Exit.OK
    assert status(yard)["currentStepIndex"] == 5


def test_a_version_that_somebody_else_has_on_its_way_is_refused(yard: Yard) -> None:
    driver = yard.has()
    driver.reach(Begin(TO_V2, 25), driver.prepare(TO_V2))
    ended = yard("start", "--image", "registry/vllm:3")
    assert (ended.code, ended.out) == (Exit.REFUSED, "")
    assert "a version on its way already" in ended.err
