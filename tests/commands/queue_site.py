"""A namespace on the embedded cluster with two queues of its own, and `queue` as a user runs it there."""

import json
import re
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from k8sai.ages import epoch
from k8sai.sim.cluster import Sim
from tests.commands.run import Ran, environment, run
from tests.commands.server import write_kubeconfig
from tests.contract.api import Api, Json
from tests.contract.queues import KUEUE, QUEUE, Jobs, holds, owner

__all__ = ["KUEUE", "QUEUE", "Site", "holds", "queue_sim", "site"]

_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_numbers = count(1)


class Site(Jobs):
    """`one` and `two` are LocalQueues, each with a ClusterQueue of 2 cpus that is called as they are, with the
    namespace before it.
    """

    def __init__(self, sim: Sim, folder: Path) -> None:
        super().__init__(Api(sim.server), f"site{next(_numbers)}")
        self.folder, self.server = folder, sim.server
        self.api.post("/api/v1/namespaces", {"metadata": {"name": self.namespace}}).ok()
        self.api.post(f"{KUEUE}/resourceflavors", {"metadata": {"name": self.namespace}, "spec": {}}).ok()
        for name in ("one", "two"):
            self.cluster_queue(name)
            self.local_queue(name, self.cq(name))

    # --- what is there ------------------------------------------------------------------------------------------------

    def cq(self, name: str) -> str:
        return f"{self.namespace}-{name}"

    def cluster_queue(self, name: str, **spec: Any) -> None:
        quota = {"name": "cpu", "nominalQuota": "2"}
        group = {"coveredResources": ["cpu"], "flavors": [{"name": self.namespace, "resources": [quota]}]}
        body = {"namespaceSelector": {}, "resourceGroups": [group], **spec}
        self.api.post(f"{KUEUE}/clusterqueues", {"metadata": {"name": self.cq(name)}, "spec": body}).ok()

    def local_queue(self, name: str, cluster_queue: str) -> None:
        made = {"metadata": {"name": name}, "spec": {"clusterQueue": cluster_queue}}
        self.api.post(f"{KUEUE}/namespaces/{self.namespace}/localqueues", made).ok()

    def job(self, name: str, queue: str = "one", cpus: int = 2, **metadata: Any) -> None:
        """Waits until Kueue has taken notice."""
        limits = {"resources": {"requests": {"cpu": str(cpus)}}}
        pod = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "x", **limits}]}
        labels = {**({QUEUE: queue} if queue else {}), **metadata.pop("labels", {})}
        meta = {"name": name, "labels": labels, **metadata}
        self.api.post(self.jobs, {"metadata": meta, "spec": {"suspend": True, "template": {"spec": pod}}}).ok()
        if queue:
            self.until(name, lambda one: bool((one.get("status") or {}).get("conditions")))

    def read(self, kind: str, name: str) -> Json:
        """`jobs` or `localqueues` by name, `clusterqueues` by their short one."""
        root = self.jobs if kind == "jobs" else f"{KUEUE}/namespaces/{self.namespace}/{kind}"
        path = f"{KUEUE}/{kind}/{self.cq(name)}" if kind == "clusterqueues" else f"{root}/{name}"
        return self.api.get(path).ok()

    def workload(self, job: str) -> Json:
        return next(one for one in self.api.get(self.workloads).ok()["items"] if owner(one) == job)

    def waits(self, job: str) -> Json:
        """It was looked at, and has no quota."""
        return self.until(job, lambda one: holds(one, "QuotaReserved", "False"))

    def later(self, job: str) -> None:
        """Whatever is created from now on is younger than the job: ages are told in whole seconds."""
        created = epoch(self.workload(job)["metadata"]["creationTimestamp"])
        while time.time() < created + 1:
            time.sleep(0.05)

    def grant(self, user: str, *rules: Json, everywhere: bool = False) -> None:
        """Rights in the namespace, or in the whole cluster."""
        kind, root = ("ClusterRole", _RBAC) if everywhere else ("Role", f"{_RBAC}/namespaces/{self.namespace}")
        name = {"metadata": {"name": f"{self.namespace}-{user}"}}
        self.api.post(f"{root}/{kind.lower()}s", {**name, "rules": list(rules)}).ok()
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": f"{self.namespace}-{user}"}
        subjects = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}]
        self.api.post(f"{root}/{kind.lower()}bindings", {**name, "roleRef": role, "subjects": subjects}).ok()

    # --- running ------------------------------------------------------------------------------------------------------

    def env(self, server: str = "") -> dict[str, str]:
        config = write_kubeconfig(self.folder / "config", server or self.server, namespace=self.namespace)
        return environment(self.folder, KUBECONFIG=str(config))

    def __call__(self, *words: str, server: str = "") -> Ran:
        return run("kubectl-ai_queue", *words, env=self.env(server))

    def said(self, ran: Ran) -> Ran:
        """Without what differs from run to run: the site's name, times, Kueue's random endings."""

        def clean(text: str) -> str:
            text = text.replace(self.namespace, "site")
            text = re.sub(r"job-(\w+)-[0-9a-f]{5}", r"job-\1-xxxxx", text)
            return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", text)

        return Ran(ran.code, clean(ran.out), clean(ran.err))

    def document(self, *words: str, code: int = 0) -> Json:
        ran = self(*words, "-o", "json")
        assert ran.code == code, ran.err
        found: Json = json.loads(ran.out)
        return found


@pytest.fixture(scope="module")
def queue_sim() -> Iterator[Sim]:
    with Sim("cpu-only") as running:
        yield running


@pytest.fixture
def site(queue_sim: Sim, tmp_path: Path) -> Site:
    return Site(queue_sim, tmp_path)
