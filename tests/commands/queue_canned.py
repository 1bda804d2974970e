"""A server that serves Kueue's kinds and nothing else, with what RBAC denies of them, and `queue` run against it."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.commands.run import Ran, environment, run
from tests.commands.server import Answer, Canned, forbidden, write_kubeconfig

Json = dict[str, Any]
GROUP = "kueue.x-k8s.io"
VISIBILITY = f"visibility.{GROUP}"
_KINDS = {
    "clusterqueues": ("ClusterQueue", False),
    "localqueues": ("LocalQueue", True),
    "cohorts": ("Cohort", False),
    "resourceflavors": ("ResourceFlavor", False),
    "workloads": ("Workload", True),
    "admissionchecks": ("AdmissionCheck", False),
    "topologies": ("Topology", False),
    "workloadpriorityclasses": ("WorkloadPriorityClass", False),
}


def answers(
    objects: Iterable[Json],
    denied: Iterable[str] = (),
    *,
    version: str = "v1beta2",
    own: str = "",
    told: Mapping[str, Answer] | None = None,
) -> dict[str, Answer]:
    """`denied` are plurals that may not be listed; `own` is a namespace in which they may be.

    `told` are answers of the visibility API, by what follows its version.
    """
    everything = tuple(objects)
    refused = set(denied)
    api = f"/apis/{GROUP}/{version}"
    found: dict[str, Answer] = {
        "/apis": (200, {"kind": "APIGroupList", "groups": [_group(GROUP, version)]}),
        "/api": (200, {"kind": "APIVersions", "versions": ["v1"]}),
        "/api/v1": (200, _resources("v1", {"namespaces": ("Namespace", False)})),
        api: (200, _resources(f"{GROUP}/{version}", _KINDS)),
        "/api/v1/namespaces": _list(everything, "Namespace", "v1"),
    }
    for plural, (kind, namespaced) in _KINDS.items():
        found[f"{api}/{plural}"] = (
            forbidden(plural, GROUP) if plural in refused else _list(everything, kind, f"{GROUP}/{version}")
        )
        if namespaced and own:
            inside = [one for one in everything if one["metadata"].get("namespace") == own]
            found[f"{api}/namespaces/{own}/{plural}"] = _list(inside, kind, f"{GROUP}/{version}")
    for path, answer in (told or {}).items():
        found[f"/apis/{VISIBILITY}/v1beta2/{path}/pendingworkloads"] = answer
    return found


def ask(canned: Canned, folder: Path, *words: str, namespace: str = "", **env: str) -> Ran:
    """`kubectl ai-queue` in a pipe; the server's address and the kubeconfig's folder are said as SERVER and FOLDER."""
    file = write_kubeconfig(folder / "kubeconfig", canned.url, namespace=namespace)
    ran = run("kubectl-ai_queue", *words, env=environment(folder, KUBECONFIG=str(file), **env))
    return Ran(ran.code, ran.out, ran.err.replace(canned.url, "SERVER").replace(str(folder), "FOLDER"))


def _group(name: str, version: str) -> Json:
    each = {"groupVersion": f"{name}/{version}", "version": version}
    return {"name": name, "versions": [each], "preferredVersion": each}


def _resources(version: str, kinds: Mapping[str, tuple[str, bool]]) -> Json:
    found = [
        {"name": plural, "kind": kind, "namespaced": namespaced, "verbs": ["get", "list", "watch"]}
        for plural, (kind, namespaced) in kinds.items()
    ]
    return {"kind": "APIResourceList", "groupVersion": version, "resources": found}


def _list(objects: Iterable[Json], kind: str, version: str) -> Answer:
    items = [{**one, "apiVersion": version} for one in objects if one["kind"] == kind]
    return 200, {"kind": f"{kind}List", "apiVersion": version, "metadata": {"resourceVersion": "1"}, "items": items}
