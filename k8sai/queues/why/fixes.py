"""The smallest changes that would mend it: each is made on a copy of the setting and judged before it is named."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from k8sai.errors import K8saiError
from k8sai.queues.facts import Flavor, Json, Share
from k8sai.queues.nodes import Node
from k8sai.queues.setting import Setting
from k8sai.queues.simulating.change import Change, QuotaField
from k8sai.queues.simulating.change import short as written
from k8sai.queues.simulating.change_apply import apply
from k8sai.queues.sums import ceiling, explain
from k8sai.queues.verdict import Judgement
from k8sai.queues.why.finding import Finding, Fix
from k8sai.queues.why.freeing import Ways, wait_fixes
from k8sai.queues.why.look import Look
from k8sai.queues.why.next import named
from k8sai.queues.why.quota import pressing
from k8sai.queues.why.sizes import smaller
from k8sai.queues.words import amount
from k8sai.queues.workload import PodSet, Workload

_CODES: Final = ("WaitingForQuota", "ExceedsMaxQuota", "NeedsPreemption", "WaitingForPreemptedWorkloads")


def mended(look: Look, finding: Finding, ways: Ways) -> Finding:
    """With what would mend it, `ways` are whose end would; findings that are no matter of quota or flavors stay."""
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
        fixes += wait_fixes(ways)
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
    return look.judge(setting).of(asked, queue, reasons=False)


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
            does = f"queue move {named(workload)} --priority-class {one.name}"
            yield Fix("user", f"priority class {one.name} ({one.value}) would let it evict {names}{more}: `{does}`")
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
