"""The `Plan` document: what would be written, or what has been, for scripts."""

from collections.abc import Iterable, Mapping
from typing import Any

from k8sai.cluster.writing import Target
from k8sai.deploy.applying import Outcome
from k8sai.deploy.check import Check
from k8sai.deploy.fields import ABSENT
from k8sai.deploy.plan import Change, Plan
from k8sai.manifests import Manifest

Document = dict[str, Any]
API_VERSION = "k8sai.dev/v1alpha1"


def document(
    plan: Plan,
    *,
    context: str,
    at: str,
    dry_run: str,
    checks: Iterable[Check] = (),
    outcomes: Iterable[Outcome] | None = None,
) -> Document:
    """The keys that scripts may rely on; `outcomes` are of a plan that was carried out, as far as it was.

    Hidden is what the server was not asked about.
    """
    done = {one.change.target: one for one in outcomes} if outcomes is not None else None
    gaps = [{"what": one.target.ref, "why": one.untried} for one in plan.changes if one.untried]
    return {
        "apiVersion": API_VERSION,
        "kind": "Plan",
        "at": at,
        "context": context,
        "complete": not gaps,
        "hidden": gaps,
        "dryRun": dry_run,
        "checks": [{"id": one.id, "status": one.level, "finding": one.text, "fix": one.hint} for one in checks],
        "changes": [_change(one, done) for one in plan.changes],
        "kept": list(plan.kept),
    }


def unasked(manifests: Iterable[Manifest], *, at: str) -> Document:
    """The same of a set that no cluster was asked about: what would be tried, in the order of trying."""
    listed = [(f"{one.kind.lower()}{'.' if one.group else ''}{one.group}/{one.name}", one) for one in manifests]
    return {
        "apiVersion": API_VERSION,
        "kind": "Plan",
        "at": at,
        "context": "",
        "complete": not listed,
        "hidden": [{"what": ref, "why": "no cluster was asked"} for ref, _ in listed],
        "dryRun": "client",
        "checks": [],
        "changes": [
            {
                "op": "unknown",
                "object": ref,
                "apiVersion": one.api_version,
                "kind": one.kind,
                "name": one.name,
                "namespace": one.namespace,
                "from": one.place,
                "tried": False,
                "fields": [],
                "conflicts": [],
                "dropped": [],
                "warnings": [],
            }
            for ref, one in listed
        ],
        "kept": [],
    }


def _change(change: Change, done: Mapping[Target, Outcome] | None) -> Document:
    target = change.target
    shown: Document = {
        "op": change.op,
        "object": target.ref,
        "apiVersion": _api_version(target),
        "kind": target.resource.kind,
        "name": target.name,
        "namespace": target.namespace,
        "from": change.place,
        "tried": not change.untried,
        "fields": [
            {"path": one.path, "from": _value(one.before), "to": _value(one.after), "owner": one.owner}
            for one in change.fields
        ],
        "conflicts": [
            {
                "path": one.path,
                "owner": one.owner.name,
                "subresource": one.owner.subresource,
                "since": one.owner.since,
                "theirs": one.theirs,
                "mine": one.mine,
                "choice": one.choice,
            }
            for one in change.conflicts
        ],
        "dropped": list(change.dropped),
        "warnings": list(change.warnings),
    }
    if done is not None:
        outcome = done.get(target)
        shown["state"] = outcome.state if outcome else "untried"
        shown["error"] = outcome.error.message if outcome and outcome.error else ""
    return shown


def _api_version(target: Target) -> str:
    return f"{target.resource.group}/{target.resource.version}" if target.resource.group else target.resource.version


def _value(value: Any) -> Any:
    return None if value is ABSENT else value
