"""Which pods start together or not at all, and how many of them."""

from typing import Any, NamedTuple

Obj = dict[str, Any]

MIN_COUNT = "sim.k8sai.dev/gang-min-count"
_NAMED_BY_LABEL = (
    "kueue.x-k8s.io/pod-group-name",
    "scheduling.x-k8s.io/pod-group",
    "jobset.sigs.k8s.io/jobset-name",
    "batch.kubernetes.io/job-name",
)
_TOTAL = "kueue.x-k8s.io/pod-group-total-count"


class Gang(NamedTuple):
    """A group of pods of one namespace, and how many must fit at once."""

    namespace: str
    name: str
    minimum: int


def gang_of(pod: Obj) -> Gang | None:
    """The gang a pod belongs to.

    The name is `spec.schedulingGroup` or a pod group's, JobSet's or Job's label; the minimum is the annotation
    `sim.k8sai.dev/gang-min-count` or Kueue's total count. Without a minimum there is no gang.
    """
    meta = pod["metadata"]
    annotations, labels = meta.get("annotations") or {}, meta.get("labels") or {}
    text = annotations.get(MIN_COUNT) or annotations.get(_TOTAL, "")
    minimum = int(text) if text.isdigit() else 0
    names = ((pod["spec"].get("schedulingGroup") or {}).get("podGroupName"), *(labels.get(k) for k in _NAMED_BY_LABEL))
    name = next((n for n in names if n), "")
    return Gang(meta["namespace"], name, minimum) if name and minimum > 1 else None
