"""Asks gangs for checkpoints while everything else goes on: a pass asks, or looks and grades, and ends.

Nothing here is kept: after a crash a gang is asked again with the same id, which is asking once.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from k8sai.cluster.api_errors import Unavailable
from k8sai.errors import K8saiError
from k8sai.evict.facts import Ack, Json, Proof, Request, at_least
from k8sai.evict.method import Asked, Site
from k8sai.evict.running.seen import Attempt
from k8sai.evict.state import GangState

if TYPE_CHECKING:
    from k8sai.evict.running.hands import Hands

EVERY: Final = 3.0  # seconds between two looks for a proof
SILENCES: Final = 4  # passes in a row that nobody answers, until another way is tried


@dataclass(slots=True)
class _Asking:
    attempt: Attempt
    asked: Asked | None = None
    proof: Proof | None = None
    busy: bool = False
    at: float = 0.0  # of the last pass
    silent: int = 0  # passes in a row that nobody answered
    over: bool = False  # its answer is not wanted any more


@dataclass(slots=True)
class Asking:
    """By gang. `attempt` and `proof` are what is known now; `go_on` begins the next pass where it is time."""

    hands: "Hands"
    _known: dict[str, _Asking] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def attempt(self, gang: GangState) -> Attempt | None:
        """None: it has not been asked by this process, or by another request."""
        found = self._of(gang)
        return replace(found.attempt, running=found.busy) if found else None

    def proof(self, gang: GangState) -> Proof | None:
        found = self._of(gang)
        return found.proof if found else None

    def _of(self, gang: GangState) -> _Asking | None:
        with self._lock:
            found = self._known.get(gang.id)
        fits = found is not None and gang.request is not None and found.attempt.request == gang.request.id
        return found if fits else None

    def go_on(self, gang: GangState, pods: Sequence[Json]) -> None:
        """The first pass asks, each of the others looks. Does nothing while one is on its way."""
        if gang.request is None:
            return
        with self._lock:
            known = self._known.get(gang.id)
            if known is None or known.attempt.request != gang.request.id:
                if known is not None:
                    known.over = True
                known = self._known[gang.id] = _Asking(Attempt(gang.method, gang.request.id))
            if known.busy or known.attempt.trouble or (known.at and self.hands.now() - known.at < EVERY):
                return
            known.busy = True
        self.hands.spawn(lambda: self._pass(known, gang, pods))

    def forget(self, gang: GangState) -> Asked:
        """What the method needs to take its request back. Who is being asked is not waited for any longer."""
        with self._lock:
            found = self._known.pop(gang.id, None)
            if found is not None:
                found.over = True
        return (found.asked if found else None) or Asked()

    def end(self) -> None:
        """Nobody is waited for any longer: a process does not end before its asking does."""
        with self._lock:
            for one in self._known.values():
                one.over = True

    # --- one pass, in its thread --------------------------------------------------------------------------------------

    def _pass(self, known: _Asking, gang: GangState, pods: Sequence[Json]) -> None:
        begun = self.hands.now()
        try:
            acks = self._acks(known, gang, pods)
            proof = self.hands.prove(self.hands, gang, pods, _request(gang), acks)
            if known.proof is None or at_least(proof.grade, known.proof.grade):
                known.proof = proof
            known.silent, known.attempt = 0, replace(known.attempt, looked=begun)
        except Unavailable as error:  # asked again with the same id, unless it lasts
            known.silent += 1
            if known.silent >= SILENCES:
                known.attempt = replace(known.attempt, trouble=error.message)
        except K8saiError as error:
            known.attempt = replace(known.attempt, trouble=error.message)
        except Exception as error:  # a thread's bug must not look like silence
            known.attempt = replace(known.attempt, trouble=f"{type(error).__name__}: {error}")
        finally:
            known.at = self.hands.now()
            known.busy = False

    def _acks(self, known: _Asking, gang: GangState, pods: Sequence[Json]) -> tuple[Ack, ...]:
        if gang.method == "periodic":
            return ()
        method = self.hands.methods[gang.method]  # type: ignore[index]
        site = self.site(gang, pods)
        if known.asked is None:
            troubles = method.preflight(site, False)
            if troubles:
                known.attempt = replace(known.attempt, trouble="; ".join(one.why for one in troubles))
                return ()
            known.asked = method.ask(site, _request(gang), self._until(known, gang))
        else:
            known.asked = method.look(site, _request(gang), known.asked)
        said = known.asked.said
        acks = tuple(one.ack for one in said if one.ack is not None)
        heard = sum(one.heard in ("accepted", "answered") for one in said)
        failed = [f"{one.pod}: {one.why}" for one in said if one.heard == "failed"]
        trouble = "; ".join(failed[:3]) if failed and not heard else ""
        known.attempt = replace(known.attempt, acks=acks, heard=heard, asked=len(said), trouble=trouble)
        return acks

    def _until(self, known: _Asking, gang: GangState) -> Callable[[], bool]:
        end = _request(gang).deadline
        return lambda: known.over or self.hands.stop.is_set() or self.hands.now() >= end

    def site(self, gang: GangState, pods: Sequence[Json]) -> Site:
        """Its pods that run, rank 0 first."""
        ranks = {one.uid: one.rank for one in gang.pods}
        hands = self.hands

        def place(pod: Json) -> tuple[bool, int]:
            rank = ranks.get(pod["metadata"]["uid"], -1)
            return rank < 0, rank

        found = sorted(pods, key=place)
        shared = "/" in gang.id
        return Site(gang.ref, gang.contract, found, hands.connection, hands.writer, hands.objects, shared)


def _request(gang: GangState) -> Request:
    if gang.request is None:
        raise ValueError("it was not asked")
    return gang.request
