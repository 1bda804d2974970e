"""An HTTPRoute with two Services behind it, and a gateway that is the test itself: it takes over what is there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8sai.canary.backends.all import by_name
from k8sai.canary.facts import Ref, Wish
from k8sai.canary.keeping.kept import Held, Kept
from k8sai.canary.running import verbs
from k8sai.canary.running.entering import entered
from k8sai.canary.running.hands import Hands
from k8sai.canary.running.starting import start, think
from k8sai.canary.state import Settings, State
from k8sai.cluster.connect import connect
from k8sai.cluster.connection import Connection
from k8sai.cluster.objects import LiveObjects
from k8sai.cluster.options import Options
from k8sai.cluster.reading import Reading
from k8sai.cluster.writing import Writer
from tests.contract.api import Api, Json
from tests.contract.definitions import CRDS, established

GATEWAY = "/apis/gateway.networking.k8s.io/v1"
_CRD = Path(__file__).parents[3] / "shared" / "crds" / "gateway-api" / "gateway.networking.k8s.io_httproutes.yaml"
_OUTSIDE: Json = {
    "metadata": {"name": "outside"},
    "spec": {"gatewayClassName": "any", "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]},
}
_PATIENCE = 200  # times that an operator waits
SETTINGS = Settings(slos=(), gated=False, warmup=0.0, keep_old=0.0)


def needs_routes(api: Api) -> None:
    """The kind is served; skips where nobody has its definition."""
    if api.get(GATEWAY).status == 200:
        return
    if not _CRD.is_file():
        pytest.skip("nobody has the definition of HTTPRoute")
    crd = yaml.safe_load(_CRD.read_text())
    api.post(CRDS, crd).ok()
    established(api, crd)


class ChatRoute:
    """`httproute/chat` in a namespace: all requests to chat-v1 at first. `admin` is the hand of the test."""

    def __init__(self, admin: Api, namespace: str) -> None:
        self.admin, self.namespace = admin, namespace
        self.path = f"{GATEWAY}/namespaces/{namespace}/httproutes/chat"
        self.ref = Ref("httproutes.gateway.networking.k8s.io", namespace, "chat", word="httproute")
        for name in ("chat-v1", "chat-v2"):
            self._service(name)
        here = f"{GATEWAY}/namespaces/{namespace}"
        self.admin.post(f"{here}/gateways", _OUTSIDE)  # where the embedded cluster's gateway works: it agrees
        self.admin.post(f"{here}/httproutes", self.manifest(100, 0)).ok()
        self.ref = Ref(self.ref.kind, namespace, "chat", self.live()["metadata"]["uid"], "httproute")
        self.take_over()

    def _service(self, name: str) -> None:
        """Without a selector: somebody else says where its endpoints are."""
        core = f"/api/v1/namespaces/{self.namespace}"
        self.admin.post(f"{core}/services", {"metadata": {"name": name}, "spec": {"ports": [{"port": 80}]}}).ok()
        meta = {"name": name, "labels": {"kubernetes.io/service-name": name}}
        ends = [{"addresses": ["10.0.0.1"], "conditions": {"ready": True}}]
        slices = f"/apis/discovery.k8s.io/v1/namespaces/{self.namespace}/endpointslices"
        ports = [{"port": 80, "protocol": "TCP", "name": ""}]
        self.admin.post(slices, {"metadata": meta, "addressType": "IPv4", "endpoints": ends, "ports": ports}).ok()

    def manifest(self, stable: int, canary: int) -> Json:
        refs = [
            {"name": name, "port": 80, "weight": weight} for name, weight in (("chat-v1", stable), ("chat-v2", canary))
        ]
        return {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": {"name": "chat", "namespace": self.namespace},
            "spec": {"parentRefs": [{"name": "outside"}], "rules": [{"backendRefs": refs}]},
        }

    def live(self) -> Json:
        return self.admin.get(self.path).ok()

    @property
    def weights(self) -> list[int]:
        return [one["weight"] for one in self.live()["spec"]["rules"][0]["backendRefs"]]

    def take_over(self) -> None:
        """As a gateway says that it has."""
        generation = self.live()["metadata"]["generation"]
        conditions = [
            {
                "type": kind,
                "status": "True",
                "reason": kind,
                "message": "",
                "observedGeneration": generation,
                "lastTransitionTime": "2026-11-21T14:00:00Z",
            }
            for kind in ("Accepted", "ResolvedRefs")
        ]
        parent = {"parentRef": {"name": "outside"}, "controllerName": "example.com/gateway", "conditions": conditions}
        self.admin.patch(f"{self.path}/status", {"status": {"parents": [parent]}}).ok()


class Heard(Writer):
    """Somebody is told as soon as the server has taken a write to the route."""

    def __init__(self, connection: Connection, path: str, told: Callable[[], None]) -> None:
        super().__init__(connection)
        self._path, self._told = path, told

    def send(self, method: str, path: str, *args: Any, **more: Any) -> Any:
        answer = super().send(method, path, *args, **more)
        if path == self._path:
            self._told()
        return answer


class Operator:
    """Somebody with a kubeconfig who rolls it out. Where he waits the gateway works; `beside` acts after each write."""

    def __init__(self, route: ChatRoute, kubeconfig: Path, beside: Callable[[], None] = lambda: None) -> None:
        self.route = route
        self.connection: Connection = connect(Options(kubeconfig=str(kubeconfig), namespace=route.namespace))
        self.writer = Heard(self.connection, route.path, beside)
        self.objects = LiveObjects(self.connection)
        self.backend = by_name("httproute")
        self.waits = 0

    def pause(self) -> None:
        self.waits += 1
        assert self.waits < _PATIENCE, f"it waits for ever: {self.state}"
        self.route.take_over()

    def begin(self, steps: tuple[int, ...] = (50, 100), settings: Settings = SETTINGS) -> Held:
        """Until the canary serves, at no weight."""
        read = Reading(self.objects)
        thought = think(self.backend, self.route.live(), Wish(to="svc/chat-v2"), settings, steps, read)
        with self.entered() as (hands, held):
            return start(hands, held, thought)

    def run(self) -> Held:
        """The whole way."""
        with self.entered() as (hands, held):
            assert held is not None
            return verbs.run(hands, held, None, end=None)

    @contextmanager
    def entered(self) -> Iterator[tuple[Hands, Held | None]]:
        with entered(self.route.ref, self.backend, self.writer, self.objects, pause=lambda _: self.pause()) as (
            hands,
            held,
        ):
            yield hands, held

    @property
    def state(self) -> State:
        held = Kept(self.writer, self.route.ref).peek()
        assert held is not None
        return held.state


def with_token(kubeconfig: Path, token: str, place: Path) -> Path:
    """The same server, as whoever the token names. Without TLS no client sends tokens: then the name alone counts."""
    config = yaml.safe_load(kubeconfig.read_text())
    context = next(one for one in config["contexts"] if one["name"] == config["current-context"])
    cluster = next(one for one in config["clusters"] if one["name"] == context["context"]["cluster"])
    for key in ("certificate-authority",):
        if key in cluster["cluster"]:
            cluster["cluster"][key] = str((kubeconfig.parent / cluster["cluster"][key]).resolve())
    taken = {} if cluster["cluster"]["server"].startswith("https:") else {"as": token}
    made = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [cluster],
        "users": [{"name": "account", "user": {"token": token, **taken}}],
        "contexts": [{"name": "it", "context": {"cluster": cluster["name"], "user": "account"}}],
        "current-context": "it",
    }
    place.write_text(yaml.safe_dump(made))
    place.chmod(0o600)
    return place
