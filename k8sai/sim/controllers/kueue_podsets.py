"""From a Job or JobSet to the pod sets of its Workload, and the flavor's selectors back into its pod templates.

Source: pkg/controller/jobs and pkg/podset of Kueue 0.19.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from k8sai.queues.facts import Flavor
from k8sai.sim.kinds import Resource
from k8sai.sim.objects import Obj

_K: Final = "kueue.x-k8s.io/"
QUEUE: Final = _K + "queue-name"
_MARKS: Final = (_K + "cluster-queue-name", _K + "local-queue-name", _K + "podset")
_NAME_LABEL: Final = "batch.kubernetes.io/job-name"
_JOBS_OWN: Final = ("job-name", "controller-uid", "batch.kubernetes.io/controller-uid", _NAME_LABEL)
_INDEX: Final = "batch.kubernetes.io/job-completion-index"
_TOPOLOGY: Final = {
    _K + "podset-required-topology": "required",
    _K + "podset-preferred-topology": "preferred",
    _K + "podset-slice-required-topology": "podSetSliceRequiredTopology",
    _K + "podset-group-name": "podSetGroupName",
}
Change = Callable[[str, Obj], Obj]  # a pod set's name and its template, to the new template


def workload_name(obj: Obj, resource: Resource) -> str:
    """`job-train-3f2a1`: 63 characters at most."""
    meta, prefix = obj["metadata"], f"{resource.kind.lower()}-{obj['metadata']['name']}"
    text = "\n".join((resource.kind, resource.group, meta["name"], meta["uid"]))
    return f"{prefix[:57]}-{hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:5]}"


def pod_sets(obj: Obj) -> list[Obj]:
    """The `podSets` of the Workload that stands for it."""
    found = []
    least = _least(obj)
    for name, count, template, more in _parts(obj):
        request = {**_topology(template), "podIndexLabel": _INDEX, **more}
        pod_set: Obj = {"name": name, "count": count, "template": _bare(template), "topologyRequest": request}
        found.append(pod_set | ({"minCount": least} if least else {}))
    return found


def _least(obj: Obj) -> int:
    """How few pods a Job would do with; 0 where it says nothing."""
    said = (obj["metadata"].get("annotations") or {}).get(_K + "job-min-parallelism", "")
    return int(said) if said.isdigit() and "replicatedJobs" not in obj["spec"] else 0


def size(obj: Obj) -> int:
    """How many pods it is."""
    return sum(count for _, count, _, _ in _parts(obj))


def _parts(obj: Obj) -> Iterator[tuple[str, int, Obj, Obj]]:
    """Name, pods, pod template and what else topology is told of each pod set."""
    spec = obj["spec"]
    if "replicatedJobs" not in spec:
        yield "main", _pods(spec), spec["template"], {}
        return
    for one in spec["replicatedJobs"]:
        job, replicas = one["template"]["spec"], one.get("replicas", 1)
        more = {"subGroupIndexLabel": "jobset.sigs.k8s.io/job-index", "subGroupCount": replicas}
        yield one["name"], replicas * _pods(job), job["template"], more


def _pods(spec: Obj) -> int:
    parallelism, completions = spec.get("parallelism", 1), spec.get("completions")
    return int(parallelism if completions is None else min(parallelism, completions))


def _bare(template: Obj) -> Obj:
    """Without what the Job controller and Kueue itself put in."""
    meta = template.get("metadata") or {}
    left = (*(one for one in _JOBS_OWN if one != _NAME_LABEL), *_MARKS)
    labels = {key: value for key, value in (meta.get("labels") or {}).items() if key not in left}
    notes = {key: value for key, value in (meta.get("annotations") or {}).items() if key != _K + "workload"}
    kept = {key: value for key, value in (("labels", labels), ("annotations", notes)) if value}
    return {"metadata": kept, "spec": template["spec"]}


def _topology(template: Obj) -> Obj:
    notes = (template.get("metadata") or {}).get("annotations") or {}
    found: Obj = {field: notes[key] for key, field in _TOPOLOGY.items() if notes.get(key)}
    if notes.get(_K + "podset-unconstrained-topology") == "true":
        found["unconstrained"] = True
    if str(notes.get(_K + "podset-slice-size", "")).isdigit():
        found["podSetSliceSize"] = int(notes[_K + "podset-slice-size"])
    return found


def changed(obj: Obj, change: Change, suspend: bool, pods: int | None = None) -> Obj:
    """The spec of a Job or JobSet with changed pod templates, and a Job that can do with fewer at so many `pods`."""
    spec = obj["spec"]
    if "replicatedJobs" not in spec:
        number: Obj = {"parallelism": pods} if pods and _least(obj) else {}
        if (
            number
            and (obj["metadata"].get("annotations") or {}).get(_K + "job-completions-equal-parallelism") == "true"
        ):
            number["completions"] = pods
        return {**spec, **number, "suspend": suspend, "template": change("main", spec["template"])}
    jobs = []
    for one in spec["replicatedJobs"]:
        job = one["template"]
        template = change(one["name"], job["spec"]["template"])
        jobs.append({**one, "template": {**job, "spec": {**job["spec"], "template": template}}})
    return {**spec, "suspend": suspend, "replicatedJobs": jobs}


def injected(workload: Obj, flavors: Mapping[str, Flavor]) -> Change:
    """Puts in what the admission says: node labels and tolerations of the flavors, and marks of Kueue."""
    admission, name = workload["status"]["admission"], workload["metadata"]["name"]
    given = {one["name"]: dict.fromkeys(one.get("flavors", {}).values()) for one in admission["podSetAssignments"]}
    marks = dict(zip(_MARKS, (admission["clusterQueue"], workload["spec"].get("queueName", "")), strict=False))

    def change(pod_set: str, template: Obj) -> Obj:
        meta, spec = template.get("metadata") or {}, template["spec"]
        labels = {**(meta.get("labels") or {}), **marks, _MARKS[2]: pod_set}
        notes = {**(meta.get("annotations") or {}), _K + "workload": name}
        selector, tolerations = dict(spec.get("nodeSelector") or {}), list(spec.get("tolerations") or ())
        for flavor in (flavors[one] for one in given.get(pod_set, ()) if one in flavors):
            selector |= flavor.labels
            tolerations += [one for one in flavor.tolerations if one not in tolerations]
        more = {key: value for key, value in (("nodeSelector", selector), ("tolerations", tolerations)) if value}
        return {**template, "metadata": {**meta, "labels": labels, "annotations": notes}, "spec": {**spec, **more}}

    return change


def restored(workload: Obj) -> Change:
    """Takes it out again: the templates are as the Workload has them."""
    first = {one["name"]: one["template"] for one in workload["spec"]["podSets"]}

    def change(pod_set: str, template: Obj) -> Obj:
        if pod_set not in first:
            return template
        was, meta = first[pod_set], template.get("metadata") or {}
        labels = dict((was.get("metadata") or {}).get("labels") or {})
        labels |= {key: value for key, value in (meta.get("labels") or {}).items() if key in _JOBS_OWN}
        notes = (was.get("metadata") or {}).get("annotations") or {}
        kept = {key: value for key, value in (("labels", labels), ("annotations", notes)) if value}
        spec = dict(template["spec"])
        for key in ("nodeSelector", "tolerations", "schedulingGates"):
            spec.pop(key, None)
            if was["spec"].get(key):
                spec[key] = was["spec"][key]
        return {**template, "metadata": kept, "spec": spec}

    return change
