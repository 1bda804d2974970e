"""A JobSet: `suspend` keeps its Jobs and counts no restart. A TrainJob owns one, and is suspended in its place.

Source: jobset.x-k8s.io/v1alpha2, measured on JobSet 0.12.
"""

from typing import Final

from k8sai.evict.facts import Json, Switch
from k8sai.evict.gangs.alone import replica_group
from k8sai.evict.gangs.form import Form, Seen, children, number, ref_of, within
from k8sai.evict.gangs.job import over, parallelism, replaces
from k8sai.evict.gangs.kinds import JOB, JOBSET


def expected(seen: Seen, jobset: Json) -> int:
    """The pods of all its Jobs that have not ended, those not made yet too; of one Job where that is the gang."""
    if seen.part:
        return sum(parallelism(one) for one in seen.objects if one.get("kind") == "Job")
    made = {one["metadata"]["name"]: one for one in children(seen, JOB, jobset)}
    name, total = jobset["metadata"]["name"], 0
    for one in within(jobset, "spec", "replicatedJobs") or ():
        template = {"spec": within(one, "template", "spec") or {}}
        for index in range(number(one.get("replicas"), 1)):
            job = made.get(f"{name}-{one.get('name')}-{index}", template)
            total += 0 if over(job) else parallelism(job)
    return total


def words(seen: Seen, jobset: Json) -> str:
    """What evicting one of its pods does."""
    jobs = [one for one in children(seen, JOB, jobset) if not over(one)]
    if jobs and all(map(replaces, jobs)):
        return "evicting one pod restarts that pod alone, and the others hang until it is back"
    policy = within(jobset, "spec", "failurePolicy")
    if not policy:
        return "evicting one pod fails the whole JobSet: it has no failurePolicy"
    if any(rule.get("action") == "RestartJobSetAndIgnoreMaxRestarts" for rule in policy.get("rules") or ()):
        return "evicting one pod restarts all its Jobs; whether that counts is said by its failurePolicy's rules"
    most, used = number(policy.get("maxRestarts"), 0), number(within(jobset, "status", "restartsCountTowardsMax"), 0)
    if used >= most:
        return f"evicting one pod fails the whole JobSet: all {most} restarts are used up"
    return f"evicting one pod restarts all its Jobs and uses up one of {most - used} restarts"


def switch(seen: Seen) -> Switch:
    """Of it, and of a TrainJob: a replica group that may go alone is evicted."""
    return Switch("evict") if seen.part else Switch("suspend", ref_of(seen.top), ("spec", "suspend"))


FORM: Final = Form(
    JOBSET, switch, lambda seen: expected(seen, seen.top), lambda seen: words(seen, seen.top), replica_group
)
