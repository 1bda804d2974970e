"""What a rollout keeps in the cluster: of two operators exactly one acts, and whoever dies leaves a way to go on."""

import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from k8sai.ages import epoch
from k8sai.canary.facts import Phase, Ref
from k8sai.canary.keeping import names
from k8sai.canary.keeping.holding import holding
from k8sai.canary.keeping.kept import Held
from k8sai.canary.state import State
from k8sai.cluster.api_errors import Unavailable
from k8sai.cluster.patching import Stale
from k8sai.errors import Forbidden, K8saiError, Locked, Refused
from tests.canary.keepers import BEFORE, Hands, Killed, Operator, operator, rollout, target
from tests.contract.api import Api, Json
from tests.contract.conftest import Server

AT = "2026-11-21T14:02:00Z"
MANY = 6  # operators at once
WRITES = 7  # of a whole life
RENEWAL = 4  # among them, from 0


@pytest.fixture
def ref(namespace: str) -> Ref:
    return target(namespace)


@pytest.fixture
def make(server: Server, ref: Ref) -> Callable[..., Operator]:
    """`make("ana", lost=(1,))`: an operator of the same target, with a connection of its own."""
    return lambda name, hands=None, **wire: operator(server.kubeconfig, ref, name, hands, **wire)


Make = Callable[..., Operator]


def begun(one: Operator, ref: Ref, **more: Any) -> Held:
    """A rollout that this operator holds."""
    return one.kept.begin(rollout(ref, epoch=one.lease.take(), **more), BEFORE)


def config_maps(api: Api, core: str) -> list[str]:
    listed = api.get(f"{core}/configmaps", {"labelSelector": f"{names.LABEL}=1"}).ok()["items"]
    return sorted(one["metadata"]["name"] for one in listed)


def lease(api: Api, ref: Ref) -> Json:
    return api.get(names.lease_at(ref).path).ok()


# --- what lies there --------------------------------------------------------------------------------------------------


def test_two_config_maps_and_a_lease(api: Api, core: str, ref: Ref, make: Make) -> None:
    ana = make("ana")
    held = begun(ana, ref)
    stem = "k8sai-canary-d3c3f2e9367f"  # of the kind and the name: every version of k8sai finds it
    assert config_maps(api, core) == [stem, f"{stem}-01jd1-snapshot"]
    state = api.get(f"{core}/configmaps/{stem}").ok()
    assert state["metadata"]["annotations"] == {"k8sai.dev/canary-target": f"{ref.kind}/chat"}
    assert json.loads(state["data"]["state.json"])["weight"] == 5
    spec = lease(api, ref)["spec"]
    assert (spec["holderIdentity"], spec["leaseDurationSeconds"], spec["leaseTransitions"]) == (ana.lease.name, 60, 1)
    assert held == ana.kept.read() == replace(held, snapshot=BEFORE)


def test_the_snapshot_cannot_be_changed(api: Api, ref: Ref, make: Make) -> None:
    begun(make("ana"), ref)
    place = names.snapshot_at(ref, "01JD1")
    for change in ({"data": {"snapshot.json": "{}"}}, {"immutable": False}, {"immutable": None}):
        refused = api.patch(place.path, change).refused(422, "Invalid")
        assert refused["details"]["causes"] == [
            {
                "reason": "FieldValueForbidden",
                "message": "Forbidden: field is immutable when `immutable` is set",
                "field": next(iter(change)),
            }
        ]
    api.patch(place.path, {"metadata": {"labels": {"seen": "yes"}}}).ok()


def test_saved_and_read_again(ref: Ref, make: Make) -> None:
    ana = make("ana")
    held = begun(ana, ref)
    after = ana.kept.save(held, replace(held.state, weight=25, step=2))
    assert after.version != held.version
    assert make("ben").kept.read() == after
    assert ana.kept.save(after, replace(after.state, weight=50)).state.weight == 50


def test_a_second_rollout_needs_the_end_of_the_first(api: Api, core: str, ref: Ref, make: Make) -> None:
    ana = make("ana")
    held = begun(ana, ref)
    with pytest.raises(Refused, match="a canary of isvc/chat is on its way: Gating, 5 %"):
        ana.kept.begin(rollout(ref, "01JD2", epoch=1), BEFORE)
    held = ana.kept.save(held, replace(held.state, phase=Phase.ROLLED_BACK))
    second = ana.kept.begin(rollout(ref, "01JD2", epoch=1), {"other": True})
    assert (second.state.id, second.snapshot, second.uid) == ("01JD2", {"other": True}, held.uid)
    stem = names.stem(ref)
    assert config_maps(api, core) == [stem, f"{stem}-01jd2-snapshot"]


def test_who_may_neither_list_nor_delete_begins_all_the_same(
    ref: Ref, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = make("ana")
    held = begun(ana, ref)
    ana.kept.save(held, replace(held.state, phase=Phase.ROLLED_BACK))

    def forbidden(*_: Any, **__: Any) -> Any:
        raise Forbidden("you may not")

    for verbs in (["delete"], ["delete", "members"]):
        for verb in verbs:
            monkeypatch.setattr(ana.wire, verb, forbidden)
        second = ana.kept.begin(rollout(ref, f"01JD{len(verbs) + 1}", epoch=1), BEFORE)
        assert ana.kept.read() == second
        ana.kept.save(second, replace(second.state, phase=Phase.ROLLED_BACK))


def test_forgotten(api: Api, core: str, ref: Ref, make: Make) -> None:
    ana = make("ana")
    held = begun(ana, ref)
    ana.kept.forget(held)
    assert (config_maps(api, core), ana.kept.read()) == ([], None)
    assert api.get(names.lease_at(ref).path).status == 404
    with pytest.raises(Stale, match="was taken away meanwhile"):
        ana.kept.save(held, held.state)
    with pytest.raises(Locked):
        ana.lease.renew()
    ana.kept.forget()


# --- two at once ------------------------------------------------------------------------------------------------------


def test_of_threads_that_take_at_once_one_does(ref: Ref, make: Make) -> None:
    operators = [make(f"op{i}") for i in range(MANY)]
    results = at_once([one.lease.take for one in operators])
    (winner,) = [one for one, result in zip(operators, results, strict=True) if result == 1]
    lost = [result for result in results if result != 1]
    assert len(lost) == MANY - 1
    assert all(isinstance(one, Locked) and one.message.startswith(f"{winner.name}@host holds") for one in lost)


def test_of_threads_that_begin_at_once_one_does(api: Api, core: str, ref: Ref, make: Make) -> None:
    """Even without the Lease: the state can be made only once."""
    operators = [make(f"op{i}") for i in range(MANY)]

    def begin(number: int) -> Held:
        return operators[number].kept.begin(rollout(ref, f"01JD{number}"), {"mine": number})

    results = at_once([partial(begin, number) for number in range(MANY)])
    (stands,) = [one for one in results if isinstance(one, Held)]
    assert all(isinstance(one, Refused | Stale) for one in results if one is not stands)
    found = operators[0].kept.read()
    assert found is not None
    assert (found.state.id, found.snapshot) == (stands.state.id, {"mine": int(stands.state.id[-1])})
    assert len(config_maps(api, core)) == 2


def test_of_processes_that_act_at_once_one_does(server: Server, ref: Ref, make: Make) -> None:
    ana = make("ana")
    held = begun(ana, ref)
    ana.lease.release()
    spawn = multiprocessing.get_context("spawn")
    ready, told = spawn.Barrier(3), spawn.Queue()
    arguments = (str(server.kubeconfig), ref.namespace, ready, told)
    processes = [spawn.Process(target=shift, args=(f"op{i}", *arguments), daemon=True) for i in range(3)]
    for one in processes:
        one.start()
    results = sorted(told.get(timeout=60) for _ in processes)
    for one in processes:
        one.join(60)
    assert [verb for verb, _ in results] == ["locked", "locked", "shifted"]
    found = make("ben").kept.read()
    assert found is not None
    assert (found.state.weight, found.state.epoch) == (25, 2)
    assert [line.by for line in found.state.history[len(held.state.history) :]] == [results[-1][1]]


def shift(name: str, kubeconfig: str, namespace: str, ready: Any, told: Any) -> None:
    """What a process does: one step, if it may. It holds the Lease until everybody has tried."""
    from k8sai.canary.running.journal import happened

    one = operator(Path(kubeconfig), target(namespace), name)
    one.kept.peek()
    ready.wait(60)
    try:
        with holding(one.kept, one.lease, name, AT) as held:
            assert held is not None
            after = happened(held.state, 0.0, name, "shift", "", 25)
            one.kept.save(held, replace(after, weight=25))
            ready.wait(60)
            told.put(("shifted", name))
    except Locked:
        ready.wait(60)
        told.put(("locked", name))


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """What each returns or raises, begun together."""
    results: list[Any] = [None] * len(calls)
    gate = threading.Barrier(len(calls))

    def run(number: int) -> None:
        gate.wait(30)
        try:
            results[number] = calls[number]()
        except K8saiError as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(calls))]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    return results


# --- the fence --------------------------------------------------------------------------------------------------------


def test_whoever_it_is_stolen_from_writes_nothing_more(ref: Ref, make: Make) -> None:
    ana, ben = make("ana"), make("ben")
    held = begun(ana, ref)
    with holding(ben.kept, ben.lease, "ben", AT, steal=True) as stolen:
        assert stolen is not None
        with pytest.raises(Locked, match=r"another operator has taken isvc/chat over \(epoch 2, ours is 1\)"):
            ana.kept.save(held, replace(held.state, weight=100))
        with pytest.raises(Locked, match="ben@host holds the canary of isvc/chat"):
            ana.lease.renew()
        assert ana.lease.lost.is_set()
        with pytest.raises(Locked, match="nothing more is written"):
            ana.lease.insist()
        found = ana.kept.peek()
    assert found is not None
    assert (found.state.weight, found.state.epoch) == (5, 2)
    line = found.state.history[-1]
    assert (line.by, line.verb, line.reason) == ("ben", "steal", "from ana@host")
    ana.lease.release()
    assert ben.lease.take() == 3


def test_an_older_epoch_never_overwrites_a_newer_one(ref: Ref, make: Make) -> None:
    ana = make("ana")
    held = begun(ana, ref)
    newer = ana.kept.save(held, replace(held.state, epoch=4))
    with pytest.raises(Locked):
        ana.kept.save(newer, replace(newer.state, epoch=3))
    with pytest.raises(Locked):
        ana.kept.save(held, replace(held.state, weight=9))
    ended = ana.kept.save(newer, replace(newer.state, phase=Phase.ROLLED_BACK))
    with pytest.raises(Locked):
        ana.kept.begin(rollout(ref, "01JD2", epoch=3), BEFORE)
    assert ana.kept.read() == ended


def test_a_person_who_pauses_is_not_overwritten(ref: Ref, make: Make) -> None:
    """Without the Lease, in the same epoch: whoever runs it has to read again."""
    ana, person = make("ana"), make("person")
    held = begun(ana, ref)
    seen = person.kept.peek()
    assert seen is not None
    person.kept.save(seen, replace(seen.state, phase=Phase.PAUSED, paused_by="person"))
    with pytest.raises(Stale, match="nothing was written"):
        ana.kept.save(held, replace(held.state, weight=25))
    found = ana.kept.read()
    assert found is not None
    assert (found.state.paused_by, found.state.weight, found.snapshot) == ("person", 5, BEFORE)


def test_a_lease_that_was_deleted_does_not_bring_the_epoch_back(api: Api, ref: Ref, make: Make) -> None:
    ana, ben = make("ana"), make("ben")
    held = begun(ana, ref)
    ana.kept.save(held, replace(held.state, epoch=7))
    api.delete(names.lease_at(ref).path).ok()
    assert ben.lease.take() == 8
    with pytest.raises(Locked):
        ana.lease.renew()


# --- holders who are gone, and clocks that are wrong ------------------------------------------------------------------


def test_a_dead_holder(ref: Ref, make: Make) -> None:
    ana, ben = make("ana"), make("ben", Hands(skew=90))
    begun(ana, ref)
    said: list[str] = []
    with holding(ben.kept, ben.lease, "ben", AT, told=said.append) as held:
        assert held is not None
        assert held.state.epoch == ben.lease.epoch == 2
        line = held.state.history[-1]
    assert (line.verb, line.reason) == ("take over", "ana@host had not renewed its lease for 90s")
    assert said == ["ana@host seems to be gone: watching whether it renews its lease"]
    assert ben.hands.waits == [5.0] * 4


def test_a_holder_who_is_alive_is_left_alone_at_once(ref: Ref, make: Make) -> None:
    ana, ben = make("ana"), make("ben", Hands(skew=30))
    begun(ana, ref)
    with pytest.raises(Locked) as locked:
        ben.lease.take()
    assert locked.value.message == "ana@host holds the canary of isvc/chat (renewed 30s ago, Gating)"
    assert ben.hands.waits == []


@pytest.mark.parametrize("skew", [-3600, 3600])
def test_a_holder_whose_clock_is_wrong_is_seen_to_be_alive(ref: Ref, make: Make, skew: int) -> None:
    ana = make("ana")
    begun(ana, ref)

    def renew() -> None:
        ana.hands.at += 5
        ana.lease.renew()

    ben = make("ben", Hands(skew=skew, meanwhile=renew))
    with pytest.raises(Locked, match="ana@host holds"):
        ben.lease.take()
    assert not ana.lease.lost.is_set()


def test_a_dead_holder_whose_clock_was_ahead_is_watched_for_as_long_as_its_lease_lasts(ref: Ref, make: Make) -> None:
    ana, ben = make("ana"), make("ben", Hands(skew=-3600))
    begun(ana, ref)
    assert ben.lease.take() == 2
    assert sum(ben.hands.waits) == 60


def test_a_holder_who_gives_back_while_watched(ref: Ref, make: Make) -> None:
    ana = make("ana")
    begun(ana, ref)
    ben = make("ben", Hands(skew=90, meanwhile=ana.lease.release))
    assert (ben.lease.take(), ben.lease.before) == (2, None)


def test_what_was_given_back_is_free(ref: Ref, make: Make) -> None:
    ana, ben = make("ana"), make("ben")
    begun(ana, ref)
    ana.lease.release()
    assert ben.lease.holder() is None
    assert (ben.lease.take(), ben.lease.before, ben.hands.waits) == (2, None, [])


def test_it_is_given_back_although_the_answer_to_a_renewal_was_lost(ref: Ref, make: Make) -> None:
    ana = make("ana", lost=(RENEWAL,))
    with pytest.raises(Unavailable):
        a_life(ana, ref)
    ana.lease.release()
    assert make("ben").lease.holder() is None


def test_what_was_lost_is_not_given_back(ref: Ref, make: Make) -> None:
    ana, ben = make("ana"), make("ben")
    begun(ana, ref)
    ben.lease.take(steal=True)
    ana.lease.release()
    holder = ben.lease.holder()
    assert holder is not None
    assert (holder.who, holder.epoch) == ("ben@host", 2)


def test_a_renewal_moves_its_time_and_nothing_else(api: Api, ref: Ref, make: Make) -> None:
    ana = make("ana")
    begun(ana, ref)
    before = lease(api, ref)["spec"]
    ana.hands.at += 15
    ana.lease.renew()
    after = lease(api, ref)["spec"]
    assert epoch(after["renewTime"]) - epoch(before["renewTime"]) == 15
    assert {**after, "renewTime": ""} == {**before, "renewTime": ""}


# --- answers that are lost, and kill -9 -------------------------------------------------------------------------------


def a_life(one: Operator, ref: Ref) -> Held:
    """Take, begin, save, renew, save, give back: seven writes."""
    held = begun(one, ref)
    held = one.kept.save(held, replace(held.state, weight=25))
    one.hands.at += 15
    one.lease.renew()
    held = one.kept.save(held, replace(held.state, weight=50))
    one.lease.release()
    return held


def test_a_life_is_seven_writes(ref: Ref, make: Make) -> None:
    ana = make("ana")
    a_life(ana, ref)
    assert ana.wire.writes == WRITES


@pytest.mark.parametrize("number", [0, 1, 2, 3, 5, 6])
def test_a_lost_answer_is_found_by_reading(ref: Ref, make: Make, number: int) -> None:
    ana = make("ana", lost=(number,))
    held = a_life(ana, ref)
    assert (make("ben").kept.read(), held.state.weight, held.snapshot) == (held, 50, BEFORE)
    assert ana.lease.holder() is None


def test_a_lost_answer_to_a_renewal_is_found_by_the_next_one(api: Api, ref: Ref, make: Make) -> None:
    ana = make("ana", lost=(RENEWAL,))
    with pytest.raises(Unavailable):
        a_life(ana, ref)
    ana.hands.at += 5
    ana.lease.renew()
    assert not ana.lease.lost.is_set()
    assert epoch(lease(api, ref)["spec"]["renewTime"]) == ana.hands.at


@pytest.mark.parametrize("dies", [0.5 * i for i in range(2 * WRITES)])
def test_after_kill_9_at_any_write_another_goes_on(api: Api, core: str, ref: Ref, make: Make, dies: float) -> None:
    ana, ben = make("ana", dies=dies), make("ben", Hands(skew=300))
    with pytest.raises(Killed):
        a_life(ana, ref)
    with holding(ben.kept, ben.lease, "ben", AT) as held:
        if held is None:  # killed before the state: nothing has begun
            held = ben.kept.begin(rollout(ref, "01JD2", epoch=ben.lease.epoch), BEFORE)
        assert held.state.weight in (5, 25, 50)
        assert held.state.epoch == ben.lease.epoch
        assert held.snapshot == BEFORE
        ben.kept.save(held, replace(held.state, phase=Phase.ROLLED_BACK, weight=0))
        stem = names.stem(ref)
        assert config_maps(api, core) == [stem, f"{stem}-{held.state.id.lower()}-snapshot"]


def test_a_process_that_is_killed_between_snapshot_and_state(
    server: Server, api: Api, core: str, ref: Ref, make: Make
) -> None:
    process = multiprocessing.get_context("spawn").Process(
        target=begin_and_die, args=(str(server.kubeconfig), ref.namespace), daemon=True
    )
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    stem = names.stem(ref)
    assert config_maps(api, core) == [f"{stem}-01jd1-snapshot"]
    ben = make("ben", Hands(skew=300))
    assert ben.kept.read() is None
    with holding(ben.kept, ben.lease, "ben", AT) as held:
        assert held is None
        state: State = rollout(ref, "01JD2", epoch=ben.lease.epoch)
        assert ben.kept.begin(state, BEFORE).snapshot == BEFORE
    assert config_maps(api, core) == [stem, f"{stem}-01jd2-snapshot"]


def begin_and_die(kubeconfig: str, namespace: str) -> None:
    """kill -9 of itself, after the Lease and the snapshot and before the state."""
    one = operator(Path(kubeconfig), target(namespace), "ana", dies=1.5)
    try:
        begun(one, target(namespace))
    except Killed:
        os.kill(os.getpid(), signal.SIGKILL)
