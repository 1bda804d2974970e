"""`canary list` as a user runs it: whole stdout, stderr and exit code."""

import json
import subprocess

import pytest

from k8sai.canary.facts import Phase
from k8sai.canary.state import Intent
from k8sai.errors import Exit
from tests.commands.canary_kept_site import Site
from tests.commands.run import BIN, Ran, environment

LOST = "warning: isvc/chat has lost its operator\n  → `kubectl ai-canary run isvc/chat -n site`\n"


def test_where_it_is_and_who_holds_it(kept: Site) -> None:
    heading = "TARGET     BACKEND          PHASE   STEP  WEIGHT  HOLDER  AGE\n"
    row = "isvc/chat  kserve-standard  Gating  3/5     25 %  -       20m\n"
    assert kept("list") == Ran(Exit.OK, heading + row, "")
    kept.holds("ben")
    assert kept("list").out.splitlines()[1].split()[-2:] == ["ben@host", "20m"]
    assert kept("list", "-o", "name") == Ran(Exit.OK, "isvc/chat\n", "")


def test_of_all_namespaces(kept: Site) -> None:
    kept.become(reason="needs 100 more requests")
    lines = kept("list", "-A", "-o", "wide").out.splitlines()
    assert lines[0].split()[0] == "NAMESPACE"
    (row,) = [line for line in lines if line.startswith("site ")]
    assert row.split()[-5:] == ["01JD1", "needs", "100", "more", "requests"]
    assert kept("list", "-A", "-n", "site").code == Exit.USAGE


def test_there_are_none(kept: Site) -> None:
    assert kept("list", "-n", "default") == Ran(Exit.OK, "", "note: no canary in namespace default\n")
    assert kept.document("list", "-n", "default")["canaries"] == []


def test_an_operator_who_is_lost(kept: Site) -> None:
    kept.holds("ben", ago=600)
    ran = kept("list")
    assert ran == Ran(
        Exit.OK,
        "TARGET     BACKEND          PHASE                  STEP  WEIGHT  HOLDER                 AGE\n"
        "isvc/chat  kserve-standard  Gating, operator lost  3/5     25 %  ben@host (silent 10m)  20m\n",
        LOST,
    )
    kept.ana.lease.take(steal=True)
    kept.ana.lease.release()
    kept.become(epoch=kept.ana.lease.epoch, pending=Intent("shift", 50, 25, "", "ben"))
    assert kept("list").err == LOST


def test_what_is_not_understood(kept: Site) -> None:
    kept.garble('{"version": 9}')
    ran = kept("list")
    assert ran.code == Exit.PARTIAL
    assert ran.out.splitlines()[1].split()[:4] == ["inferenceservices.serving.kserve.io/chat", "-", "not", "understood"]
    assert ran.err == (
        "warning: inferenceservices.serving.kserve.io/chat: its state is not understood: it is in version 9, and this "
        "k8sai knows 1\n"
        "  → `kubectl ai-canary forget inferenceservices.serving.kserve.io/chat -n site --force`\n"
    )
    (one,) = kept.document("list", code=Exit.PARTIAL)["canaries"]
    assert (one["phase"], one["name"], one["reason"]) == (None, "chat", "it is in version 9, and this k8sai knows 1")


def test_for_scripts(kept: Site) -> None:
    kept.become(phase=Phase.PAUSED, cause="no-data", reason="no numbers for 600 s", drift=())
    found = kept.document("list")
    assert tuple(found)[:6] == ("apiVersion", "kind", "at", "context", "complete", "hidden")
    assert (found["kind"], found["complete"], found["hidden"]) == ("CanaryList", True, [])
    (one,) = found["canaries"]
    assert one == {
        "name": "chat",
        "namespace": "site",
        "target": "isvc/chat",
        "backend": "kserve-standard",
        "id": "01JD1",
        "phase": "Paused",
        "reason": "no numbers for 600 s",
        "cause": "no-data",
        "step": 3,
        "steps": [1, 5, 25, 50, 100],
        "weights": {"set": 25},
        "holder": None,
        "lost": False,
        "drift": [],
        "begun": "TIME",
        "since": "TIME",
        "ended": None,
        "next": "k8sai canary run isvc/chat -n site",
        "exit": 13,
        "configMap": "STEM",
    }


@pytest.mark.parametrize("flags", [(), ("-o", "json")])
def test_watched_it_tells_what_changes(kept: Site, flags: tuple[str, ...]) -> None:
    env = environment(kept.folder, KUBECONFIG=str(kept.config))
    argv = [str(BIN / "kubectl-ai_canary"), "list", "-w", *flags]
    with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = [process.stdout.readline() for _ in range(1 if flags else 2)]
        kept.become(weight=50)
        changed = process.stdout.readline()
        kept.ana.kept.forget()
        gone = process.stdout.readline()
        process.kill()
    if flags:
        told = [json.loads(line)["canaries"] for line in (first[0], changed, gone)]
        assert [[one["weights"]["set"] for one in canaries] for canaries in told] == [[25], [50], []]
    else:
        assert first[1].startswith("isvc/chat  kserve-standard  Gating")
        assert [kept.clean(line) for line in (changed, gone)] == [
            "TIME isvc/chat: Gating 50 %\n",
            "TIME isvc/chat: forgotten\n",
        ]


def test_a_watch_has_no_yaml(kept: Site) -> None:
    assert kept("list", "-w", "-o", "yaml") == Ran(
        Exit.USAGE,
        "",
        "error: -w prints lines or, with -o json, documents: not yaml\n  → `kubectl ai-canary list -w -o json`\n",
    )
