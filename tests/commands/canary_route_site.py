"""A namespace on the embedded cluster with a route to two versions of a model, requests, and a Prometheus that counts
them; and `canary` as a user runs it there.
"""

import json
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from k8sai.canary.facts import Ref
from k8sai.canary.keeping import names
from k8sai.canary.keeping.kept import Kept
from k8sai.canary.state import State
from k8sai.cluster.connect import connect
from k8sai.cluster.options import Options
from k8sai.cluster.writing import Writer
from k8sai.sim import kinds
from k8sai.sim.cluster import Sim
from tests.canary.routes import deployment, gateway, route, service, to
from tests.commands.run import Ran, environment, run
from tests.commands.server import write_kubeconfig
from tests.contract.api import JSON_PATCH, Api, Json

__all__ = ["QUICK", "Site", "chat", "chat_sim"]

QUICK = ("--steps", "5,50", "--no-gate", "--warmup", "0s")
_ROUTES = "/apis/gateway.networking.k8s.io/v1/namespaces/{}/httproutes/chat"
_numbers = count(1)


class Site:
    """`httproute/chat` sends everything to svc/chat-v1; svc/chat-v2 is there. 400 requests a second."""

    def __init__(self, sim: Sim, folder: Path) -> None:
        self.api, self.server, self.folder = Api(sim.server), sim.server, folder
        self.namespace = f"route{next(_numbers)}"
        self.api.post("/api/v1/namespaces", {"metadata": {"name": self.namespace}}).ok()
        self.route = _ROUTES.format(self.namespace)
        self.ref = Ref("httproutes.gateway.networking.k8s.io", self.namespace, "chat", word="httproute")
        rule = {"name": "main", "backendRefs": [to("chat-v1"), to("chat-v2", weight=0)]}
        self.make(gateway(), self.traffic(), self.prometheus(), route(rule))
        for name in ("chat-v1", "chat-v2"):
            self.make(service(name), deployment(name, 2))
        self.until(lambda: all(self.ready(name) for name in ("chat-v1", "chat-v2")))

    # --- what is there ------------------------------------------------------------------------------------------------

    def make(self, *objects: Json) -> None:
        for one in objects:
            group = one.get("apiVersion", "v1").rpartition("/")[0]
            resource = next(each for each in kinds.BUILTIN if (each.group, each.kind) == (group, one["kind"]))
            root = f"/apis/{group}/{resource.version}" if group else "/api/v1"
            meta = {**one["metadata"], "namespace": self.namespace}
            self.api.post(f"{root}/namespaces/{self.namespace}/{resource.plural}", {**one, "metadata": meta}).ok()

    def traffic(self, errors: str = "0.1%") -> Json:
        script = {"to": "httproute/chat", "rate": 400, "versions": [{"when": "chat-v2", "errors": errors}]}
        meta = {"name": "traffic", "labels": {"sim.k8sai.dev/traffic": ""}}
        return {"kind": "ConfigMap", "metadata": meta, "data": {"traffic.yaml": json.dumps(script)}}

    def prometheus(self) -> Json:
        ports = {"selector": {}, "ports": [{"name": "web", "port": 9090}]}
        meta = {"name": "prometheus", "labels": {"app.kubernetes.io/name": "prometheus"}}
        return {"kind": "Service", "metadata": meta, "spec": ports}

    def fails(self) -> None:
        """From now on a fifth of the new version's answers are errors."""
        path = f"/api/v1/namespaces/{self.namespace}/configmaps/traffic"
        self.api.patch(path, {"data": self.traffic("20%")["data"]}).ok()

    def ready(self, name: str) -> bool:
        found = self.api.get(f"/apis/apps/v1/namespaces/{self.namespace}/deployments/{name}").ok()
        return bool((found.get("status") or {}).get("readyReplicas") == 2)

    def until(self, holds: Any) -> None:
        import time

        end = time.monotonic() + 30
        while not holds():
            assert time.monotonic() < end
            time.sleep(0.05)

    @property
    def weights(self) -> tuple[int, ...]:
        (rule,) = self.api.get(self.route).ok()["spec"]["rules"]
        return tuple(ref["weight"] for ref in rule["backendRefs"])

    def weigh(self, weight: int) -> None:
        """Somebody else writes."""
        path = "/spec/rules/0/backendRefs/1/weight"
        self.api.patch(self.route, [{"op": "replace", "path": path, "value": weight}], JSON_PATCH).ok()

    @property
    def state(self) -> State:
        held = self.kept.peek()
        assert held
        return held.state

    @property
    def kept(self) -> Kept:
        config = write_kubeconfig(self.folder / "config", self.server, namespace=self.namespace)
        return Kept(Writer(connect(Options(kubeconfig=str(config)))), self.ref)

    @property
    def ours(self) -> list[str]:
        """The names of what rollouts have made."""
        found = self.api.get(f"/api/v1/namespaces/{self.namespace}/configmaps").ok()["items"]
        return [one["metadata"]["name"] for one in found if names.LABEL in one["metadata"].get("labels", {})]

    # --- running ------------------------------------------------------------------------------------------------------

    def env(self, server: str = "") -> dict[str, str]:
        config = write_kubeconfig(self.folder / "config", server or self.server, namespace=self.namespace)
        return environment(self.folder, KUBECONFIG=str(config))

    def __call__(self, verb: str, *words: str, server: str = "") -> Ran:
        """`canary VERB httproute/chat …`."""
        return self.clean(run("kubectl-ai_canary", verb, "httproute/chat", *words, env=self.env(server)))

    def clean(self, ran: Ran) -> Ran:
        """Without what differs from run to run."""

        def cleaned(text: str) -> str:
            text = text.replace(self.namespace, "site")
            text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}", "UID", text)
            return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", text)

        return Ran(ran.code, cleaned(ran.out), cleaned(ran.err))

    def started(self, *flags: str) -> None:
        ran = self("start", "--to", "svc/chat-v2", *(flags or QUICK))
        assert ran.code == 0, ran.err

    def document(self, verb: str, *words: str, code: int = 0) -> Json:
        ran = self(verb, *words, "-o", "json")
        assert ran.code == code, ran.err
        found: Json = json.loads(ran.out)
        return found


@pytest.fixture(scope="module")
def chat_sim() -> Iterator[Sim]:
    with Sim("cpu-only") as running:
        yield running


@pytest.fixture
def chat(chat_sim: Sim, tmp_path: Path) -> Site:
    return Site(chat_sim, tmp_path)
