"""Puts back what was there before an apply, where it failed: new objects go, changed fields get their old values.

Only what the apply changed is put back, and only where it still has the value that the apply gave it: what others have
written since stays theirs. Who owned which field is put back too.
"""

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from k8sai.cluster.api_errors import ApiConflict
from k8sai.cluster.writing import Writer
from k8sai.deploy.applying import Outcome
from k8sai.deploy.fields import ABSENT, by_step
from k8sai.deploy.owners import entries
from k8sai.deploy.paths import Json, text
from k8sai.errors import Drift, K8saiError
from k8sai.schema.elements import Path, field_step

_AGAIN = 5  # times an object is read anew that others write meanwhile
_SERVERS = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink")


@dataclass(frozen=True, slots=True)
class Undone:
    """What became of one object: `deleted`, `restored`, or why neither."""

    outcome: Outcome
    word: str = ""
    error: K8saiError | None = None


def roll_back(writer: Writer, outcomes: Iterable[Outcome]) -> list[Undone]:
    """Everything that was written, the last first. Raises nothing: each object says for itself how it went."""
    written = [one for one in outcomes if one.state == "written" and one.object is not None]
    return [_undone(writer, one) for one in reversed(written)]


def _undone(writer: Writer, outcome: Outcome) -> Undone:
    change = outcome.change
    try:
        if change.live is None:
            uid = str(((outcome.object or {}).get("metadata") or {}).get("uid") or "")
            return Undone(outcome, "deleted" if writer.delete(change.target, uid=uid) else "gone already")
        _restore(writer, outcome)
    except K8saiError as error:
        return Undone(outcome, error=error)
    return Undone(outcome, "restored")


def _restore(writer: Writer, outcome: Outcome) -> None:
    target, before, after = outcome.change.target, outcome.change.live or {}, outcome.object or {}
    for left in range(_AGAIN - 1, -1, -1):
        now = writer.live(target)
        if now is None:
            raise Drift(f"{target.ref} is gone: somebody has deleted it since")
        try:
            written = writer.replace(target, put_back(before, after, now)).object
            writer.replace(target, with_owners(before, after, written, writer.manager))
            return
        except ApiConflict:
            if not left:
                raise


def put_back(before: Json, after: Json, now: Json) -> Json:
    """The object as it is now, with what went from `before` to `after` turned round. Raises Drift for fields that have
    a third value now."""
    restored = _back(_written(before), _written(after), _written(now), ())
    meta = {**restored["metadata"], **{key: now["metadata"][key] for key in _SERVERS if key in now["metadata"]}}
    return {**restored, "metadata": meta, **({"status": now["status"]} if "status" in now else {})}


def _written(obj: Json) -> Json:
    """Without what servers and controllers write by themselves."""
    meta = {key: value for key, value in (obj.get("metadata") or {}).items() if key not in _SERVERS}
    return {**{key: value for key, value in obj.items() if key != "status"}, "metadata": meta}


def _back(before: Any, after: Any, now: Any, path: Path) -> Any:
    if before == after or now == before:
        return now
    if now == after:
        return copy.deepcopy(before)
    if isinstance(before, dict) and isinstance(after, dict) and isinstance(now, dict):
        found = dict(now)
        for name in [*before, *(name for name in after if name not in before)]:
            was, ours, live = (one.get(name, ABSENT) for one in (before, after, now))
            value = _back(was, ours, live, (*path, field_step(name)))
            found.pop(name, None)
            if value is not ABSENT:
                found[name] = value
        return found
    if isinstance(before, list) and isinstance(after, list) and isinstance(now, list):
        ours, theirs, live = by_step(before), by_step(after), by_step(now)
        if ours.keys() == theirs.keys() == live.keys():
            return [_back(ours[step], theirs[step], live[step], (*path, step)) for step in live]
    raise Drift(f"{text(path)} was written by somebody else since: it stays", "`kubectl get -o yaml` shows it")


def with_owners(before: Json, after: Json, now: Json, manager: str) -> Json:
    """The object with managedFields as they were: ours, and those of others that have not changed theirs since."""
    old, then = ({_who(one): one for one in entries(obj)} for obj in (before, after))
    found = [one for who, one in old.items() if who[0] == manager]
    for one in entries(now):
        who = _who(one)
        if who[0] != manager:
            found.append(old[who] if who in old and _same(then.get(who), one) else one)
    there = {_who(one) for one in found} | then.keys()
    found += [one for who, one in old.items() if who not in there]  # who lost everything to our apply
    return {**now, "metadata": {**now["metadata"], "managedFields": found}}


def _who(entry: Json) -> tuple[str, ...]:
    return tuple(str(entry.get(key) or "") for key in ("manager", "operation", "apiVersion", "subresource"))


def _same(one: Json | None, other: Json) -> bool:
    return one is not None and one.get("fieldsV1") == other.get("fieldsV1")
