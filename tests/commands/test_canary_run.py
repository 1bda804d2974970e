"""`canary run` as a user runs it: whole stdout, stderr and exit code; interrupted; with a Prometheus that is ill."""

import os
import re
import signal
import subprocess
from typing import Any

import pytest

from k8sai.canary.facts import Phase
from k8sai.errors import Exit
from tests.commands.canary_route_site import QUICK, Site
from tests.commands.run import BIN, Ran, read_all, terminal

GATED = ("--steps", "50,100", "--warmup", "0s", "--interval", "1s", "--keep-old", "0")
ALONE = (
    "warning: nobody rolls back if this process dies\n"
    "  → `kubectl ai-canary run httproute/chat -n site --detach` runs it in the cluster\n"
)


def test_the_whole_way(chat: Site) -> None:
    chat.started(*QUICK, "--keep-old", "0")
    assert chat("run") == Ran(
        Exit.OK,
        "TIME httproute/chat: shift to 5 %: the first step\n"
        "TIME httproute/chat: the canary has 5 % of the requests\n"
        "TIME httproute/chat: 5 % passes without a gate\n"
        "TIME httproute/chat: shift to 50 %: 5 % has passed\n"
        "TIME httproute/chat: the canary has 50 % of the requests\n"
        "TIME httproute/chat: 50 % passes without a gate\n"
        "TIME httproute/chat: promote: all steps have passed\n"
        "TIME httproute/chat: the canary is the stable side\n"
        "TIME httproute/chat: retire: its time is over\n"
        "TIME httproute/chat: what the old version held is given back\n"
        "httproute/chat promoted\n",
        ALONE,
    )
    assert chat("run") == Ran(Exit.OK, "httproute/chat unchanged: it is Promoted\n", "")


def test_through_the_gate(chat: Site) -> None:
    chat.started(*GATED)
    ran = chat("run")
    assert (ran.code, chat.weights) == (Exit.OK, (100,)), ran
    assert [line.partition(": ")[2] for line in ran.out.splitlines() if "pass" in line] == [
        "the gate has passed at 50 %",
        "shift to 100 %: 50 % has passed",
        "the gate has passed at 100 %",
        "promote: all steps have passed",
    ]


def test_a_gate_that_fails(chat: Site) -> None:
    chat.fails()
    chat.started(*GATED)
    ran = chat("run")
    assert (ran.code, chat.weights, chat.state.phase) == (Exit.FAILED_SAFE, (1, 0), Phase.ROLLED_BACK)
    last = ran.out.splitlines()[-1]
    assert last.startswith("httproute/chat is RolledBack at 0 %: the gate failed: errors<1%: ")
    document = chat.document("run", code=Exit.FAILED_SAFE)
    assert (document["phase"], document["exit"], document["cause"]) == ("RolledBack", 12, "gate")


@pytest.mark.parametrize("ill", ["503", "nan", "empty"])
def test_without_numbers_the_weight_stays(chat: Site, ill: str) -> None:
    note = {"metadata": {"annotations": {"sim.k8sai.dev/prometheus": ill}}}
    chat.api.patch(f"/api/v1/namespaces/{chat.namespace}/services/prometheus", note).ok()
    where = f"{chat.namespace}/prometheus:web"
    chat.started(*GATED, "--no-data-deadline", "2s", "--prometheus", where)
    ran = chat("run")
    assert (ran.code, chat.weights) == (Exit.INCONCLUSIVE, (50, 50)), ran
    assert (chat.state.phase, chat.state.cause, chat.state.passed) == (Phase.PAUSED, "no-data", 0)
    assert "no data: " in ran.out


def test_the_plan(chat: Site) -> None:
    chat.started()
    ran = chat("run", "--plan")
    assert ran.out.splitlines()[0] == "patch httproute.gateway.networking.k8s.io/chat (json-patch): 5 % to svc/chat-v2"
    assert (ran.code, chat.weights) == (Exit.OK, (1, 0))


def test_somebody_else_writes(chat: Site) -> None:
    chat.started()
    assert chat("step").code == Exit.OK
    chat.weigh(0)
    ran = chat("run")
    assert (ran.code, chat.weights, chat.state.phase) == (Exit.DRIFT, (95, 0), Phase.DRIFTED)
    said = "the canary's weight is 0 %, not 5 %, written by python-urllib3 at TIME"
    assert ran.out == f"TIME httproute/chat: {said}\nhttproute/chat is Drifted at 5 %: {said}\n"


def test_paused_by_a_person(chat: Site) -> None:
    chat.started()
    assert chat("pause", "--reason", "lunch").code == Exit.OK
    ran = chat("run")
    assert (ran.code, ran.out, chat.weights) == (Exit.WAITING, "httproute/chat is Paused at 0 %: lunch\n", (1, 0))


def test_its_time_is_over(chat: Site) -> None:
    chat.started("--steps", "5,50", "--warmup", "1h")
    ran = chat("run", "--max-duration", "1s")
    assert (ran.code, chat.weights) == (Exit.TIMEOUT, (95, 5))
    assert "the time is up; the canary has 5 %" in ran.err
    assert chat("run", "--max-duration", "1s", "--exit-zero").code == Exit.OK


def test_without_a_rollout(chat: Site) -> None:
    assert chat("run").code == Exit.NOT_FOUND


# --- interrupted ------------------------------------------------------------------------------------------------------


def waiting(chat: Site) -> "subprocess.Popen[str]":
    """It runs, and waits at 5 %."""
    chat.started("--steps", "5,50", "--warmup", "1h")
    words = [str(BIN / "kubectl-ai_canary"), "run", "httproute/chat"]
    running: subprocess.Popen[str] = subprocess.Popen(
        words, env=chat.env(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stdout
    while "warming up" not in running.stdout.readline():
        assert running.poll() is None
    return running


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_interrupted_it_leaves_the_weight_and_says_what_stands(chat: Site, number: Any, code: int) -> None:
    running = waiting(chat)
    running.send_signal(number)
    _, err = running.communicate(timeout=30)
    said = chat.clean(Ran(running.returncode, "", err))
    assert said == Ran(
        code,
        "",
        f"{ALONE}warning: httproute/chat stays at 5 % (Gating), and nobody rolls it back\n"
        "  → `kubectl ai-canary run httproute/chat -n site` goes on, "
        "`kubectl ai-canary rollback httproute/chat -n site` takes it back\n",
    )
    assert chat.weights == (95, 5)
    assert chat("rollback").code == Exit.OK  # the Lease was given back


def test_killed_it_is_gone_on_with(chat: Site) -> None:
    running = waiting(chat)
    running.kill()
    running.communicate(timeout=30)
    status = chat("status")
    assert status.code in (Exit.WAITING, Exit.ORPHANED)
    assert chat("rollback", "--steal").code == Exit.OK
    assert chat.weights == (1, 0)


def test_on_a_terminal_one_line_changes(chat: Site) -> None:
    chat.started("--steps", "5,50", "--warmup", "1h")
    with terminal("kubectl-ai_canary", "run", "httproute/chat", env=chat.env(), columns=120) as (process, master):
        shown = ""
        while not re.search(r"warming up: not counted … \d s", shown):
            shown += os.read(master, 65536).decode()
        process.send_signal(signal.SIGINT)
        shown += b"".join(read_all(master)).decode()
        assert process.wait(30) == Exit.INTERRUPT
    assert "\r\x1b[K" in shown
    assert "stays at 5 % (Gating)" in shown


def test_what_a_person_has_taken_back_is_not_promoted(chat: Site) -> None:
    chat.started()
    assert chat("step").code == Exit.OK
    assert chat("rollback").code == Exit.OK
    ran = chat("run")
    assert (ran.code, chat.weights) == (Exit.FAILED_SAFE, (1, 0))
    assert ran.out == "httproute/chat unchanged: it is RolledBack\n"
