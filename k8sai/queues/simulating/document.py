"""The `QueueSimulation` document: names that scripts may rely on. Amounts as in `document`: cores, bytes, devices."""

from collections.abc import Iterable, Mapping
from typing import Any

from k8sai.ages import stamp
from k8sai.cluster.reading import Unseen
from k8sai.queues.facts import Json, Share
from k8sai.queues.rows import rows
from k8sai.queues.setting import Setting
from k8sai.queues.shown.document import heading, lists, number
from k8sai.queues.simulating.change import Change
from k8sai.queues.simulating.freeing import Freed, since
from k8sai.queues.simulating.given import usage_of
from k8sai.queues.simulating.play import Step
from k8sai.queues.simulating.simulate import KINDS, MODEL, Outcome, Simulation
from k8sai.queues.simulating.words import borrows, gpus, lost_hours, sentence
from k8sai.queues.usage import tree as tree_of
from k8sai.queues.verdict import Option, Victim
from k8sai.queues.workload import Workload


def document(
    found: Simulation, changes: Iterable[Change], *, context: str, hidden: Iterable[Unseen], code: int | None = None
) -> Json:
    """`verdict`, `flavors`, `borrows` and `preempts` are of the workload that fares worst; `workloads` has them all.

    `after` is how the queues settle: with everybody in the line who is given quota.
    """
    worst = workload(found, found.worst)
    return {
        **heading("QueueSimulation", context=context, at=found.setting.at, hidden=hidden),
        "model": f"Kueue {MODEL}",
        "if": [str(change) for change in changes],
        **{key: worst[key] for key in ("verdict", "answer", "code", "sentence")},
        "exit": int(KINDS[found.kind] if code is None else code),
        **{key: worst[key] for key in ("flavors", "borrows", "preempts", "short", "largest")},
        "workloads": [workload(found, one) for one in found.outcomes],
        "admissions": [_step(step) for step in found.played.steps],
        "settled": found.played.whole,
        "after": lists(rows(found.played.setting)),
    }


def workload(found: Simulation, outcome: Outcome) -> dict[str, Any]:
    """One entry of `workloads`."""
    here, one = outcome.at_turn or found.setting, outcome.workload
    tree = tree_of(here)
    over = borrows(tree, outcome.queue.name, outcome.usage) if outcome.queue and outcome.usage else {}
    judgement = outcome.judgement
    return {
        "title": outcome.title,
        "namespace": one.namespace,
        "queue": one.queue or None,
        "clusterQueue": outcome.queue.name if outcome.queue else None,
        "priority": one.priority,
        "verdict": outcome.verdict,
        "answer": outcome.kind,
        "code": outcome.code,
        "sentence": sentence(here, outcome),
        "podSets": [
            {"name": each.name, "count": each.count, "requests": _amounts(each.requests)} for each in one.pod_sets
        ],
        "flavors": {name: dict(given) for name, given in judgement.assigned.items()}
        if judgement and outcome.usage
        else {},
        "borrows": _shares(over),
        "level": judgement.level if judgement and outcome.fits else None,
        "preempts": [_victim(here, victim) for victim in (judgement.victims if judgement else ())],
        "options": [_option(option) for option in (judgement.options if judgement else ())],
        "short": [
            {**_share(line.share), "deficit": number(line.share.resource, line.deficit)} for line in outcome.short
        ],
        "ahead": [_step(step) for step in outcome.ahead],
        "frees": [_freed(one) for one in outcome.freed],
        "largest": _largest(outcome),
        "next": (outcome.refused.next or None) if outcome.refused else None,
    }


def _amounts(amounts: Mapping[str, int]) -> Json:
    return {resource: number(resource, amount) for resource, amount in amounts.items()}


def _shares(amounts: Mapping[Share, int]) -> Json:
    """By flavor, then resource."""
    found: dict[str, Json] = {}
    for share, amount in amounts.items():
        found.setdefault(share.flavor, {})[share.resource] = number(share.resource, amount)
    return found


def _share(share: Share) -> Json:
    return {"flavor": share.flavor, "resource": share.resource}


def _option(option: Option) -> Json:
    lines = [
        {
            "resource": line.share.resource,
            "ask": number(line.share.resource, line.need),
            "available": number(line.share.resource, line.have),
            "potential": number(line.share.resource, line.most),
            "mode": line.mode,
        }
        for line in option.lines
    ]
    return {
        "podSet": option.pod_set,
        "flavor": option.flavor,
        "mode": option.mode,
        "refusal": option.refusal or None,
        "resources": lines,
    }


def _named(one: Workload) -> Json:
    return {
        "namespace": one.namespace,
        "name": one.name,
        "owner": one.title,
        "gpus": gpus(one),
        "priority": one.priority,
    }


def _victim(setting: Setting, victim: Victim) -> Json:
    one = victim.workload
    lost = round(lost_hours(setting, one), 3)
    return {
        **_named(one),
        "clusterQueue": victim.queue,
        "admittedAt": stamp(since(one)),
        "lostGpuHours": lost,
        "reason": victim.reason,
    }


def _freed(one: Freed) -> Json:
    left = None if one.left is None else int(one.left)
    return {**_named(one.workload), "clusterQueue": one.queue, "frees": _shares(one.amounts), "secondsLeft": left}


def _step(step: Step) -> Json:
    return {
        **_named(step.workload),
        "clusterQueue": step.queue,
        "given": _shares(usage_of(step.workload, step.judgement)),
        "evicts": [victim.workload.ref for victim in step.judgement.victims],
    }


def _largest(outcome: Outcome) -> Json | None:
    size = outcome.size
    if size is None:
        return None
    return {"podSet": size.pod_set, "pods": size.pods, "each": size.each or None, "resource": size.resource or None}
