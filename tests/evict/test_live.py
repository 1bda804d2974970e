"""Drains as a screen reads and carries them out, on the embedded cluster."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from k8sai.cluster.connect import connect
from k8sai.cluster.objects import LiveObjects
from k8sai.cluster.options import Options
from k8sai.cluster.writing import Writer
from k8sai.errors import Drift, Locked
from k8sai.evict.facts import Phase
from k8sai.evict.keeping.find import Listed
from k8sai.evict.keeping.kept import Kept
from k8sai.evict.planning.wish import Wish
from k8sai.evict.shown.live import LiveEvictions
from k8sai.evict.state import Settings, Stage, State
from tests.commands.evict_site import EvictSite, evict_sim, evicts
from tests.evict.yard_objects import contract, job
from tests.evict.yard_player import Played

__all__ = ["evict_sim", "evicts"]


@pytest.fixture
def screen(evicts: EvictSite) -> Iterator[LiveEvictions]:
    """With a Job that says how it saves, and room for it elsewhere."""
    evicts.nodes("n0", "n1")
    evicts.put(job("llm", evicts.namespace, pods=1, says=contract("llm")))
    evicts.runs("llm", 1)
    made = live(evicts)
    yield made
    made.stop()


def live(site: EvictSite) -> LiveEvictions:
    connection = connect(Options(kubeconfig=str(site.config)))
    return LiveEvictions(connection, LiveObjects(connection))


def wish(site: EvictSite, **more: Any) -> Wish:
    settings = Settings(ignore_daemonsets=True, wait_ready=50.0, **more)
    return Wish(nodes=tuple(site.where("llm")), settings=settings, namespace=site.namespace,
                state_namespace=site.namespace)  # fmt: skip


def kept(site: EvictSite, drain: str, reached: Callable[[str], bool]) -> None:
    """Until what is kept of it says so."""
    path = f"/api/v1/namespaces/{site.namespace}/configmaps/k8sai-evict-{drain}"
    site.api.until_object(path, lambda one: reached(str(one.get("data"))), 90)


def one(screen: LiveEvictions, drain: str) -> Listed:
    return next(each for each in screen.read().found if each.id == drain)


def test_a_plan_is_carried_out_beside_the_screen(evicts: EvictSite, screen: LiveEvictions) -> None:
    wanted = wish(evicts)
    plan = screen.plan(wanted)
    assert plan.gangs[0].gang.ref.name == "llm"
    assert not screen.busy
    heard = screen.heard
    with evicts.played(llm=Played()):
        screen.drain(wanted, plan)
        assert screen.busy == (plan.id,)
        assert one(screen, plan.id).holder is not None
        kept(evicts, plan.id, lambda text: '"Done"' in text)
    found = one(screen, plan.id)
    assert found.state is not None
    assert (found.state.stage, found.state.gangs[0].phase) == (Stage.DONE, Phase.RESTORED)
    assert screen.heard > heard
    assert one(live(evicts), plan.id).state == found.state, "another screen reads the same"


def test_only_what_has_changed_is_read_again(
    evicts: EvictSite, screen: LiveEvictions, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept_ones = [Kept(Writer(screen._connection), evicts.namespace, name) for name in ("aaaaaa", "bbbbbb")]
    first, second = (one.begin(State(name, "hash", begun="2026-11-22T05:00:00Z"))
                     for one, name in zip(kept_ones, ("aaaaaa", "bbbbbb"), strict=True))  # fmt: skip
    read: list[str] = []
    reads = Kept.read

    def counted(self: Kept) -> Any:
        if self._namespace == evicts.namespace:  # other tests have theirs in the same cluster
            read.append(self._drain)
        return reads(self)

    monkeypatch.setattr(Kept, "read", counted)
    screen.read()
    assert sorted(read) == ["aaaaaa", "bbbbbb"]
    screen.read()
    assert len(read) == 2
    kept_ones[1].save(second, replace(second.state, stage=Stage.DONE))
    found = {each.id: each.state for each in screen.read().found}
    assert read[2:] == ["bbbbbb"]
    assert found["bbbbbb"] is not None and found["bbbbbb"].stage is Stage.DONE
    kept_ones[0].forget(first)
    assert "aaaaaa" not in [each.id for each in screen.read().found]


def test_who_may_not_read_leases_is_not_told_that_nobody_is_at_it(evicts: EvictSite, screen: LiveEvictions) -> None:
    Kept(Writer(screen._connection), evicts.namespace, "cccccc").begin(State("cccccc", "hash"))
    assert one(screen, "cccccc").orphaned
    evicts.grant([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}])
    connection = connect(Options(kubeconfig=str(evicts.config), as_user=evicts.user))
    drains = LiveEvictions(connection, LiveObjects(connection)).read()
    [found] = [each for each in drains.found if each.id == "cccccc"]
    assert (found.blind, found.orphaned, found.state is not None) == (True, False, True)
    assert "leases.coordination.k8s.io" in [gap.what for gap in drains.hidden]


def test_what_is_left_is_taken_up_and_taken_back(evicts: EvictSite, screen: LiveEvictions) -> None:
    wanted = wish(evicts)
    plan = screen.plan(wanted)
    with evicts.played(llm=Played("silent")):
        screen.drain(wanted, plan)
        kept(evicts, plan.id, lambda text: "CheckpointRequested" in text)
        other = live(evicts)
        with pytest.raises(Locked):
            other.resume(one(other, plan.id))
        assert screen.stop() == (plan.id,)
        assert screen.read().ours[plan.id].trouble == "left on its way"
        assert one(other, plan.id).orphaned
        other.resume(one(other, plan.id))
        assert other.busy == (plan.id,)
        said = screen.abort(one(screen, plan.id))
        assert said.endswith("was told to take it back")
        kept(evicts, plan.id, lambda text: '"Aborted"' in text)
    assert evicts.cordoned() == set()
    other.stop()


def test_nothing_is_written_where_the_cluster_is_another_one_by_now(evicts: EvictSite, screen: LiveEvictions) -> None:
    wanted = wish(evicts)
    plan = screen.plan(wanted)
    evicts.api.delete(evicts.path("jobs.batch", "llm"), {"propagationPolicy": "Background", "gracePeriodSeconds": 0})
    evicts.api.until(evicts.path("pods"), lambda pods: not pods, seconds=60)
    with pytest.raises(Drift):
        screen.drain(wanted, plan)
    assert screen.busy == ()
    assert evicts.cordoned() == set()
    assert plan.id not in [each.id for each in screen.read().found]
