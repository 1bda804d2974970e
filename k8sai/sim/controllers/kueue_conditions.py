"""What Kueue writes into the status of a Workload, as changes of that status. Nothing here writes to the store.

Source: pkg/workload/workload.go, admissionchecks.go and evict of Kueue 0.19.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from k8sai.ages import epoch, stamp
from k8sai.sim.controllers.desk import with_condition
from k8sai.sim.objects import Obj

_LIMIT = 32 * 1024  # characters of a condition's message


@dataclass(slots=True)
class Standing:
    """The status of a Workload while it is worked on. `now` in seconds since 1970."""

    obj: Obj
    now: float
    status: Obj

    @classmethod
    def of(cls, obj: Obj, now: float) -> "Standing":
        """A copy to change."""
        return cls(obj, now, dict(obj.get("status") or {}))

    def find(self, kind: str) -> Obj | None:
        """The condition of that type."""
        return next((one for one in self.status.get("conditions") or () if one["type"] == kind), None)

    def holds(self, kind: str) -> bool:
        """It is there and True."""
        return (self.find(kind) or {}).get("status") == "True"

    def say(self, kind: str, holds: bool, reason: str, message: str) -> None:
        """Set a condition."""
        new = {"type": kind, "status": str(holds), "reason": reason, "message": message[:_LIMIT]}
        new["observedGeneration"] = self.obj["metadata"].get("generation", 1)
        self.status["conditions"] = with_condition(self.status.get("conditions"), new, stamp(self.now))

    def unsay(self, kind: str) -> None:
        """Take a condition away."""
        self.status["conditions"] = [one for one in self.status.get("conditions") or () if one["type"] != kind]

    # quota

    def reserve(self, admission: Obj) -> None:
        """Give it quota; what was said of an eviction is past."""
        self.status["admission"] = admission
        message = f"Quota reserved in ClusterQueue {admission['clusterQueue']}"
        self.say("QuotaReserved", True, "QuotaReserved", message)
        for kind in ("Evicted", "Preempted", "BlockedOnPreemptionGates"):
            found = self.find(kind)
            if found is not None and found["status"] == "True":
                self.say(kind, False, "QuotaReserved", f"Previously: {found['message']}")

    def unreserve(self, reason: str, message: str) -> None:
        """Take its quota, or say why it has none."""
        self.say("QuotaReserved", False, reason, message)
        self.status.pop("admission", None)
        self.sync_admitted()

    def sync_admitted(self) -> bool:
        """Admitted follows the reservation and the checks. Whether it turned."""
        reserved, ready = self.holds("QuotaReserved"), self.checks_ready()
        admitted = self.holds("Admitted")
        if admitted == (reserved and ready):
            return False
        since = (self.find("Admitted") or {}).get("lastTransitionTime")
        self.say("Admitted", reserved and ready, *_admitted_words(reserved, ready))
        if admitted and since:
            spent = self.status.get("accumulatedPastExecutionTimeSeconds", 0) + int(self.now - epoch(since))
            self.status["accumulatedPastExecutionTimeSeconds"] = spent
        return True

    def checks_ready(self) -> bool:
        """All of its AdmissionChecks are Ready; true without any."""
        return all(check.get("state") == "Ready" for check in self.status.get("admissionChecks") or ())

    # losing it

    def evict(self, reason: str, message: str, cause: str = "") -> None:
        """Tell it to give up its quota; it holds it until its pods are gone. `cause` splits deactivations."""
        self.say("Evicted", True, f"{reason}DueTo{cause}" if cause and reason == "Deactivated" else reason, message)
        self.status["admissionChecks"] = [self._reset(check) for check in self.status.get("admissionChecks") or ()]
        if not self.status["admissionChecks"]:
            del self.status["admissionChecks"]
        self._count(reason, cause)

    def _reset(self, check: Obj) -> Obj:
        state = check.get("state", "Pending")
        if state == "Pending":
            return check
        new = {
            "name": check["name"],
            "state": "Pending",
            "message": f"Reset to Pending after eviction. Previously: {state}",
            "lastTransitionTime": stamp(self.now),
        }
        if "requeueAfterSeconds" in check:
            new["requeueAfterSeconds"] = check["requeueAfterSeconds"]
        if state == "Retry":
            new["retryCount"] = check.get("retryCount", 0) + 1
        return new

    def _count(self, reason: str, cause: str) -> None:
        stats = self.status.get("schedulingStats") or {}
        known = [dict(one) for one in stats.get("evictions") or ()]
        same = next((one for one in known if (one["reason"], one.get("underlyingCause", "")) == (reason, cause)), None)
        if same is None:
            same = {"reason": reason, "underlyingCause": cause, "count": 0}
            known.append(same)
        same["count"] += 1
        self.status["schedulingStats"] = {**stats, "evictions": known}

    def requeue(self, holds: bool, reason: str, message: str) -> None:
        """Whether it may be taken again."""
        self.say("Requeued", holds, reason, message)

    # checks

    def sync_checks(self, wanted: Iterable[str]) -> None:
        """One state per AdmissionCheck that its ClusterQueue asks for."""
        known = {check["name"]: check for check in self.status.get("admissionChecks") or ()}
        fresh = {"state": "Pending", "message": "", "lastTransitionTime": stamp(self.now)}
        states = [known.get(name) or {"name": name, **fresh} for name in sorted(wanted)]
        if states:
            self.status["admissionChecks"] = states
        else:
            self.status.pop("admissionChecks", None)


def _admitted_words(reserved: bool, ready: bool) -> tuple[str, str]:
    if reserved and ready:
        return "Admitted", "The workload is admitted"
    if not reserved and not ready:
        return "NoReservationUnsatisfiedChecks", "The workload has no reservation and not all checks ready"
    if not reserved:
        return "NoReservation", "The workload has no reservation"
    return "UnsatisfiedChecks", "The workload has not all checks ready"
