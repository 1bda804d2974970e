"""What a checkpoint is worth: the grade, and the sentence behind it. Pure.

A time alone is never proof. Whatever speaks against an answer lowers its grade, and is said.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from k8sai.ages import human, stamp
from k8sai.evict.facts import Ack, Contract, Grade, Proof, Request, at_least

SKEW: Final = 30.0  # seconds that the clock of a pod may be ahead of the API server's, or behind it


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of a framework's commit marker, in two looks. Times are epoch seconds by the clock of the storage.

    `committed`: the marker of a finished checkpoint is there. `steady`: both looks found the same. `moved`: it is not
    the one that was there before we asked; None where nobody had looked. `why` says what speaks against it.
    """

    name: str
    step: int = -1
    time: float = 0.0
    committed: bool = False
    steady: bool = False
    moved: bool | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A grade that could be given, and all that speaks against it."""

    grade: Grade
    ack: Ack
    against: tuple[str, ...]
    why: str


def judge(
    contract: Contract,
    request: Request,
    acks: Sequence[Ack],
    pods: int,
    before_step: int,
    verified: Ack | None = None,
    marker: Seen | None = None,
    durable: bool | None = None,
    now: float = 0.0,
) -> Proof:
    """The best grade that holds.

    `acks` are the newest of each pod, `pods` how many pods hold ranks, `verified` what the verifying command said when
    it ended with 0. `durable` is of the storage, None: not known. `now` is the server's; 0: the request's deadline.
    """
    facts = _Facts(contract, request, pods, before_step, durable, now or request.deadline)
    candidates = [
        *facts.attested(acks),
        *facts.verified(verified),
        *facts.told(acks),
        *facts.marked(marker),
    ]
    held = [one for one in candidates if not one.against]
    best = min(held, key=lambda one: _rank(one.grade), default=None) or facts.nothing(candidates)
    better = [one for one in candidates if one.against and not at_least(best.grade, one.grade)]
    return _proof(best, better, acks)


def restored(proof: Proof, said: Ack | None) -> tuple[bool | None, str]:
    """Whether the new attempt went on from the checkpoint that was proven, None where it does not say, and a sentence.

    `said` is of a pod that was made after the stop: an owner still bears what the attempt before wrote.
    """
    if said is None or said.restored < 0:
        return None, "it does not say from which step it went on (restoredStep)"
    if proof.step < 0:
        return None, f"it went on from step {said.restored}; the step that was saved is not known"
    if said.restored < proof.step:
        return False, f"it went on from step {said.restored}, and step {proof.step} was proven"
    return True, f"it went on from step {said.restored}"


def _rank(grade: Grade) -> int:
    return tuple(Grade).index(grade)


def _proof(best: _Candidate, better: Sequence[_Candidate], acks: Sequence[Ack]) -> Proof:
    missing = "; ".join(better[0].against) if better else ""
    one = best.ack
    return Proof(
        best.grade,
        one.step,
        one.time,
        one.snapshot,
        one.path,
        best.why,
        f"{better[0].grade.value} not given: {missing}" if missing not in best.why else "",
        tuple(acks),
    )


@dataclass(frozen=True, slots=True)
class _Facts:
    contract: Contract
    request: Request
    pods: int
    before: int
    durable: bool | None
    now: float

    def attested(self, acks: Sequence[Ack]) -> Iterator[_Candidate]:
        """Grade A: those who were to answer have echoed our id: one for all, or each for its part."""
        ours = [one for one in acks if one.request == self.request.id]
        parts = [one for one in ours if one.rank >= 0]
        if self.contract.scope == "all" and (parts or acks):
            yield self._by_all(parts)
            ours = [one for one in ours if one.rank < 0]
        for one in ours or [one for one in acks if one.request and one.request != self.request.id]:
            against = [*self._other(one), *self._not_rank0(one), *self._whole(one), *self._step(one)]
            against += [*self._stale(one, SKEW), *self._future(one), *self._lost()]
            yield _Candidate(Grade.ATTESTED, one, tuple(against), self._says("it answered our request", one))

    def _by_all(self, parts: Sequence[Ack]) -> _Candidate:
        """Each rank that was asked has answered for its own part."""
        ranks = {one.rank: one for one in parts}
        one = min(ranks.values(), key=lambda each: (each.step, each.time), default=Ack())
        against = [f"{len(ranks)} of {self.pods} pods have answered our request"] if len(ranks) < self.pods else []
        against += [reason for each in ranks.values() for reason in self._part(each)]
        if len({each.step for each in ranks.values()}) > 1:
            steps = ", ".join(str(step) for step in sorted({each.step for each in ranks.values()}))
            against.append(f"the ranks have saved different steps: {steps}")
        against += self._sum(list(ranks.values())) if not against else []
        against += self._lost()
        why = self._says(f"{len(ranks)} of {self.pods} pods answered our request", one)
        return _Candidate(Grade.ATTESTED, one, tuple(dict.fromkeys(against)), why)

    def _part(self, one: Ack) -> Iterator[str]:
        if not one.complete:
            yield f"{_who(one)} says that its checkpoint is not complete"
        yield from self._step(one)
        yield from self._stale(one, SKEW)
        yield from self._future(one)

    def _sum(self, acks: Sequence[Ack]) -> list[str]:
        world = max((one.world for one in acks), default=0)
        if all(one.ranks == one.world == world for one in acks) and world >= self.pods:
            return []
        saved = sum(one.ranks or 1 for one in acks)
        return [] if saved == world >= self.pods else [f"{saved} of {world} ranks have saved"]

    def verified(self, one: Ack | None) -> Iterator[_Candidate]:
        """Grade B: a command of the workload's looked, and dates the checkpoint after the request."""
        if one is None:
            return
        against = [*self._other(one, empty=True), *self._fresh(one, "the verifying command")]
        if one.ranks != one.world:
            against.append(f"it holds {one.ranks} of {one.world} ranks")
        if not one.complete:
            against.append("the verifying command says that it is not complete")
        against += [*self._step(one, unsaid=True), *self._lost()]
        yield _Candidate(Grade.VERIFIED, one, tuple(against), self._says("a verifying command has looked", one))

    def told(self, acks: Sequence[Ack]) -> Iterator[_Candidate]:
        """Grade C: the workload's own word on a checkpoint that was done after we asked, but not as our answer."""
        for one in acks:
            against = [*self._fresh(one, "it"), *self._whole(one), *self._step(one), *self._lost(known=True)]
            named = f"names request {one.request!r}, not ours" if one.request else "names no request"
            if one.request == self.request.id:
                named = "answers our request, but is no proof as such"
            yield _Candidate(Grade.MARKER, one, tuple(against), self._says(f"its last checkpoint {named}", one))

    def marked(self, marker: Seen | None) -> Iterator[_Candidate]:
        """Grade C: the framework's own commit marker."""
        if marker is None:
            return
        one = Ack(step=marker.step, time=marker.time, path=self.contract.path, complete=marker.committed)
        against = [marker.why] if marker.why else []
        if not marker.committed and not marker.why:
            against.append(f"no finished checkpoint is at {marker.name}")
        against += [*self._fresh(one, marker.name), *self._step(one, unsaid=True)]
        if marker.moved is False or (marker.moved is None and 0 <= marker.step == self.before):
            against.append(f"{marker.name} is the one that was there before we asked")
        if not marker.steady:
            against.append(f"{marker.name} was not seen the same in two looks")
        against += self._lost(known=True)
        yield _Candidate(Grade.MARKER, one, tuple(against), self._says(f"{marker.name} is committed and steady", one))

    def nothing(self, candidates: Sequence[_Candidate]) -> _Candidate:
        """D where something has changed since we asked, E where it was told, else none."""
        changed = [one for one in candidates if self._changed(one.ack)]
        against = next((one.against for one in candidates if one.against), ())
        if changed:
            best = max(changed, key=lambda one: (one.ack.time, one.ack.step))
            return replace(best, grade=Grade.TOUCHED, why="; ".join(best.against))
        told = bool(self.request.asked) and self.contract.methods != ("none",)
        grade = Grade.SIGNALLED if told else Grade.NONE
        silent = "it was asked and has not answered" if told else "it was not asked for a checkpoint"
        return _Candidate(grade, Ack(), (), "; ".join(against) or silent)

    def _changed(self, one: Ack) -> bool:
        newer = one.time >= int(self.request.asked) > 0 and not any(self._future(one))
        return newer or one.step > self.before >= 0

    def _other(self, one: Ack, empty: bool = False) -> Iterator[str]:
        if one.request != self.request.id and not (empty and not one.request):
            yield f"it answers another request, {one.request!r}"

    def _not_rank0(self, one: Ack) -> Iterator[str]:
        if self.contract.scope == "rank0" and one.rank > 0:
            yield f"rank {one.rank} has answered, rank 0 has not"

    def _whole(self, one: Ack) -> Iterator[str]:
        if not one.complete:
            yield f"{_who(one)} says that its checkpoint is not complete"
        if one.world <= 0:
            yield f"{_who(one)} does not say how many ranks there are (worldSize)"
        elif one.ranks != one.world:
            yield f"{one.ranks} of {one.world} ranks have saved"
        elif one.world < self.pods:
            yield f"it speaks of {one.world} ranks, and the gang has {self.pods} pods"

    def _step(self, one: Ack, unsaid: bool = False) -> Iterator[str]:
        if one.step < 0 and not unsaid:
            yield f"{_who(one)} does not say which step it has saved"
        elif 0 <= one.step < self.before:
            yield f"its step {one.step} is below step {self.before}, which it had before we asked"

    def _fresh(self, one: Ack, what: str) -> Iterator[str]:
        """Dated after the request, by itself."""
        if not one.time:
            yield f"{what} does not say when the checkpoint was done"
        elif not self.request.asked:
            yield "it is not known when we asked"
        elif (last := self.contract.last) and 0 <= one.step == last.step and one.time <= last.time:
            yield f"step {one.step} is the one that was there before we asked"
        else:
            yield from self._stale(one, 0.0)
            yield from self._future(one)

    def _stale(self, one: Ack, skew: float) -> Iterator[str]:
        """Times are often written to the whole second below: that second counts as after the request."""
        if one.time and one.time < int(self.request.asked) - skew:
            yield f"it was done {human(self.request.asked - one.time)} before we asked, at {stamp(one.time)}"

    def _future(self, one: Ack) -> Iterator[str]:
        ahead = max(one.time, one.snapshot) - self.now
        if self.now and ahead > SKEW:
            yield f"its clock is {human(ahead)} ahead of the API server's"

    def _lost(self, known: bool = False) -> Iterator[str]:
        """Storage that goes with the pods keeps no checkpoint; for less than an answer it must be known to stay."""
        if self.durable is False:
            yield "it lies on storage that goes with the pods"
        elif known and self.durable is None:
            yield "it is not known whether its storage outlives the pods"

    def _says(self, who: str, one: Ack) -> str:
        parts = [f"step {one.step}"] if one.step >= 0 else []
        parts += [f"{one.ranks} of {one.world} ranks"] if one.world else []
        return f"{who}: {', '.join(parts)}" if parts else who


def _who(one: Ack) -> str:
    return f"rank {one.rank}" if one.rank >= 0 else "it"
