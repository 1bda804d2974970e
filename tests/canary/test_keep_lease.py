"""The thread that renews a Lease: in time, again after a failure, and never on after it is lost."""

import threading
from collections.abc import Callable
from queue import Queue
from typing import Any

import pytest

from k8sai.canary.keeping.lease import Lease
from k8sai.cluster.api_errors import ApiConflict, ApiForbidden, ApiNotFound, Unavailable
from k8sai.cluster.writing import Target, Written
from k8sai.errors import ClusterError, Exit, Forbidden, Locked
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


def forbidden() -> None:
    raise ApiForbidden("you may not")


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


def too_long(world: World) -> None:
    """Nobody answers, until the thread has noticed that it took too long."""
    world.server.answer = unreachable
    for _ in range(6):  # at 15, 20, 25, 30, 35, 40 s
        world.lease.insist()
        world.turns.turn()
    world.turns.go.put(None)
    assert world.lease.lost.wait(SOON)


def test_what_cannot_be_renewed_is_lost_before_it_expires(world: World) -> None:
    begun = world.turns.at
    too_long(world)
    assert DEADLINE < world.turns.at - begun < 60
    with pytest.raises(
        ClusterError, match="of isvc/chat could not be renewed for 40 s: nothing more is written"
    ) as end:
        world.lease.insist()
    assert (end.value.exit, end.value.message.endswith("(no answer)")) == (Exit.CLUSTER, True)
    assert end.value.hint == "the same command again goes on, once the server is back"
    world.lease.release()


def test_what_was_lost_stays_lost_when_the_server_is_back(world: World) -> None:
    too_long(world)
    world.server.answer = lambda: None
    world.lease.renew()
    with pytest.raises(ClusterError):
        world.lease.insist()
    world.lease.release()
    assert world.spec["holderIdentity"] is None  # whoever is next need not wait


def test_what_may_not_be_renewed_ends_as_forbidden(world: World) -> None:
    world.server.answer = forbidden
    world.turns.turn()
    world.turns.at += DEADLINE
    with pytest.raises(Forbidden, match=r"could not be renewed for 40 s: nothing more is written \(you may not\)"):
        world.lease.insist()
    world.end()


def test_a_renewal_that_hangs_is_one_that_failed(world: World) -> None:
    """A server behind a broken network says neither yes nor no."""
    answer, asked = threading.Event(), threading.Event()

    def hangs() -> None:
        asked.set()
        answer.wait(SOON)

    world.server.answer = hangs
    world.turns.go.put(None)
    assert asked.wait(SOON)
    world.turns.at += DEADLINE
    with pytest.raises(ClusterError, match="its renewal is not answered"):
        world.lease.insist()
    answer.set()
    world.end()


def test_who_could_not_even_try_knows_all_the_same(world: World) -> None:
    """A machine that slept: no thread ran, and yet nothing is written any more. Somebody else had time to take it."""
    world.turns.at += 3600
    with pytest.raises(Locked, match="the lease of the canary of isvc/chat is lost: nothing more is written"):
        world.lease.insist()
    world.end()


def test_a_failure_that_was_got_over_is_not_why_it_is_lost_later(world: World) -> None:
    world.server.answer = unreachable
    world.turns.turn()
    world.server.answer = lambda: None
    world.turns.turn()
    world.turns.at += 3600
    with pytest.raises(Locked):
        world.lease.insist()
    world.end()


def test_what_was_taken_away_is_not_fought_for(world: World) -> None:
    world.server.put({**world.spec, "holderIdentity": "ben@host/2/y", "leaseTransitions": 6})
    world.turns.go.put(None)
    assert world.lease.lost.wait(SOON)
    with pytest.raises(Locked):
        world.lease.insist()
    world.lease.release()
    assert (world.spec["holderIdentity"], world.spec["leaseTransitions"]) == ("ben@host/2/y", 6)
    assert world.turns.asked.empty()


def test_what_was_deleted_is_lost(world: World) -> None:
    world.server.lease = None
    world.turns.go.put(None)
    assert world.lease.lost.wait(SOON)
    with pytest.raises(Locked):
        world.lease.insist()
    world.lease.release()


def test_who_is_told_by_the_server_that_it_is_anothers_is_locked_out_by_them(world: World) -> None:
    """Also after a while without an answer: what is known last counts."""
    world.server.answer = unreachable
    world.turns.turn()
    world.server.answer = lambda: None
    world.server.put({**world.spec, "holderIdentity": "ben@host/2/y", "leaseTransitions": 6})
    world.turns.go.put(None)
    assert world.lease.lost.wait(SOON)
    world.turns.at += DEADLINE
    with pytest.raises(Locked):
        world.lease.insist()
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
