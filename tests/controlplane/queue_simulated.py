"""What `queue simulate` says of an object on a real Kueue, and the change that it tried, really made."""

from pathlib import Path
from typing import Any

from tests.contract.api import Json
from tests.controlplane.ours import k8sai
from tests.controlplane.queue_cases import KUEUE, QUEUE, Place, text
from tests.queues.simulate_objects import flavor, pod_spec

FLAVORS = (
    flavor("h100"),
    flavor("a100"),
    flavor("tainted", nodeTaints=[{"key": "team", "value": "vision", "effect": "NoSchedule"}]),
    flavor("lab", nodeLabels={"site": "lab"}),
)

WITHIN = {"preemption": {"withinClusterQueue": "LowerPriority"}}


def template(gpus: int) -> Json:
    return {"spec": pod_spec(gpus)}


def labelled(api: str, kind: str, **spec: Any) -> Json:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": "asked", "labels": {QUEUE: "main"}}, "spec": spec}


def simulated(place: Place, obj: Json, folder: Path, *flags: str, code: int | None = None) -> Json:
    file = folder / "asked.yaml"
    file.write_text(text(obj))
    words = ("queue", "simulate", "-f", str(file), "-n", place.namespace, "-o", "json", *flags)
    ended = k8sai(*words, kubeconfig=place.plane.kubeconfig())
    document = ended.document(ended.code)
    assert document["exit"] == ended.code
    assert code in (None, ended.code), ended.err
    return document


def change(place: Place, queue: str, patch: Json, name: str) -> None:
    """Really make it, and wait until Kueue has taken it."""
    body = _filled(patch, name)
    place.api.patch(f"{KUEUE}/clusterqueues/{queue}", body).ok()
    place.api.until_object(f"{KUEUE}/clusterqueues/{queue}", lambda one: _active(one))


def _active(queue: Json) -> bool:
    conditions = (queue.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "Active" and one["status"] == "True" for one in conditions)


def _filled(patch: Any, name: str) -> Any:
    if isinstance(patch, dict):
        return {key: _filled(value, name) for key, value in patch.items()}
    return patch.format(q=name) if isinstance(patch, str) else patch
