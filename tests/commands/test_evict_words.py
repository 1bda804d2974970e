"""What completion offers for `evict`: drains by their id, gangs by namespace and name, nodes, grades."""

import pytest

from k8sai.evict.keeping import names
from tests.commands.evict_site import EvictSite, evict_sim, evicts
from tests.commands.run import environment, run
from tests.evict.yard_objects import contract, job, jobset

__all__ = ["evict_sim", "evicts"]


def press(site: EvictSite, *words: str) -> list[str]:
    """Tab after these words, until the answer is there; no press waits for the cluster."""
    env = environment(site.folder, KUBECONFIG=str(site.config), XDG_CACHE_HOME=str(site.folder / "cache"))
    for _ in range(100):
        ran = run("kubectl_complete-ai_evict", *words, env=env)
        *found, directive = ran.out.splitlines()
        assert (ran.code, ran.err, directive) == (0, "", ":4")
        if found:
            return [site.clean(one) for one in found]
    pytest.fail("the names never came")


def test_a_gang_is_what_owns_its_pods_and_is_owned_by_nobody(evicts: EvictSite) -> None:
    where = evicts.namespace
    evicts.put(job("llm", where, says=contract("llm")), jobset("set", where, says=contract("set")))
    evicts.until("jobs.batch", "set-workers-0", bool)
    assert press(evicts, "plan", "--gang", "") == ["site/llm", "site/set"]  # and not the Jobs of the JobSet


def test_drains_are_named_by_their_id(evicts: EvictSite) -> None:
    place = names.state_at(evicts.namespace, "abc234")
    meta = names.metadata(place, "abc234", "state")
    evicts.api.post(f"/api/v1/namespaces/{evicts.namespace}/configmaps", {"metadata": meta}).ok()
    for verb in ("status", "resume", "abort"):
        assert press(evicts, verb, "ab") == ["abc234"]


def test_grades_are_known_without_a_cluster(evicts: EvictSite) -> None:
    assert press(evicts, "run", "--accept-proof", "") == ["A", "B", "C", "D", "E", "none"]
