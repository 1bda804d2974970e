"""The `Fit` document, and the keys that stranded GPUs and sizes have in a `GpuView`."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from k8sai.errors import Exit
from k8sai.fit.answer import Answer, Change
from k8sai.fit.ask import Group
from k8sai.fit.quota import Barrier, requests
from k8sai.fit.say import sentence
from k8sai.fit.short import Short
from k8sai.fit.sizes import SIZES, Size
from k8sai.fit.stranded import Stranded
from k8sai.fleet.document import API_VERSION
from k8sai.fleet.numbers import number
from k8sai.fleet.picture import Hidden

Document = dict[str, Any]


def document(answer: Answer, *, context: str, at: str, hidden: Iterable[Hidden], code: Exit) -> Document:
    """Everything that fit found, with names that scripts may rely on. Memory is in bytes, cpu in cores."""
    gaps = [{"what": gap.what, "why": gap.why} for gap in hidden]
    return {
        "apiVersion": API_VERSION,
        "kind": "Fit",
        "at": at,
        "context": context,
        "complete": not gaps,
        "hidden": gaps,
        "fits": answer.fits,
        "verdict": answer.verdict,
        "sentence": sentence(answer, guessed=code == Exit.PARTIAL),
        "exit": int(code),
        "asked": _asked(answer),
        "placed": answer.placed,
        "placements": [
            {
                "node": one.node,
                "pods": one.pods,
                "product": one.product,
                "clique": one.clique,
                "zone": one.zone,
                "freeAfter": one.free_after,
            }
            for one in answer.placements
        ],
        "domains": [{"name": one.name, "nodes": one.nodes, "pods": one.pods} for one in answer.domains],
        "short": [*(_short(one) for one in answer.shorts), *(_barrier(one) for one in answer.barriers)],
        "change": _change(answer.changes[0]) if answer.changes else None,
        "changes": [_change(one) for one in answer.changes],
        "drained": {
            "nodes": list(answer.drained),
            "placed": [{"pod": pod, "node": node} for pod, node in answer.moved.placed.items()],
            "waiting": list(answer.moved.waiting),
            "lost": list(answer.moved.lost),
        },
        "finished": list(answer.finished),
        "remarks": list(answer.remarks),
    }


def _asked(answer: Answer) -> Document:
    return {
        "pods": answer.asked.count,
        "groups": [_group(group) for group in answer.asked.groups],
        "product": answer.bounds.product,
        "labels": answer.bounds.labels,
        "together": answer.bounds.together,
    }


def _group(group: Group) -> Document:
    """A group with what each of its pods asks for, as the scheduler counts it."""
    spec = group.pod["spec"]
    return {
        "name": group.name,
        "pods": group.count,
        "namespace": group.namespace,
        "requests": {name: _native(name, amount) for name, amount in requests(group).items()},
        "claims": [
            claim.get("resourceClaimTemplateName") or claim.get("resourceClaimName") or ""
            for claim in spec.get("resourceClaims") or ()
        ],
    }


def _short(short: Short) -> Document:
    return {
        "layer": "scheduler",
        "code": short.code,
        "reason": short.reason,
        "nodes": len(short.nodes),
        "names": list(short.nodes),
        "nearest": short.nearest,
        "missing": {name: _native(name, amount) for name, amount in short.missing.items()},
    }


def _barrier(barrier: Barrier) -> Document:
    return {
        "layer": "quota",
        "code": barrier.code,
        "reason": barrier.text,
        "nodes": 0,
        "names": [],
        "nearest": "",
        "missing": {name: _plain(amount) for name, amount in barrier.missing.items()},
    }


def _change(change: Change) -> Document:
    return {
        "kind": change.kind,
        "text": change.text,
        "flags": change.flags,
        "command": change.command,
        "nodes": list(change.nodes),
        "pods": list(change.pods),
    }


def _native(name: str, amount: int) -> float | None:
    return number(amount / 1000) if name == "cpu" else amount


def _plain(amount: Decimal) -> float | None:
    return number(float(amount))


# --- in a GpuView -----------------------------------------------------------------------------------------------------


def stranded(found: Stranded) -> Document:
    """The key `stranded`: cards."""
    return {
        "free": number(found.free),
        "reserved": number(found.reserved),
        "usable": number(found.usable),
        "stranded": number(found.stranded),
        "meaning": found.meaning,
        "sentence": found.sentence,
        "largest": number(found.largest),
        "largestOn": found.largest_on,
        "nodes": [
            {
                "name": block.node,
                "product": block.product,
                "free": number(block.free),
                "stranded": number(block.stranded),
                "why": block.why,
            }
            for block in found.blocks
        ],
    }


def sizes(found: Iterable[Size]) -> list[Document]:
    """The key `sizes`: pods of so many that would start now, in native units of each resource."""
    return [
        {
            "product": row.product,
            "resource": row.resource,
            "kind": row.kind,
            "free": number(row.free),
            "largest": number(row.largest),
            "pods": {str(size): count for size, count in zip(SIZES, row.pods, strict=True)},
        }
        for row in found
    ]
