"""What an apply was refused for, field by field: whose it is, since when, both values; and what a choice makes of it.

Giving a field up leaves it out of what is applied. Sharing applies the value it has. Taking it forces the apply, of an
object in which no other field is contested. https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts
"""

import json
import re
from collections.abc import Iterable

from k8sai.cluster.api_errors import ApiConflict
from k8sai.cluster.writing import Target
from k8sai.deploy.fields import HIDDEN_AFTER, HIDDEN_BEFORE, is_secret_data
from k8sai.deploy.owners import Owner, entries, owner
from k8sai.deploy.paths import Json, find, text, value_at, with_value, without
from k8sai.deploy.plan import Choices, Conflict

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_SAYS = re.compile(rf"conflict with (?P<manager>{_QUOTED})(?: with subresource (?P<sub>{_QUOTED}))?")


def read(error: ApiConflict, body: Json, live: Json | None) -> tuple[Conflict, ...]:
    """The conflicts of a refused apply, in the order of their paths; one per field, with its first owner."""
    found: dict[str, Conflict] = {}
    for cause in error.causes:
        if cause.reason != "FieldManagerConflict":
            continue
        path = find(cause.field, body)
        written = text(path) if path is not None else cause.field
        mine = value_at(body, path) if path is not None else None
        theirs = value_at(live or {}, path) if path is not None else None
        hide = body.get("kind") == "Secret" and path is not None and is_secret_data(path)
        found.setdefault(
            written,
            Conflict(
                written,
                _owner(cause.message, live),
                HIDDEN_BEFORE if hide else theirs[0] if theirs else None,
                HIDDEN_AFTER if hide else mine[0] if mine else None,
            ),
        )
    return tuple(found[path] for path in sorted(found))


def _owner(message: str, live: Json | None) -> Owner:
    """Whom the server names, with what managedFields knows of it."""
    said = _SAYS.search(message)
    name = json.loads(said["manager"]) if said else message
    subresource = json.loads(said["sub"] or '""') if said else ""
    known = [one for one in map(owner, entries(live)) if (one.name, one.subresource) == (name, subresource)]
    return max(known, key=lambda one: one.since, default=Owner(name, subresource=subresource))


def decided(conflicts: Iterable[Conflict], choices: Choices, target: Target) -> tuple[Conflict, ...]:
    """The same with what was chosen for each. Raises Usage."""
    return tuple(Conflict(one.path, one.owner, one.theirs, one.mine, choices.of(target, one.path)) for one in conflicts)


def settled(body: Json, live: Json, conflicts: Iterable[Conflict]) -> Json:
    """What to send so that only fields that are to be taken are contested."""
    for one in conflicts:
        path = find(one.path, body)
        if path is None:
            continue
        if one.choice == "leave":
            body = without(body, path)
        elif one.choice == "share":
            now = value_at(live, path)
            body = with_value(body, path, now[0]) if now else without(body, path)
    return body
