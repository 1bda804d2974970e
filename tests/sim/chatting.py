"""A model in two versions behind a route, and scripted requests to it, with a clock moved by hand."""

from typing import Any

import yaml

from k8sai.cluster.exposition import Sample
from k8sai.cluster.prometheus import Vector
from k8sai.sim.prometheus import answer
from k8sai.sim.traffic_script import KEY, LABEL
from tests.sim.lab import Lab, Obj

ROUTE = "gateway.networking.k8s.io"
START = 1_800_000_000.0


class Chat:
    """Services chat-v1 and chat-v2 with two pods and one; `httproute/chat` sends 25 % to the new one."""

    def __init__(self, *versions: Obj, rate: float = 40.0, to: str = "httproute/chat") -> None:
        self.lab = Lab()
        self.lab.node("a")
        for name, replicas in (("chat-v1", 2), ("chat-v2", 1)):
            self._version(name, replicas)
        self.lab.create("httproutes", route(25))
        self.lab.run(5)
        self.script(*versions, rate=rate, to=to)

    def _version(self, name: str, replicas: int) -> None:
        labels = {"app": name}
        self.lab.create("services", {"metadata": {"name": name}, "spec": {"selector": labels, "ports": [{"port": 80}]}})
        template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "server", "image": f"{name}:1"}]}}
        spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
        self.lab.create("deployments", {"apiVersion": "apps/v1", "metadata": {"name": name}, "spec": spec})

    def script(self, *versions: Obj, rate: float = 40.0, to: str = "httproute/chat") -> None:
        """Write it, or write it anew."""
        config = script(to, rate, *versions)
        found = self.lab.find("configmaps", "traffic")
        if found is None:
            self.lab.create("configmaps", config)
        else:
            self.lab.update("configmaps", {**found, **config, "metadata": {**found["metadata"]}})

    def shift(self, percent: int) -> None:
        old = self.lab.get("httproutes", "chat", ROUTE)
        self.lab.update("httproutes", {**old, "spec": route(percent)["spec"]}, ROUTE)

    def pods(self, version: str) -> list[str]:
        return sorted(
            pod["metadata"]["name"] for pod in self.lab.all("pods") if pod["metadata"]["labels"]["app"] == version
        )

    @property
    def now(self) -> float:
        return self.lab.clock.now()

    def rows(self, query: str, at: float | None = None) -> dict[tuple[str, ...], float]:
        """Of a query, by the values of its labels."""
        code, body = answer(self.lab.store, "api/v1/query", {"query": query} | ({"time": str(at)} if at else {}))
        assert code == 200, body
        return {tuple(one["metric"].values()): float(one["value"][1]) for one in body["data"]["result"]}

    def one(self, query: str, at: float | None = None) -> float:
        """Of a query with one row or none (0)."""
        return sum(self.rows(query, at).values())

    def ask(self, query: str, at: float) -> Vector:
        """As the product asks."""
        code, body = answer(self.lab.store, "api/v1/query", {"query": query, "time": f"{at:.3f}"})
        assert code == 200, body
        rows: list[dict[str, Any]] = body["data"]["result"]
        samples = [Sample(one["metric"].pop("__name__", ""), one["metric"], float(one["value"][1])) for one in rows]
        return Vector(samples, at)


def script(to: str, rate: float, *versions: Obj) -> Obj:
    """As a ConfigMap."""
    told = yaml.safe_dump({"to": to, "rate": rate, "versions": list(versions)})
    return {"metadata": {"name": "traffic", "labels": {LABEL: "1"}}, "data": {KEY: told}}


def route(percent: int) -> Obj:
    refs = [
        {"name": "chat-v1", "port": 80, "weight": 100 - percent},
        {"name": "chat-v2", "port": 80, "weight": percent},
    ]
    return {
        "apiVersion": f"{ROUTE}/v1",
        "metadata": {"name": "chat"},
        "spec": {"parentRefs": [{"name": "gate"}], "rules": [{"backendRefs": refs}]},
    }
