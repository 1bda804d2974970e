"""A shelf of objects for pods and their owners: what is read is counted, what is forbidden is refused."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from k8sai.cluster.reading import Reading
from k8sai.errors import Forbidden, NotFound
from k8sai.evict.facts import Gang
from k8sai.evict.gangs.kinds import OWNERS, PODGROUP, WORKLOAD, group_kind
from k8sai.evict.gangs.resolve import Resolved, resolve

Json = dict[str, Any]
NAMESPACE = "ml"
GPU = "nvidia.com/gpu"
_PLURALS = {(one.group, one.name): one.full for one in (*OWNERS.values(), WORKLOAD, PODGROUP)} | {
    ("scheduling.volcano.sh", "PodGroup"): "podgroups.scheduling.volcano.sh",
    ("scheduling.run.ai", "PodGroup"): "podgroups.scheduling.run.ai",
    ("scheduling.x-k8s.io", "PodGroup"): "podgroups.scheduling.x-k8s.io",
}


class GangShelf:
    """An `Objects`. Kinds are served of which there is an object, and those in `also`."""

    context = "shelf"

    def __init__(self, *objects: Json, forbidden: Iterable[str] = (), also: Iterable[str] = ()) -> None:
        self.objects = list(objects)
        self.forbidden = set(forbidden)
        self.also = set(also)
        self.reads: Counter[str] = Counter()

    def served(self, kind: str) -> bool:
        return kind in self.also | self.forbidden or any(_full(one) == kind for one in self.objects)

    def list(self, kind: str, namespace: str = "", *, labels: str = "", fields: str = "") -> list[Json]:
        assert not labels and not fields
        self._asked("list", kind)
        return [one for one in self.objects if _full(one) == kind and namespace in ("", one["metadata"]["namespace"])]

    def get(self, kind: str, namespace: str, name: str) -> Json:
        self._asked("get", kind)
        found = (one for one in self.objects if _full(one) == kind and one["metadata"]["name"] == name)
        try:
            return next(one for one in found if one["metadata"]["namespace"] == namespace)
        except StopIteration:
            raise NotFound(f"there is no {kind} {name}") from None

    def _asked(self, verb: str, kind: str) -> None:
        self.reads[f"{verb} {kind}"] += 1
        if kind in self.forbidden or f"{verb} {kind}" in self.forbidden:
            raise Forbidden(f"you may not {verb} {kind}", f"the right to {verb} {kind} is missing")

    def reading(self) -> Reading:
        return Reading(self)

    def resolved(self, *names: str) -> Resolved:
        """From the pods of these names only; all pods where none is named."""
        pods = [one for one in self.objects if _full(one) == "pods"]
        return resolve([one for one in pods if not names or one["metadata"]["name"] in names], self.reading())


def made(api: str, kind: str, name: str, spec: Json | None = None, by: Json | None = None, **meta: Any) -> Json:
    """`by` is its controller."""
    owners = [owner_of(by)] if by else []
    metadata = {
        "name": name,
        "namespace": NAMESPACE,
        "uid": f"{kind}-{name}".lower(),
        "ownerReferences": owners,
        **meta,
    }
    return {"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec or {}, "status": {}}


def owner_of(obj: Json) -> Json:
    meta = obj["metadata"]
    of = {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "name": meta["name"], "uid": meta["uid"]}
    return {**of, "controller": True}


def pod(name: str, by: Json | None = None, gpus: int = 8, node: str = "a", **meta: Any) -> Json:
    limits = {GPU: str(gpus)} if gpus else {}
    spec = {"nodeName": node, "containers": [{"name": "main", "resources": {"limits": limits}}]}
    return {**made("v1", "Pod", name, spec, by, **meta), "status": {"phase": "Running"}}


def job(name: str, parallelism: int = 2, by: Json | None = None, meta: Json | None = None, **spec: Any) -> Json:
    wanted = {"parallelism": parallelism, "completions": parallelism, "completionMode": "Indexed", **spec}
    return made("batch/v1", "Job", name, wanted, by, **(meta or {}))


def jobset(name: str, by: Json | None = None, meta: Json | None = None, **spec: Any) -> Json:
    inner = {"name": "w", "replicas": 2, "template": {"spec": {"parallelism": 2, "completions": 2}}}
    return made("jobset.x-k8s.io/v1alpha2", "JobSet", name, {"replicatedJobs": [inner], **spec}, by, **(meta or {}))


def of_jobset(one: Json, backoff: int = 6, **meta: Any) -> list[Json]:
    """Its two Jobs of two pods each."""
    name = one["metadata"]["name"]
    jobs = [job(f"{name}-w-{index}", by=one, backoffLimit=backoff) for index in range(2)]
    marks = [
        {"jobset.sigs.k8s.io/replicatedjob-name": "w", "jobset.sigs.k8s.io/job-index": str(index)} for index in (0, 1)
    ]
    pods = [
        pod(f"{name}-w-{index}-{rank}-abcde", jobs[index], node="ab"[index], labels=marks[index], **meta)
        for index in range(2)
        for rank in range(2)
    ]
    return [one, *jobs, *pods]


def workload(name: str, by: Json | None = None, *conditions: str, **meta: Any) -> Json:
    said = [{"type": one, "status": "True"} for one in conditions]
    return {
        **made("kueue.x-k8s.io/v1beta2", "Workload", name, {"active": True}, by, **meta),
        "status": {"conditions": said},
    }


def _full(obj: Json) -> str:
    return _PLURALS.get(group_kind(obj), str(obj["kind"]))


def one(shelf: GangShelf, *names: str) -> Gang:
    """The only gang of these pods."""
    (found,) = shelf.resolved(*names).gangs
    return found


def names(gang: Gang) -> list[str]:
    return [str(pod["metadata"]["name"]) for pod in gang.pods]
