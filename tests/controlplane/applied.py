"""`k8sai apply` of a few small objects into a namespace of a real cluster."""

from pathlib import Path
from typing import Any

import yaml

from tests.contract.api import Json
from tests.controlplane.ours import Ended, k8sai
from tests.controlplane.server import ControlPlane

OK, DIFFERS, USAGE, NOT_FOUND, REFUSED, FAILED_SAFE, FORBIDDEN, TIMEOUT = 0, 1, 2, 4, 5, 12, 16, 124
WEB = "/apis/apps/v1/namespaces/NS/deployments/web"


def deployment(name: str = "web", replicas: int = 2, image: str = "nginx:1", **pod: Any) -> Json:
    container = {"name": "main", "image": image, "ports": [{"containerPort": 80}], **pod}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def config(name: str = "conf", **data: str) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def secret(name: str, value: str) -> Json:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"token": value}}


def written(folder: Path, *objects: Json) -> Path:
    file = folder / "set.yaml"
    file.write_text(yaml.safe_dump_all(objects))
    return file


class Applied:
    """`k8sai apply -f …` into one namespace, as one user."""

    def __init__(self, plane: ControlPlane, namespace: str, folder: Path, user: str = "admin") -> None:
        self.plane, self.namespace, self.folder, self.user = plane, namespace, folder, user

    def __call__(self, *objects: Json, flags: tuple[str, ...] = (), command: str = "apply") -> Ended:
        file = written(self.folder, *objects)
        given = (command, "-f", str(file), "-n", self.namespace, *flags)
        return k8sai(*given, kubeconfig=self.plane.kubeconfig(self.user))

    def live(self, path: str) -> Json:
        return self.plane.api.get(f"{path.replace('NS', self.namespace)}").ok()

    def versions(self) -> dict[str, str]:
        """resourceVersions of what these tests write, by kind and name."""
        found = {}
        for kind in ("api/v1/namespaces/NS/configmaps", "api/v1/namespaces/NS/secrets"):
            for one in self.live(f"/{kind}")["items"]:
                found[f"{kind.rsplit('/', 1)[1]}/{one['metadata']['name']}"] = one["metadata"]["resourceVersion"]
        return found


def names(apply: Applied, kind: str) -> list[str]:
    found = apply.live(f"/api/v1/namespaces/NS/{kind}")["items"]
    return sorted(one["metadata"]["name"] for one in found if one["metadata"]["name"] != "kube-root-ca.crt")


def spec_of(apply: Applied) -> tuple[int, str]:
    spec = apply.live(WEB)["spec"]
    return spec["replicas"], spec["template"]["spec"]["containers"][0]["image"]
