"""A queue of a test's own on a real Kueue, and what `queue why` says of who waits in it."""

from collections.abc import Callable
from typing import Any

from k8sai.cluster.connect import connect
from k8sai.cluster.objects import LiveObjects
from k8sai.cluster.options import Options
from k8sai.cluster.reading import Reading
from k8sai.errors import Exit
from k8sai.queues.positions import read as read_positions
from k8sai.queues.setting import read_by
from k8sai.queues.why.answer import explain
from k8sai.queues.why.look import Look
from k8sai.queues.why.result import Why
from k8sai.why.kinds import asked
from k8sai.why.queueing import asked_of
from k8sai.why.subject import find
from tests.contract.api import Json
from tests.controlplane.queue_cases import Place
from tests.queues.simulate_objects import cluster_queue, flavor, group, local_queue, made


class QueuePlace(Place):
    """A namespace with a LocalQueue `main`; everything of the cluster that it makes is called like the namespace."""

    @property
    def cq(self) -> str:
        return self.namespace

    def name(self, word: str) -> str:
        return f"{self.namespace}-{word}"

    def queue(self, nominal: int = 8, cohort: str = "", **more: Any) -> None:
        """A flavor, a ClusterQueue of so many GPUs and the way to it."""
        self.put(
            flavor(self.name("f")),
            cluster_queue(self.cq, nominal, cohort, self.name("f"), **more),
            local_queue(self.namespace, self.cq),
        )

    def quota(self, *flavors: Json, nominal: int = 8, **more: Any) -> None:
        """The same with these flavors, so many GPUs each."""
        quotas = group(*((one["metadata"]["name"], {"nominalQuota": nominal}) for one in flavors))
        spec = {"namespaceSelector": {}, "resourceGroups": quotas, **more}
        self.put(*flavors, made("ClusterQueue", self.cq, spec), local_queue(self.namespace, self.cq))

    def why(self, what: str, user: str = "admin") -> Why:
        connection = connect(Options(kubeconfig=str(self.plane.kubeconfig(user)), namespace=self.namespace))
        objects = LiveObjects(connection)
        reading = Reading(objects)
        kind, name = asked((what,))
        subject = find(reading, kind, self.namespace, name)
        setting = read_by(reading, self.namespace)
        look = Look(setting, reading, asked_of(subject, name if what.startswith("workload/") else ""))
        positions = (
            read_positions(objects.ask, setting, [look.queue_title]) if look.queue_title and look.waits else None
        )
        return explain(look, positions.of(look.workload) if positions and look.workload else None)

    def agreed(self, name: str, code: str, exit: Exit) -> Why:
        """The answer once Kueue has said something: with that code, and both agree."""
        self.decided(name)
        why = self.why(f"job/{name}")
        assert (why.code, why.exit) == (code, exit), why.sentence
        assert why.quoted is not None and why.quoted.agreement == "agrees", why.quoted
        return why

    def workload(self, owner: str, reached: Callable[[Json], bool]) -> Json:
        """Its Workload as soon as it is so."""
        return self.decided(owner, reached)

    def patch(self, path: str, body: Json, **query: str) -> None:
        self.api.patch(path.replace("{ns}", self.namespace), body, query=query).ok()

    def patch_status(self, path: str, status: Json) -> None:
        """As a controller does."""
        self.api.patch(f"{path}/status", {"status": status}).ok()


def condition(obj: Json, kind: str) -> Json:
    found = [one for one in (obj.get("status") or {}).get("conditions") or () if one["type"] == kind]
    return found[0] if found else {}
