"""`queue why` for who may look at Kueue's objects and at nothing else: what they tell is enough for an answer."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from k8sai.errors import Exit
from k8sai.sim.cluster import Sim
from tests.commands.queue_site import Site

KINDS = ["clusterqueues", "localqueues", "workloads", "cohorts", "resourceflavors"]
PLACES = "clusterqueues.visibility.kueue.x-k8s.io/pendingworkloads"
VIEW = {"apiGroups": ["kueue.x-k8s.io"], "resources": KINDS, "verbs": ["get", "list", "watch"]}


@pytest.fixture(scope="module")
def guarded() -> Iterator[Sim]:
    with Sim("cpu-only", rbac=True) as running:
        yield running


@pytest.fixture
def site(guarded: Sim, tmp_path: Path) -> Site:
    found = Site(guarded, tmp_path)
    found.grant("viewer", VIEW, everywhere=True)
    return found


@pytest.mark.parametrize("words", ["job/large", "large"])
def test_a_job_that_may_not_be_read_is_known_by_its_workload(site: Site, words: str) -> None:
    site.job("large", cpus=8)
    site.waits("large")
    ran = site("why", words, "--as", "viewer", "-o", "name")
    assert (ran.out, ran.code) == ("ExceedsMaxQuota\n", Exit.BLOCKED)
    assert "not read, which does not change the answer" in ran.err  # a plain name may be of any kind: many, cut short
    hidden = site.document("why", words, "--as", "viewer", code=Exit.BLOCKED)["hidden"]
    assert "jobs.batch" in {gap["what"] for gap in hidden}


def test_a_job_that_nobody_tells_of_may_not_be_read(site: Site) -> None:
    ran = site("why", "job/none", "--as", "viewer")
    assert (ran.code, ran.out) == (Exit.FORBIDDEN, "")
    assert "forbids viewer to get jobs.batch" in ran.err


def test_what_a_user_of_one_namespace_may_not_see_is_told_in_two_sentences(site: Site) -> None:
    names = ["localqueues", "workloads"]
    mine = {"apiGroups": ["kueue.x-k8s.io"], "resources": names, "verbs": ["get", "list", "watch"]}
    site.grant("member", mine, {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["get", "list"]})
    site.job("large", cpus=8)
    site.waits("large")
    ran = site("why", "job/large", "--as", "member")
    assert ran.code == Exit.PARTIAL
    assert ran.err.count("warning: ") == 2
    assert "quota and cohorts are left out" in ran.err
    hidden = site.document("why", "job/large", "--as", "member", code=Exit.PARTIAL)["hidden"]
    assert {"clusterqueues.kueue.x-k8s.io", "events", PLACES} <= {gap["what"] for gap in hidden}
    assert all(gap["why"] and gap["hint"] for gap in hidden)
    for verb in ("list", "pending"):
        assert site(verb, "--as", "member").err.count("warning: ") == 1


def test_what_does_not_bear_on_the_answer_is_one_note(site: Site) -> None:
    site.job("large", cpus=8)
    site.waits("large")
    ran = site("why", "job/large", "--as", "viewer")
    assert (ran.code, ran.err.count("note: "), ran.err.count("warning: ")) == (Exit.BLOCKED, 1, 0)
    assert "which does not change the answer" in ran.err
