"""`queue stop` and `resume` on a real Kueue: what goes on, what loses its reservation, who keeps the place in line."""

from collections.abc import Callable

import pytest

from k8sai.errors import Exit
from tests.controlplane.queue_yard import Yard, accepted, holds
from tests.controlplane.server import ControlPlane

pytestmark = pytest.mark.controlplane


@pytest.fixture
def yard(plane: ControlPlane, addon: Callable[..., None]) -> Yard:
    addon("jobset", "kueue")
    return Yard(plane)


@pytest.mark.parametrize("what", ["cq", "lq"])
def test_without_drain_nobody_is_evicted(yard: Yard, what: str) -> None:
    """The pods are the same and run; by the audit log all that was written is the queue."""
    runs = yard.job("runs")
    yard.runs(runs)
    before = yard.pods()
    name = f"cq/{yard.cq('one')}" if what == "cq" else "lq/one"
    ended, writes = yard.written("stop", name, "--reason", "new nodes")
    assert (ended.code, accepted(writes)) == (
        Exit.OK,
        [f"patch {'clusterqueues' if what == 'cq' else 'localqueues'}"],
    ), ended.err
    assert "1 admitted workload goes on" in ended.err
    late = yard.job("late", gpus=1)
    yard.until(late, lambda one: "is inactive" in str(one["status"]) or "is stopped" in str(one["status"]))
    assert yard.pods() == before and {phase for phase, _ in before.values()} == {"Running"}
    workload = yard.workload(runs)
    assert holds(workload, "Admitted") and not holds(workload, "Evicted")
    assert yard("resume", name).code == Exit.OK


def test_what_is_reserved_only_is_listed_and_loses_it_after_a_yes(yard: Yard) -> None:
    yard.checked()
    job = yard.job("reserved", "checked")
    yard.until(job, lambda one: holds(one, "QuotaReserved"))
    ended, writes = yard.written("stop", "lq/checked")
    assert (ended.code, ended.out, writes) == (Exit.REFUSED, "", [])
    assert f"{yard.namespace}/job/reserved" in ended.err
    ended, writes = yard.written("stop", "lq/checked", "-y")
    assert (ended.code, accepted(writes)) == (Exit.OK, ["patch localqueues"]), ended.err
    assert not holds(yard.waits(job), "Evicted")
    assert yard("resume", "lq/checked").code == Exit.OK
    yard.until(job, lambda one: holds(one, "QuotaReserved"))


def drained(yard: Yard, *words: str) -> tuple[str, str]:
    """An older job runs and a younger one waits; then it is drained with these words, and again. Both jobs."""
    older = yard.job("older")
    yard.runs(older)
    yard.later(older)
    younger = yard.job("younger")
    yard.waits(younger)
    refused, writes = yard.written("stop", *words)
    assert (refused.code, writes) == (Exit.REFUSED, [])
    assert f"{yard.namespace}/job/older" in refused.err
    ended = yard("stop", *words, "-y", "--timeout", "60s")
    assert ended.code == Exit.OK, ended.err
    assert not holds(yard.workload(older), "QuotaReserved")
    assert yard("stop", *words).code == Exit.OK
    return older, younger


def test_what_a_cluster_queue_drained_may_lose_its_place(yard: Yard) -> None:
    """Mostly it does; on a busy machine it was the drained one that was admitted first, once in five times."""
    name = f"cq/{yard.cq('one')}"
    both = drained(yard, name, "--drain")
    back = yard("resume", name)
    assert "drained by the ClusterQueue: 1, younger ones may go before" in back.err
    all_ = yard.api.until(yard.workloads, lambda found: any(holds(one, "Admitted") for one in found.values()))
    assert len(all_) == len(both) and [holds(one, "Admitted") for one in all_.values()].count(True) == 1


@pytest.mark.parametrize("through", [True, False])
def test_what_a_local_queue_drained_keeps_its_place(yard: Yard, through: bool) -> None:
    name = f"cq/{yard.cq('one')}" if through else "lq/one"
    words = ("--drain", "--through-local-queues") if through else ("--drain",)
    older, younger = drained(yard, name, *words)
    if through:
        assert yard.queue("clusterqueues", "one")["spec"]["stopPolicy"] == "Hold"
        assert yard.queue("localqueues", "one")["spec"]["stopPolicy"] == "HoldAndDrain"
    back = yard("resume", name)
    assert back.code == Exit.OK
    assert "the place in line is kept" in back.err
    yard.until(older, lambda one: holds(one, "Admitted"))
    assert not holds(yard.workload(younger), "Admitted")


def test_one_workload(yard: Yard) -> None:
    runs = yard.job("runs")
    name = yard.runs(runs)["metadata"]["name"]
    waits = yard.job("waits")
    yard.waits(waits)
    ended, writes = yard.written("stop", "job/runs")
    assert (ended.code, writes) == (Exit.REFUSED, [])
    assert yard("stop", "job/waits").code == Exit.OK
    ended, writes = yard.written("stop", f"workload/{name}", "--drain", "-y", "--timeout", "60s")
    assert (ended.code, accepted(writes)) == (Exit.OK, ["patch workloads"]), ended.err
    yard.waits(runs)
    assert yard("resume", "job/waits").code == Exit.OK
    yard.until(waits, lambda one: holds(one, "Admitted"))


def test_who_may_not_is_told_before_anything_is_written(yard: Yard) -> None:
    ended = yard("stop", f"cq/{yard.cq('one')}", "--as", "nobody")
    assert (ended.code, ended.out) == (Exit.FORBIDDEN, "")
    assert "`kubectl auth can-i" in ended.err
    assert yard.queue("clusterqueues", "one")["spec"]["stopPolicy"] == "None"
