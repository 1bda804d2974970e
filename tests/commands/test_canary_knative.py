"""`canary` over KServe on Knative as a user runs it: whole stdout, stderr and exit code."""

import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from k8sai.errors import Exit
from k8sai.sim.cluster import Sim
from tests.canary.knatives import isvc
from tests.commands.run import Ran, environment, run
from tests.commands.server import write_kubeconfig
from tests.contract.api import JSON_PATCH, MERGE, Api, Json
from tests.controlplane.gpu_nodes import add_nodes, gpu_node

_numbers = count(1)
NOTES = """\
note: at 100 % the old revision is in no route and its pods go; to go back then takes a cold start, and works as long \
as Knative has not collected it
note: after a rollback the new model stays in spec.predictor, pinned at 0 %: to remove canaryTrafficPercent would \
promote it
"""
PLAN = """\
patch inferenceservice.serving.kserve.io/chat (json-patch): the new model and 0 % of the requests for it, in one write
  test /metadata/uid "UID"
  test /metadata/generation 1
  test /spec/predictor/canaryTrafficPercent null
  test /status/components/predictor/latestRolledoutRevision "chat-predictor-00001"
  add /spec/predictor/canaryTrafficPercent 0
  replace /spec/predictor/model/storageUri "hf://org/chat-v2"
then waits: KServe has not made the new revision
isvc/chat 1 to write (dry run)
"""
STARTED = """\
TIME isvc/chat: begin: as asked for
TIME isvc/chat: the canary is made, at 0 %
TIME isvc/chat: the canary serves
isvc/chat serves beside the old version, at 0 %
"""
BACK = """\
TIME isvc/chat: roll back to 0 %: asked for
TIME isvc/chat: the canary has 0 % of the requests
isvc/chat rolled back
"""
WARNED = """\
next: kubectl ai-canary forget isvc/chat -n site
warning: canaryTrafficPercent is 0: to remove it would promote chat-predictor-00002
"""


class Chat:
    """`isvc/chat` in a namespace of its own; its first version has all requests."""

    def __init__(self, sim: Sim, folder: Path) -> None:
        self.api, self.namespace, self.folder = Api(sim.server), f"knative{next(_numbers)}", folder
        self.api.post("/api/v1/namespaces", {"metadata": {"name": self.namespace}}).ok()
        self.config = write_kubeconfig(folder / "config", sim.server, namespace=self.namespace)
        place = f"/apis/serving.kserve.io/v1beta1/namespaces/{self.namespace}/inferenceservices"
        self.path = f"{place}/chat"
        self.api.post(place, isvc()).ok()
        self.api.until_object(self.path, self._rolled_out)

    @staticmethod
    def _rolled_out(one: Json) -> bool:
        predictor = ((one.get("status") or {}).get("components") or {}).get("predictor") or {}
        return bool(predictor.get("latestRolledoutRevision"))

    @property
    def spec(self) -> Json:
        found: Json = self.api.get(self.path).ok()["spec"]
        return found

    def __call__(self, *words: str) -> Ran:
        ran = run("kubectl-ai_canary", *words, env=environment(self.folder, KUBECONFIG=str(self.config)))
        return Ran(ran.code, self._clean(ran.out), self._clean(ran.err))

    def _clean(self, text: str) -> str:
        text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", text.replace(self.namespace, "site"))
        return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UID", text)


@pytest.fixture(scope="module")
def knative_sim() -> Iterator[Sim]:
    with Sim("empty") as running:
        api = Api(running.server)
        add_nodes(api, [gpu_node("knative-1"), gpu_node("knative-2")])
        yield running
        api.close()


@pytest.fixture
def chat(knative_sim: Sim, tmp_path: Path) -> Iterator[Chat]:
    made = Chat(knative_sim, tmp_path)
    yield made
    made.api.delete(made.path)


def test_the_plan_is_one_write_with_model_and_percent(chat: Chat) -> None:
    before = chat.spec
    ran = chat("start", "isvc/chat", "--model-uri", "hf://org/chat-v2", "--plan")
    assert (ran.code, ran.out) == (Exit.OK, PLAN)
    assert ran.err.startswith(NOTES)
    assert chat.spec == before


def test_started_shifted_and_taken_back(chat: Chat) -> None:
    ran = chat("start", "isvc/chat", "--model-uri", "hf://org/chat-v2")
    assert (ran.code, ran.out) == (Exit.OK, STARTED)
    assert chat("step", "isvc/chat", "--to", "25", "--force", "a test").code == Exit.OK
    assert chat.spec["predictor"]["canaryTrafficPercent"] == 25
    assert chat("rollback", "isvc/chat") == Ran(Exit.OK, BACK, WARNED)
    assert chat.spec["predictor"]["canaryTrafficPercent"] == 0
    ran = chat("rollback", "isvc/chat", "--restore-spec")
    assert ran.code == Exit.OK
    assert "the old version's text is back" in ran.out
    assert "would promote" not in ran.err, "nothing is pinned any more"
    assert chat.spec == isvc()["spec"]


def test_nothing_rolled_out_yet_writes_nothing(chat: Chat, knative_sim: Sim) -> None:
    """A stopped KServe loses nothing: what it has never rolled out it cannot split against."""
    place = chat.path.rpartition("/")[0]
    young = isvc(nodeSelector={"nowhere": "x"})
    young["metadata"]["name"] = "young"
    chat.api.post(place, young).ok()
    chat.api.until_object(f"{place}/young", lambda one: bool(one.get("status")))
    ran = chat("start", "isvc/young", "--model-uri", "hf://org/chat-v2")
    assert ran == Ran(
        Exit.REFUSED,
        "",
        "error: isvc/young has no latestRolledoutRevision: KServe would ignore the percent and send everything to the "
        "new model\n  → wait until its first version is ready and has all requests\n",
    )
    assert chat.api.get(f"{place}/young").ok()["spec"] == young["spec"]
    chat.api.delete(f"{place}/young")


def test_a_third_version_is_drift_and_rolled_back_all_the_same(chat: Chat) -> None:
    chat("start", "isvc/chat", "--model-uri", "hf://org/chat-v2")
    chat.api.patch(chat.path, {"spec": {"predictor": {"model": {"storageUri": "hf://org/chat-v3"}}}}, MERGE).ok()
    chat.api.until_object(
        chat.path, lambda one: one["status"]["components"]["predictor"]["latestCreatedRevision"][-1] == "3"
    )
    ran = chat("step", "isvc/chat", "--to", "5", "--force", "a test")
    assert ran.code == Exit.DRIFT
    assert "a third revision has appeared: chat-predictor-00003" in ran.out + ran.err
    assert chat.spec["predictor"]["canaryTrafficPercent"] == 0
    assert chat("rollback", "isvc/chat").code == Exit.OK


def test_a_weight_of_somebody_else_is_drift(chat: Chat) -> None:
    chat("start", "isvc/chat", "--model-uri", "hf://org/chat-v2")
    chat("step", "isvc/chat", "--to", "25", "--force", "a test")
    zero = {"op": "replace", "path": "/spec/predictor/canaryTrafficPercent", "value": 0}
    chat.api.patch(chat.path, [zero], JSON_PATCH).ok()
    ran = chat("step", "isvc/chat", "--to", "50", "--force", "a test")
    assert ran.code == Exit.DRIFT
    assert "the canary's weight is 0 %, not 25 %" in ran.out + ran.err
    assert chat.spec["predictor"]["canaryTrafficPercent"] == 0, "and nothing is written"


def test_what_an_inference_service_owns_is_rolled_out_there(chat: Chat) -> None:
    ran = chat("start", "ksvc/chat-predictor", "--image", "x")
    assert ran == Ran(
        Exit.REFUSED,
        "",
        "error: ksvc/chat-predictor belongs to isvc/chat, which would write over it\n"
        "  → `kubectl ai-canary start isvc/chat`\n",
    )
