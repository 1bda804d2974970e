"""The training operator's first API: PyTorchJob, MPIJob and their like are suspended by `spec.runPolicy.suspend`.

Source: kubeflow.org/v1, and kubeflow.org/v2beta1 for MPIJob.
"""

from typing import Final

from k8sai.evict.gangs.form import Form, Seen, number, suspended_at
from k8sai.evict.gangs.kinds import KUBEFLOW


def _expected(seen: Seen) -> int:
    found = next((value for key, value in (seen.spec() or {}).items() if key.endswith("ReplicaSpecs")), None) or {}
    return sum(number(one.get("replicas"), 1) for one in found.values() if isinstance(one, dict))


def _restarts(seen: Seen) -> str:
    if seen.spec("elasticPolicy"):
        return "evicting one pod restarts it alone, and the others meet it anew: that counts against maxRestarts"
    return "evicting one pod restarts it as its restartPolicy says, and the others hang or fail"


FORMS: Final = tuple(
    Form(kind, suspended_at("spec", "runPolicy", "suspend"), _expected, _restarts) for kind in KUBEFLOW
)
