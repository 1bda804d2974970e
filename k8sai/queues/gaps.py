"""What is missing from figures of queues where a kind may not be read."""

from typing import Final

from k8sai.queues.positions import GROUP

# By plural.
WITHOUT: Final = {
    "clusterqueues": "quota and cohorts are left out",
    "localqueues": "LocalQueues elsewhere are left out",
    "cohorts": "a cohort counts as having nothing of its own and no parent",
    "workloads": "use is what the queues' status says, which trails by a second; who asks for what is not known",
    "admissionchecks": "whether checks are active is not known",
}


def without(kind: str) -> str:
    """Of a kind in full, or of the positions that Kueue tells; "" where nothing is to be said."""
    return "positions marked ≈ are our own order" if GROUP in kind else WITHOUT.get(kind.partition(".")[0], "")
