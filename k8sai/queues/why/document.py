"""The `QueueWhy` document: names that scripts may rely on. Amounts as in `QueueView`, durations in seconds."""

from k8sai.ages import stamp
from k8sai.queues.facts import Json, Share
from k8sai.queues.positions import Position
from k8sai.queues.shown.document import heading, number
from k8sai.queues.verdict import Option
from k8sai.queues.why.eta import Eta
from k8sai.queues.why.finding import Finding
from k8sai.queues.why.history import History
from k8sai.queues.why.holders import Held
from k8sai.queues.why.result import Why
from k8sai.queues.why.said import Quoted
from k8sai.queues.workload import Workload


def document(why: Why, *, context: str) -> Json:
    """`blockers` block, the first of them is the verdict's reason; `remarks` are worth knowing."""
    return {
        **heading("QueueWhy", context=context, at=why.at, hidden=why.hidden),
        "object": why.title,
        "namespace": why.namespace,
        "workload": _workload(why, why.workload) if why.workload is not None else None,
        "verdict": why.verdict,
        "code": why.code,
        "exit": int(why.exit),
        "sentence": why.sentence,
        "position": _position(why.position),
        "ahead": [one.ref for one in why.ahead],
        "blockers": [_finding(one) for one in why.blockers],
        "remarks": [_finding(one) for one in why.remarks],
        "options": [_option(one) for one in (why.judged.options if why.judged else ())],
        "kueue": _quoted(why.quoted) if why.quoted else None,
        "holders": [_held(one, why.blockers) for one in why.held],
        "preemption": _preemption(why),
        "eta": _eta(why.eta),
        "history": _history(why.history),
        "next": why.next,
    }


def _workload(why: Why, workload: Workload) -> Json:
    return {
        "namespace": workload.namespace,
        "name": workload.name,
        "uid": workload.uid,
        "owner": workload.title,
        "queue": workload.queue,
        "clusterQueue": why.path[0] if why.path else None,
        "cohorts": list(why.path[1:]),
        "priority": workload.priority,
        "priorityClass": workload.priority_class or None,
        "created": stamp(workload.created) if workload.created else None,
        "asks": {name: number(name, amount) for name, amount in workload.asks().items()},
    }


def _position(position: Position | None) -> Json | None:
    if position is None:
        return None
    return {
        "clusterQueue": position.cluster_queue,
        "localQueue": position.local_queue,
        "exact": position.exact,
        "ofClusterQueue": position.of_cluster_queue,
        "ofLocalQueue": position.of_local_queue,
    }


def _finding(finding: Finding) -> Json:
    share = finding.share
    return {
        "code": finding.code,
        "scope": finding.scope,
        "flavor": (share.flavor if share else "") or None,
        "resource": (share.resource if share else "") or None,
        "need": _number(share, finding.need),
        "have": _number(share, finding.have),
        "deficit": _number(share, finding.deficit),
        "fix": finding.fixes[0].text if finding.fixes else "",
        "fixes": [{"by": fix.by, "text": fix.text, "change": fix.change} for fix in finding.fixes],
        "message": finding.message,
        "evidence": list(finding.evidence),
        "next": finding.next,
    }


def _number(share: Share | None, amount: int | None) -> int | float | None:
    return None if amount is None else number(share.resource if share else "", amount)


def _option(option: Option) -> Json:
    lines = [
        {
            "resource": line.share.resource,
            "need": number(line.share.resource, line.need),
            "have": number(line.share.resource, line.have),
            "most": number(line.share.resource, line.most),
            "deficit": number(line.share.resource, line.deficit),
            "mode": line.mode,
            "level": line.level,
        }
        for line in option.lines
    ]
    return {
        "podSet": option.pod_set,
        "flavor": option.flavor,
        "mode": option.mode,
        "level": option.level,
        "code": option.code,
        "refusal": option.refusal,
        "best": option.best,
        "lines": lines,
    }


def _quoted(quote: Quoted) -> Json:
    said = quote.said
    return {
        "code": said.code if said else None,
        "reason": said.reason if said else None,
        "message": said.message if said else None,
        "at": stamp(said.at) if said and said.at else None,
        "agreement": quote.agreement,
        "words": quote.words,
    }


def _held(held: Held, blockers: tuple[Finding, ...]) -> Json:
    share = next((one.share for one in blockers if one.share is not None), None)
    return {
        "clusterQueue": held.queue,
        "reserved": _number(share, held.reserved),
        "over": _number(share, held.over),
        "workloads": [
            {
                "workload": one.workload.ref,
                "owner": one.workload.title,
                "amount": _number(share, one.amount),
                "priority": one.workload.priority,
                "since": stamp(one.since) if one.since else None,
            }
            for one in held.holders
        ],
    }


def _preemption(why: Why) -> Json | None:
    if why.judged is None:
        return None
    return {
        "victims": [
            {"workload": one.workload.ref, "owner": one.workload.title, "clusterQueue": one.queue, "reason": one.reason}
            for one in why.judged.victims
        ],
        "spared": [
            {"workload": one.workload.ref, "owner": one.workload.title, "clusterQueue": one.queue, "why": one.why}
            for one in why.judged.spared
        ],
    }


def _eta(eta: Eta | None) -> Json | None:
    if eta is None:
        return None
    high = None if eta.high is None else int(eta.high)
    return {"low": int(eta.low), "high": high, "why": eta.why, "assumes": eta.assumes}


def _history(history: History | None) -> Json:
    found = history.evictions if history else ()
    return {
        "evictions": [
            {
                "reason": one.reason,
                "cause": one.cause or None,
                "count": one.count,
                "last": stamp(one.at) if one.at else None,
                "by": one.by or None,
                "why": one.why or None,
            }
            for one in found
        ],
        "cyclesLastHour": history.cycles if history else 0,
        "thrash": history.thrashes if history else False,
    }
