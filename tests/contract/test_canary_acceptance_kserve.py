"""KServe in Standard mode: a promotion below full size scales first and swaps then (10); no quota (12); annotations
(14); plans (15), of routing groups too; a guard that does not hold (19).
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from k8sai.canary.backends.all import by_name
from k8sai.canary.facts import Json
from k8sai.errors import Exit
from tests.contract.canary_audit import Fate
from tests.contract.canary_plans import GATELESS, STEPS, all_verbs
from tests.contract.canary_stage import QUICK, Stage, staged_beside, until
from tests.contract.kserve_yard import Yard
from tests.contract.test_canary_kserve import Make, available, service
from tests.contract.test_canary_kserve import driven as driven
from tests.contract.test_canary_kserve import yard as yard
from tests.contract.test_canary_kserve_llm import CHAT as LLM
from tests.contract.test_canary_kserve_llm import service as llm_service
from tests.faults.schedule import Sent

TO = ("--model-uri", "hf://org/chat-v2", "--name", "v2")
PERCENT = "/spec/canary/0/trafficPercent"
On = Callable[[Json], Stage]


@pytest.fixture
def on(driven: Make, tmp_path: Path) -> Iterator[On]:
    """`on(service(replicas=4))`: it is ready, and controllers look at it all the time."""
    with ExitStack() as stack:

        def make(obj: Json) -> Stage:
            driver = driven(obj)
            made = stack.enter_context(staged_beside(driver, tmp_path, driver.settle if driver.shadow else None))
            made.available = lambda name: available(driver, name)  # type: ignore[attr-defined]
            return made

        yield make


def test_10_promoted_at_25_percent(on: On) -> None:
    """First the canary's size, then all requests, and only then the old version's place; 14: annotations stay."""
    chat = on(service(replicas=4))
    annotations = chat.target["metadata"]["annotations"]
    assert chat("start", *TO, *QUICK, "--steps", "25,50").code == Exit.OK
    assert chat("step").code == Exit.OK
    assert chat.target["spec"]["canary"][0]["trafficPercent"] == 25
    chat.audit.sent.clear()
    refused = chat("promote")
    assert (refused.code, chat.audit.on_targets) == (Exit.REFUSED, []), refused
    ran = chat("promote", "--force", "the night was quiet", "--keep-old", "0")
    assert ran.code == Exit.OK, ran
    grow, all_of_it, swap = chat.on_target()
    assert (grow.sets["/spec/canary/0/predictor/minReplicas"], PERCENT in grow.sets) == (4, False)
    assert (all_of_it.sets[PERCENT], "/spec/predictor" in all_of_it.sets) == (100, False)
    assert "/spec/predictor" in swap.sets
    assert chat.target["spec"]["predictor"]["model"]["storageUri"] == "hf://org/chat-v2"
    assert chat.target["metadata"]["annotations"] == annotations
    assert ("force", "the night was quiet") in [(one.verb, one.reason) for one in chat.state.history]


def test_10_requests_wait_for_the_size(on: On) -> None:
    """When all requests are moved, the canary has as many pods available as the old version."""
    chat = on(service(replicas=3))
    assert chat("start", *TO, *QUICK, "--steps", "25,50").code == Exit.OK
    assert chat("step").code == Exit.OK
    seen: list[int] = []

    def look(sent: Sent) -> Fate:
        if sent.path == chat.path and sent.sets.get(PERCENT) == 100:
            seen.append(chat.available("chat-v2-predictor"))  # type: ignore[attr-defined]
        return "pass"

    chat.audit.meet = look
    assert chat("promote", "--force", "to see").code == Exit.OK
    assert seen == [3]


def test_12_no_quota(on: On) -> None:
    chat = on(service(replicas=1))
    place = f"/api/v1/namespaces/{chat.ref.namespace}/resourcequotas"
    hard = {"requests.nvidia.com/gpu": "0"}
    chat.api.post(place, {"metadata": {"name": "gpus"}, "spec": {"hard": hard}}).ok()
    until(lambda: (chat.api.get(f"{place}/gpus").ok().get("status") or {}).get("hard") == hard)
    spec = chat.target["spec"]
    ran = chat("start", *TO)
    assert (ran.code, ran.out) == (Exit.NO_CAPACITY, ""), ran
    assert "gpus leaves" in ran.err
    assert (chat.audit.sent, chat.ours, chat.target["spec"]) == ([], [], spec)


def test_19_a_guard_that_does_not_hold(on: On) -> None:
    """Somebody takes the very step that we are about to take."""
    chat = on(service(replicas=1))
    assert chat("start", *TO, *QUICK).code == Exit.OK

    def race(sent: Sent) -> Fate:
        if sent.path == chat.path:
            chat.edit({"op": "replace", "path": PERCENT, "value": 7})
        return "pass"

    chat.audit.sent.clear()
    chat.audit.meet = race
    ran = chat("step")
    assert (ran.code, len(chat.on_target()), chat.target["spec"]["canary"][0]["trafficPercent"]) == (Exit.DRIFT, 1, 7)
    assert f"{PERCENT} of isvc/chat is 7, not 0" in ran.err


def test_15_plans(on: On) -> None:
    all_verbs(on(service(replicas=1)), *TO, *GATELESS, *STEPS)


def test_15_plans_of_a_routing_group(yard: Yard, tmp_path: Path) -> None:
    """Each version is a service of its own there."""
    with yard.driven(by_name("llmisvc-group"), LLM, llm_service()) as driver:
        settle = driver.settle if driver.shadow else None
        with staged_beside(driver, tmp_path, settle) as chat:
            all_verbs(chat, "--model-uri", "hf://org/chat-v2", *GATELESS, *STEPS)
