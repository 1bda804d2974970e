"""KServe and a gateway for a server that has only their definitions: the embedded cluster's controllers work on a copy
of the services; the Deployments, Services and routes that they make are made on the server too, and statuses written
back. Pods are the server's own.
"""

from dataclasses import dataclass, field

from k8sai.canary.facts import Json
from k8sai.sim import kinds
from k8sai.sim.kinds import Resource
from k8sai.sim.objects import controller_of
from tests.canary.kserve import GATEWAY, NAMESPACE
from tests.contract.api import MERGE, Api
from tests.sim.lab import Lab

OF = "serving.kserve.io"
TARGETS = (kinds.find(OF, "inferenceservices"), kinds.find(OF, "llminferenceservices"))
MADE = (
    kinds.find("", "services"),
    kinds.find("apps", "deployments"),
    kinds.find("inference.networking.k8s.io", "inferencepools"),
    kinds.find("gateway.networking.k8s.io", "httproutes"),
)
OWNERS = tuple(one.kind for one in TARGETS)
NODE = {"test": "kserve"}  # only there, and nothing else


@dataclass
class Shadow:
    """`shadow.play()`: the controllers have looked at the services of a namespace as they are now."""

    api: Api
    namespace: str
    lab: Lab = field(default_factory=Lab)

    def __post_init__(self) -> None:
        self.lab.node("n1", gpus=64, labels=NODE)
        for obj in (NAMESPACE, {**NAMESPACE, "metadata": {"name": self.namespace}}):
            self.lab.create("namespaces", obj)
        self.lab.create("gateways", GATEWAY)

    def play(self) -> None:
        """Pods of the copy are up by then; those of the server are when they are."""
        for resource in TARGETS:
            self._read(resource)
        self.lab.run(60)
        for resource in MADE:
            self._mirror(resource)
        for resource in TARGETS:
            for obj in self._copies(resource):
                self._tell(resource, obj)

    def _path(self, resource: Resource) -> str:
        root = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
        return f"{root}/namespaces/{self.namespace}/{resource.plural}"

    def _copies(self, resource: Resource) -> list[Json]:
        return list(self.lab.store.list(resource, self.namespace))

    def _read(self, resource: Resource) -> None:
        """The copies are the services that there are."""
        there = {one["metadata"]["name"]: one for one in self.api.get(self._path(resource)).ok()["items"]}
        for copy in self._copies(resource):
            if copy["metadata"]["name"] not in there:
                self.lab.store.delete(resource, self.namespace, copy["metadata"]["name"])
        for name, obj in there.items():
            old = self.lab.store.find(resource, self.namespace, name)
            meta = {key: obj["metadata"][key] for key in ("annotations", "labels") if key in obj["metadata"]}
            place = {"name": name, "namespace": self.namespace}
            if old is None:
                self.lab.store.create(resource, {"metadata": {**place, **meta}, "spec": obj["spec"]})
            else:
                kept = {k: v for k, v in old["metadata"].items() if k not in ("annotations", "labels")}
                self.lab.store.update(resource, {**old, "metadata": {**kept, **meta}, "spec": obj["spec"]})

    def _mirror(self, resource: Resource) -> None:
        """What the controllers have made, and nothing that they have taken away."""
        path = self._path(resource)
        copies = {one["metadata"]["name"]: one for one in self._copies(resource) if _owned(one)}
        there = {one["metadata"]["name"]: one for one in self.api.get(path).ok()["items"] if _owned(one)}
        for name in there.keys() - copies.keys():
            self.api.delete(f"{path}/{name}", {"propagationPolicy": "Background"})
        for name, copy in copies.items():
            if name not in there:
                self._make(resource, copy)
            elif not there[name]["metadata"].get("deletionTimestamp"):
                self.api.patch(f"{path}/{name}", {"spec": _spec(resource, copy)}, MERGE).ok()
            if resource.kind == "HTTPRoute":
                self._route_status(f"{path}/{name}", copy)

    def _make(self, resource: Resource, copy: Json) -> None:
        owner = controller_of(copy)
        assert owner is not None
        home = next(one for one in TARGETS if one.kind == owner["kind"])
        real = self.api.get(f"{self._path(home)}/{owner['name']}").ok()
        meta = {key: copy["metadata"][key] for key in ("name", "labels", "annotations") if key in copy["metadata"]}
        meta["ownerReferences"] = [{**owner, "uid": real["metadata"]["uid"]}]
        body = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": meta}
        self.api.post(self._path(resource), {**body, "spec": _spec(resource, copy)}).ok()

    def _route_status(self, path: str, copy: Json) -> None:
        generation = self.api.get(path).ok()["metadata"]["generation"]
        parents = [
            {**one, "conditions": [{**said, "observedGeneration": generation} for said in one["conditions"]]}
            for one in (copy.get("status") or {}).get("parents") or ()
        ]
        self.api.patch(f"{path}/status", {"status": {"parents": parents}}, MERGE).ok()

    def _tell(self, resource: Resource, copy: Json) -> None:
        """The copy's status, about the generation that was read."""
        path = f"{self._path(resource)}/{copy['metadata']['name']}"
        real = self.api.get(path).ok()
        status = dict(copy.get("status") or {})
        worked_on = status.get("observedGeneration") == copy["metadata"]["generation"]
        if resource.kind == "LLMInferenceService" and worked_on:
            status["observedGeneration"] = real["metadata"]["generation"]
        gone = {key: None for key in real.get("status") or {} if key not in status}
        self.api.patch(f"{path}/status", {"status": {**gone, **status}}, MERGE).ok()


def _owned(obj: Json) -> bool:
    return (controller_of(obj) or {}).get("kind") in OWNERS


def _spec(resource: Resource, copy: Json) -> Json:
    """Without what a server gives to a Service."""
    if resource.kind == "Service":
        return {key: copy["spec"][key] for key in ("selector", "ports")}
    found: Json = copy["spec"]
    return found
