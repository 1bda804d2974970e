"""KServe on Knative: one write begins (1); a third version (11); annotations (14); plans (15); a guard that does not
hold (19).
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from k8sai.canary.backend import Backend
from k8sai.canary.backends.knative.backend import Knative
from k8sai.canary.backends.kserve_knative.backend import KServeKnative
from k8sai.canary.facts import Json, Phase
from k8sai.errors import Exit
from tests.canary.knatives import isvc, ksvc
from tests.contract.canary_audit import Fate
from tests.contract.canary_plans import GATELESS, STEPS, all_verbs
from tests.contract.canary_stage import QUICK, Stage, staged_beside
from tests.contract.test_canary_knative import PERCENT, Make, Played, Yard
from tests.contract.test_canary_knative import driven as driven
from tests.contract.test_canary_knative import yard as yard
from tests.controlplane.gpu_nodes import NODES, add_nodes, gpu_node
from tests.faults.schedule import Sent

TO = ("--model-uri", "hf://org/chat-v2")
MODEL = "/spec/predictor/model/storageUri"
On = Callable[[Backend, Json], Stage]


@pytest.fixture
def on(yard: Yard, driven: Make, tmp_path: Path) -> Iterator[On]:
    """`on(KServeKnative(), isvc())`: its first revision has all requests, and controllers look at it all the time."""
    nodes = add_nodes(yard.api, [gpu_node("acceptance")] if yard.played else [])
    with ExitStack() as stack:
        for name in nodes:
            stack.callback(yard.api.delete, f"{NODES}/{name}")

        def make(backend: Backend, obj: Json) -> Stage:
            driver = driven(backend, obj)
            assert isinstance(driver, Played)
            return stack.enter_context(staged_beside(driver, tmp_path, driver.settle if driver.shadow else None))

        yield make


def routed(chat: Stage) -> dict[str, int]:
    """Percent by the number of the revision, without those that get nothing."""
    traffic = chat.target["status"]["components"]["predictor"]["traffic"]
    return {one["revisionName"][-1]: one["percent"] for one in traffic if one["percent"]}


def test_1_one_write_with_model_and_percent(on: On) -> None:
    chat = on(KServeKnative(), isvc())
    generation = chat.target["metadata"]["generation"]
    ran = chat("start", *TO, *QUICK)
    assert ran.code == Exit.OK, ran
    (write,) = chat.audit.on_targets
    assert (write.path, write.sets) == (chat.path, {PERCENT: 0, MODEL: "hf://org/chat-v2"})
    assert chat.target["metadata"]["generation"] == generation + 1
    assert routed(chat) == {"1": 100}


def test_11_a_third_version(on: On) -> None:
    """Somebody writes another model mid-run: nothing more is written, and the way back is the old one's."""
    chat = on(KServeKnative(), isvc())
    assert chat("start", *TO, *QUICK).code == Exit.OK
    assert chat("step").code == Exit.OK
    chat.edit({"op": "replace", "path": MODEL, "value": "hf://org/chat-v3"})
    chat.audit.sent.clear()
    ran = chat("run")
    assert (ran.code, chat.state.phase, chat.audit.on_targets) == (Exit.DRIFT, Phase.DRIFTED, []), ran
    ran = chat("rollback")
    assert (ran.code, routed(chat)) == (Exit.OK, {"1": 100}), ran
    ran = chat("rollback", "--restore-spec")
    assert (ran.code, chat.target["spec"]) == (Exit.OK, isvc()["spec"]), ran


def test_14_annotations_are_as_they_were(on: On) -> None:
    """KServe copies them to pods: there, and all the way back."""
    chat = on(KServeKnative(), isvc(annotations={"team": "chat", "note": "ü"}))
    before = chat.target["metadata"]
    assert chat("start", *TO, *QUICK).code == Exit.OK
    ran = chat("run")
    assert (ran.code, routed(chat)) == (Exit.OK, {"2": 100}), ran
    assert chat("rollback").code in (Exit.OK, Exit.REFUSED)
    after = chat.target["metadata"]
    assert [after.get(key) for key in ("annotations", "labels")] == [
        before.get(key) for key in ("annotations", "labels")
    ]


def test_19_a_conflict_with_somebody_else(on: On) -> None:
    """Of a Knative Service: between the look and the write somebody writes another template."""
    chat = on(Knative(), ksvc())
    image = {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "registry/chat:9"}

    def race(sent: Sent) -> Fate:
        if sent.path == chat.path:
            chat.edit(image)
        return "pass"

    chat.audit.meet = race
    ran = chat("start", "--image", "registry/chat:2", *QUICK)
    assert (ran.code, len(chat.audit.on_targets)) == (Exit.DRIFT, 1), ran
    assert chat.target["spec"]["template"]["spec"]["containers"][0]["image"] == "registry/chat:9"
    assert [one for one in chat.ours if "snapshot" in one] == [], "nothing was begun"


@pytest.mark.parametrize("name", ["knative", "kserve-knative"])
def test_15_plans(on: On, name: str) -> None:
    chat = on(Knative(), ksvc()) if name == "knative" else on(KServeKnative(), isvc())
    new = ("--image", "registry/chat:2") if name == "knative" else TO
    all_verbs(chat, *new, *GATELESS, *STEPS)
