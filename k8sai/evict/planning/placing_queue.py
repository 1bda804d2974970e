"""Would Kueue admit a stopped gang again: its quota is given back by the stop, and others in the line may take it.

Judged as `queue simulate` judges: each gang's Workload as if it had just been put back into its queue.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from k8sai.evict.facts import Gang
from k8sai.queues import parse_workload
from k8sai.queues.setting import CLUSTER_QUEUES, Setting, read_by
from k8sai.queues.simulating.simulate import Outcome, simulate
from k8sai.queues.simulating.wish import Wish
from k8sai.queues.simulating.words import sentence

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading


def queued(reading: "Reading", gangs: Sequence[Gang]) -> dict[str, str]:
    """By gang why Kueue would not take it back now; nothing of those that Kueue leaves alone, or may not be read."""
    mine = [gang for gang in gangs if gang.workload is not None and gang.switch.kind == "kueue"]
    if not mine or not reading.served(CLUSTER_QUEUES):
        return {}
    setting = read_by(reading, "")
    if reading.blind(CLUSTER_QUEUES):
        return {}
    wishes = [_wish(gang) for gang in mine]
    going = {one.workload.ref for one in wishes}
    left = {ref: one for ref, one in setting.workloads.items() if ref not in going}
    found = simulate(replace(setting, workloads=left), wishes)
    by_ref = {one.workload.ref: one for one in found.outcomes}
    said = {gang.id: _said(found.setting, by_ref.get(one.workload.ref)) for gang, one in zip(mine, wishes, strict=True)}
    return {gang: why for gang, why in said.items() if why}


def _wish(gang: Gang) -> Wish:
    """Its Workload without what it was given."""
    obj = dict(gang.workload or {})
    spec = {**(obj.get("spec") or {}), "active": True}
    return Wish(gang.title, parse_workload.workload({**obj, "spec": spec, "status": {}}))


def _said(setting: Setting, outcome: Outcome | None) -> str:
    if outcome is None or outcome.kind in ("FitsNow", "FitsBorrowing", "NeedsPreemption"):
        return ""
    return f"Kueue would not admit it again now: {sentence(setting, outcome).partition(': ')[2] or outcome.kind}"
