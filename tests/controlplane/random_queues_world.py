"""Random trees of queues side by side on one real Kueue: what we say of each workload, and what Kueue then does."""

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from k8sai.cluster.connect import connect
from k8sai.cluster.objects import LiveObjects
from k8sai.cluster.options import Options
from k8sai.queues import parse_workload
from k8sai.queues.judging.judge import Judge
from k8sai.queues.setting import Setting, read
from k8sai.queues.usage import Differs, differences
from tests.contract.api import Json
from tests.controlplane.bulk import create_all, delete_all
from tests.controlplane.namespaces import new_namespace
from tests.controlplane.random_queues import Tree, local_queues
from tests.controlplane.random_queues_outcome import (
    Outcome,
    Tried,
    condition,
    holds,
    obstacles,
    ours,
    preempted_by,
    theirs,
    uncovered,
)
from tests.controlplane.server import ControlPlane

KUEUE = "/apis/kueue.x-k8s.io/v1beta2"


@dataclass(frozen=True)
class Said:
    """Beforehand, of one workload."""

    outcome: Outcome
    obstacles: frozenset[str]


class World:
    """All trees of a draw in one namespace of one server."""

    def __init__(self, plane: ControlPlane, trees: list[Tree]) -> None:
        self.plane, self.api, self.trees = plane, plane.api, trees
        self.namespace = new_namespace(self.api, "trees", service_account=False)
        self.workloads = f"{KUEUE}/namespaces/{self.namespace}/workloads"

    def build(self) -> None:
        """Who holds quota is there before the queues: Kueue counts what it finds, whether there is room or not."""
        api = self.api
        create_all(api, f"{KUEUE}/resourceflavors", self._all("flavors"))
        holders = self._all("holders")
        create_all(api, self.workloads, holders)
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(self._admit, holders))
        create_all(api, f"{KUEUE}/cohorts", self._all("cohorts"))
        create_all(api, f"{KUEUE}/clusterqueues", self._all("queues"))
        doors = [door for tree in self.trees for door in local_queues(tree)]
        create_all(api, f"{KUEUE}/namespaces/{self.namespace}/localqueues", doors)
        for path in (f"{KUEUE}/clusterqueues", f"{KUEUE}/namespaces/{self.namespace}/localqueues"):
            api.until_each(path, lambda obj: holds(obj, "Active"))

    def _admit(self, holder: Json) -> None:
        path = f"{self.workloads}/{holder['metadata']['name']}/status"
        self.api.patch(path, {"status": holder["status"]}).ok()

    def _all(self, what: str) -> list[Json]:
        return [one for tree in self.trees for one in getattr(tree, what)]

    def setting(self) -> Setting:
        """As any of our commands reads it."""
        connection = connect(Options(kubeconfig=str(self.plane.kubeconfig())))
        try:
            return read(LiveObjects(connection))
        finally:
            connection.close()

    def differences(self) -> tuple[Differs, ...]:
        """Between the status of queues and the workloads, once Kueue has had time to write the former."""
        self._until_counted("reservingWorkloads", len(self._all("holders")))
        return differences(self.setting())

    def _until_counted(self, what: str, total: int) -> None:
        """Kueue's own count over all queues is this: it has seen what was done."""

        def counted(queues: dict[str, Json]) -> bool:
            return sum(one["status"].get(what) or 0 for one in queues.values()) == total

        self.api.until(f"{KUEUE}/clusterqueues", counted)

    def play(self, number: int) -> list[Tried]:
        """Try the workload of this number on every tree at once; then take away who waits and who was evicted."""
        probes = [tree.probes[number] for tree in self.trees]
        said = self._predict(probes)
        create_all(self.api, self.workloads, probes)
        found = self._decided({f"{self.namespace}/{name}" for name in said})
        notes = self._notes([name for name in said if holds(found[f"{self.namespace}/{name}"], "QuotaReserved")])
        tried = [self._tried(name, one, found, notes.get(name, "")) for name, one in said.items()]
        self._clean(found)
        return tried

    def _predict(self, probes: Iterable[Json]) -> dict[str, Said]:
        here = self.setting()
        judge = Judge(here)
        said = {}
        for probe in probes:
            wish = replace(
                parse_workload.workload(probe), namespace=self.namespace, created=float(int(time.time())), uid="new"
            )
            queue = here.cluster_queues[wish.queue]
            found = judge.of(wish, queue)
            said[wish.name] = Said(ours(found), obstacles(found, wish, queue))
        return said

    def _decided(self, names: set[str]) -> dict[str, Json]:
        """All workloads, once Kueue has said something of each of these that it says anything of."""

        def said(obj: Json) -> bool:
            return condition(obj, "QuotaReserved") is not None or uncovered(obj)

        return self.api.until(self.workloads, lambda objects: all(said(objects[name]) for name in names))

    def _notes(self, admitted: list[str]) -> dict[str, str]:
        """What the events of their reservation say."""
        path = f"/apis/events.k8s.io/v1/namespaces/{self.namespace}/events"

        def notes(events: Iterable[Json]) -> dict[str, Any]:
            return {one["regarding"]["name"]: one["note"] for one in events}

        def noted(events: dict[str, Json]) -> bool:
            return notes(events.values()).keys() >= set(admitted)

        return notes(self.api.until(path, noted, {"fieldSelector": "reason=QuotaReserved"}).values())

    def _tried(self, name: str, said: Said, found: dict[str, Json], note: str) -> Tried:
        obj = found[f"{self.namespace}/{name}"]
        uid = obj["metadata"]["uid"]
        victims = {one["metadata"]["name"]: reason for one in found.values() if (reason := preempted_by(one, uid))}
        message = (condition(obj, "QuotaReserved") or {}).get("message", "")
        return Tried(name, said.outcome, theirs(obj, victims, note), said.obstacles, f"{message} {note}")

    def _clean(self, found: dict[str, Json]) -> None:
        """Who waits first: it must not be tried again once others are gone."""
        waiting = [one for one in found.values() if not holds(one, "QuotaReserved")]
        evicted = [one for one in found.values() if holds(one, "QuotaReserved") and holds(one, "Evicted")]
        for gone in (waiting, evicted):
            delete_all(self.api, [f"{self.workloads}/{one['metadata']['name']}" for one in gone])
            self._until_counted("pendingWorkloads", 0)
        self._until_counted("reservingWorkloads", len(found) - len(waiting) - len(evicted))
