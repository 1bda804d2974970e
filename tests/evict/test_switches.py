"""Stopping once and starting whole: what is written, and under which guards; whatever happens in between."""

from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.evict.facts import Contract, PodRef
from k8sai.evict.gangs.resolve import resolve
from k8sai.evict.keeping.names import MARK, PARKED
from k8sai.evict.state import GangState
from k8sai.evict.switches.all import next_start, next_stop
from k8sai.evict.switches.parked import PARKABLE, as_gang
from k8sai.evict.switches.step import REPLICAS, Never, Step, Wait, Write
from k8sai.sim import json_patch
from tests.evict.gang_shelf import GangShelf, jobset, made, of_jobset, pod, workload

Json = dict[str, Any]
DRAIN, OTHER = "abc234", "xyz789"


@dataclass
class Bench:
    """Objects, and a gang found by the first pod of them; `taken` are the writes that were carried out."""

    shelf: GangShelf
    state: GangState
    taken: list[Write]

    @classmethod
    def of(cls, *objects: Json) -> "Bench":
        shelf = GangShelf(*deepcopy(list(objects)))
        pods = [one for one in shelf.objects if one["kind"] == "Pod"]
        gang = resolve(pods[:1], shelf.reading()).gangs[0]
        refs = tuple(PodRef("ml", one["metadata"]["name"], one["metadata"]["uid"], "a") for one in gang.pods)
        return cls(shelf, GangState(gang.id, gang.ref, gang.kind, refs, 0.0, Contract(), gang.switch), [])

    def stop(self) -> Step:
        return next_stop(self.state, self.shelf.reading(), DRAIN)

    def start(self) -> Step:
        return next_start(self.state, self.shelf.reading(), DRAIN)

    def find(self, write: Write) -> Json:
        return next(one for one in self.shelf.objects if one["metadata"]["uid"] == write.on.uid)

    @property
    def lever(self) -> Json:
        on = self.state.switch.on
        assert on is not None
        return next(one for one in self.shelf.objects if one["metadata"]["uid"] == on.uid)

    def take(self, write: Write) -> bool:
        """As an API server does: all of it, or nothing where a guard does not hold."""
        live = self.find(write)
        if write.patch:
            try:
                after = json_patch.apply(deepcopy(live), json_patch.operations_of(_json(write.patch)))
            except json_patch.Inapplicable:
                return False
            live.clear()
            live.update(after)
        elif write.eviction:
            assert write.eviction["deleteOptions"]["preconditions"] == {"uid": live["metadata"]["uid"]}
            live["metadata"]["deletionTimestamp"] = "2026-11-22T04:00:00Z"
        else:
            assert write.delete["preconditions"] == {"uid": live["metadata"]["uid"]}
            self.shelf.objects.remove(live)
        self.taken.append(write)
        return True

    def gone(self) -> None:
        """Its pods have ended."""
        self.shelf.objects = [one for one in self.shelf.objects if one["kind"] != "Pod"]

    def stopped(self) -> None:
        """Once, and its pods are gone."""
        step = self.stop()
        assert isinstance(step, Write) and self.take(step)
        self.gone()


def _json(patch: list[Json]) -> bytes:
    import json

    return json.dumps(patch).encode()


def suspended() -> Bench:
    return Bench.of(*of_jobset(jobset("llm")))


def queued() -> Bench:
    owner = jobset("llm")
    return Bench.of(*of_jobset(owner), workload("llm", owner, "QuotaReserved"))


def old_operator() -> Bench:
    """Its runPolicy is not there at all."""
    top = made("kubeflow.org/v1", "PyTorchJob", "old", {"pytorchReplicaSpecs": {}})
    return Bench.of(top, pod("old-0", top), pod("old-1", top))


def scaled() -> Bench:
    top = made("apps/v1", "StatefulSet", "set", {"replicas": 3})
    return Bench.of(top, *(pod(f"set-{index}", top) for index in range(3)))


LEVERS = {"suspend": suspended, "kueue": queued, "runPolicy": old_operator, "scale": scaled}
RUNS = {"suspend": False, "kueue": True, "runPolicy": False, "scale": 3}


def stands(bench: Bench) -> Any:
    value: Any = bench.lever
    for name in bench.state.switch.path:
        value = value.get(name, {}) if isinstance(value, dict) else None
    return value


# --- on one object ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", LEVERS)
def test_the_mark_comes_with_the_stop_and_goes_with_the_start(kind: str) -> None:
    bench = LEVERS[kind]()
    bench.stopped()
    notes = bench.lever["metadata"]["annotations"]
    assert (notes[PARKED], notes[MARK]) == (DRAIN, DRAIN)
    assert bench.stop() is None
    start = bench.start()
    assert isinstance(start, Write) and bench.take(start)
    assert bench.lever["metadata"]["annotations"] == {}
    assert stands(bench) == RUNS[kind]
    assert bench.start() is None and len(bench.taken) == 2


@pytest.mark.parametrize("kind", LEVERS)
def test_it_is_started_by_its_mark_alone(kind: str) -> None:
    """Without the state: the replicas to go back to are a mark too."""
    bench = LEVERS[kind]()
    bench.stopped()
    found = as_gang(bench.lever, bench.shelf.reading())
    assert found.ref.uid == bench.state.ref.uid and found.switch.on is not None
    assert found.switch.on.kind in PARKABLE
    start = next_start(found, bench.shelf.reading(), DRAIN)
    assert isinstance(start, Write) and bench.take(start)
    assert stands(bench) == RUNS[kind] and REPLICAS not in bench.lever["metadata"]["annotations"]


@pytest.mark.parametrize("kind", LEVERS)
def test_it_is_not_started_before_its_pods_have_ended(kind: str) -> None:
    bench = LEVERS[kind]()
    step = bench.stop()
    assert isinstance(step, Write) and bench.take(step)
    waits = bench.start()
    assert isinstance(waits, Wait) and waits.why.startswith("its pods to end")
    for one in bench.shelf.objects:
        if one["kind"] == "Pod":
            one["status"] = {"phase": "Failed"}
    assert isinstance(bench.start(), Write)


@pytest.mark.parametrize("kind", LEVERS)
def test_of_two_that_decide_at_once_one_writes(kind: str) -> None:
    bench = LEVERS[kind]()
    first, second = bench.stop(), bench.stop()
    assert first == second and isinstance(first, Write) and isinstance(second, Write)
    assert bench.take(first) and not bench.take(second)


@pytest.mark.parametrize("kind", LEVERS)
def test_another_object_of_the_same_name_is_not_stopped(kind: str) -> None:
    bench = LEVERS[kind]()
    step, lever = bench.stop(), bench.lever
    lever["metadata"]["uid"] = "new"
    assert isinstance(bench.stop(), Never)
    assert isinstance(step, Write)
    lever["metadata"]["uid"] = "new"
    with pytest.raises(json_patch.Inapplicable):
        json_patch.apply(deepcopy(lever), json_patch.operations_of(_json(step.patch)))


@pytest.mark.parametrize("kind", LEVERS)
def test_what_somebody_else_stopped_is_waited_for_and_never_started(kind: str) -> None:
    bench = LEVERS[kind]()
    step = bench.stop()
    assert isinstance(step, Write) and bench.take(step)
    bench.lever["metadata"]["annotations"] = {PARKED: OTHER}
    waits = bench.stop()
    assert isinstance(waits, Wait) and OTHER in waits.why
    assert bench.start() is None


def test_somebody_who_started_it_again_is_left_alone() -> None:
    """No second stop; the start only takes the marks away."""
    bench = suspended()
    bench.stopped()
    bench.lever["spec"]["suspend"] = False
    assert isinstance(bench.stop(), Never)
    start = bench.start()
    assert isinstance(start, Write)
    assert [one["op"] for one in start.patch if one["path"] == "/spec/suspend"] == ["test"]


def test_one_that_was_stopped_once_is_not_stopped_again_though_its_mark_is_gone() -> None:
    bench = suspended()
    assert isinstance(next_stop(replace(bench.state, stops=1), bench.shelf.reading(), DRAIN), Never)


def test_a_gang_without_a_switch_is_never_stopped() -> None:
    owner = made("example.com/v1", "Magic", "m")
    bench = Bench.of(pod("m-0", owner))
    assert isinstance(bench.stop(), Never) and bench.start() is None


@given(
    kind=st.sampled_from(sorted(LEVERS)),
    events=st.lists(st.sampled_from(["look", "lost", "taken", "saved", "resumed", "paused", "gone"]), max_size=12),
)
def test_whatever_happens_it_is_stopped_at_most_once(kind: str, events: list[str]) -> None:
    """Writes that are lost, or taken without anybody hearing of it; others who stop and start it meanwhile."""
    bench = LEVERS[kind]()
    path = f"/{'/'.join(bench.state.switch.path)}"
    halted = {"kueue": False, "scale": 0}.get(kind, True)
    pending: Step = None
    for event in events:
        if event == "look":
            pending = bench.stop()
            assert pending == bench.stop()
        elif event == "taken" and isinstance(pending, Write):
            bench.take(pending)
        elif event == "saved" and bench.taken:
            bench.state = replace(bench.state, stops=1)
        elif event in ("resumed", "paused"):
            _set(bench.lever, bench.state.switch.path, halted if event == "paused" else RUNS[kind])
        elif event == "gone":
            bench.gone()
    assert sum(any(op["path"] == path and op["op"] != "test" for op in one.patch) for one in bench.taken) <= 1
    assert len(bench.taken) <= 1


def _set(obj: Json, path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        obj = obj.setdefault(name, {})
    obj[path[-1]] = value
