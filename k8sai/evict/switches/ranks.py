"""Ranks that have ended: one that exits 0 before the gang is stopped completes its index for good, and a gang that is
started again lacks it. In a JobSet the Job is made anew; a Job by itself cannot be mended.

Measured on Kubernetes 1.37 and JobSet 0.12: a Job deleted while its JobSet is suspended is made again, suspended, and
no restart is counted.
"""

from collections.abc import Iterable
from typing import Final

from k8sai.cluster.reading import Reading
from k8sai.evict.facts import Json
from k8sai.evict.gangs.form import number, within
from k8sai.evict.gangs.job import over
from k8sai.evict.gangs.kinds import JOB, JOBSET, TRAINJOB
from k8sai.evict.gangs.pods import controller, uid
from k8sai.evict.state import GangState
from k8sai.evict.switches.step import Never, Step, Wait, Write

_OWNERS: Final = (JOBSET.full, TRAINJOB.full)


def whole_again(state: GangState, reading: Reading) -> Step:
    """What has to be done before a start; None: every rank will be there."""
    namespace = state.ref.namespace
    jobs = {uid(one): one for one in reading.list(JOB.full, namespace)} if _of_jobs(state) else {}
    mine = _below(state, reading, jobs.values())
    names = {one.name for one in state.pods}
    if all(over(one) for one in mine):
        return None
    for job in mine:
        if not lacking(job, names):
            continue
        if state.ref.kind == JOB.full:
            return _unmendable(state, job)
        if "deletionTimestamp" in job["metadata"]:
            return Wait(f"job/{job['metadata']['name']} to be deleted")
        return _made_anew(job)
    return None


def lacking(job: Json, pods: Iterable[str]) -> bool:
    """A pod of it that ran when the gang was stopped has completed since, and would not be made again. Without the
    pods' names: one of ranks that all run at once has.
    """
    known = {index for name in pods if (index := _index(job, name)) is not None}
    spec, status = job.get("spec") or {}, job.get("status") or {}
    done, wide = number(status.get("succeeded"), 0), number(spec.get("parallelism"), 1)
    wanted = number(spec.get("completions"), 0)
    if wanted and wanted != wide:
        return False  # more work than ranks: what has ended is not missed
    if not known:
        return 0 < done < wanted
    if spec.get("completionMode") == "Indexed":
        return not known.isdisjoint(_numbers(str(status.get("completedIndexes") or "")))
    return done > 0


def _of_jobs(state: GangState) -> bool:
    return state.ref.kind in (JOB.full, *_OWNERS)


def _below(state: GangState, reading: Reading, jobs: Iterable[Json]) -> list[Json]:
    """The Jobs of a gang: itself, or those of its JobSet."""
    owners = {state.ref.uid}
    if state.ref.kind == TRAINJOB.full:
        sets = reading.list(JOBSET.full, state.ref.namespace)
        owners = {uid(one) for one in sets if _owner(one) in owners}
    found = [one for one in jobs if uid(one) == state.ref.uid or _owner(one) in owners]
    return sorted(found, key=lambda one: str(one["metadata"]["name"]))


def _owner(obj: Json) -> str:
    return str((controller(obj) or {}).get("uid") or "")


def _index(job: Json, pod: str) -> str | None:
    """Of a pod of this Job its index, or for want of one what tells it from the others; None for other pods."""
    stem = f"{job['metadata']['name']}-"
    parts = pod.removeprefix(stem).split("-") if pod.startswith(stem) else []
    indexed = within(job, "spec", "completionMode") == "Indexed"
    if len(parts) != (2 if indexed else 1):
        return None
    return parts[0] if not indexed or parts[0].isdecimal() else None


def _numbers(said: str) -> set[str]:
    """`1,3-5` as the API writes it."""
    found: set[str] = set()
    for one in filter(None, said.split(",")):
        first, _, last = one.partition("-")
        found |= {str(index) for index in range(int(first), int(last or first) + 1)}
    return found


def _made_anew(job: Json) -> Write:
    options = {"preconditions": {"uid": uid(job)}, "propagationPolicy": "Background"}
    on = JOB.ref(job)
    return Write(on, delete=options, title=f"{on.title} is made anew: a rank of it has ended")


def _unmendable(state: GangState, job: Json) -> Never:
    done = within(job, "status", "completedIndexes")
    which = f"index {done} is" if done else "some of its pods are"
    return Never(
        f"{state.ref.title} stays suspended: {which} complete for good, and it would run without",
        "delete it and make it anew: its checkpoint is there",
    )
