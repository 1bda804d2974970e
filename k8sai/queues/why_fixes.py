"""The smallest changes that would mend it: each is made on a copy of the setting and judged before it is named."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from k8sai.errors import K8saiError
from k8sai.queues.change import Change, QuotaField
from k8sai.queues.change import short as written
from k8sai.queues.change_apply import apply
from k8sai.queues.facts import Flavor, Json, PodSet, Share, Workload
from k8sai.queues.finding import By, Finding, Fix
from k8sai.queues.judge import Judge
from k8sai.queues.nodes import Node
from k8sai.queues.setting import Setting
from k8sai.queues.sums import ceiling, explain
from k8sai.queues.verdict import Judgement
from k8sai.queues.why_holders import Holder, held
from k8sai.queues.why_look import Look
from k8sai.queues.why_quota import pressing
from k8sai.queues.why_sizes import smaller
from k8sai.queues.words import amount

_HOLDERS: Final = 24  # that are tried one by one
_TOGETHER: Final = 6  # that are waited for at once; more is no advice
_CODES: Final = ("WaitingForQuota", "ExceedsMaxQuota", "NeedsPreemption", "WaitingForPreemptedWorkloads")


def mended(look: Look, finding: Finding) -> Finding:
    """With what would mend it; findings that are not about quota or flavors stay as they are."""
    if look.judged is None or look.queue is None or look.workload is None:
        return finding
    if finding.code == "NoMatchingFlavor":
        return finding.mended_by(*_tolerations(look))
    if finding.code not in _CODES or finding.share is None:
        return finding
    option = pressing(look.judged, look.queue)
    fixes = [*_larger(look, finding, finding.share)]
    fixes += smaller(look, option.pod_set) if option is not None else ()
    if finding.code == "WaitingForQuota":
        fixes += _priority(look)
    if finding.code != "ExceedsMaxQuota":
        fixes += waits_for_words(look, finding.share)
    return finding.mended_by(*fixes)


# --- quota ------------------------------------------------------------------------------------------------------------


def _larger(look: Look, finding: Finding, share: Share) -> Iterator[Fix]:
    """The limit that binds, and its own nominal quota, each by what is lacking."""
    if look.queue is None:
        return
    node = look.tree.queues[look.queue.name]
    never = finding.code == "ExceedsMaxQuota"
    limit = ceiling(look.tree, node, share) if never else explain(look.tree, node, share).binding
    lack = finding.deficit or 0
    if limit.kind == "borrowingLimit":
        yield from _tried(look, limit.node, "borrowingLimit", limit.value, lack, share)
    yield from _tried(look, node, "nominal", node.quota(share).nominal, lack, share)


def _tried(look: Look, node: Node, field: QuotaField, now: int, lack: int, share: Share) -> Iterator[Fix]:
    change = Change("cq" if node.leaf else "cohort", node.name, field, now + lack, share)
    after = _judged(look, changed(look.setting, change))
    does = _does(look.judged, after)
    if does:
        old, new = amount(share.resource, now), amount(share.resource, now + lack)
        text = written(look.setting, node.name, share, field, now + lack, cohort=not node.leaf)
        yield Fix("admin", f"{field} {old}→{new} of {node.word} {does}", text)


def changed(setting: Setting, *changes: Change) -> Setting | None:
    """None where Kueue would refuse it."""
    try:
        return apply(setting, changes)
    except K8saiError:
        return None


def _judged(look: Look, setting: Setting | None, workload: Workload | None = None) -> Judgement | None:
    queue = setting.cluster_queues.get(look.queue.name) if setting is not None and look.queue is not None else None
    asked = workload or look.workload
    if setting is None or queue is None or asked is None:
        return None
    return Judge(setting).of(asked, queue, reasons=False)


def _does(before: Judgement | None, after: Judgement | None) -> str:
    """What is gained; empty for nothing."""
    if before is None or after is None:
        return ""
    if after.fits:
        return "admits it now"
    if before.mode == "never" and after.mode == "preempts" and after.victims:
        return f"makes it possible, by evicting {len(after.victims)}"
    return "makes it possible; then it waits" if before.mode == "never" and after.mode in ("waits", "preempts") else ""


# --- priority and flavors ---------------------------------------------------------------------------------------------


def _priority(look: Look) -> Iterator[Fix]:
    """The lowest class with which it could evict somebody."""
    workload = look.workload
    if workload is None:
        return
    classes = sorted(look.setting.classes.values(), key=lambda one: (one.value, one.name))
    for one in classes:
        if one.value <= workload.priority:
            continue
        after = _judged(look, look.setting, replace(workload, priority=one.value))
        if after is not None and after.mode == "preempts" and after.victims:
            names = ", ".join(victim.workload.title for victim in after.victims[:3])
            more = f" and {len(after.victims) - 3} more" if len(after.victims) > 3 else ""
            yield Fix("user", f"priority class {one.name} ({one.value}) would let it evict {names}{more}")
            return


def _tolerations(look: Look) -> Iterator[Fix]:
    """A flavor whose taints are all that keeps its pods away."""
    workload = look.workload
    if workload is None or look.queue is None:
        return
    names = [name for group in look.queue.groups for name, _ in group.flavors]
    for flavor in (look.setting.flavors[name] for name in names if name in look.setting.flavors):
        taints = [one for one in flavor.taints if one.get("effect") in ("NoSchedule", "NoExecute")]
        if not taints:
            continue
        after = _judged(look, look.setting, _tolerating(workload, flavor))
        if after is not None and after.mode not in ("never", "refused"):
            shown = ", ".join(_taint(one) for one in taints)
            fits = "fits now" if after.fits else "then it waits for quota"
            yield Fix("user", f"tolerate {shown}: flavor {flavor.name} {fits}")


def _tolerating(workload: Workload, flavor: Flavor) -> Workload:
    more = [{"key": one.get("key"), "operator": "Exists"} for one in flavor.taints]

    def of(pod_set: PodSet) -> PodSet:
        spec = {**pod_set.spec, "tolerations": [*(pod_set.spec.get("tolerations") or ()), *more]}
        return replace(pod_set, spec=spec)

    return replace(workload, pod_sets=tuple(map(of, workload.pod_sets)))


def _taint(one: Json) -> str:
    value = f"={one['value']}" if one.get("value") else ""
    return f"{one.get('key')}{value}:{one.get('effect')}"


# --- waiting ----------------------------------------------------------------------------------------------------------


def waits_for(look: Look, share: Share) -> tuple[tuple[Holder, ...], ...]:
    """Who must end so that it fits: each one that suffices alone; else the fewest of the largest, together."""
    holders = [one for part in held(look, share) for one in part.holders][:_HOLDERS]
    alone = tuple((one,) for one in holders if _fits_without(look, [one]))
    if alone:
        return alone
    together: list[Holder] = []
    for one in holders[:_TOGETHER]:
        together.append(one)
        if _fits_without(look, together):
            return (tuple(_needed(look, together)),)
    return ()


def _needed(look: Look, holders: Sequence[Holder]) -> list[Holder]:
    """Without those that make no difference."""
    left = list(holders)
    for one in reversed(holders):
        rest = [other for other in left if other is not one]
        if _fits_without(look, rest):
            left = rest
    return left


def _fits_without(look: Look, holders: Sequence[Holder]) -> bool:
    if look.queue is None or look.workload is None:
        return False
    tree = look.tree.without(one.workload for one in holders)
    left = {ref: one for ref, one in look.setting.workloads.items() if ref not in {h.workload.ref for h in holders}}
    judge = Judge(replace(look.setting, workloads=left), tree)
    return judge.of(look.workload, look.queue, reasons=False).fits


def waits_for_words(look: Look, share: Share) -> Iterator[Fix]:
    """`wait for eval-grid`, any of which will do; or all of them."""
    ways = waits_for(look, share)
    by: By = "either"
    if len(ways) == 1 and len(ways[0]) > 1:
        names = [one.workload.title for one in ways[0]]
        yield Fix(by, f"wait for {', '.join(names[:-1])} and {names[-1]} to end")
    elif ways:
        names = [one[0].workload.title for one in ways[:3]]
        more = f" or {len(ways) - 3} more" if len(ways) > 3 else ""
        yield Fix(by, f"wait for {' or '.join(names)}{more} to end")
