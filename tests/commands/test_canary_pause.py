"""`canary pause` and `canary resume` as a user runs them: whole stdout, stderr and exit code."""

import pytest

from k8sai.canary.facts import Phase
from k8sai.canary.state import Intent
from k8sai.errors import Exit
from tests.commands.canary_kept_site import Site
from tests.commands.run import Ran

BACK = "  → `kubectl ai-canary resume isvc/chat -n site` or `kubectl ai-canary rollback isvc/chat -n site`\n"
STAYS = f"note: the canary keeps 25 % of the requests\n{BACK}"
NOBODY = "note: nobody runs it\n  → `kubectl ai-canary run isvc/chat -n site`\n"
PAUSED = """\
~ configmap/STEM in namespace site
    ~ state.json:.phase: Gating → Paused
    ~ state.json:.since: "TIME" → "TIME"
    ~ state.json:.reason: "" → odd
    ~ state.json:.cause: "" → person
    ~ state.json:.pausedBy: "" → admin
    ~ state.json:.pausedIn: "" → Gating
    + state.json:.history[]:
    +   at: "TIME"
    +   by: admin
    +   verb: pause
    +   reason: odd
    +   before: 25
    +   after: 25
"""


def test_paused_and_resumed(kept: Site) -> None:
    assert kept("pause", "isvc/chat", "--reason", "logs look odd") == Ran(Exit.OK, "isvc/chat paused\n", STAYS)
    state = kept.state
    assert (state.phase, state.reason, state.weight) == (Phase.PAUSED, "logs look odd", 25)
    assert kept("pause", "isvc", "chat") == Ran(Exit.OK, "isvc/chat unchanged\n", STAYS)
    assert kept("resume", "isvc/chat") == Ran(Exit.OK, "isvc/chat resumed\n", NOBODY)
    assert (kept.state.phase, kept.state.paused_by) == (Phase.GATING, "")
    assert kept("resume", "inferenceservices.serving.kserve.io/chat").out == "isvc/chat unchanged\n"
    assert [line.verb for line in kept.state.history] == ["start", "shift", "pause", "resume"]


def test_while_somebody_runs_it(kept: Site) -> None:
    """The Lease is not asked for: a pause that had to wait for whoever runs it would be none."""
    kept.holds("ben")
    assert kept("pause", "isvc/chat").code == Exit.OK
    assert kept("resume", "isvc/chat") == Ran(Exit.OK, "isvc/chat resumed\n", "note: ben@host runs it\n")
    assert kept.state.epoch == 2


def test_a_shift_on_its_way_is_finished(kept: Site) -> None:
    kept.become(phase=Phase.SHIFTING, pending=Intent("shift", 50, 25, "", "ben"))
    assert kept("pause", "isvc/chat") == Ran(
        Exit.OK,
        "isvc/chat paused\n",
        f"note: it is on its way to 50 %: that is finished first\nnote: the canary keeps 50 % of the requests\n{BACK}",
    )


@pytest.mark.parametrize("flags", [("--plan",), ("--dry-run=client",), ("--dry-run=server",)])
def test_the_plan_is_shown_and_not_written(kept: Site, flags: tuple[str, ...]) -> None:
    said = " (server dry run)" if "server" in flags[0] else " (dry run)"
    ran = kept("pause", "isvc/chat", "--reason", "odd", *flags)
    assert ran == Ran(Exit.OK, f"{PAUSED}isvc/chat paused{said}\n", STAYS)
    assert kept.state == kept.held.state


def test_the_plan_as_a_document(kept: Site) -> None:
    plan = kept.document("pause", "isvc/chat", "--plan")
    assert (plan["kind"], plan["dryRun"], plan["target"]) == ("Plan", "client", "isvc/chat")
    (change,) = plan["changes"]
    assert (change["op"], change["object"], "state" in change) == ("update", "configmap/STEM", False)
    phase = next(one for one in change["fields"] if one["path"] == "state.json:.phase")
    assert (phase["from"], phase["to"]) == ("Gating", "Paused")
    (written,) = kept.document("pause", "isvc/chat")["changes"]
    assert written["state"] == "written"
    (again,) = kept.document("pause", "isvc/chat")["changes"]
    assert (again["op"], again["fields"], again["state"]) == ("unchanged", [], "unchanged")


def test_only_the_name(kept: Site) -> None:
    assert kept("pause", "isvc/chat", "-o", "name").out == "isvc/chat\n"


def test_what_has_ended(kept: Site) -> None:
    kept.become(phase=Phase.PROMOTED)
    for verb in ("pause", "resume"):
        assert kept(verb, "isvc/chat") == Ran(
            Exit.REFUSED,
            "",
            f"error: there is nothing to {verb}: the canary of isvc/chat is Promoted\n"
            "  → `kubectl ai-canary status isvc/chat -n site`\n",
        )


def test_a_rollback_is_not_held_up(kept: Site) -> None:
    kept.become(phase=Phase.ROLLING_BACK, pending=Intent("rollback", 0, 25, "", "ben"))
    ran = kept("pause", "isvc/chat")
    assert (ran.code, ran.err.splitlines()[0]) == (
        Exit.REFUSED,
        "error: isvc/chat is being rolled back: that is finished first",
    )


@pytest.mark.parametrize("verb", ["pause", "resume", "history", "forget", "unlock"])
def test_there_is_none(kept: Site, verb: str) -> None:
    assert kept(verb, "isvc/other") == Ran(
        Exit.NOT_FOUND,
        "",
        "error: there is no canary of isvc/other in namespace site\n  → `kubectl ai-canary list -A`\n",
    )
    assert kept(verb, "isvcs/chat") == Ran(
        Exit.USAGE, "", "error: 'isvcs' is no kind that is rolled out\n  → did you mean isvc?\n"
    )


def test_what_is_not_understood_is_not_written_over(kept: Site) -> None:
    kept.garble('{"version": 2, "phase": "Gating"}')
    for verb in ("pause", "resume", "history", "forget"):
        assert kept(verb, "isvc/chat") == Ran(
            Exit.REFUSED,
            "",
            "error: what is kept of isvc/chat in configmap/STEM is not understood: it is in version 2, and this k8sai "
            "knows 1\n  → `kubectl ai-canary forget isvc/chat -n site --force` takes it away\n",
        )
