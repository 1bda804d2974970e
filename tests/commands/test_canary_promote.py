"""`canary promote` and `canary rollback` as a user runs them: whole stdout, stderr and exit code."""

from k8sai.canary.facts import Phase
from k8sai.canary.keeping.lease import Lease
from k8sai.cluster.connect import connect
from k8sai.cluster.options import Options
from k8sai.cluster.writing import Writer
from k8sai.errors import Exit
from tests.commands.canary_route_site import QUICK, Site
from tests.commands.run import Ran

RUN = "next: kubectl ai-canary run httproute/chat -n site\n"
FORGET = "next: kubectl ai-canary forget httproute/chat -n site\n"


def at_the_last_step(chat: Site, *flags: str) -> None:
    chat.started(*QUICK, *flags)
    for _ in range(2):
        assert chat("step").code == Exit.OK
    assert chat.weights == (50, 50)


# --- promote ----------------------------------------------------------------------------------------------------------


def test_promoted_with_the_old_version_kept(chat: Site) -> None:
    at_the_last_step(chat)
    assert chat("promote") == Ran(
        Exit.OK,
        "TIME httproute/chat: 50 % passes without a gate\n"
        "TIME httproute/chat: promote: asked for\n"
        "TIME httproute/chat: the canary is the stable side\n"
        "httproute/chat promoted; the old version is kept until TIME\n",
        RUN,
    )
    assert (chat.weights, chat.state.phase, chat.state.ended) == ((0, 100), Phase.PROMOTED, "")
    refused = chat("start", "--to", "svc/chat-v1")
    assert (refused.code, refused.out) == (Exit.REFUSED, "")
    assert "the old version of the last rollout is still kept" in refused.err
    assert chat("promote", "--keep-old", "0") == Ran(
        Exit.OK,
        "TIME httproute/chat: retire: its time is over\n"
        "TIME httproute/chat: what the old version held is given back\n"
        "httproute/chat promoted\n",
        "",
    )
    assert chat.weights == (100,)
    assert chat("promote") == Ran(Exit.OK, "httproute/chat unchanged: it is promoted\n", "")
    assert chat("rollback").code == Exit.REFUSED


def test_back_from_a_promotion(chat: Site) -> None:
    at_the_last_step(chat)
    assert chat("promote").code == Exit.OK
    assert chat("rollback", "--reason", "the phones ring") == Ran(
        Exit.OK,
        "TIME httproute/chat: roll back to 0 %: the phones ring\n"
        "TIME httproute/chat: the canary has 0 % of the requests\n"
        "httproute/chat rolled back\n",
        FORGET,
    )
    assert chat.weights == (1, 0)


def test_below_the_last_step(chat: Site) -> None:
    chat.started()
    assert chat("step").code == Exit.OK
    assert chat("promote") == Ran(
        Exit.REFUSED,
        "",
        "error: 5 % is below the last step, 50 %\n"
        "  → `kubectl ai-canary step httproute/chat -n site --next`, or say why with --force REASON\n",
    )
    assert chat.weights == (95, 5)
    assert chat("promote", "--force", "the night was quiet", "--keep-old", "0").code == Exit.OK
    assert list(chat.weights) == [100]
    assert ("force", "the night was quiet") in [(one.verb, one.reason) for one in chat.state.history]


def test_the_plan_of_a_promotion(chat: Site) -> None:
    at_the_last_step(chat)
    ran = chat("promote", "--plan")
    assert (ran.code, ran.out.splitlines()[0]) == (
        Exit.OK,
        "patch httproute.gateway.networking.k8s.io/chat (json-patch): 100 % to svc/chat-v2",
    )
    assert chat.weights == (50, 50)


# --- rollback ---------------------------------------------------------------------------------------------------------


def test_rolled_back_and_again(chat: Site) -> None:
    at_the_last_step(chat)
    plan = chat("rollback", "--plan")
    assert plan.out.splitlines()[-1] == "httproute/chat 1 to write (dry run)"
    assert chat.weights == (50, 50)
    assert chat("rollback").out.splitlines()[-1] == "httproute/chat rolled back"
    assert (chat.weights, chat.state.phase) == ((1, 0), Phase.ROLLED_BACK)
    assert chat("rollback") == Ran(Exit.OK, "httproute/chat unchanged: it is rolled back\n", FORGET)


def test_back_a_little_is_a_pause(chat: Site) -> None:
    at_the_last_step(chat)
    ran = chat("rollback", "--to-weight", "5")
    assert (ran.code, ran.out.splitlines()[-1]) == (Exit.OK, "httproute/chat rolled back to 5 %")
    assert ran.err == "next: kubectl ai-canary resume httproute/chat -n site\n"
    assert (chat.weights, chat.state.phase, chat.state.paused_by) == ((95, 5), Phase.PAUSED, "admin")
    assert chat("rollback", "--to-weight", "5").code == Exit.USAGE


def test_held_by_somebody_else(chat: Site) -> None:
    at_the_last_step(chat)
    config = chat.env()["KUBECONFIG"]
    lease = Lease(Writer(connect(Options(kubeconfig=config))), chat.ref, "ben@host/1/x", background=False)
    lease.take()
    ran = chat("rollback")
    assert (ran.code, ran.out, chat.weights) == (Exit.LOCKED, "", (50, 50))
    assert ran.err.startswith("error: ben@host holds the canary of httproute/chat (renewed ")
    assert chat("rollback", "--steal").code == Exit.OK
    assert chat.weights == (1, 0)
    assert [(one.verb, one.reason) for one in chat.state.history][-2] == ("steal", "from ben@host")


def test_back_with_prometheus_the_canary_and_a_holder_broken(chat: Site) -> None:
    """A6.9: none of them is asked."""
    at_the_last_step(chat)
    root = f"/api/v1/namespaces/{chat.namespace}"
    chat.api.patch(f"{root}/services/prometheus", {"metadata": {"annotations": {"sim.k8sai.dev/prometheus": "503"}}})
    chat.api.delete(f"/apis/apps/v1/namespaces/{chat.namespace}/deployments/chat-v2").ok()
    config = chat.env()["KUBECONFIG"]
    Lease(Writer(connect(Options(kubeconfig=config))), chat.ref, "ben@host/1/x", background=False).take()
    assert chat("rollback", "--steal").code == Exit.OK
    assert chat.weights == (1, 0)


def test_from_drift(chat: Site) -> None:
    at_the_last_step(chat)
    chat.weigh(7)
    assert chat("run").code == Exit.DRIFT
    assert chat.weights == (50, 7)
    assert chat("rollback").code == Exit.OK
    assert chat.weights == (1, 0)
