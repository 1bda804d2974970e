"""Why a workload waits: checks in their order, the first that has a finding speaks, and all are told."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from k8sai.errors import Exit
from k8sai.queues.order import ahead, in_line
from k8sai.queues.positions import Position
from k8sai.queues.setting import CLUSTER_QUEUES, COHORTS, FLAVORS, LOCAL_QUEUES, WORKLOADS
from k8sai.queues.sums import explain as sum_of
from k8sai.queues.sums import spelled
from k8sai.queues.verdict import EXITS, Option
from k8sai.queues.why import allowed, belongs, covered, state
from k8sai.queues.why import checks as why_checks
from k8sai.queues.why import line as why_line
from k8sai.queues.why import pods as why_pods
from k8sai.queues.why import queue as why_queue
from k8sai.queues.why import quota as why_quota
from k8sai.queues.why.eta import estimate
from k8sai.queues.why.finding import Finding
from k8sai.queues.why.fixes import mended
from k8sai.queues.why.freeing import Ways, ways
from k8sai.queues.why.history import history
from k8sai.queues.why.holders import held
from k8sai.queues.why.look import Look
from k8sai.queues.why.next import next_command
from k8sai.queues.why.quota import deciding
from k8sai.queues.why.result import Why
from k8sai.queues.why.said import Quoted, quoted
from k8sai.queues.workload import Workload

Check = Callable[[Look], Iterable[Finding]]

# In this order: what stands earlier makes what stands later pointless.
CHECKS: Final[tuple[Check, ...]] = (
    belongs.check,
    state.check,
    why_queue.check,
    allowed.check,
    covered.check,
    why_quota.check,
    why_line.check,
    why_checks.check,
    why_pods.check,
)
_QUOTA: Final = ("WaitingForQuota", "NeedsPreemption", "WaitingForPreemptedWorkloads", "ExceedsMaxQuota")


def explain(look: Look, position: Position | None = None) -> Why:
    """The whole answer."""
    found = [finding for check in CHECKS for finding in check(look)]
    blockers = [one for one in found if not one.remark] or [*_by_kueues_word(look)]
    code, message = _headline(look, blockers)
    ending = ways(look) if any(one.code in _QUOTA and one.code != "ExceedsMaxQuota" for one in blockers) else ()
    blockers = [mended(look, one, ending) for one in blockers]
    quote = quoted(look, code, blockers[0] if blockers else None)
    answer = Why(
        look.title,
        look.namespace,
        code,
        _exit(look, code, blockers, quote),
        message,
        look.at,
        look.workload,
        look.queue_name,
        _path(look),
        tuple(blockers),
        tuple(one for one in found if one.remark),
        look.judged,
        tuple(_sum(look, option) for option in look.judged.options) if look.judged else (),
        quote,
        position,
        ahead(look.setting, look.workload) if look.workload is not None and _in_line(look, look.workload) else (),
        hidden=look.hidden,
    )
    return _with_outlook(look, answer, ending)


def _in_line(look: Look, workload: Workload) -> bool:
    return look.waits and in_line(workload, look.at)


def _with_outlook(look: Look, answer: Why, ending: Ways) -> Why:
    """Who holds what is short, until when that may be, what happened before, and what to do next."""
    workload = look.workload
    short = next((one for one in answer.blockers if one.code in _QUOTA and one.share is not None), None)
    if short is not None and short.share is not None:
        if short.code != "ExceedsMaxQuota":
            answer = replace(answer, held=held(look, short.share))
        if short is answer.blockers[0] and short.code == "WaitingForQuota" and workload is not None:
            eta = estimate(look.setting, ending, len(answer.ahead))
            answer = replace(answer, eta=eta, eta_known=True)
    if workload is not None:
        events = look.reading.events(workload.object) if workload.object else ()
        answer = replace(answer, history=history(look.setting, workload, events))
    return replace(answer, next=next_command(look, answer), hidden=look.hidden)


# --- the headline -----------------------------------------------------------------------------------------------------


def _headline(look: Look, blockers: list[Finding]) -> tuple[str, str]:
    workload = look.workload
    if workload is not None and workload.holds("Finished"):
        done = workload.condition("Finished")
        return "Finished", f"{done.reason}, {done.message}".strip(", ") if done is not None else ""
    if blockers:
        return blockers[0].code, blockers[0].message
    if workload is not None and workload.holds("Admitted"):
        return ("Running" if workload.holds("PodsReady") or look.asked.pods else "Admitted"), _admitted(look)
    if look.judged is not None and look.judged.fits:
        return _fits(look)
    return "Unexplained", _unexplained(look)


def _admitted(look: Look) -> str:
    workload = look.workload
    condition = workload.condition("Admitted") if workload is not None else None
    since = look.ago(condition.at) if condition is not None else ""
    return f"admitted to ClusterQueue {look.queue_title}{f' {since} ago' if since else ''}"


def _fits(look: Look) -> tuple[str, str]:
    """Kueue may not have looked yet; or it has, found no room, and looks again when something changes."""
    said, judged = look.said, look.judged
    assert judged is not None, "asked only where it was judged"
    flavors = sorted({flavor for chosen in judged.assigned.values() for flavor in chosen.values()})
    where = f"in {', '.join(flavors)}" if flavors else f"in ClusterQueue {judged.queue}"
    if said is None or said.code == "PendingEvaluation":
        how = " by borrowing" if judged.mode == "borrows" else ""
        return judged.code, f"it fits now {where}{how}; Kueue has not taken it yet"
    when = f" at {look.clock(said.at)} UTC" if said.at else ""
    return (
        "PendingEvaluation",
        f"by its quota it fits now {where}; Kueue said otherwise{when} and looks again when something changes",
    )


def _unexplained(look: Look) -> str:
    return "nothing that may be read explains it" if look.hidden else "nothing that can be seen explains it"


def _by_kueues_word(look: Look) -> Iterable[Finding]:
    """Where the ClusterQueue may not be read there is no arithmetic, and Kueue's word is all there is."""
    if not look.waits or look.queue is not None or look.said is None or look.said.code == "PendingEvaluation":
        return
    when = f" at {look.clock(look.said.at)} UTC" if look.said.at else ""
    message = f"Kueue said{when}: {look.said.message or look.said.code}"
    part = next((one for one in look.said.parts if one.code == look.said.code), None)
    yield Finding(
        "quota",
        look.said.code,
        message.rstrip("."),
        f"ClusterQueue {look.queue_title}" if look.queue_title else "",
        part.share if part is not None else None,
        deficit=part.more if part is not None else None,
        partial=True,
    )


# --- the exit code ----------------------------------------------------------------------------------------------------


def _exit(look: Look, code: str, blockers: list[Finding], quote: Quoted) -> Exit:
    """PARTIAL where what may not be read could change the answer, and Kueue does not say the same."""
    exit = EXITS[code]
    if exit == Exit.OK and code not in ("FitsNow", "FitsBorrowing"):
        return exit
    if blockers and blockers[0].partial:
        return Exit.PARTIAL
    if quote.agreement == "agrees":
        return exit
    return Exit.PARTIAL if _could_change(look, found=bool(blockers)) else exit


def _could_change(look: Look, *, found: bool) -> bool:
    """The kinds a verdict is made of. Without the Workloads of others only who goes first is not known; what is
    `found` blocks whatever a LimitRange says.
    """
    setting, queue = look.setting, look.queue
    if setting.blind(CLUSTER_QUEUES) or (setting.blind(LOCAL_QUEUES) and look.local is None):
        return True
    if not look.waits or queue is None:
        return setting.blind(WORKLOADS) and look.workload is None
    return (
        (setting.blind(COHORTS) and bool(queue.cohort))
        or setting.blind(FLAVORS)
        or (setting.blind("namespaces") and bool(queue.selector))
        or (setting.blind(WORKLOADS) and queue.strategy == "StrictFIFO")
        or (look.reading.blind("limitranges") and not found)
        or (look.reading.blind("nodes") and any(one.topology for one in look.setting.flavors.values()))
    )


# --- the table --------------------------------------------------------------------------------------------------------


def _path(look: Look) -> tuple[str, ...]:
    node = look.tree.queues.get(look.queue.name) if look.queue is not None else None
    if node is not None:
        return tuple(one.name for one in node.path)
    return (look.queue_title,) if look.queue_title else ()


def _sum(look: Look, option: Option) -> str:
    """`2 = local 0 + min(…)` of the resource that decides."""
    line = deciding(option)
    node = look.tree.queues.get(look.queue.name) if look.queue is not None else None
    if line is None or node is None or not option.lines:
        return ""
    return spelled(sum_of(look.tree, node, line.share))
