"""The verdict of a simulation as sentences: what would be given, from where, or what stands in the way."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from k8sai.ages import human
from k8sai.queues.facts import Share
from k8sai.queues.quota import Node, Tree
from k8sai.queues.setting import Setting
from k8sai.queues.simulating.freeing import Freed, since
from k8sai.queues.simulating.simulate import Outcome
from k8sai.queues.simulating.size import Size
from k8sai.queues.sums import Limit, ceiling, explain
from k8sai.queues.usage import tree as tree_of
from k8sai.queues.verdict import Judgement, Line, Victim
from k8sai.queues.words import amount, gpu, short
from k8sai.queues.workload import Workload

_MOST: Final = 8  # workloads in a line of text


def sentence(setting: Setting, outcome: Outcome) -> str:
    """The whole answer in one: `Waits: Job sft is short of 14 of 16 GPU in h100; …`."""
    return f"{outcome.kind}: {_said(setting, outcome)}"


def _said(setting: Setting, outcome: Outcome) -> str:
    if outcome.refused is not None:
        return f"{outcome.title}: {outcome.refused.sentence}"
    if outcome.blocked_by is not None and outcome.queue is not None:
        head = f"{outcome.blocked_by.namespace}/{outcome.blocked_by.title}"
        return f"{outcome.title} stands behind {head}, which StrictFIFO queue {outcome.queue.name} takes first"
    found = outcome.judgement
    if found is None:
        return f"{outcome.title}: nothing can be said"
    tree = tree_of(setting)
    match outcome.kind:
        case "FitsNow":
            return f"{outcome.title} would get {_given(outcome, found)} at once"
        case "FitsBorrowing":
            return (
                f"{outcome.title} would get {_given(outcome, found)} at once, {_borrowing(tree, found, outcome.usage)}"
            )
        case "NeedsPreemption":
            return f"{outcome.title} would get {_given(outcome, found)} once {_evictions(setting, found.victims)}"
        case "Waits" | "Never":
            return f"{outcome.title} {_short(tree, outcome, found)}"
    if outcome.kind == "Fragmented":
        return f"{outcome.title}: quota is there, room close enough together is not: {_refusals(found)}"
    return f"{outcome.title}: {_refusals(found)}"


def _given(outcome: Outcome, found: Judgement) -> str:
    """With how many pods, where not all of them are admitted."""
    sets = {one.name: one.count for one in outcome.workload.pod_sets}
    fewer = [f"{count} of {sets[name]} pods" for name, count in found.counts.items() if count < sets.get(name, 0)]
    return given(outcome.usage) + (f" for {', '.join(fewer)}" if fewer else "")


def given(usage: Mapping[Share, int]) -> str:
    """`16 GPU of h100`, every flavor once."""
    flavors: dict[str, list[str]] = {}
    for share, value in sorted(usage.items(), key=lambda item: not gpu(item[0].resource)):
        flavors.setdefault(share.flavor, []).append(measured(share.resource, value))
    return " and ".join(f"{', '.join(amounts)} of {flavor}" for flavor, amounts in flavors.items()) or "quota"


def measured(resource: str, value: int) -> str:
    """`16 GPU`, `4 cpu`, `1Ti memory`."""
    return f"{amount(resource, value)} {short(resource)}"


# --- borrowing --------------------------------------------------------------------------------------------------------


def borrows(tree: Tree, queue: str, usage: Mapping[Share, int]) -> dict[Share, int]:
    """How far the ClusterQueue would be over its own quota of what is given."""
    node = tree.queues[queue]
    over = {share: tree.used(node, share) + value - tree.subtree(node, share) for share, value in usage.items()}
    return {share: value for share, value in over.items() if value > 0 and usage[share]}


def lender(tree: Tree, queue: str, level: int) -> Node | None:
    """The lowest cohort that has the room, by the level that Kueue's events give."""
    return next((node for node in tree.queues[queue].path[1:] if node.height >= level), None)


def _borrowing(tree: Tree, found: Judgement, usage: Mapping[Share, int]) -> str:
    over = ", ".join(measured(share.resource, value) for share, value in borrows(tree, found.queue, usage).items())
    cohort = lender(tree, found.queue, found.level)
    where = f" inside {cohort.word}" if cohort else ""
    return f"by borrowing{where}: ClusterQueue {found.queue} would be {over} over its own quota"


# --- preemption -------------------------------------------------------------------------------------------------------


def gpus(workload: Workload) -> int:
    """What it holds or asks for, of all GPU resources together."""
    held = workload.held if workload.reserves else {}
    amounts = [(share.resource, value) for share, value in held.items()] or list(workload.asks().items())
    return sum(value for resource, value in amounts if gpu(resource))


def lost_hours(setting: Setting, workload: Workload) -> float:
    """GPU hours it has run since it was admitted: what is lost without a checkpoint."""
    return gpus(workload) * max(0.0, setting.at - since(workload)) / 3600


def hours(value: float) -> str:
    """`4`, `2.5`, `120`, `<0.1`."""
    if 0 < value < 0.05:
        return "<0.1"
    return f"{value:.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def _evictions(setting: Setting, victims: Iterable[Victim]) -> str:
    ones = [victim.workload for victim in victims]
    who = "1 workload is" if len(ones) == 1 else f"{len(ones)} workloads are"
    lost = hours(sum(lost_hours(setting, one) for one in ones))
    return f"{who} evicted: {sum(gpus(one) for one in ones)} GPU, {lost} GPU·h of work lost"


# --- what is missing --------------------------------------------------------------------------------------------------


def _short(tree: Tree, outcome: Outcome, found: Judgement) -> str:
    lines = outcome.short
    if not lines:
        return _refusals(found)
    limits = dict.fromkeys(binding(tree, found.queue, line, never=outcome.kind == "Never") for line in lines)
    first = "; ".join(_lack(line, never=outcome.kind == "Never") for line in lines)
    return f"{first}; the limit that binds: {', '.join(filter(None, limits))}"


def _lack(line: Line, *, never: bool) -> str:
    resource, flavor = line.share.resource, line.share.flavor
    if never:
        most = measured(resource, line.most)
        return f"asks for {measured(resource, line.need)} of {flavor}, and there are never more than {most} for it"
    return f"is short of {amount(resource, line.deficit)} of {measured(resource, line.need)} in {flavor}"


def binding(tree: Tree, queue: str, line: Line, *, never: bool) -> str:
    """`borrowingLimit 8 of ClusterQueue finetune`, `the 72 GPU of Cohort ai`."""
    node = tree.queues.get(queue)
    if node is None:
        return ""
    found: Limit = ceiling(tree, node, line.share) if never else explain(tree, node, line.share).binding
    if found.kind == "pool":
        return f"all {measured(line.share.resource, found.value)} of {found.node.word}"
    return f"{found.kind} {amount(line.share.resource, found.value)} of {found.node.word}"


def _refusals(found: Judgement) -> str:
    """Each flavor's, once."""
    said = [f"{one.flavor}: {one.refusal}" if one.flavor else one.refusal for one in found.options if one.refusal]
    return "; ".join(dict.fromkeys(said)) or f"Kueue would say {found.code}"


# --- what helps -------------------------------------------------------------------------------------------------------


def freed(setting: Setting, ones: Sequence[Freed]) -> str:
    """`job/eval-grid 6 GPU (runs 40m, 20m at most), then …`."""
    more = f", then {len(ones) - _MOST} more" if len(ones) > _MOST else ""
    return ", then ".join(_freed(setting, one) for one in ones[:_MOST]) + more


def _freed(setting: Setting, one: Freed) -> str:
    amounts = ", ".join(measured(share.resource, value) for share, value in one.amounts.items())
    left = "" if one.left is None else f", at most {human(one.left)} more"
    age = human(max(0.0, setting.at - since(one.workload)))
    return f"{one.workload.namespace}/{one.workload.title} {amounts} (runs {age}{left})"


def largest(size: Size) -> str:
    """`6 pods of this size, or 24 GPU in each of the 2`."""
    pods = (
        "no pod of this size"
        if not size.pods
        else "1 pod of this size"
        if size.pods == 1
        else f"{size.pods} pods of this size"
    )
    named = f"{pods} ({size.pod_set})" if size.pod_set != "main" else pods
    return f"{named}, or {size.each} {short(size.resource)} in each pod, by quota" if size.each else named
