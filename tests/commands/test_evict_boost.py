"""`evict boost` as users run it, on the embedded cluster with Kueue's queues."""

import json
import signal
import subprocess
from collections.abc import Iterator

import pytest
import yaml

from k8sai.ages import stamp
from k8sai.errors import Exit
from tests.commands.evict_site import EvictSite
from tests.commands.run import BIN, environment
from tests.contract.api import MERGE, Json
from tests.evict.yard_objects import PREFIX, contract, jobset, queues

BOOST, OURS = "kueue.x-k8s.io/priority-boost", "k8sai.dev/priority-boost"
WORKLOADS = "workloads.kueue.x-k8s.io"


@pytest.fixture
def site(evicts: EvictSite) -> Iterator[EvictSite]:
    """A JobSet of two pods, admitted."""
    evicts.nodes("n0", "n1")
    evicts.put(*queues(evicts.namespace, 16))
    evicts.put(jobset("llm", evicts.namespace, queue="main", says=contract("llm", checkpoint_interval="1h")))
    evicts.runs("llm-", 2)
    yield evicts


def workload(site: EvictSite) -> Json:
    [one] = site.listed(WORKLOADS)
    return one


def boosted(site: EvictSite) -> tuple[str | None, str | None]:
    """Kueue's annotation, and ours."""
    notes = workload(site)["metadata"].get("annotations") or {}
    return notes.get(BOOST), notes.get(OURS)


def saved(site: EvictSite, ago: float) -> None:
    """It saved, so many seconds ago, and has run for longer."""
    at = stamp(site.now() - ago)
    said = {"step": 8120, "time": at, "snapshotTime": at, "complete": True}
    owner = site.get("jobsets.jobset.x-k8s.io", "llm")
    site.annotate("jobsets.jobset.x-k8s.io", owner, {f"{PREFIX}last-checkpoint": json.dumps(said)})


def test_published_once_changed_and_taken_back(site: EvictSite) -> None:
    ran = site("boost", "--dry-run")
    assert (ran.code, boosted(site)) == (Exit.OK, (None, None))
    assert "feature gate PriorityBoost alone (alpha, off): without it nothing happens" in ran.err
    assert "no checkpoint yet" in ran.out

    found = site.document("boost")
    [one] = found["workloads"]
    assert (found["kind"], one["action"], one["boost"], one["before"]) == ("EvictBoosts", "set", 10, None)
    assert boosted(site) == ("10", "10")
    version = workload(site)["metadata"]["resourceVersion"]
    assert [one["action"] for one in site.document("boost")["workloads"]] == ["keep"]
    assert workload(site)["metadata"]["resourceVersion"] == version

    saved(site, -1)
    assert [one["boost"] for one in site.document("boost", "--most", "50")["workloads"]] == [0]
    assert boosted(site) == ("0", "0")
    site("boost", "--clear")
    assert boosted(site) == (None, None)


def test_what_somebody_else_has_set_stays(site: EvictSite) -> None:
    path = site.path(WORKLOADS, workload(site)["metadata"]["name"])
    site.api.patch(path, {"metadata": {"annotations": {BOOST: "-7"}}}, MERGE).ok()
    for words in ((), ("--clear",)):
        assert [one["action"] for one in site.document("boost", *words)["workloads"]] == ["leave"]
    assert boosted(site) == ("-7", None)

    site.api.patch(path, {"metadata": {"annotations": {BOOST: "-7", OURS: "10"}}}, MERGE).ok()
    site("boost", "--clear")
    assert boosted(site) == ("-7", "10")


def test_who_stops_loses_it(site: EvictSite) -> None:
    site("boost")
    assert boosted(site) == ("10", "10")
    site.api.patch(site.path(WORKLOADS, workload(site)["metadata"]["name"]), {"spec": {"active": False}}, MERGE).ok()
    site.api.until(site.path("pods"), lambda pods: not pods)
    everywhere = site.document("boost", "-A")["workloads"]
    mine = [one for one in everywhere if one["namespace"] == site.namespace]
    assert [one["action"] for one in mine] == ["clear"]
    assert boosted(site) == (None, None)


def test_labels_and_namespaces_choose(site: EvictSite) -> None:
    assert site.document("boost", "-l", "team=nobody")["workloads"] == []
    assert site.document("boost", "-n", "default")["workloads"] == []
    assert boosted(site) == (None, None)


def test_it_goes_on_until_it_is_interrupted(site: EvictSite) -> None:
    env = environment(site.folder, KUBECONFIG=str(site.config))
    words = [str(BIN / "kubectl-ai_evict"), "boost", "-w", "--every", "1s"]
    with subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "none -> 10, no checkpoint yet" in process.stdout.readline()
        saved(site, -1)
        assert "10 -> 0, its checkpoint is 0s old" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == Exit.INTERRUPT
    assert boosted(site) == ("0", "0")


def test_the_role_is_enough_and_no_right_of_it_too_much(site: EvictSite) -> None:
    rules = yaml.safe_load(site("rbac", "--for", "status", "--boost").out)["rules"]
    patches = [one for one in rules if "patch" in one["verbs"]]
    assert [(one["apiGroups"], one["resources"]) for one in patches] == [(["kueue.x-k8s.io"], ["workloads"])]
    site.grant(rules)
    assert site("boost", "--as", site.user).code == Exit.OK
    assert boosted(site) == ("10", "10")
    site.grant([one for one in rules if one is not patches[0]])
    assert site("boost", "--clear", "--as", site.user).code == Exit.FORBIDDEN
    assert boosted(site) == ("10", "10")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--most", "0"), "--most 0: at least 1"),
        (("--interval", "0s"), "--interval 0s: more than nothing"),
        (("-w", "--clear"), "-w goes on publishing"),
    ],
)
def test_what_cannot_be_meant(evicts: EvictSite, words: tuple[str, ...], said: str) -> None:
    ran = evicts("boost", *words)
    assert ran.code == Exit.USAGE
    assert said in ran.err
