"""Beginnings that are refused before anything is written: nothing rolled out yet (2), no quota (12), another version of
the kind (16).
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from k8sai.canary.backends.kserve_knative.backend import KServeKnative
from k8sai.canary.facts import Ref
from k8sai.errors import Exit
from tests.canary.knatives import ISVC, isvc
from tests.contract.canary_stage import Stage, staged, until
from tests.contract.conftest import Server
from tests.contract.definitions import CRDS, define, definition
from tests.contract.test_canary_acceptance_knative import TO, On
from tests.contract.test_canary_acceptance_knative import on as on
from tests.contract.test_canary_knative import Yard
from tests.contract.test_canary_knative import driven as driven
from tests.contract.test_canary_knative import yard as yard
from tests.controlplane.namespaces import new_namespace


@pytest.fixture
def young(yard: Yard, tmp_path: Path) -> Iterator[Stage]:
    """isvc/chat, whose first version finds no node."""
    namespace = new_namespace(yard.api, "young", service_account=not yard.played)
    place = f"/apis/serving.kserve.io/v1beta1/namespaces/{namespace}/inferenceservices"
    yard.api.post(place, isvc(nodeSelector={"nowhere": "x"})).ok()
    if yard.played:
        status = {"components": {"predictor": {"latestCreatedRevision": "chat-predictor-00001"}}}
        yard.api.patch(f"{place}/chat/status", {"status": status}).ok()
    yard.api.until_object(f"{place}/chat", lambda one: bool(one.get("status")))
    with staged(yard.api, Ref(ISVC.kind, namespace, "chat", word="isvc"), f"{place}/chat", tmp_path) as stage:
        yield stage
    yard.api.delete(f"{place}/chat")


def test_2_nothing_rolled_out_yet(young: Stage) -> None:
    """KServe would ignore the percent: the new model would have everything."""
    before = young.target["metadata"]["generation"]
    ran = young("start", *TO)
    assert (ran.code, ran.out) == (Exit.REFUSED, "")
    assert "has no latestRolledoutRevision: KServe would ignore the percent" in ran.err
    assert (young.audit.sent, young.ours, young.target["metadata"]["generation"]) == ([], [], before)


def test_12_no_quota(on: On) -> None:
    """For one GPU: nothing is created."""
    chat = on(KServeKnative(), isvc())
    place = f"/api/v1/namespaces/{chat.ref.namespace}/resourcequotas"
    hard = {"requests.nvidia.com/gpu": "0"}
    chat.api.post(place, {"metadata": {"name": "gpus"}, "spec": {"hard": hard}}).ok()
    until(lambda: (chat.api.get(f"{place}/gpus").ok().get("status") or {}).get("hard") == hard)
    before = chat.target["metadata"]["generation"]
    ran = chat("start", *TO)
    assert (ran.code, ran.out) == (Exit.NO_CAPACITY, ""), ran
    assert "ResourceQuota" in ran.err and "gpus leaves" in ran.err
    assert (chat.audit.sent, chat.ours, chat.target["metadata"]["generation"]) == ([], [], before)


@pytest.fixture
def moved(server: Server, namespace: str, tmp_path: Path) -> Iterator[Stage]:
    """canary/chat of Flagger's, in a version that nobody knows yet."""
    crd = definition("flagger.app", "canaries", "Canary")
    crd["spec"]["versions"][0]["name"] = "v9"
    place = f"{define(server.api, crd)}/namespaces/{namespace}/canaries"
    obj = {"apiVersion": "flagger.app/v9", "kind": "Canary", "metadata": {"name": "chat"}, "spec": {"model": "chat"}}
    server.api.post(place, obj).ok()
    ref = Ref("canaries.flagger.app", namespace, "chat", word="canary")
    with staged(server.api, ref, f"{place}/chat", tmp_path) as stage:
        yield stage
    server.api.delete(f"{CRDS}/{crd['metadata']['name']}").ok()


@pytest.mark.parametrize("verb", ["status", "start"])
def test_16_served_in_another_version(moved: Stage, verb: str) -> None:
    """A weight may be anywhere there: it is not guessed, and what was looked for is named."""
    ran = moved(verb, *(("--image", "x") if verb == "start" else ()))
    assert (ran.code, ran.out) == (Exit.REFUSED, ""), ran
    assert "canary/chat is served as flagger.app/v9; looked for flagger.app/v1beta1" in ran.err
    assert moved.audit.sent == []
