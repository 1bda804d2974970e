"""`queue why` for who may look at Kueue's objects and at nothing else: what they tell is enough for an answer."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from k8sai.errors import Exit
from k8sai.sim.cluster import Sim
from tests.commands.queue_site import Site

KINDS = ["clusterqueues", "localqueues", "workloads", "cohorts", "resourceflavors"]
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
    assert "jobs.batch" in ran.err


def test_a_job_that_nobody_tells_of_may_not_be_read(site: Site) -> None:
    ran = site("why", "job/none", "--as", "viewer")
    assert (ran.code, ran.out) == (Exit.FORBIDDEN, "")
    assert "forbids viewer to get jobs.batch" in ran.err
