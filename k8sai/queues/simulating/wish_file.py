"""A manifest as the Workloads that Kueue would make of it: object by object, in the order of the file."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from k8sai.errors import Usage
from k8sai.fit.ask import Asked
from k8sai.fit.manifests import Runtime
from k8sai.fit.manifests import read as read_pods
from k8sai.pod_specs import pod_specs
from k8sai.queues.facts import Json
from k8sai.queues.setting import GROUP, Setting
from k8sai.queues.simulating.wish import Surroundings, Wanted, Wish, made
from k8sai.queues.simulating.wish_pod_sets import PodSets, known, workloads

_POD_GROUP: Final = f"{GROUP}/pod-group-name"
_RUNTIMES: Final = ("TrainingRuntime", "ClusterTrainingRuntime")
_DATA: Final = ("ResourceClaimTemplate", "ResourceClaim", "PersistentVolumeClaim", *_RUNTIMES)


def of_manifest(
    documents: Sequence[Any], wanted: Wanted, setting: Setting, around: Surroundings, place: str
) -> tuple[Wish, ...]:
    """Of every object that has pods, in the order of the file. Raises Usage; NotFound for a priority class."""
    objects = [obj for document in documents for obj in _objects(document)]
    runtimes = {
        (one["kind"], one["metadata"].get("name")): one for one in objects if "TrainingRuntime" in str(one.get("kind"))
    }
    data = [one for one in objects if one.get("kind") in _DATA]

    def runtime(kind: str, namespace: str, name: str) -> Json | None:
        return runtimes.get((kind, name)) or around.runtime(kind, namespace, name)

    found: list[Wish] = []
    for obj in _grouped(objects):
        if obj.get("kind") in _DATA or not _has_pods(obj):
            continue
        asked = read_pods([*data, obj], wanted.namespace, place, runtime)
        sets = _made(obj, asked, runtime, place, wanted.namespace)
        found += [made(obj, one, number, len(sets), asked, wanted, setting, around) for number, one in enumerate(sets)]
    if not found:
        raise Usage(
            f"{place} holds no pods", "simulate reads Jobs, JobSets, TrainJobs and everything else with a template"
        )
    return tuple(found)


def namespaces(documents: Sequence[Any], namespace: str) -> tuple[str, ...]:
    """Those of a manifest's objects; `namespace` for the ones that name none."""
    every = [obj for document in documents for obj in _objects(document)]
    return tuple(dict.fromkeys(((one.get("metadata") or {}).get("namespace") or namespace) for one in every)) or (
        namespace,
    )


def _objects(document: Any) -> Iterator[Json]:
    """What is no object at all is left for the reader of pods to refuse."""
    if isinstance(document, Mapping):
        if str(document.get("kind", "")).endswith("List") and isinstance(document.get("items"), list):
            for item in document["items"]:
                yield from _objects(item)
        else:
            yield {**document, "metadata": document.get("metadata") or {}}
    elif document is not None:
        raise Usage("the file holds something that is no Kubernetes object")


def _grouped(objects: Sequence[Json]) -> Iterator[Json]:
    """Plain pods of one group are one Workload: they come as one object, a pod set for each kind of pods."""
    groups: dict[str, list[Json]] = {}
    for obj in objects:
        name = (obj["metadata"].get("labels") or {}).get(_POD_GROUP) if obj.get("kind") == "Pod" else None
        if name:
            groups.setdefault(name, []).append(obj)
        else:
            yield obj
    for name, pods in groups.items():
        yield {**pods[0], "metadata": {**pods[0]["metadata"], "name": name}, "pods": pods}


def _has_pods(obj: Json) -> bool:
    """Objects without any template are the rest of an application; broken ones are refused by the reader."""
    return obj.get("kind") in ("Pod", None) or known(str(obj["kind"])) or any(pod_specs(obj))


def _made(obj: Json, asked: Asked, runtime: Runtime, place: str, namespace: str) -> list[PodSets]:
    if "pods" in obj:
        return [_pod_group(obj["pods"])]
    meta = {**obj["metadata"], "namespace": obj["metadata"].get("namespace") or namespace}
    try:
        return workloads({**obj, "metadata": meta}, asked.groups, runtime)
    except (KeyError, TypeError, ValueError, AttributeError, StopIteration) as error:
        name = meta.get("name", "")
        raise Usage(f"{place}: {obj['kind']} {name} is not what a {obj['kind']} looks like: {error}") from error


def _pod_group(pods: list[Json]) -> PodSets:
    """Kueue tells the pods of a group apart by what they ask for; names of such pod sets are its own."""
    shapes: dict[str, Json] = {}
    for pod in pods:
        (one,) = workloads({**pod, "kind": "Pod"}, (), lambda *_: None)[0]
        found = shapes.setdefault(
            repr(one["template"]["spec"]), {**one, "name": pod["metadata"].get("name", ""), "count": 0}
        )
        found["count"] += 1
    return list(shapes.values())
