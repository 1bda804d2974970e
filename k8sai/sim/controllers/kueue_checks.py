"""AdmissionChecks: which of them a workload must pass, and what those say that failed it.

Others write the states; nobody of ours does. Source: pkg/workload/admissionchecks.go of Kueue 0.19.
"""

from collections.abc import Sequence

from k8sai.ages import epoch
from k8sai.queues.facts import ClusterQueue
from k8sai.sim.objects import Obj


def checks_of(queue: ClusterQueue, admission: Obj | None) -> set[str]:
    """Those of the flavors that it was given; before that those that hold for every flavor of the queue."""
    every = {name for group in queue.groups for name, _ in group.flavors}
    if admission is None:
        return {check.name for check in queue.checks if not check.flavors or every <= set(check.flavors)}
    given = {flavor for one in admission["podSetAssignments"] for flavor in one["flavors"].values()}
    return {check.name for check in queue.checks if given & (set(check.flavors) or every)}


def in_state(status: Obj, state: str) -> list[Obj]:
    """The checks of that state, by name."""
    found = [check for check in status.get("admissionChecks") or () if check.get("state") == state]
    return sorted(found, key=lambda check: str(check["name"]))


def told(checks: Sequence[Obj], state: str) -> str:
    """`AdmissionCheck in Retry state: "chk" (no capacity)`."""
    named = [f'"{one["name"]}" ({one["message"]})' if one.get("message") else f'"{one["name"]}"' for one in checks]
    return f"AdmissionCheck{'s' if len(checks) > 1 else ''} in {state} state: {'; '.join(named)}"


def retry_at(status: Obj) -> float:
    """When the last of the checks that want a pause will have had it; 0 without any."""
    ends = [
        epoch(check["lastTransitionTime"]) + check["requeueAfterSeconds"]
        for check in status.get("admissionChecks") or ()
        if check.get("requeueAfterSeconds") and check.get("lastTransitionTime")
    ]
    return max(ends, default=0.0)
