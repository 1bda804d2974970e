"""The rollouts of a live cluster: listed by label, and both sides of those that are on their way."""

import time
from collections.abc import Callable, Collection
from dataclasses import replace
from threading import Condition
from typing import TYPE_CHECKING, Final

from k8sai.canary.backends.all import by_name
from k8sai.canary.checks import gitops
from k8sai.canary.facts import Ref
from k8sai.canary.keeping.listing import CONFIG_MAPS, Listed, rollouts
from k8sai.canary.measuring.find import Samplers
from k8sai.canary.pods import each_of
from k8sai.canary.running import asked
from k8sai.canary.shown.look import Look, Observed
from k8sai.canary.shown.looking import look_of, observed, verdict_of
from k8sai.canary.shown.rollouts import Rollout, Rollouts
from k8sai.cluster.reading import Reading
from k8sai.errors import Forbidden

if TYPE_CHECKING:
    from k8sai.canary.state import State
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.objects import LiveObjects

_MOST: Final = 20  # rollouts whose sides are looked at in one reading; of more only the state is told
_PATIENCE: Final = 15.0  # seconds that a way back has to end once the screen is left


class LiveCanaries:
    """Of one connection. `prometheus` overrules what `start` was told."""

    def __init__(self, connection: "Connection", objects: "LiveObjects", prometheus: str = "") -> None:
        self._connection = connection
        self._objects = objects
        self._samplers = Samplers(connection, prometheus)
        self._acts = 0
        self._quiet = Condition()

    # --- reading ------------------------------------------------------------------------------------------------------

    def read(self, wanted: Collection[str] = ()) -> Rollouts:
        """Of all namespaces; where that may not be, of the connection's own."""
        found = self._read("", wanted)
        return self._read(self._connection.namespace, wanted) if isinstance(found.refused, Forbidden) else found

    def _read(self, namespace: str, wanted: Collection[str]) -> Rollouts:
        reading, now = Reading(self._objects), time.time()
        listed = rollouts(reading, namespace, now)
        if (refused := reading.refusal(CONFIG_MAPS)) is not None:
            return Rollouts(now, (), namespace, refused)
        made = [Rollout(one, _remembered(one, now)) for one in listed]
        due = [one for one in made if one.look is not None and (one.key in wanted or not one.over)]
        first = sorted(due, key=lambda one: one.key not in wanted)[:_MOST]
        keys = {one.key for one in first}
        found = tuple(self._seen(one, closely=one.key in wanted) if one.key in keys else one for one in made)
        return Rollouts(now, found, namespace, None, reading.hidden)

    def _seen(self, one: Rollout, *, closely: bool) -> Rollout:
        """With both sides and their pods; `closely`, also who keeps the target."""
        state, reading = one.listed.state, Reading(self._objects)
        assert state is not None and one.look is not None
        ref = state.target
        target = reading.get(ref.kind, ref.namespace, ref.name)
        if target is None:
            refused = reading.refusal(ref.kind)
            why = f"{ref.title} is gone" if refused is None else refused.message
            return replace(one, look=replace(one.look, unseen=why, hidden=reading.hidden))
        look = look_of(ref, by_name(state.backend), target, state, one.listed.holder, reading)
        if closely:
            notes = gitops.insist(ref.title, target, look.backend, reading, allow=True)
            look = replace(look, notes=notes, hidden=reading.hidden)
        if look.seen is None:
            return replace(one, look=look)
        stable, canary = look.seen.stable, look.seen.canary
        both = each_of(stable, ref.namespace, reading), each_of(canary, ref.namespace, reading) if canary else None
        return Rollout(one.listed, look, *both)

    def observed(self, look: Look) -> Observed:
        """As `canary status` asks."""
        return observed(look, lambda settings: self._samplers.of(settings, look.ref.namespace))

    @property
    def prometheus(self) -> str:
        """As --prometheus says it."""
        return self._samplers.prometheus

    @prometheus.setter
    def prometheus(self, where: str) -> None:
        self._samplers.prometheus = where

    # --- what is asked for --------------------------------------------------------------------------------------------

    def pause(self, ref: Ref) -> "State":
        return self._act(lambda: asked.pause(self._connection, ref))

    def resume(self, ref: Ref) -> "State":
        return self._act(lambda: asked.resume(self._connection, ref))

    def rollback(self, ref: Ref, *, steal: bool) -> "State":
        return self._act(lambda: asked.rollback(self._connection, self._objects, ref, steal=steal))

    def _act(self, act: "Callable[[], State]") -> "State":
        with self._quiet:
            self._acts += 1
        try:
            return act()
        finally:
            with self._quiet:
                self._acts -= 1
                self._quiet.notify_all()

    def stop(self) -> None:
        """Whoever leaves the screen right behind a key gets what he asked for, or a journal that says what is left."""
        with self._quiet:
            self._quiet.wait_for(lambda: not self._acts, _PATIENCE)


def _remembered(one: Listed, now: float) -> Look | None:
    """What the state alone tells."""
    state = one.state
    if state is None:
        return None
    return Look(state.target, state.backend, now, state, holder=one.holder, verdict=verdict_of(state))
