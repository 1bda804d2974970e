"""A backend driven against a server, goal by goal, as a caller does it; every wait is for the target to change."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from k8sai.canary.backend import Backend, Goal, Step, Wait, Write
from k8sai.canary.facts import Json, Prepared, Ref, Seen, Wish
from k8sai.canary.running.carry import SILENCE
from k8sai.canary.running.sending import place, send
from k8sai.cluster.connect import connect
from k8sai.cluster.objects import LiveObjects
from k8sai.cluster.options import Options
from k8sai.cluster.reading import Reading
from k8sai.cluster.writing import Writer
from tests.contract.api import Api

PATIENCE = 90.0  # seconds to a goal


@dataclass
class Driver:
    """`driver.reach(Shift(25), prepared)` tells what was written on the way."""

    api: Api
    backend: Backend
    ref: Ref
    objects: LiveObjects
    writer: Writer
    saw: list[Seen] = field(default_factory=list)  # before each write of `reach`

    @classmethod
    def of(cls, api: Api, kubeconfig: Path, backend: Backend, ref: Ref) -> "Driver":
        connection = connect(Options(kubeconfig=str(kubeconfig), namespace=ref.namespace))
        return cls(api, backend, ref, LiveObjects(connection), Writer(connection))

    def target(self) -> Json:
        return self.objects.get(self.ref.kind, self.ref.namespace, self.ref.name)

    def prepare(self, wish: Wish) -> Prepared:
        return self.backend.prepare(self.target(), wish, Reading(self.objects))

    def see(self, prepared: Prepared) -> Seen:
        return self.backend.see(self.target(), prepared.handle, Reading(self.objects))

    def step(self, goal: Goal, prepared: Prepared) -> Step:
        return self.backend.next(self.see(prepared), goal, prepared.handle, prepared.before)

    def carry(self, write: Write) -> None:
        """Raises Stale where a guard does not hold."""
        send(self.writer, write)

    def reach(self, goal: Goal, prepared: Prepared) -> list[Write]:
        """Until nothing is left to do. Raises TimeoutError."""
        done: list[Write] = []
        end = time.monotonic() + PATIENCE
        step: Step = None
        heard = time.monotonic()
        while time.monotonic() < end:
            seen = self.see(prepared)
            step = self.backend.next(seen, goal, prepared.handle, prepared.before)
            if step is None:
                return done
            if isinstance(step, Wait):
                if step.nudge and time.monotonic() - heard > SILENCE:
                    self.carry(step.nudge)
                    heard = time.monotonic()
                self.changed(seen.target)
            else:
                self.saw.append(seen)
                self.carry(step)
                done.append(step)
        raise TimeoutError(f"{goal} is not reached: {step}, {self.target().get('status')}")

    def changed(self, since: Json) -> None:
        """Returns once the target is another than this, or after a while: what it waits for may be another object."""
        version = since["metadata"]["resourceVersion"]
        try:
            self.api.until_object(self.path, lambda one: one["metadata"]["resourceVersion"] != version, seconds=1)
        except TimeoutError:
            return

    @property
    def path(self) -> str:
        """Of the target."""
        return place(self.writer, Write("merge", self.ref, self.target(), {}, "")).path
