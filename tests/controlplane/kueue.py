"""Kueue as a local process, with its webhooks and the API that tells positions in a queue."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import yaml

from tests.contract.api import Json
from tests.controlplane.addons import (
    Missing,
    by_url,
    define,
    documents,
    give_certificate,
    source_of,
    start_addon,
    trust,
    wait_healthy,
)
from tests.controlplane.processes import free_port
from tests.controlplane.server import ControlPlane

_HOST, _NAMESPACE = "127.0.0.1", "kueue-system"
_VISIBILITY_PORT = 8082  # fixed in Kueue: one per machine
# Paths fixed in Kueue for whoever manages certificates outside of it; only root may usually write there.
_FIXED_FOLDERS = (Path("/etc/kueue/metrics/certs"), Path("/visibility"))
_OWN_KINDS = {"clusterqueue", "cohort", "localqueue", "resourceflavor", "workload"}
_INTEGRATED = ("jobset", "lws", "trainer")
_FRAMEWORKS = {
    "batch/job": "jobs.batch",
    "pod": "pods",
    "deployment": "deployments.apps",
    "statefulset": "statefulsets.apps",
    "jobset.x-k8s.io/jobset": "jobsets.jobset.x-k8s.io",
    "leaderworkerset.x-k8s.io/leaderworkerset": "leaderworkersets.leaderworkerset.x-k8s.io",
    "trainer.kubeflow.org/trainjob": "trainjobs.trainer.kubeflow.org",
}


def start_kueue(plane: ControlPlane, changes: Json | None = None) -> None:
    """Returns when it answers. It integrates with what is served when it starts, so those controllers come first.

    With `changes` to its configuration it is one that may run beside another: it does not tell positions.
    """
    if plane.processes.runs("kueue"):
        return
    source = source_of(plane, "kueue")
    for name in _INTEGRATED:
        with suppress(Missing):
            start_addon(plane, name)
    certificates = plane.folder / "kueue"
    give_certificate(plane, certificates)
    try:
        for folder in _FIXED_FOLDERS:
            give_certificate(plane, folder)
    except PermissionError as error:
        raise Missing(f"Kueue reads certificates from {error.filename}, which this user may not write") from error
    hooks, health = free_port(), free_port()
    define(plane, _definitions(plane, source, hooks))
    if changes is None:
        plane.apply(*_visibility())
    served = set(plane.kubectl("api-resources", "--output=name").split())
    frameworks = [framework for framework, resource in _FRAMEWORKS.items() if resource in served]
    file = plane.folder / "kueue.yaml"
    configuration = _configuration(certificates, frameworks, hooks, health)
    if changes is not None:
        configuration = {**configuration, "featureGates": {"VisibilityOnDemand": False}, **changes}
    file.write_text(yaml.safe_dump(configuration))
    command = (plane.binaries / "kueue", "--config", file, "--kubeconfig", plane.kubeconfig())
    plane.processes.start("kueue", command, {"KUBECONFIG": str(plane.kubeconfig()), "POD_NAMESPACE": _NAMESPACE})
    wait_healthy(plane, "kueue", health)
    plane.apply(*_webhooks(plane, source, frameworks, hooks))


def start_controller(plane: ControlPlane, name: str) -> None:
    """Kueue or another, by name. Raises Missing."""
    if name == "kueue":
        start_kueue(plane)
    else:
        start_addon(plane, name)


def forget_kueue() -> None:
    """Remove what had to lie outside the session's folder."""
    for folder in _FIXED_FOLDERS:
        for name in ("tls.crt", "tls.key"):
            (folder / name).unlink(missing_ok=True)
        for place in (folder, *folder.parents):
            with suppress(OSError):  # not empty, or not ours
                place.rmdir()


def _definitions(plane: ControlPlane, source: Path, port: int) -> Iterator[Json]:
    conversion = {
        "strategy": "Webhook",
        "webhook": {
            "conversionReviewVersions": ["v1"],
            "clientConfig": {"url": f"https://{_HOST}:{port}/convert", "caBundle": trust(plane)},
        },
    }
    for definition in documents(source / "config/components/crd/bases"):
        if len(definition["spec"]["versions"]) > 1:
            definition["spec"]["conversion"] = conversion
        yield definition


def _visibility() -> Iterator[Json]:
    """The API server reaches the process through a Service without pods: an external name for this machine."""
    yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _NAMESPACE}}
    service = {"name": "visibility-server", "namespace": _NAMESPACE}
    external = {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": _VISIBILITY_PORT}]}
    yield {"apiVersion": "v1", "kind": "Service", "metadata": service, "spec": external}
    group = "visibility.kueue.x-k8s.io"
    for version in ("v1beta1", "v1beta2"):
        spec = {
            "group": group,
            "version": version,
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "insecureSkipTLSVerify": True,
            "service": {**service, "port": _VISIBILITY_PORT},
        }
        name = {"name": f"{version}.{group}"}
        yield {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": name, "spec": spec}


def _configuration(certificates: Path, frameworks: list[str], hooks: int, health: int) -> Json:
    return {
        "apiVersion": "config.kueue.x-k8s.io/v1beta2",
        "kind": "Configuration",
        "health": {"healthProbeBindAddress": f"{_HOST}:{health}"},
        "metrics": {"bindAddress": f"{_HOST}:{free_port()}"},
        "webhook": {"port": hooks, "host": _HOST, "certDir": str(certificates)},
        "leaderElection": {"leaderElect": False},
        "internalCertManagement": {"enable": False},
        "clientConnection": {"qps": 500, "burst": 1000},
        "integrations": {"frameworks": frameworks},
    }


def _webhooks(plane: ControlPlane, source: Path, frameworks: list[str], port: int) -> Iterator[Json]:
    """Those of its own kinds and of what it integrates with: a webhook nobody answers would refuse everything else."""
    wanted = _OWN_KINDS | {framework.split("/")[-1] for framework in frameworks}
    outside = {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system", _NAMESPACE]}
    for configuration in documents(source / "config/components/webhook/manifests.yaml"):
        # named "mpod.kb.io", "vclusterqueue.kb.io": mutating or validating, then the kind
        kinds = {hook["name"]: hook["name"][1:].removesuffix(".kb.io") for hook in configuration["webhooks"]}
        configuration["webhooks"] = [hook for hook in configuration["webhooks"] if kinds[hook["name"]] in wanted]
        for hook in configuration["webhooks"]:
            if kinds[hook["name"]] in ("pod", "deployment", "statefulset"):
                hook["namespaceSelector"] = {"matchExpressions": [outside]}
        yield by_url(plane, configuration, "kueue", port)
