"""`canary forget` and `canary unlock` as a user runs them: whole stdout, stderr and exit code."""

from dataclasses import replace

import pytest

from k8sai.canary.facts import Phase
from k8sai.cluster.options import Options
from k8sai.cluster.patching import Stale
from k8sai.commands import _canary_unlock_run
from k8sai.commands._canary_found import Wish
from k8sai.errors import Exit, Locked
from k8sai.holding import lease
from tests.commands.canary_kept_site import Site
from tests.commands.run import Ran

ALL = ["lease", "snapshot", "state"]
HELD = (
    "error: ben@host holds the canary of isvc/chat (renewed NOW ago, Gating)\n"
    "  → `kubectl ai-canary status isvc/chat -n site` shows what it does; "
    "`kubectl ai-canary rollback isvc/chat -n site --steal` takes it away\n"
)
PLANNED = """\
- configmap/STEM-01jd1-snapshot in namespace site
- configmap/STEM in namespace site
- lease.coordination.k8s.io/STEM in namespace site
isvc/chat forgotten (dry run)
"""
WATCHED = "note: ben@host seems to be gone: watching whether it renews its lease\n"


# --- forget -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", [Phase.ROLLED_BACK, Phase.FAILED])
def test_what_has_ended_is_forgotten(kept: Site, phase: Phase) -> None:
    kept.become(phase=phase)
    assert kept("forget", "isvc/chat", "--plan") == Ran(Exit.OK, PLANNED, "")
    assert kept.objects == ALL
    assert kept("forget", "isvc/chat") == Ran(Exit.OK, "isvc/chat forgotten\n", "")
    assert kept.objects == []
    assert kept("forget", "isvc/chat").code == Exit.NOT_FOUND


def test_what_is_on_its_way_is_not(kept: Site) -> None:
    assert kept("forget", "isvc/chat") == Ran(
        Exit.REFUSED,
        "",
        "error: the canary of isvc/chat is Gating at 25 %: forgotten, k8sai cannot roll it back any more\n"
        "  → `kubectl ai-canary rollback isvc/chat -n site` first; --force forgets it as it is\n",
    )
    assert kept.objects == ALL
    assert kept.ana.lease.holder() is None
    assert kept("forget", "isvc/chat", "--force") == Ran(
        Exit.OK,
        "isvc/chat forgotten\n",
        "warning: the snapshot that leads back is gone; the target stays as it is: Gating at 25 %\n",
    )
    assert kept.objects == []


def test_an_old_side_that_is_kept_for_a_while(kept: Site) -> None:
    kept.become(phase=Phase.PROMOTED, weight=100)
    ran = kept("forget", "isvc/chat")
    assert (ran.code, ran.err.splitlines()[0]) == (
        Exit.REFUSED,
        "error: the canary of isvc/chat is Promoted and keeps its old side for a while: forgotten, k8sai cannot roll "
        "it back any more",
    )
    kept.become(ended="2026-11-21T14:02:00Z")
    assert kept("forget", "isvc/chat").code == Exit.OK


def test_what_somebody_holds_is_not_forgotten(kept: Site) -> None:
    kept.become(phase=Phase.ROLLED_BACK)
    kept.holds("ben")
    ran = kept("forget", "isvc/chat")
    assert (ran.code, ran.err) == (Exit.LOCKED, HELD.replace("Gating", "RolledBack"))
    assert kept("forget", "isvc/chat", "--plan").code == Exit.LOCKED
    assert kept.objects == ALL


def test_by_force_whoever_holds_it_stops_at_the_next_write(kept: Site) -> None:
    ben = kept.holds("ben")
    held = kept.ana.kept.read()
    assert held is not None
    assert kept("forget", "isvc/chat", "--force").code == Exit.OK
    with pytest.raises(Stale):
        kept.ana.kept.save(held, replace(held.state, weight=50))
    with pytest.raises(Locked):
        ben.renew()


def test_what_is_not_understood_can_be_forgotten(kept: Site) -> None:
    kept.garble("nothing")
    assert kept("forget", "isvc/chat", "--force") == Ran(Exit.OK, "isvc/chat forgotten\n", "")
    assert kept.objects == []


def test_the_plan_of_forgetting_as_a_document(kept: Site) -> None:
    kept.become(phase=Phase.ROLLED_BACK)
    tried = kept.document("forget", "isvc/chat", "--dry-run=server")
    assert (tried["dryRun"], kept.objects) == ("server", ALL)
    plan = kept.document("forget", "isvc/chat")
    assert [(one["op"], one["state"]) for one in plan["changes"]] == [("delete", "deleted")] * 3


# --- unlock -----------------------------------------------------------------------------------------------------------


def test_who_is_alive_keeps_it(kept: Site) -> None:
    kept.holds("ben")
    for flags in ((), ("--plan",)):
        assert kept("unlock", "isvc/chat", *flags) == Ran(
            Exit.LOCKED,
            "",
            "error: ben@host holds the canary of isvc/chat (renewed NOW ago, Gating)\n"
            "  → --force takes it away: who holds it stops before the next write\n",
        )
    assert kept.state.epoch == 2


def test_by_force_it_is_taken_away_and_the_history_says_so(kept: Site) -> None:
    ben = kept.holds("ben")
    assert kept("unlock", "isvc/chat", "--force", "--plan").out.splitlines()[:5] == [
        "~ lease.coordination.k8s.io/STEM in namespace site",
        "    - .spec.holderIdentity: ben@host/1/ben",
        "    ~ .spec.leaseTransitions: 2 → 3",
        "~ configmap/STEM in namespace site",
        "    ~ state.json:.epoch: 2 → 3",
    ]
    assert kept.state.epoch == 2
    assert kept("unlock", "isvc/chat", "--force") == Ran(Exit.OK, "isvc/chat unlocked: ben@host held it\n", "")
    line = kept.state.history[-1]
    assert (line.by, line.verb, line.reason, line.after) == ("admin", "unlock", "from ben@host", 25)
    assert (kept.state.epoch, ben.holder()) == (3, None)
    assert kept("unlock", "isvc/chat") == Ran(Exit.OK, "isvc/chat unchanged: nobody holds it\n", "")


def test_who_is_gone_is_watched_first(
    kept: Site, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """In this process, so that the 20 seconds of watching can be none."""
    monkeypatch.setattr(lease, "SILENT", 0.0)
    kept.holds("ben", ago=300)
    assert _canary_unlock_run.run(Wish(Options(kubeconfig=str(kept.config)), ("isvc/chat",))) == Exit.OK
    assert capfd.readouterr() == ("isvc/chat unlocked: ben@host held it\n", WATCHED)
    assert kept.state.history[-1].reason == "ben@host had not renewed for 5m"


def test_a_lease_without_a_state_that_is_understood(kept: Site) -> None:
    kept.holds("ben")
    kept.garble("nothing")
    assert kept("unlock", "isvc/chat", "--force") == Ran(Exit.OK, "isvc/chat unlocked: ben@host held it\n", "")
