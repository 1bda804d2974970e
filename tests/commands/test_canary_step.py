"""`canary step` as a user runs it: whole stdout, stderr and exit code; two at once; guards that do not hold."""

import subprocess
from threading import Event

from k8sai.canary.facts import Phase
from k8sai.errors import Exit
from tests.commands.canary_route_site import Site
from tests.commands.faults import Fate, Faults
from tests.commands.run import BIN, Ran

NEXT = "next: kubectl ai-canary run httproute/chat -n site\n"
GATED = ("--steps", "5,50", "--warmup", "0s", "--interval", "1s")
PLAN = """\
patch httproute.gateway.networking.k8s.io/chat (json-patch): 5 % to svc/chat-v2
  test /metadata/uid "UID"
  test /spec/rules/0/name "main"
  test /spec/rules/0/backendRefs/0/name "chat-v1"
  test /spec/rules/0/backendRefs/0/weight 1
  test /spec/rules/0/backendRefs/1/name "chat-v2"
  test /spec/rules/0/backendRefs/1/weight 0
  replace /spec/rules/0/backendRefs/0/weight 95
  replace /spec/rules/0/backendRefs/1/weight 5
then waits: gateway gateway has not yet said Accepted of what is written
httproute/chat 1 to write (dry run)
"""


def test_one_step_after_the_other(chat: Site) -> None:
    chat.started()
    assert chat("step", "--next") == Ran(
        Exit.OK,
        "TIME httproute/chat: shift to 5 %: asked for\n"
        "TIME httproute/chat: the canary has 5 % of the requests\n"
        "httproute/chat has 5 %, step 1 of 2\n",
        NEXT,
    )
    assert chat.weights == (95, 5)
    unchanged = Ran(Exit.OK, "httproute/chat unchanged: the canary has 5 %\n", NEXT)
    assert chat("step", "--to", "5") == unchanged
    assert chat("step", "--next", "--expect", "0") == unchanged
    document = chat.document("step", "--expect", "5")
    assert (document["kind"], document["step"], document["weights"]["set"]) == ("Canary", 2, 50)
    assert chat("step", "--next") == Ran(
        Exit.REFUSED,
        "",
        "error: 50 % is the last step\n  → `kubectl ai-canary promote httproute/chat -n site`\n",
    )


def test_the_plan(chat: Site) -> None:
    chat.started()
    assert chat("step", "--plan") == Ran(Exit.OK, PLAN, "")
    (change,) = chat.document("step", "--plan")["changes"]
    assert (change["op"], change["verb"], change["form"]) == ("update", "patch", "json-patch")
    assert change["object"] == "httproute.gateway.networking.k8s.io/chat"
    assert change["patch"][-1] == {"op": "replace", "path": "/spec/rules/0/backendRefs/1/weight", "value": 5}
    assert chat("step", "--dry-run=server").out == PLAN.replace("(dry run)", "(server dry run)")
    assert (chat.weights, chat.state.weight) == ((1, 0), 0)


def test_the_gate_decides(chat: Site) -> None:
    chat.started(*GATED, "--min-samples", "100000")
    assert chat("step", "--next").code == Exit.OK
    ran = chat("step", "--next")
    assert (ran.code, ran.out) == (Exit.INCONCLUSIVE, "")
    assert "more requests to the canary (errors<1%): the weight stays" in ran.err
    forced = chat("step", "--next", "--force", "the lab asked for it")
    assert (forced.code, chat.weights) == (Exit.OK, (50, 50))
    assert ("force", "the lab asked for it") in [(one.verb, one.reason) for one in chat.state.history]


def test_a_gate_that_failed_is_not_stepped_past(chat: Site) -> None:
    chat.fails()
    chat.started(*GATED)
    assert chat("step", "--next").code == Exit.OK

    def failed() -> bool:
        ran = chat("step", "--next")
        assert ran.code in (Exit.INCONCLUSIVE, Exit.FAILED_SAFE)
        return ran.code == Exit.FAILED_SAFE and ran.err.startswith("error: the gate failed: errors<1%: ")

    chat.until(failed)
    assert chat.weights == (95, 5)


def test_steps_are_not_skipped(chat: Site) -> None:
    chat.started()
    assert chat("step", "--to", "50") == Ran(
        Exit.REFUSED,
        "",
        "error: 5 % would be skipped\n"
        "  → `kubectl ai-canary step httproute/chat -n site --next`, or say why with --force REASON\n",
    )
    assert chat("step", "--to", "7") == Ran(Exit.USAGE, "", "error: 7 % is no step\n  → the steps are 5,50\n")
    assert chat("step", "--expect", "1").code == Exit.DRIFT
    assert chat("step", "--next", "--to", "5").code == Exit.USAGE
    assert chat.weights == (1, 0)


def test_without_a_rollout(chat: Site) -> None:
    assert chat("step") == Ran(
        Exit.NOT_FOUND,
        "",
        "error: there is no canary of httproute/chat in namespace site\n"
        "  → `kubectl ai-canary start httproute/chat -n site` begins one\n",
    )


def test_of_two_at_once_one_acts(chat: Site) -> None:
    """The first one is held up in the middle of its write; the second one comes meanwhile."""
    chat.started()
    arrived, let_go = Event(), Event()

    def hold(number: int) -> Fate:
        if faults.writes[-1].endswith("/httproutes/chat"):
            arrived.set()
            assert let_go.wait(30)
        return "pass"

    with Faults(chat.server, hold) as faults:
        words = [str(BIN / "kubectl-ai_canary"), "step", "httproute/chat", "--next"]
        first = subprocess.Popen(words, env=chat.env(faults.url), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            assert arrived.wait(30)
            second = chat("step", "--next")
        finally:
            let_go.set()
            first.communicate(timeout=30)
    assert (first.returncode, second.code, second.out) == (Exit.OK, Exit.LOCKED, "")
    assert " holds the canary of httproute/chat (renewed " in second.err
    assert (chat.weights, chat.state.weight) == ((95, 5), 5)
    assert sum(path.endswith("/httproutes/chat") for path in faults.writes) == 1


def test_a_guard_that_does_not_hold(chat: Site) -> None:
    """Somebody writes between the look and the patch: its value is told, and nothing is written again."""
    chat.started()

    def race(number: int) -> Fate:
        if faults.writes[-1].endswith("/httproutes/chat"):
            chat.weigh(3)
        return "pass"

    with Faults(chat.server, race) as faults:
        ran = chat("step", "--next", server=faults.url)
    assert (ran.code, chat.weights) == (Exit.DRIFT, (1, 3))
    assert "error: /spec/rules/0/backendRefs/1/weight of httproute/chat is 3, not 0" in ran.err
    assert sum(path.endswith("/httproutes/chat") for path in faults.writes) == 1
    assert chat.state.phase is Phase.DRIFTED
    again = chat("step", "--next")
    assert (again.code, again.out, chat.weights) == (Exit.DRIFT, "", (1, 3))


def test_a_conflict_is_drift_and_written_once(chat: Site) -> None:
    chat.started()

    def refuse(number: int) -> Fate:
        return 409 if faults.writes[-1].endswith("/httproutes/chat") else "pass"

    with Faults(chat.server, refuse) as faults:
        ran = chat("step", "--next", server=faults.url)
    assert (ran.code, chat.weights) == (Exit.DRIFT, (1, 0))
    assert sum(path.endswith("/httproutes/chat") for path in faults.writes) == 1


def test_an_answer_that_is_lost(chat: Site) -> None:
    chat.started()

    def lose(number: int) -> Fate:
        return "lost" if faults.writes[-1].endswith("/httproutes/chat") else "pass"

    with Faults(chat.server, lose) as faults:
        ran = chat("step", "--next", server=faults.url)
    assert (ran.code, chat.weights, chat.state.weight) == (Exit.OK, (95, 5), 5)
    assert sum(path.endswith("/httproutes/chat") for path in faults.writes) == 1
