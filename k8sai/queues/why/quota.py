"""Flavors and quota: which option comes closest, what it is short of, and the limit that binds."""

import re
from collections.abc import Iterator
from typing import Final

from k8sai.queues.facts import ClusterQueue, Share
from k8sai.queues.sums import Limit, ceiling, explain
from k8sai.queues.verdict import MODES, Judgement, Line, Option
from k8sai.queues.why.finding import Check, Finding
from k8sai.queues.why.look import Look
from k8sai.queues.words import amount, gpu, short
from k8sai.queues.workload import Workload

_CHECKS: Final[dict[str, Check]] = {
    "NoMatchingFlavor": "flavors",
    "ExceedsMaxQuota": "never",
}
_TOPOLOGY: Final = ("TopologyPlacementFailed", "ExceedsTopology")
_SOME: Final = 3  # victims in one line


def check(look: Look) -> Iterator[Finding]:
    """One finding, of the pod set that is worst off, in the flavor that comes closest."""
    judged, queue = look.judged, look.queue
    if judged is None or queue is None or look.workload is None or judged.fits or judged.code == "CohortCycle":
        return
    if judged.code == "ResourceNotCovered":
        return  # another check says which
    option = pressing(judged, queue)
    if judged.code in _TOPOLOGY:
        yield _fragmented(judged)
    elif option is None or option.mode == "refused":
        yield _refused(judged, queue, option)
    elif option.mode == "never":
        yield _never(look, queue, option)
    elif option.mode == "preempts" and judged.victims:
        yield _preempts(look, look.workload, judged, queue, option)
    else:
        yield _short(look, queue, option)


def pressing(judged: Judgement, queue: ClusterQueue) -> Option | None:
    """Of the worst pod set and group the best option: what decides. None: it has no flavor at all."""
    groups: dict[tuple[str, int], list[Option]] = {}
    for option in judged.options:
        groups.setdefault((option.pod_set, _group(queue, option.flavor)), []).append(option)
    best = [min(options, key=_distance) for options in groups.values()]
    return max(best, key=_distance, default=None)


def _group(queue: ClusterQueue, flavor: str) -> int:
    """A flavor belongs to one group of resources."""
    return next((n for n, group in enumerate(queue.groups) if any(name == flavor for name, _ in group.flavors)), -1)


def _distance(option: Option) -> tuple[int, int]:
    return MODES.index(option.mode), max((line.deficit for line in option.lines), default=0)


def deciding(option: Option) -> Line | None:
    """The resource of an option that decides; of several alike GPUs before everything else."""
    return max(
        option.lines, key=lambda one: (MODES.index(one.mode), gpu(one.share.resource), one.deficit), default=None
    )


def limit_words(limit: Limit, share: Share, left: int | None = None) -> str:
    """`the limit that binds: borrowingLimit 8 of ClusterQueue finetune`; of a pool what is `left` of all it has."""
    value = amount(share.resource, limit.value)
    if limit.kind == "borrowingLimit":
        return f"the limit that binds: borrowingLimit {value} of {limit.node.word}"
    if left is None:
        return f"{limit.node.word} has {value} in all"
    if left < 0:
        return f"{limit.node.word} has {value} and {amount(share.resource, -left)} more than that are reserved"
    return f"{limit.node.word} has {amount(share.resource, left)} of {value} left"


def plainly(option: Option) -> str:
    """Its refusal without the name of the flavor, taints as kubectl writes them: `untolerated taint team=vision:…`."""
    text = re.sub(r"\{(\S*) (\S*) (\S+) [^}]*\}", _taint, option.refusal)
    return text.removesuffix(f" in flavor {option.flavor}").removeprefix(f"flavor {option.flavor} ")


def _taint(found: re.Match[str]) -> str:
    value = f"={found[2]}" if found[2] else ""
    return f"{found[1]}{value}:{found[3]}"


# --- what is said -----------------------------------------------------------------------------------------------------


def _refused(judged: Judgement, queue: ClusterQueue, option: Option | None) -> Finding:
    said = list(dict.fromkeys(f"{one.flavor}: {plainly(one)}" for one in judged.options if one.mode == "refused"))
    code = option.code if option is not None and option.code else judged.code
    what = f"no flavor of ClusterQueue {queue.name} is for its pods"
    return Finding(
        _CHECKS.get(code, "flavors"),
        code,
        f"{what}: {'; '.join(said)}" if said else what,
        f"ClusterQueue {queue.name}",
        Share(option.flavor, "") if option else None,
        evidence=tuple(said),
        next=f"k8sai queue describe cq/{queue.name}",
    )


def _fragmented(judged: Judgement) -> Finding:
    """The last option says what topology allows; what never fits would not without the others either."""
    option = next(one for one in reversed(judged.options) if one.code == judged.code)
    by_quota = any(one.flavor == option.flavor and one.mode in ("fits", "borrows") for one in judged.options)
    message = f"quota suffices in {option.flavor}, but {plainly(option)}" if by_quota else plainly(option)
    message += ", even without anything that Kueue has placed" if judged.code == "ExceedsTopology" else ""
    return Finding(
        "topology",
        judged.code,
        message,
        f"ResourceFlavor {option.flavor}",
        Share(option.flavor, ""),
        next="k8sai top",
    )


def _never(look: Look, queue: ClusterQueue, option: Option) -> Finding:
    line = deciding(option)
    assert line is not None, "what never fits has an amount"
    limit = ceiling(look.tree, look.tree.queues[queue.name], line.share)
    need, most = (amount(line.share.resource, value) for value in (line.need, line.most))
    message = (
        f"it asks {need} {short(line.share.resource)} in {option.flavor} and can never have more than {most}; "
        f"{limit_words(limit, line.share)}"
    )
    return _amounts("never", "ExceedsMaxQuota", message, limit.node.word, line, queue, line.need - line.most)


def _short(look: Look, queue: ClusterQueue, option: Option) -> Finding:
    line = deciding(option)
    assert line is not None, "what waits for quota has an amount"
    node = look.tree.queues[queue.name]
    limit = explain(look.tree, node, line.share).binding
    left = look.tree.available(limit.node, line.share)
    message = f"{_lack(line)} in {option.flavor}{_fewest(look)}; {limit_words(limit, line.share, left)}"
    waiting = look.said is not None and look.said.preempting > 0
    if waiting and look.said is not None:
        message += f"; Kueue has evicted {look.said.preempting} for it, whose quota is not free yet"
    code = "WaitingForPreemptedWorkloads" if waiting else "WaitingForQuota"
    return _amounts("quota", code, message, limit.node.word, line, queue, line.deficit)


def _fewest(look: Look) -> str:
    return f" for the fewest pods it may start with ({look.fewest})" if look.fewest is not None else ""


def _lack(line: Line) -> str:
    """`short 6 of 8 GPU`; where more is used than there is, all of it and what must be freed before."""
    need, deficit = amount(line.share.resource, line.need), amount(line.share.resource, line.deficit)
    word = short(line.share.resource)
    if line.have >= 0:
        return f"short {deficit} of {need} {word}"
    return f"short all of {need} {word}, and {amount(line.share.resource, -line.have)} more must be freed before"


def _preempts(look: Look, workload: Workload, judged: Judgement, queue: ClusterQueue, option: Option) -> Finding:
    line = deciding(option)
    assert line is not None, "what preempts has an amount"
    victims = [f"{one.workload.title} of {one.queue}" for one in judged.victims]
    names = ", ".join(victims[:_SOME]) + (f" and {len(victims) - _SOME} more" if len(victims) > _SOME else "")
    message = f"{_lack(line)} in {option.flavor}; it may evict {names} for it"
    code = "NeedsPreemption"
    if look.said is not None and look.said.preempting:
        message = f"{_lack(line)} in {option.flavor}; Kueue evicts {look.said.preempting} for it: {names}"
        code = "WaitingForPreemptedWorkloads"
    return _amounts("quota", code, message, f"ClusterQueue {queue.name}", line, queue, line.deficit)


def _amounts(
    check: Check, code: str, message: str, scope: str, line: Line, queue: ClusterQueue, deficit: int
) -> Finding:
    return Finding(
        check,
        code,
        message,
        scope,
        line.share,
        line.need,
        line.have,
        deficit,
        next=f"k8sai queue describe cq/{queue.name}",
    )
