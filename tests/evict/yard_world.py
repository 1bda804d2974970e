"""The yard on the embedded cluster without a socket: its store and controllers with a clock that is moved by hand."""

from collections.abc import Iterable, Mapping
from typing import Any

from k8sai.canary.facts import Ref
from k8sai.sim import kinds, patches
from k8sai.sim.status import ApiFailure
from tests.canary.world import NAMESPACE, World
from tests.evict.yard_objects import YARD

Json = dict[str, Any]
MARKED = (
    *("nodes", "pods", "jobs.batch", "jobsets.jobset.x-k8s.io", "workloads.kueue.x-k8s.io"),
    *("trainjobs.trainer.kubeflow.org", "leaderworkersets.leaderworkerset.x-k8s.io"),
)
NODES = kinds.find("", "nodes")


class YardWorld(World):
    """`world.nodes("a0", "a1")`, `world.has(job(…))`; also a `yard_player.Stage`. Everything is in one namespace."""

    def nodes(self, *names: str, gpus: int = 8) -> None:
        taint = {"key": YARD, "value": NAMESPACE, "effect": "NoSchedule"}
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady"}
        for name in names:
            made = self.node(name, gpus, labels={YARD: NAMESPACE}, taints=[taint])
            status = {**made["status"], "conditions": [ready]}
            self.store.update(NODES, {**made, "status": status}, "status")

    def now(self) -> float:
        return self.clock.now()

    def listed(self, kind: str) -> list[Json]:
        return self.list(kind, NAMESPACE)

    def annotate(self, kind: str, obj: Json, values: Mapping[str, str]) -> None:
        meta = obj["metadata"]
        place = Ref(kind, meta.get("namespace", ""), meta["name"])
        if any(one["metadata"]["uid"] == meta["uid"] for one in self.list(kind, place.namespace)):
            try:
                self._patched(place, {"metadata": {"annotations": dict(values)}}, "", patches.MERGE_PATCH)
            except ApiFailure as failure:  # pragma: no cover
                raise AssertionError(failure.message) from failure
            self.settle()

    # --- what is there ------------------------------------------------------------------------------------------------

    def pods_of(self, name: str) -> list[Json]:
        """Of a gang, by the beginning of their names."""
        found = self.listed("pods")
        return [
            one for one in found if one["metadata"]["name"].startswith(f"{name}-") or one["metadata"]["name"] == name
        ]

    def cordoned(self) -> set[str]:
        return {one["metadata"]["name"] for one in self.list("nodes") if one["spec"].get("unschedulable")}

    def marked(self, key: str, kinds: Iterable[str] = ()) -> list[str]:
        """Who bears an annotation, as `kind/name`."""
        every = kinds or MARKED
        return [
            f"{kind.partition('.')[0]}/{one['metadata']['name']}"
            for kind in every
            for one in self.list(kind)
            if key in (one["metadata"].get("annotations") or {})
        ]
