"""The hash of a plan: over what it stands on. `run` makes it again, and another hash is drift.

Nodes, gangs and pods count by uid, budgets by what they say; how many of their pods are well changes every minute.
"""

import json
from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from k8sai.evict.facts import Json
from k8sai.evict.plan import PlannedGang
from k8sai.evict.planning.budgets import Budget
from k8sai.evict.state import PodState

_DIGITS: Final = 12


def digest(
    nodes: Iterable[Json], gangs: Iterable[PlannedGang], pods: Iterable[PodState], budgets: Iterable[Budget]
) -> str:
    """Twelve hexadecimal digits; the order of what it is given does not matter."""
    stands = {
        "nodes": sorted(str(one["metadata"].get("uid", "")) for one in nodes),
        "gangs": sorted((one.gang.id, sorted(pod.uid for pod in one.state.pods)) for one in gangs),
        "pods": sorted(one.pod.uid for one in pods),
        "budgets": sorted((one.namespace, one.name, json.dumps(one.spec, sort_keys=True)) for one in budgets),
    }
    return sha256(json.dumps(stands, sort_keys=True).encode()).hexdigest()[:_DIGITS]
