"""The documents of `snapshot show` and `snapshot diff`."""

from typing import Any

from k8sai.cluster.recording import Recorded
from k8sai.cluster.sources import Source
from k8sai.fleet.answers import Figures
from k8sai.fleet.document import Document, document, figures, heading, pending
from k8sai.fleet.numbers import number
from k8sai.fleet.picture import Picture
from k8sai.snapshot.compare import Difference, NodeChange, PodChange


def unread(recorded: Recorded) -> tuple[Source, ...]:
    """The kinds kept whole of which some or all could not be read; those that were not served are no gap."""
    return tuple(s for s in recorded.others if s.state != "absent" and (s.state != "once" or s.namespace))


def shown(recorded: Recorded, picture: Picture) -> Document:
    """`Snapshot`: what is in a file, and its totals."""
    hidden = unread(recorded)
    head = heading("Snapshot", picture)
    view = document(picture)
    return {
        **head,
        "complete": head["complete"] and not hidden,
        "hidden": [*head["hidden"], *({"what": s.kind, "why": s.message or _why(s)} for s in hidden)],
        "serverVersion": recorded.server_version,
        "redacted": recorded.redacted,
        "kinds": [_kind(source) for source in (*recorded.sources, *recorded.others)],
        "totals": view["totals"],
        "products": view["products"],
    }


def _why(source: Source) -> str:
    return f"only namespace {source.namespace} was read" if source.namespace else source.state


def _kind(source: Source) -> Document:
    return {
        "kind": source.kind,
        "count": source.count if source.state == "once" else None,
        "state": source.state,
        "namespace": source.namespace,
    }


def differences(difference: Difference) -> Document:
    """`SnapshotDiff`: what changed from one file to another."""
    before, after = difference.before, difference.after
    head = heading("SnapshotDiff", after)
    return {
        **head,
        "complete": before.complete and after.complete,
        "hidden": [*heading("SnapshotDiff", before)["hidden"], *head["hidden"]],
        "differs": difference.differs,
        "from": {"context": before.context, "at": before.at},
        "to": {"context": after.context, "at": after.at},
        "totals": _both(before.totals, after.totals),
        "nodes": [_node(one) for one in difference.nodes],
        "pods": [_pod(one) for one in difference.pods],
        "pending": {
            "before": len(before.pending),
            "after": len(after.pending),
            "began": [pending(row) for row in difference.waits],
            "ceased": [pending(row) for row in difference.waited],
        },
        "namespaces": [{"name": one.name, **_both(one.before, one.after)} for one in difference.namespaces],
    }


def _both(before: Figures, after: Figures) -> Document:
    return {"before": figures(before), "after": figures(after)}


def _node(one: NodeChange) -> Document:
    return {
        "name": one.name,
        "change": one.what,
        "product": one.product,
        "fields": [
            {"field": name, "before": _value(before), "after": _value(after)} for name, before, after in one.fields
        ],
    }


def _value(value: object) -> Any:
    return number(value) if isinstance(value, float) else value


def _pod(one: PodChange) -> Document:
    return {
        "namespace": one.namespace,
        "name": one.name,
        "owner": one.owner,
        "change": one.what,
        "from": one.before,
        "to": one.after,
        "cards": number(one.cards),
    }
