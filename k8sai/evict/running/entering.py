"""Entering a drain to act on it: its Leases are taken, its state is read, and the new epoch is written before anything
else. With that write everybody of an older epoch is shut out.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from k8sai.cluster.reading import Reading
from k8sai.errors import Drift, NotFound
from k8sai.evict.facts import MethodName
from k8sai.evict.keeping.kept import Held, Kept
from k8sai.evict.keeping.locks import Locks
from k8sai.evict.keeping.others import held as held_by_others
from k8sai.evict.keeping.others import insist_on_none
from k8sai.evict.running import journal
from k8sai.evict.running.actions import Note
from k8sai.evict.running.hands import Hands, News, Prover, Switches, spawn
from k8sai.evict.state import OVER, State
from k8sai.holding.holder import holder_name
from k8sai.holding.lease import Clock

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.objects import Objects
    from k8sai.cluster.writing import Writer
    from k8sai.evict.method import Method
    from k8sai.evict.plan import Plan


@dataclass(frozen=True, slots=True)
class Door:
    """What an operator comes with. `now` is the server's time; with a `clock` of its own no thread renews a Lease."""

    connection: "Connection"
    writer: "Writer"
    objects: "Objects"
    methods: "Mapping[MethodName, Method]"
    switches: Switches
    prove: Prover
    now: Callable[[], float] = time.time
    pause: Callable[[float], None] = time.sleep
    spawn: Callable[[Callable[[], None]], None] = spawn
    told: Callable[[News], None] = lambda _: None
    watched: Callable[[str], None] = lambda _: None
    stop: threading.Event = field(default_factory=threading.Event)
    clock: Clock | None = None

    def hands(self, kept: Kept, locks: Locks) -> Hands:
        by = self.writer.whoami() or locks.name.partition("/")[0]
        return Hands(
            self.connection,
            self.writer,
            self.objects,
            kept,
            locks,
            by,
            self.methods,
            self.switches,
            self.prove,
            self.now,
            self.pause,
            self.spawn,
            self.told,
            self.stop,
        )

    def locks(self, namespace: str, drain: str) -> Locks:
        return Locks(
            self.writer,
            namespace,
            drain,
            holder_name(),
            clock=self.clock,
            background=self.clock is None,
            told=self.watched,
        )


@contextmanager
def begun(
    door: Door, plan: "Plan", namespace: str, again: "Callable[[], Plan] | None" = None
) -> Iterator[tuple[Hands, Held]]:
    """A new drain. The plan is made `again` once everything is locked: nothing was written where it is another one.

    Raises Drift, Locked, Forbidden, ClusterError.
    """
    locks, kept = door.locks(namespace, plan.id), Kept(door.writer, namespace, plan.id)
    locks.take()
    try:
        _take(door, locks, plan.id, [one.name for one in plan.nodes], [one.gang.id for one in plan.gangs])
        if again is not None and (now := again().hash) != plan.hash:
            raise Drift(
                f"the cluster is not as it was planned with (hash {plan.hash}, now {now}): nothing was written",
                "`k8sai evict plan` shows what is different",
            )
        hands = door.hands(kept, locks)
        yield hands, kept.begin(_first(plan, namespace, locks, hands))
    finally:
        locks.release()


def _take(door: Door, locks: Locks, drain: str, nodes: list[str], gangs: list[str], *, steal: bool = False) -> None:
    """All Leases, in the drain's namespace and seen in no other. Raises Locked, Forbidden, ClusterError."""
    locks.take_all(nodes, gangs, steal=steal)
    insist_on_none(held_by_others(Reading(door.objects), drain, door.now()), nodes, gangs)


def _first(plan: "Plan", namespace: str, locks: Locks, hands: Hands) -> State:
    """What a plan becomes when it is carried out."""
    from k8sai.ages import stamp

    gangs = tuple(
        replace(
            one.state,
            action=one.action,
            reason="; ".join(why.why for why in one.refusals),
            epoch=locks.epochs.get(one.gang.id, 0),
        )
        for one in plan.gangs
    )
    state = State(
        plan.id,
        plan.hash,
        epoch=locks.epoch,
        begun=stamp(hands.now()),
        by=hands.by,
        namespace=namespace,
        settings=plan.settings,
        nodes=tuple(replace(one, cordoned=False) for one in plan.nodes),  # who has cordoned it before has not marked it
        gangs=gangs,
        pods=plan.states,
    )
    what = state.nodes[0].title if state.device else f"{len(state.nodes)} nodes"
    text = f"{what}, {len(gangs)} gangs, {len(state.pods)} pods, hash {plan.hash}"
    return journal.noted(state, f"drain/{plan.id}", (Note("EvictPlanned", text),), hands.now(), hands.by)


@contextmanager
def entered(door: Door, namespace: str, drain: str, *, take_over: bool = False) -> Iterator[tuple[Hands, Held]]:
    """One that has begun. Raises NotFound, Locked, Unreadable, Stale, Forbidden, ClusterError."""
    locks, kept = door.locks(namespace, drain), Kept(door.writer, namespace, drain)
    locks.take(steal=take_over)
    try:
        held = kept.read()
        if held is None:
            raise NotFound(f"there is no drain {drain} in namespace {namespace}", "`k8sai evict status --all`")
        hands = door.hands(kept, locks)
        held = kept.save(held, _ours(held.state, locks, hands))
        if held.state.stage not in OVER:
            nodes, gangs = [one.name for one in held.state.nodes], [one.id for one in held.state.gangs]
            _take(door, locks, drain, nodes, gangs, steal=take_over)
        yield hands, held
    finally:
        locks.release()


def _ours(state: State, locks: Locks, hands: Hands) -> State:
    """With the epoch of the Lease that was just taken, and from whom it was taken."""
    state = replace(state, epoch=locks.epoch)
    if not locks.taken_from:
        return state
    note = Note("EvictTakenOver", f"from {locks.taken_from}")
    return journal.noted(state, f"drain/{state.id}", (note,), hands.now(), hands.by)
