"""A TrainJob: suspending its JobSet is undone within seconds in both directions, so only the TrainJob is suspended.

Source: trainer.kubeflow.org/v1alpha1, measured on Trainer 2.3.
"""

from typing import Final

from k8sai.evict.gangs import jobset
from k8sai.evict.gangs.alone import replica_group
from k8sai.evict.gangs.form import Form, Seen, number
from k8sai.evict.gangs.kinds import JOBSET, TRAINJOB


def _expected(seen: Seen) -> int:
    below = seen.of(JOBSET)
    return jobset.expected(seen, below) if below else number(seen.spec("trainer", "numNodes"), 0)


def _restarts(seen: Seen) -> str:
    below = seen.of(JOBSET)
    return jobset.words(seen, below) if below else ""


FORM: Final = Form(TRAINJOB, jobset.switch, _expected, _restarts, replica_group)
