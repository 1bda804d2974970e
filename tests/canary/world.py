"""A cluster for backends: the embedded one's store and controllers with a clock moved by hand, read and written as a
backend's caller does. `reach` drives a goal to its end and tells what was done on the way.
"""

from typing import Any

from k8sai.canary.backend import Backend, Goal, Step, Wait, Write
from k8sai.canary.facts import Json, Prepared, Ref, Seen, Wish
from k8sai.cluster.reading import Reading
from k8sai.errors import Drift, NotFound
from k8sai.selectors import selector
from k8sai.sim import kinds, patches
from k8sai.sim.kinds import Resource
from k8sai.sim.status import ApiFailure
from tests.sim.lab import Lab

Writes = list[Write]
NAMESPACE = "default"
MOST = 50  # steps to a goal, before it counts as never reached


class World(Lab):
    """`world.has(...)`, `world.reach(backend, kind, name, goal, prepared)`; an `Objects` of `Reading`."""

    context = "world"

    # --- read -----------------------------------------------------------------------------------------------------

    def served(self, kind: str) -> bool:
        return self._resource(kind) is not None

    def list(self, kind: str, namespace: str = "", *, labels: str = "", fields: str = "") -> list[Json]:
        resource, matches = self._resource(kind), selector(labels)
        found = self.store.list(resource, namespace or None) if resource else ()
        return [one for one in found if matches(one["metadata"].get("labels") or {})]

    def get(self, kind: str, namespace: str, name: str) -> Json:  # type: ignore[override]
        resource = self._resource(kind)
        found = self.store.find(resource, namespace if resource.namespaced else "", name) if resource else None
        if found is None:
            raise NotFound(f"there is no {kind} {namespace}/{name}")
        return found

    def reading(self) -> Reading:
        """Objects as they are now."""
        return Reading(self)

    def target(self, ref: Ref) -> Json:
        return self.get(ref.kind, ref.namespace, ref.name)

    # --- written --------------------------------------------------------------------------------------------------

    def has(self, *objects: Json) -> None:
        """They are created, and the controllers have done with them."""
        for obj in objects:
            group = obj["apiVersion"].rpartition("/")[0]
            resource = next(one for one in kinds.BUILTIN if (one.group, one.kind) == (group, obj["kind"]))
            meta = {"namespace": NAMESPACE, **obj["metadata"]} if resource.namespaced else obj["metadata"]
            self.store.create(resource, {**obj, "metadata": meta})
        self.run()

    def edit(self, kind: str, name: str, *operations: Json) -> None:
        """Somebody else writes."""
        self._patched(Ref(kind, NAMESPACE, name), [*operations], "", patches.JSON_PATCH)

    def carry(self, write: Write) -> None:
        """As the server takes it. Raises Drift where a guard does not hold."""
        resource = self._resource(write.on.kind)
        assert resource, write.on.kind
        if write.op == "create":
            assert isinstance(write.body, dict)
            self.store.create(resource, write.body)
        elif write.op == "delete":
            assert write.live
            self.store.delete(resource, write.on.namespace, write.on.name, uid=write.live["metadata"]["uid"])
        else:
            media = patches.JSON_PATCH if write.op == "json-patch" else patches.MERGE_PATCH
            self._patched(write.on, write.body, write.subresource, media)

    def _patched(self, on: Ref, body: Any, subresource: str, media: str) -> None:
        resource = self._resource(on.kind)
        assert resource, on.kind
        old = self.get(on.kind, on.namespace, on.name)
        try:
            self.store.update(resource, patches.patched(resource, old, body, media), subresource)
        except ApiFailure as failure:
            raise Drift(failure.message) from failure

    def _resource(self, kind: str) -> Resource | None:
        plural, _, group = kind.partition(".")
        return self.store.catalog.get(group, plural)

    # --- a rollout ------------------------------------------------------------------------------------------------

    def prepare(self, backend: Backend, ref: Ref, wish: Wish) -> Prepared:
        return backend.prepare(self.target(ref), wish, self.reading())

    def see(self, backend: Backend, ref: Ref, prepared: Prepared) -> Seen:
        return backend.see(self.target(ref), prepared.handle, self.reading())

    def step(self, backend: Backend, ref: Ref, goal: Goal, prepared: Prepared) -> Step:
        """What is next; nothing is written."""
        return backend.next(self.see(backend, ref, prepared), goal, prepared.handle, prepared.before)

    def reach(self, backend: Backend, ref: Ref, goal: Goal, prepared: Prepared) -> Writes:
        """The writes on the way to a goal; time passes while there is something to wait for."""
        done: Writes = []
        for _ in range(MOST):
            step = self.step(backend, ref, goal, prepared)
            if step is None:
                return done
            if isinstance(step, Wait):
                self.run()
                continue
            self.carry(step)
            self.settle()
            done.append(step)
        raise AssertionError(f"{goal} is never reached: {step}")
