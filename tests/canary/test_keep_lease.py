"""The thread that renews a Lease: in time, again after a failure, and never on after it is lost."""

import threading
from collections.abc import Callable
from queue import Queue
from typing import Any

import pytest

from k8sai.canary.keeping.lease import Lease
from k8sai.cluster.api_errors import ApiConflict, ApiNotFound, Unavailable
from k8sai.cluster.writing import Target, Written
from k8sai.errors import Locked
from k8sai.holding.holder import Holder, holder_name, holder_of
from k8sai.holding.lease import AGAIN, DEADLINE, EVERY, Clock
from tests.canary.keepers import target

Json = dict[str, Any]
REF = target("prod")
SOON = 30.0  # seconds; only a broken test comes near it


class Server:
    """One Lease. `answer` may refuse a write before it is done."""

    def __init__(self) -> None:
        self.lease: Json | None = None
        self.version = 0
        self.answer: Callable[[], None] = lambda: None

    def live(self, target: Target) -> Json | None:
        return self.lease if target.plural == "leases.coordination.k8s.io" else None

    def send(self, method: str, path: str, query: Json, body: Json, content_type: str = "") -> Any:
        raise NotImplementedError

    def merge(self, target: Target, patch: Json, *, uid: str, version: str, dry_run: bool = False) -> Written:
        self.answer()
        if self.lease is None:
            raise ApiNotFound("gone")
        if version != self.lease["metadata"]["resourceVersion"]:
            raise ApiConflict("it has changed")
        self.put({**self.lease["spec"], **patch["spec"]})
        return Written(self.lease)

    def put(self, spec: Json) -> None:
        self.version += 1
        self.lease = {"metadata": {"uid": "u", "resourceVersion": str(self.version)}, "spec": spec}


class Turns:
    """A clock that the test winds: the thread waits until it is told to go on, and as long as it asked for passes."""

    def __init__(self) -> None:
        self.at = 1_800_000_000.0
        self.asked: Queue[float] = Queue()
        self.go: Queue[None] = Queue()

    def clock(self) -> Clock:
        return Clock(lambda: self.at, lambda: self.at, self._wait)

    def _wait(self, event: threading.Event, seconds: float) -> bool:
        self.asked.put(seconds)
        self.go.get(timeout=SOON)
        self.at += seconds
        return event.is_set()

    def turn(self) -> float:
        """Let one wait end; how long the next one is to be."""
        self.go.put(None)
        return self.asked.get(timeout=SOON)


class World:
    """A holder whose thread stands in its first wait."""

    def __init__(self) -> None:
        self.server, self.turns = Server(), Turns()
        self.server.put({"leaseTransitions": 4})
        self.lease = Lease(self.server, REF, "ana@host/1/x", clock=self.turns.clock())  # type: ignore[arg-type]
        assert self.lease.take() == 5
        assert self.turns.asked.get(timeout=SOON) == EVERY

    @property
    def spec(self) -> Json:
        assert self.server.lease is not None
        found: Json = self.server.lease["spec"]
        return found

    def end(self) -> None:
        self.turns.go.put(None)
        self.lease.release()


@pytest.fixture
def world() -> World:
    return World()


def unreachable() -> None:
    raise Unavailable("no answer")


def test_it_is_renewed_every_fifteen_seconds(world: World) -> None:
    times = [world.spec["renewTime"]]
    for _ in range(3):
        assert world.turns.turn() == EVERY
        times.append(world.spec["renewTime"])
    assert [one[14:19] for one in times] == ["00:00", "00:15", "00:30", "00:45"]
    assert not world.lease.lost.is_set()
    world.end()
    assert world.spec["holderIdentity"] is None


def test_a_failure_is_followed_by_a_try_that_comes_sooner(world: World) -> None:
    world.server.answer = unreachable
    assert world.turns.turn() == AGAIN
    world.server.answer = lambda: None
    assert world.turns.turn() == EVERY
    assert not world.lease.lost.is_set()
    world.end()


def test_what_cannot_be_renewed_is_lost_before_it_expires(world: World) -> None:
    begun, world.server.answer = world.turns.at, unreachable
    world.turns.turn()
    while world.turns.at - begun < DEADLINE:
        world.lease.insist()
        world.turns.turn()
    world.turns.go.put(None)
    assert world.lease.lost.wait(SOON)
    assert DEADLINE < world.turns.at - begun < 60
    with pytest.raises(Locked, match="the lease of the canary of isvc/chat is lost"):
        world.lease.insist()
    world.lease.release()


def test_who_could_not_even_try_knows_all_the_same(world: World) -> None:
    """A machine that slept: no thread ran, and yet nothing is written any more."""
    world.turns.at += 3600
    with pytest.raises(Locked):
        world.lease.insist()
    world.end()


def test_what_was_taken_away_is_not_fought_for(world: World) -> None:
    world.server.put({**world.spec, "holderIdentity": "ben@host/2/y", "leaseTransitions": 6})
    world.turns.go.put(None)
    assert world.lease.lost.wait(SOON)
    world.lease.release()
    assert (world.spec["holderIdentity"], world.spec["leaseTransitions"]) == ("ben@host/2/y", 6)
    assert world.turns.asked.empty()


def test_what_was_deleted_is_lost(world: World) -> None:
    world.server.lease = None
    world.turns.go.put(None)
    assert world.lease.lost.wait(SOON)
    world.lease.release()


def test_somebody_elses_label_on_it_does_no_harm(world: World) -> None:
    world.server.put(dict(world.spec))
    assert world.turns.turn() == EVERY
    assert not world.lease.lost.is_set()
    world.end()


def test_given_back_it_can_be_taken_again(world: World) -> None:
    world.end()
    assert world.lease.take() == 6
    assert world.turns.asked.get(timeout=SOON) == EVERY
    assert not world.lease.lost.is_set()
    world.end()


# --- what a Lease says ------------------------------------------------------------------------------------------------


def held(**spec: Any) -> Json:
    return {"spec": {"holderIdentity": "ana@host/1/x", "leaseDurationSeconds": 60, "leaseTransitions": 3, **spec}}


@pytest.mark.parametrize(
    ("lease", "found"),
    [
        (held(renewTime="2027-01-15T08:00:00.000000Z"), Holder("ana@host/1/x", 0.0, False, 3)),
        (held(renewTime="2027-01-15T07:59:00.000000Z"), Holder("ana@host/1/x", 60.0, False, 3)),
        (held(renewTime="2027-01-15T07:58:59.500000Z"), Holder("ana@host/1/x", 60.5, True, 3)),
        (held(acquireTime="2027-01-15T07:59:51.000000Z"), Holder("ana@host/1/x", 9.0, False, 3)),
        (held(renewTime="yesterday"), Holder("ana@host/1/x", 1_800_000_000.0, True, 3)),
        (held(renewTime="2027-01-15T08:00:00Z", leaseTransitions=None), Holder("ana@host/1/x", 0.0, False, 0)),
        (held(holderIdentity=""), None),
        ({}, None),
    ],
)
def test_who_holds_it(lease: Json, found: Holder | None) -> None:
    assert holder_of(lease, 1_800_000_000.0) == found


def test_a_name_tells_who_where_and_which_process() -> None:
    who, process, one = holder_name().split("/")
    assert "@" in who and process.isdigit() and len(one) == 32
    assert holder_name() != holder_name()
    assert Holder(f"{who}/1/x", 0.0, False, 1).who == who
