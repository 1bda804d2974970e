"""`canary start` as a user runs it: whole stdout, stderr and exit code, on the embedded cluster."""

import pytest

from k8sai.canary.facts import Phase
from k8sai.errors import Exit
from tests.canary.routes import deployment
from tests.commands.canary_route_site import QUICK, Site
from tests.commands.run import Ran

STAYS = "note: svc/chat-v1 and its pods stay after the promotion: whoever made them gives back what they hold\n"
NEXT = "next: kubectl ai-canary run httproute/chat -n site\n"
TO = ("--to", "svc/chat-v2")


def test_begun_and_ready(chat: Site) -> None:
    assert chat("start", *TO, *QUICK) == Ran(
        Exit.OK,
        "TIME httproute/chat: begin: as asked for\n"
        "TIME httproute/chat: the canary is made, at 0 %\n"
        "TIME httproute/chat: the canary serves\n"
        "httproute/chat serves beside the old version, at 0 %\n",
        f"{STAYS}{NEXT}",
    )
    state = chat.state
    assert (state.phase, state.cause, state.steps, state.wish) == (
        Phase.PAUSED,
        "start",
        (5, 50),
        {"to": "svc/chat-v2"},
    )
    assert chat.weights == (1, 0)
    again = chat("start", *TO, *QUICK)
    assert again == Ran(Exit.OK, "httproute/chat serves beside the old version, at 0 %\n", NEXT)
    other = chat("start", "--to", "svc/chat-v1")
    assert other == Ran(
        Exit.REFUSED,
        "",
        "error: a canary of httproute/chat is on its way: Paused, 0 %\n"
        "  → `kubectl ai-canary status httproute/chat -n site`, then go on with it or "
        "`kubectl ai-canary rollback httproute/chat -n site`\n",
    )


def test_the_settings_are_kept(chat: Site) -> None:
    flags = ("--slo", "errors<2%", "--slo", "ttft>2s<5%", "--warmup", "1m", "--keep-old", "0", "--max-error", "20%")
    chat.started(*flags, "--on-inconclusive", "rollback", "--min-samples", "50", "--prometheus", "site/prometheus:9090")
    settings = chat.state.settings
    assert [slo.title for slo in settings.slos] == ["errors<2%", "ttft>2s<5%"]
    assert (settings.warmup, settings.keep_old, settings.max_error) == (60, 0, 0.2)
    assert (settings.on_inconclusive, settings.min_samples) == ("rollback", 50)
    assert chat.state.steps == (1, 5, 25, 50, 100)


def test_the_plan(chat: Site) -> None:
    """The route has both versions already: there is nothing to write until the first step."""
    assert chat("start", *TO, "--plan") == Ran(
        Exit.OK,
        "httproute/chat nothing to write (dry run)\n",
        f"{STAYS}note: steps: 1 %, 5 %, 25 %, 50 %, 100 %\n",
    )
    plan = chat.document("start", *TO, "--dry-run=server")
    assert (plan["kind"], plan["dryRun"], plan["changes"]) == ("Plan", "server", [])
    assert chat.ours == []


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ((), "nothing says what the new version is\n  → --image, --model-uri, --set, --patch-file or --to"),
        ((*TO, "--steps", "5,1"), "--steps: '5,1' do not rise\n  → write them as 1,5,25,50,100"),
        ((*TO, "--set", "a"), "--set 'a' is not KEY=VALUE\n  → --set KEY=VALUE"),
        ((*TO, "--max-error", "many"), "--max-error 'many' is not a percentage\n  → --max-error 10%"),
        ((*TO, "--warmup", "soon"), "--warmup: 'soon' is not a duration: write it as 90s, 5m, 1h30m"),
        ((*TO, "-f", "none.yaml"), "none.yaml cannot be read: No such file or directory"),
        ((*TO, "--warm-replicas", "-1"), "--warm-replicas -1 is less than none\n  → 0 lets the first step bring it up"),
    ],
)
def test_flags_that_mean_nothing(chat: Site, flags: tuple[str, ...], said: str) -> None:
    assert chat("start", *flags) == Ran(Exit.USAGE, "", f"error: {said}\n")


def test_what_is_not_there(chat: Site) -> None:
    ran = chat("start", "--to", "svc/chat-v9")
    assert (ran.code, ran.out, chat.ours) == (Exit.NOT_FOUND, "", [])
    assert ran.err.startswith("error: there is no svc/chat-v9 in namespace site")


def test_a_target_that_gitops_keeps(chat: Site) -> None:
    mark = {"argocd.argoproj.io/instance": "chat"}
    chat.api.patch(chat.route, {"metadata": {"labels": mark}}).ok()
    ran = chat("start", *TO)
    assert (ran.code, ran.out, chat.ours) == (Exit.REFUSED, "", [])
    assert "httproute/chat is kept by Argo CD application chat" in ran.err
    assert "--allow-gitops" in ran.err
    assert chat("start", *TO, "--allow-gitops").code == Exit.OK


def test_a_canary_that_finds_no_room(chat: Site) -> None:
    """Its version is there with 0 replicas and asks for GPUs that no node has: nothing is created."""
    root = f"/apis/apps/v1/namespaces/{chat.namespace}/deployments"
    chat.api.delete(f"{root}/chat-v2").ok()
    chat.until(lambda: chat.api.get(f"{root}/chat-v2").status == 404)
    chat.make(deployment("chat-v2", 0, gpus=64))
    ran = chat("start", *TO, "--warm-replicas", "1")
    assert (ran.code, ran.out, chat.ours, chat.weights) == (Exit.NO_CAPACITY, "", [], (1, 0))
    assert "nothing was created" in ran.err
