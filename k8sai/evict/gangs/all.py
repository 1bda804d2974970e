"""Every kind of owner that is known, by its group and kind."""

from typing import Final

from k8sai.evict.facts import Json
from k8sai.evict.gangs import job, jobset, kubeflow, leaderworkerset, others, ray, statefulset, trainjob
from k8sai.evict.gangs.form import Form
from k8sai.evict.gangs.kinds import group_kind

_ALL: Final = (
    job.FORM, jobset.FORM, trainjob.FORM, leaderworkerset.FORM, leaderworkerset.SETS, statefulset.FORM, ray.JOB,
    ray.CLUSTER, ray.SERVICE, others.VOLCANO, others.WRAPPER, *kubeflow.FORMS,
)  # fmt: skip
FORMS: Final = {(one.kind.group, one.kind.name): one for one in _ALL}
# Kinds whose pods are a gang only where they hold devices or have a contract: else they are evicted one by one.
MAYBE: Final = frozenset((job.FORM.kind, statefulset.FORM.kind))


def form_of(obj: Json) -> Form | None:
    """None for a pod that owns a pod."""
    return FORMS.get(group_kind(obj))
