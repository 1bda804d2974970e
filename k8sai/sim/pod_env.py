"""The environment of what a pod runs: its own, its place in the gang, and how to find its folder."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from k8sai.sim.controllers.desk import JOBS
from k8sai.sim.objects import Obj, controller_of, namespace_of, uid_of
from k8sai.sim.pod_folder import CONFIG_MAPS, SECRETS, Find, PodFolder, content, downward

_INDEX = "batch.kubernetes.io/job-completion-index"
_JOBSET = "jobset.sigs.k8s.io/"
_KEPT = ("LANG", "LC_ALL", "TZ", "PYTHONPATH", "COVERAGE_PROCESS_START")


def environment(pod: Obj, container: Obj, folder: PodFolder, address: str, find: Find) -> dict[str, str]:
    """Everything of it. What the pod sets itself stands; RANK and the like are given only where it does not."""
    own = dict(_own(pod, container, address, find))
    usual = {key: os.environ[key] for key in _KEPT if key in os.environ}
    usual |= {
        "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}",
        "HOME": str(folder.root),
        "TMPDIR": str(folder.root / "tmp"),
        "HOSTNAME": pod["spec"].get("hostname") or pod["metadata"]["name"],
        "POD_NAME": pod["metadata"]["name"],
        "POD_NAMESPACE": namespace_of(pod),
        "POD_UID": uid_of(pod),
    }
    ours = {"K8SAI_ROOT": str(folder.root), "K8SAI_PROC": str(folder.proc), "K8SAI_ADDRESS": address}
    return usual | _rank(pod, find) | {key: folder.inside(value) for key, value in own.items()} | ours


def _own(pod: Obj, container: Obj, address: str, find: Find) -> Iterable[tuple[str, str]]:
    for source in container.get("envFrom") or ():
        for kind, resource in (("configMapRef", CONFIG_MAPS), ("secretRef", SECRETS)):
            if kind in source:
                found = content(find(resource, namespace_of(pod), source[kind]["name"]))
                yield from ((source.get("prefix", "") + key, value.decode()) for key, value in found.items())
    for one in container.get("env") or ():
        yield one["name"], one["value"] if "value" in one else _from(pod, one.get("valueFrom") or {}, address, find)


def _from(pod: Obj, source: Obj, address: str, find: Find) -> str:
    path = (source.get("fieldRef") or {}).get("fieldPath", "")
    if path:
        return address if path == "status.podIP" else downward(pod, path)
    for kind, resource in (("configMapKeyRef", CONFIG_MAPS), ("secretKeyRef", SECRETS)):
        if kind in source:
            found = content(find(resource, namespace_of(pod), source[kind]["name"]))
            return found.get(source[kind]["key"], b"").decode()
    return ""


def _rank(pod: Obj, find: Find) -> dict[str, str]:
    """RANK and WORLD_SIZE over the Jobs of a JobSet, or of the Job alone, one rank a pod."""
    marks = {**(pod["metadata"].get("labels") or {}), **(pod["metadata"].get("annotations") or {})}
    if _INDEX not in marks:
        return {}
    owner = controller_of(pod) or {}
    job = find(JOBS, namespace_of(pod), owner.get("name", "")) or {"spec": {}}
    size = int(job["spec"].get("completions") or job["spec"].get("parallelism") or 1)
    jobs, number = int(marks.get(_JOBSET + "global-replicas", 1)), int(marks.get(_JOBSET + "job-global-index", 0))
    index = int(marks[_INDEX])
    return {
        "JOB_COMPLETION_INDEX": str(index),
        "RANK": str(number * size + index),
        "WORLD_SIZE": str(jobs * size),
        "LOCAL_RANK": "0",
        "LOCAL_WORLD_SIZE": "1",
    }
