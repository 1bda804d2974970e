"""`--plan` of every verb, with every backend of routes and with Argo's: it is printed, and nothing is sent (15).

Those of KServe and Knative are beside their other acceptance tests.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from k8sai.canary.backends.all import by_name
from k8sai.canary.facts import Ref
from k8sai.errors import Exit
from tests.canary.routes import GATEWAY, deployment, made, pool, service, to
from tests.contract.canary_plans import GATELESS, STEPS, all_verbs
from tests.contract.canary_stage import Stage, staged_beside
from tests.contract.real_definitions import define_real
from tests.contract.test_canary_rollout import Make
from tests.contract.test_canary_rollout import driven as driven
from tests.contract.test_canary_routes import ISTIO, POOL, ROUTES, Gateway, Yard, http_route
from tests.contract.test_canary_routes import yard as yard


@pytest.fixture
def beside() -> Iterator[ExitStack]:
    """What plays while a test runs."""
    with ExitStack() as stack:
        yield stack


def test_15_httproute(yard: Yard, tmp_path: Path, beside: ExitStack) -> None:
    define_real(yard.api, (GATEWAY, "HTTPRoute"), POOL)
    yard.versions("chat-v1", "chat-v2")
    yard.make(http_route({"name": "main", "backendRefs": [to("chat-v1")]}))
    driver = yard.driver(by_name("httproute"), Ref(ROUTES, yard.namespace, "chat", word="httproute"))
    beside.enter_context(Gateway(yard.api, driver.path))
    chat = beside.enter_context(staged_beside(driver, tmp_path))
    all_verbs(chat, "--to", "svc/chat-v2", *GATELESS, *STEPS)
    keeping_verbs(chat)


def keeping_verbs(chat: Stage) -> None:
    """Those that write nothing but the state and the Lease, whatever the backend."""
    assert chat("pause").code == Exit.OK
    chat.holder_died(ago=0)
    before = len(chat.audit.sent)
    for verb in ("resume", "unlock", "forget"):
        ran = chat(verb, *(() if verb == "resume" else ("--force",)), "--plan")
        assert (ran.code, chat.audit.sent[before:]) == (Exit.OK, []), ran
        assert "(dry run)" in ran.out, ran


def test_15_virtualservice(yard: Yard, tmp_path: Path, beside: ExitStack) -> None:
    yard.defined((ISTIO, "VirtualService"), (ISTIO, "DestinationRule"))
    yard.make(service("chat"))
    for name in ("v1", "v2"):
        one, labels = deployment(f"chat-{name}"), {"app": "chat", "version": name}
        one["spec"]["selector"] = {"matchLabels": labels}
        one["spec"]["template"]["metadata"]["labels"] = labels
        yard.make(one)
    yard.until_ready("chat-v1", "chat-v2")
    subsets = [{"name": name, "labels": {"version": name}} for name in ("v1", "v2")]
    yard.make(made(ISTIO, "DestinationRule", "chat", host="chat", subsets=subsets))
    rule = {"name": "main", "route": [{"destination": {"host": "chat", "subset": "v1"}}]}
    yard.make(made(ISTIO, "VirtualService", "chat", hosts=["chat"], http=[rule]))
    ref = Ref("virtualservices.networking.istio.io", yard.namespace, "chat", word="vs")
    chat = beside.enter_context(staged_beside(yard.driver(by_name("virtualservice"), ref), tmp_path))
    all_verbs(chat, "--to", "subset/v2", *GATELESS, *STEPS)


def test_15_modelrewrite(yard: Yard, tmp_path: Path, beside: ExitStack) -> None:
    group = "inference.networking.x-k8s.io"
    define_real(yard.api, (f"{group}/v1alpha2", "InferenceModelRewrite"), POOL)
    yard.make(pool("pool"), deployment("pool"))
    yard.until_ready("pool")
    rule = {"matches": [{"model": {"value": "chat"}}], "targets": [{"modelRewrite": "chat-a"}]}
    yard.make(made(f"{group}/v1alpha2", "InferenceModelRewrite", "chat", poolRef={"name": "pool"}, rules=[rule]))
    ref = Ref(f"inferencemodelrewrites.{group}", yard.namespace, "chat", word="modelrewrite")
    chat = beside.enter_context(staged_beside(yard.driver(by_name("modelrewrite"), ref), tmp_path))
    all_verbs(chat, "--to", "chat-b", *GATELESS, *STEPS, begins=False)


@pytest.mark.parametrize("routed", [False, True])
def test_15_rollout(driven: Make, tmp_path: Path, beside: ExitStack, routed: bool) -> None:
    chat = beside.enter_context(staged_beside(driven(routed=routed), tmp_path))
    all_verbs(chat, "--image", "registry/vllm:2", *GATELESS, steps=False)  # it begins at its first step
