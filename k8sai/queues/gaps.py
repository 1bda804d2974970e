"""What is missing from figures of queues where a kind may not be read."""

from collections.abc import Iterable, Sequence
from typing import Final

from k8sai.cluster.reading import Unseen
from k8sai.queues.positions import GROUP
from k8sai.queues.setting import CLUSTER_QUEUES
from k8sai.queues.setting import GROUP as KUEUE

_NAMED = 6  # kinds in a sentence

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


def gathered(unseen: Sequence[Unseen], without_workloads: str = "") -> str:
    """What could not be read, and what that hides, in one sentence.

    Without ClusterQueues there is no quota: that more of what makes it up is hidden too changes nothing.
    """
    quota = not any(gap.what == CLUSTER_QUEUES for gap in unseen)
    telling = (gap for gap in unseen if quota or gap.what == CLUSTER_QUEUES or GROUP in gap.what)
    hides = dict.fromkeys(filter(None, (without(gap.what) for gap in telling)))
    if without_workloads and any(gap.what == f"workloads.{KUEUE}" for gap in unseen):
        hides = {text: None for text in hides if text != WITHOUT["workloads"]} | {without_workloads: None}
    return "; ".join((f"not read, or not everywhere: {named(unseen)}", *hides))


def named(unseen: Iterable[Unseen]) -> str:
    """The first of the kinds that could not be read, Kueue's own by their short names, and how many more."""
    names = [*dict.fromkeys(_name(gap.what) for gap in unseen)]
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _name(kind: str) -> str:
    return "places in line" if GROUP in kind else kind.removesuffix(f".{KUEUE}")
