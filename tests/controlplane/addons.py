"""Controllers beside the core: JobSet, LeaderWorkerSet, Trainer, Argo Rollouts. (Kueue has a module of its own.)

Each is its program plus the folder of its sources, which a file `NAME.source` beside the program names: definitions,
webhooks and stock objects are read from there.
"""

import base64
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from tests.contract.api import AGGREGATED, Api, Json
from tests.controlplane.processes import free_port
from tests.controlplane.server import ControlPlane

_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Addon:
    """Where a controller keeps what has to be applied, below its sources, and how it is configured."""

    definitions: str
    webhooks: str = ""
    objects: str = ""
    needs: tuple[str, ...] = ()
    configuration: dict[str, Any] = field(default_factory=dict)  # empty: it takes flags instead of a file


ADDONS = {
    "jobset": Addon(
        definitions="config/components/crd/bases",
        webhooks="config/components/webhook/manifests.yaml",
        configuration={"apiVersion": "config.jobset.x-k8s.io/v1alpha1", "internalCertManagement": {"enable": False}},
    ),
    "lws": Addon(
        definitions="config/crd/bases",
        webhooks="config/webhook/manifests.yaml",
        configuration={"apiVersion": "config.lws.x-k8s.io/v1alpha1", "internalCertManagement": {"enable": False}},
    ),
    "trainer": Addon(
        definitions="manifests/base/crds",
        webhooks="manifests/base/webhook/manifests.yaml",
        objects="manifests/base/runtimes",
        needs=("jobset",),
        configuration={"apiVersion": "config.trainer.kubeflow.org/v1alpha1", "certManagement": {"enable": False}},
    ),
    "argo-rollouts": Addon(definitions="manifests/crds"),
}


class Missing(RuntimeError):
    """The folder of binaries does not have this controller; the message is the one line to skip with."""


def start_addon(plane: ControlPlane, name: str) -> None:
    """Returns when it answers and its kinds are served; does nothing if it runs already."""
    if plane.processes.runs(name):
        return
    addon, source = ADDONS[name], source_of(plane, name)
    for needed in addon.needs:
        start_addon(plane, needed)
    define(plane, documents(source / addon.definitions))
    if addon.configuration:
        hooks = _start_configured(plane, name, addon)
    else:
        _start_by_flags(plane, name)
        hooks = 0
    if addon.webhooks:
        plane.apply(*(by_url(plane, hook, name, hooks) for hook in documents(source / addon.webhooks)))
    if addon.objects:
        plane.apply(*documents(source / addon.objects))


def source_of(plane: ControlPlane, name: str) -> Path:
    """The sources of a controller; raises Missing."""
    marker = plane.binaries / f"{name}.source"
    if not marker.is_file() or not (plane.binaries / name).is_file():
        raise Missing(f"{plane.binaries} has no {name} with its {name}.source")
    return Path(marker.read_text().strip())


def documents(place: Path) -> Iterator[Json]:
    """The manifests of a file, or of the files directly in a folder."""
    files = sorted(place.glob("*.yaml")) if place.is_dir() else [place]
    for file in files:
        if file.name != "kustomization.yaml":
            yield from filter(None, yaml.safe_load_all(file.read_text()))


def define(plane: ControlPlane, definitions: Iterable[Json]) -> None:
    """Apply custom resource definitions and wait until their kinds can be found and listed.

    "Established" comes before both, and a controller that cannot find its own kind ends.
    """
    applied = list(definitions)
    plane.apply(*applied)
    for definition in applied:
        spec = definition["spec"]
        version = next(version["name"] for version in spec["versions"] if version["storage"])
        served = partial(_served, plane.api, spec["group"], version, spec["names"]["plural"])
        plane.processes.wait(f"the kind {spec['names']['kind']}", served, 60)


def _served(api: Api, group: str, version: str, plural: str) -> bool:
    if not all(map(api.answers, (f"/apis/{group}/{version}", f"/apis/{group}/{version}/{plural}?limit=1"))):
        return False
    alone = {resource["name"] for resource in api.get(f"/apis/{group}/{version}").ok()["resources"]}
    together = api.get("/apis", accept=AGGREGATED).ok()["items"]
    found = {
        resource["resource"]
        for item in together
        if item["metadata"]["name"] == group
        for of in item["versions"]
        if of["version"] == version
        for resource in of.get("resources", [])
    }
    return plural in alone & found


def by_url(plane: ControlPlane, configuration: Json, name: str, port: int) -> Json:
    """A webhook configuration that calls a process on this machine instead of a Service, under a name of its own."""
    configuration["metadata"]["name"] = f"{name}-{configuration['metadata']['name']}"
    for hook in configuration["webhooks"]:
        path = hook["clientConfig"]["service"]["path"]
        hook["clientConfig"] = {"url": f"https://{_HOST}:{port}{path}", "caBundle": trust(plane)}
    return configuration


def trust(plane: ControlPlane) -> str:
    """The authority's certificate as Kubernetes writes it into objects."""
    return base64.b64encode(plane.authority.root.certificate.read_bytes()).decode()


def give_certificate(plane: ControlPlane, folder: Path) -> None:
    """The serving pair under the names controller-runtime looks for."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(plane.serving.certificate, folder / "tls.crt")
    shutil.copyfile(plane.serving.key, folder / "tls.key")


def wait_healthy(plane: ControlPlane, name: str, port: int, path: str = "/readyz") -> None:
    api = Api(f"http://{_HOST}:{port}")
    plane.processes.wait(name, lambda: api.answers(path), 90)


def _start_configured(plane: ControlPlane, name: str, addon: Addon) -> int:
    """Start it with a configuration file; the port of its webhooks."""
    port, health = free_port(), free_port()
    temporary = (
        plane.folder / name
    )  # some look for the webhook's certificate below the temporary folder, each the same one
    certificates = temporary / "k8s-webhook-server" / "serving-certs"
    give_certificate(plane, certificates)
    configuration: dict[str, Any] = {
        "kind": "Configuration",
        "health": {"healthProbeBindAddress": f"{_HOST}:{health}"},
        "metrics": {"bindAddress": "0"},
        "webhook": {"port": port, "host": _HOST},
        "leaderElection": {"leaderElect": False},
        **addon.configuration,
    }
    if name == "lws":
        configuration["webhook"]["certDir"] = str(certificates)
    if name == "trainer":
        configuration["statusServer"] = {"port": free_port()}
    file = plane.folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump(configuration))
    plane.processes.start(name, (plane.binaries / name, "--config", file), _environment(plane, temporary))
    wait_healthy(plane, name, health)
    return port


def _start_by_flags(plane: ControlPlane, name: str) -> None:
    health = free_port()
    own = {"--kubeconfig": plane.kubeconfig(), "--metricsport": free_port(), "--healthzPort": health}
    flags = ("--leader-elect=false", *(f"{flag}={value}" for flag, value in own.items()))
    temporary = plane.folder / name
    temporary.mkdir(exist_ok=True)
    plane.processes.start(name, (plane.binaries / name, *flags), _environment(plane, temporary))
    wait_healthy(plane, name, health, "/healthz")


def _environment(plane: ControlPlane, temporary: Path) -> dict[str, str]:
    return {"KUBECONFIG": str(plane.kubeconfig()), "POD_NAMESPACE": "default", "TMPDIR": str(temporary)}
