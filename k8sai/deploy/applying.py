"""Carries out a plan, phase by phase, and knows at every moment what stands.

The parent of the set learns its kinds before the first object and forgets them after the last, so that a run that was
killed is mended by the next one. A phase is tried whole: its objects do not depend on each other. Later ones are not
tried once something has failed.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from k8sai.cluster.api_errors import ApiConflict, ApiNotFound, Unavailable
from k8sai.cluster.writing import Target, Writer, Written
from k8sai.deploy.order import Phase, phase
from k8sai.deploy.paths import Json
from k8sai.deploy.plan import Change, Choices, Plan
from k8sai.deploy.planning import again
from k8sai.errors import Drift, K8saiError, TimedOut

State = Literal["written", "unchanged", "failed", "untried", "deleted", "gone"]

_AGAIN = 5  # times a field is taken from an object that others keep writing
_ESTABLISHED = 60.0  # seconds a definition may take to be served
_LOOK = 0.2  # seconds between looks at a definition


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a change; `object` is what the server answered."""

    change: Change
    state: State
    object: Json | None = None
    error: K8saiError | None = None

    @property
    def stands(self) -> bool:
        return self.state in ("written", "unchanged", "deleted", "gone")


@dataclass(slots=True)
class Run:
    """One apply on its way. `outcomes` are complete at every moment, also after an error or Ctrl-C."""

    writer: Writer
    plan: Plan
    choices: Choices = field(default_factory=Choices)
    told: Callable[[Outcome], None] = lambda _: None
    remember: Callable[[], None] = lambda: None  # called once, before the first object of the set is written
    home: str = ""  # the namespace in which is remembered: where the set itself makes it, that is done right after
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    outcomes: list[Outcome] = field(default_factory=list)

    def write(self) -> bool:
        """Everything but the deletes; False where something failed. Raises what `remember` raises."""
        made = {one.target.name for one in self.plan.writes if one.target.ref.startswith("namespace/")}
        begins = Phase.CONFIG if self.home in made else Phase.GROUND
        for step in Phase:
            changes = [one for one in self.plan.changes if one.op != "delete" and _phase(one) == step]
            if step == begins and self.plan.differs:
                self.remember()
            for change in changes:
                self._tell(self._written(change))
                if isinstance(self.outcomes[-1].error, Unavailable):
                    return False  # nobody answers: the rest of the phase would wait as long
            if self.failed:
                return False
        return True

    def delete(self) -> bool:
        """What the plan prunes; False where something failed."""
        for change in self.plan.deletes:
            self._tell(self._deleted(change))
            if isinstance(self.outcomes[-1].error, Unavailable):
                return False
        return not self.failed

    @property
    def failed(self) -> tuple[Outcome, ...]:
        return tuple(one for one in self.outcomes if one.state == "failed")

    @property
    def untried(self) -> tuple[Change, ...]:
        done = {one.change.target for one in self.outcomes}
        return tuple(change for change in self.plan.changes if change.target not in done)

    def _tell(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self.told(outcome)

    def _written(self, change: Change) -> Outcome:
        if change.op == "unchanged":
            return Outcome(change, "unchanged", change.live)
        try:
            change, written = self._applied(change)
            if _phase(change) == Phase.GROUND and change.target.resource.kind == "CustomResourceDefinition":
                self._established(change.target)
        except K8saiError as error:
            return Outcome(change, "failed", error=error)
        return Outcome(change, "written", written.object)

    def _applied(self, change: Change) -> tuple[Change, Written]:
        """As planned. Where fields are taken by force, only from the very object that the plan has seen."""
        for _ in range(_AGAIN):
            body = _guarded(change) if change.force else change.body
            try:
                return change, self._sent(change.target, body, force=change.force)
            except ApiConflict as error:
                fresh = again(change, self.writer, self.choices)
                new = {one.path for one in fresh.open} | (
                    {one.path for one in fresh.conflicts} - {one.path for one in change.conflicts}
                )
                if new and not change.untried:
                    raise _drift(change.target, new) from error
                if fresh.open:
                    raise _drift(change.target, {one.path for one in fresh.open}) from error
                change = replace(fresh, op=change.op)
        raise Drift(
            f"{change.target.ref} is written by others all the time: nothing of theirs was taken", "try again later"
        )

    def _sent(self, target: Target, body: Json, *, force: bool) -> Written:
        """A kind just defined may not be found for a moment, although its definition is established."""
        end = self.now() + (_ESTABLISHED if target.resource.verbs == () else 0)
        while True:
            try:
                return self.writer.apply(target, body, force=force)
            except ApiNotFound as error:
                if "could not find the requested resource" not in error.message or self.now() >= end:
                    raise
                self.sleep(_LOOK)

    def _established(self, target: Target) -> None:
        end = self.now() + _ESTABLISHED
        while not _is_established(self.writer.live(target) or {}):
            if self.now() >= end:
                raise TimedOut(f"{target.ref} was not established within {_ESTABLISHED:.0f} s")
            self.sleep(_LOOK)
        self.writer.learn()

    def _deleted(self, change: Change) -> Outcome:
        try:
            there = self.writer.delete(change.target, uid=change.uid)
        except K8saiError as error:
            return Outcome(change, "failed", error=error)
        return Outcome(change, "deleted" if there else "gone")


def _phase(change: Change) -> Phase:
    return phase(change.target.resource.group, change.target.resource.kind)


def _guarded(change: Change) -> Json:
    """The body for the object of this very resourceVersion."""
    version = ((change.live or {}).get("metadata") or {}).get("resourceVersion")
    return {**change.body, "metadata": {**change.body["metadata"], "resourceVersion": version}}


def _drift(target: Target, paths: set[str]) -> Drift:
    return Drift(
        f"{target.ref} was changed since it was planned: now others own {', '.join(sorted(paths))}",
        "apply again: the new conflicts are shown",
    )


def _is_established(definition: Json) -> bool:
    conditions = (definition.get("status") or {}).get("conditions") or []
    return any(one.get("type") == "Established" and one.get("status") == "True" for one in conditions)
