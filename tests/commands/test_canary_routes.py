"""`canary` of what else shares requests out: a VirtualService, models of one pool, Flagger's rollouts."""

from typing import Any

import pytest

from k8sai.errors import Exit
from tests.canary.routes import deployment, made, pool
from tests.commands.canary_route_site import QUICK, Site, chat, chat_sim
from tests.commands.run import Ran, run
from tests.contract.api import Json

__all__ = ["chat", "chat_sim"]

ISTIO = "networking.istio.io/v1"
GROUPS = ("llm-d.ai", "inference.networking.x-k8s.io")


def canary(site: Site, verb: str, target: str, *words: str) -> Ran:
    return site.clean(run("kubectl-ai_canary", verb, target, *words, env=site.env()))


def rewrite(group: str, name: str) -> Json:
    ref = {"group": "inference.networking.k8s.io", "kind": "InferencePool", "name": "pool"}
    rule = {"matches": [{"model": {"type": "Exact", "value": name}}], "targets": [{"modelRewrite": "base"}]}
    return made(f"{group}/v1alpha2", "InferenceModelRewrite", name, poolRef=ref, rules=[rule])


def spec(site: Site, api_version: str, plural: str, name: str) -> Any:
    return site.api.get(f"/apis/{api_version}/namespaces/{site.namespace}/{plural}/{name}").ok()["spec"]


def test_a_virtual_service_goes_up_and_ends_as_it_began(chat: Site) -> None:
    rule = {"name": "main", "route": [{"destination": {"host": "chat-v1"}}]}
    chat.make(made(ISTIO, "VirtualService", "talk", hosts=["talk"], http=[rule]))
    before = spec(chat, ISTIO, "virtualservices", "talk")
    assert canary(chat, "start", "vs/talk", "--to", "svc/chat-v2", *QUICK).code == Exit.OK
    assert canary(chat, "step", "vs/talk", "--next", "--plan") == Ran(
        Exit.OK,
        "patch virtualservice.networking.istio.io/talk (json-patch): 5 % to svc/chat-v2\n"
        '  test /metadata/uid "UID"\n'
        '  test /spec/http/0/name "main"\n'
        '  test /spec/http/0/route/0/destination/host "chat-v1"\n'
        "  test /spec/http/0/route/0/weight 100\n"
        '  test /spec/http/0/route/1/destination/host "chat-v2"\n'
        "  test /spec/http/0/route/1/weight 0\n"
        "  replace /spec/http/0/route/0/weight 95\n"
        "  replace /spec/http/0/route/1/weight 5\n"
        "vs/talk 1 to write (dry run)\n",
        "",
    )
    assert canary(chat, "step", "vs/talk", "--next").code == Exit.OK
    assert canary(chat, "rollback", "vs/talk").code == Exit.OK
    assert spec(chat, ISTIO, "virtualservices", "talk") == before


@pytest.mark.parametrize("group", GROUPS)
def test_a_model_rewrite_is_found_in_whichever_group_it_is(chat: Site, group: str) -> None:
    name = group.partition(".")[0]
    chat.make(pool("pool"), deployment("pool", 2))
    chat.until(lambda: chat.ready("pool"))
    chat.make(rewrite(group, name))
    target = f"modelrewrite/{name}"
    assert canary(chat, "start", target, "--to", "lora", *QUICK).code == Exit.OK
    assert canary(chat, "step", target, "--next").code == Exit.OK
    targets = spec(chat, f"{group}/v1alpha2", "inferencemodelrewrites", name)["rules"][0]["targets"]
    assert targets == [{"modelRewrite": "base", "weight": 95}, {"modelRewrite": "lora", "weight": 5}]
    full = canary(chat, "status", f"inferencemodelrewrites.{group}/{name}")
    assert full.out.startswith(f"{target} · modelrewrite · ")
    assert canary(chat, "rollback", target).code == Exit.OK
    targets = spec(chat, f"{group}/v1alpha2", "inferencemodelrewrites", name)["rules"][0]["targets"]
    assert targets == [{"modelRewrite": "base"}]


def test_a_rollout_of_flaggers_is_shown_and_left_alone(chat: Site) -> None:
    aim = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "chat-v2"}
    chat.make(made("flagger.app/v1beta1", "Canary", "web", targetRef=aim, analysis={"threshold": 5}))
    status = {"status": {"phase": "Progressing", "canaryWeight": 20, "failedChecks": 2}}
    path = f"/apis/flagger.app/v1beta1/namespaces/{chat.namespace}/canaries/web/status"
    chat.api.patch(path, status).ok()
    assert canary(chat, "status", "canary/web") == Ran(
        Exit.OK,
        "canary/web · flagger · no rollout\n"
        "\n"
        "        stable (chat-v2-primary)  canary (chat-v2)\n"
        "weight  80 route                  20 route\n"
        "pods    -                         2/2 ready\n"
        "Flagger: Progressing, 2 of 5 failed checks\n"
        "it is shown, not driven: Flagger rolls it out\n",
        "",
    )
    assert canary(chat, "start", "canary/web", "--image", "x") == Ran(
        Exit.REFUSED,
        "",
        "error: canary/web is rolled out by flagger, which k8sai only shows\n"
        "  → `kubectl ai-canary status canary/web -n site`\n",
    )
    assert chat("start", "--to", "svc/chat-v2") == Ran(
        Exit.REFUSED,
        "",
        "error: deployment/chat-v2 is Flagger's: canary/web writes it\n"
        "  → it rolls out what changes in its target; `kubectl ai-canary status canary/web` shows how far it is\n",
    )
    assert chat.ours == []
