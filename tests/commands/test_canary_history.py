"""`canary history` as a user runs it: whole stdout, stderr and exit code."""

from k8sai.canary.facts import Phase
from k8sai.errors import Exit
from tests.commands.canary_kept_site import Site
from tests.commands.run import Ran


def test_who_did_what_when_and_why(kept: Site) -> None:
    assert kept("history", "isvc/chat") == Ran(
        Exit.OK,
        "AGO  BY   VERB   WEIGHT    REASON\n"
        "20m  ana  start  0 %       image chat:v2\n"
        "10m  ana  shift  5 → 25 %  5 % has passed\n",
        "",
    )
    wide = kept("history", "isvc/chat", "-o", "wide").out.splitlines()
    assert wide[1].split() == ["20m", "TIME", "ana", "start", "0", "%", "image", "chat:v2"]


def test_for_scripts(kept: Site) -> None:
    found = kept.document("history", "isvc/chat")
    assert (found["kind"], found["target"], found["namespace"], found["id"]) == (
        "CanaryHistory",
        "isvc/chat",
        "site",
        "01JD1",
    )
    assert found["entries"][1] == {
        "at": "TIME",
        "by": "ana",
        "verb": "shift",
        "reason": "5 % has passed",
        "before": 5,
        "after": 25,
    }


def test_it_goes_on_with_the_next_rollout(kept: Site) -> None:
    kept.become(phase=Phase.ROLLED_BACK)
    kept.begun(kept.operator("ben"), "01JD2", history=())
    assert kept.document("history", "isvc/chat")["id"] == "01JD2"
    assert [one["verb"] for one in kept.document("history", "isvc/chat")["entries"]] == ["start", "shift"]
