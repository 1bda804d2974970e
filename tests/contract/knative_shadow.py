"""Knative and KServe for a server that has only their definitions: the embedded cluster's controllers work on a copy of
the object, and what they made of it, its revisions and its status, is written back.
"""

from dataclasses import dataclass, field

from k8sai.canary.facts import Json
from k8sai.sim.controllers.knative_revisions import REVISIONS
from tests.contract.api import MERGE, Api
from tests.sim.lab import Lab

_REVISIONS = "/apis/serving.knative.dev/v1/namespaces/{}/revisions"


@dataclass
class Shadow:
    """`shadow.play(target)`: the controllers have looked at the object as it is now, and pods had time to come up."""

    api: Api
    path: str  # of the object
    lab: Lab = field(default_factory=Lab)

    def __post_init__(self) -> None:
        self.lab.node("n1", gpus=8)

    def play(self) -> None:
        target = self.api.get(self.path).ok()
        copy = self._copied(target)
        self.lab.run(10)
        plural = self.path.split("/")[-2]
        group = target["apiVersion"].rpartition("/")[0]
        name, namespace = target["metadata"]["name"], target["metadata"]["namespace"]
        made = self.lab.get(plural, name, group, namespace)
        for revision in self.lab.all("revisions", REVISIONS.group):
            self._written(revision)
        status = dict(made["status"])
        if status.get("observedGeneration") == copy["metadata"]["generation"]:
            status["observedGeneration"] = target["metadata"]["generation"]
        self.api.patch(f"{self.path}/status", {"status": status}, MERGE).ok()

    def _copied(self, target: Json) -> Json:
        plural, meta = self.path.split("/")[-2], target["metadata"]
        group = target["apiVersion"].rpartition("/")[0]
        old = self.lab.find(plural, meta["name"], group, meta["namespace"])
        kept = {key: meta[key] for key in ("name", "namespace", "annotations", "labels") if key in meta}
        if old is None:
            self.lab.create("namespaces", {"metadata": {"name": meta["namespace"]}})
            obj = {"apiVersion": target["apiVersion"], "kind": target["kind"], "metadata": kept}
            return self.lab.create(plural, {**obj, "spec": target["spec"]})
        return self.lab.update(plural, {**old, "spec": target["spec"]}, group)

    def _written(self, revision: Json) -> None:
        meta = revision["metadata"]
        place = _REVISIONS.format(meta["namespace"])
        kept = {key: meta[key] for key in ("name", "labels", "annotations") if key in meta}
        if self.api.get(f"{place}/{meta['name']}").status == 404:
            body = {"apiVersion": "serving.knative.dev/v1", "kind": "Revision", "metadata": kept}
            self.api.post(place, {**body, "spec": revision["spec"]}).ok()
        self.api.patch(f"{place}/{meta['name']}", {"metadata": {"labels": kept["labels"]}}, MERGE).ok()
        self.api.patch(f"{place}/{meta['name']}/status", {"status": revision["status"]}, MERGE).ok()
