"""What a person asks of a rollout at a screen: hold it, let it go on, bring it back; as the verbs do."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from k8sai.canary.backends.all import by_name
from k8sai.canary.facts import Ref
from k8sai.canary.keeping.kept import Held, Kept
from k8sai.canary.running import pausing
from k8sai.canary.running.entering import entered
from k8sai.canary.running.rollback import rollback as back
from k8sai.canary.state import State
from k8sai.cluster.following import Changes
from k8sai.cluster.patching import Stale
from k8sai.cluster.writing import Target, Writer
from k8sai.errors import NotFound

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.objects import LiveObjects

_TRIES: Final = 5  # where whoever runs it writes at the same time


def pause(connection: "Connection", ref: Ref) -> State:
    """Raises Refused, NotFound, Unreadable, Forbidden, Stale, ClusterError."""
    writer = Writer(connection)
    by = writer.whoami() or "unknown"
    return _become(writer, ref, lambda state: pausing.pause(state, time.time(), by, ""))


def resume(connection: "Connection", ref: Ref) -> State:
    """Raises as `pause`."""
    writer = Writer(connection)
    by = writer.whoami() or "unknown"
    return _become(writer, ref, lambda state: pausing.resume(state, time.time(), by))


def _become(writer: Writer, ref: Ref, become: Callable[[State], State]) -> State:
    """Read, change and save, again where whoever runs it was quicker."""
    kept = Kept(writer, ref)
    for left in range(_TRIES - 1, -1, -1):
        held = _held(kept.peek(), ref)
        after = become(held.state)
        try:
            return kept.save(held, after).state if after is not held.state else after
        except Stale:
            if not left:
                raise
    raise AssertionError("the last try returns or raises")


def rollback(connection: "Connection", objects: "LiveObjects", ref: Ref, *, steal: bool) -> State:
    """To its end. `steal` takes it from who holds it. Raises Locked, and what the way back raises."""
    writer = Writer(connection)
    state = _held(Kept(writer, ref).peek(), ref).state
    target = objects.get(ref.kind, ref.namespace, ref.name)
    group, _, version = str(target["apiVersion"]).rpartition("/")
    resource = writer.resource(group, version, str(target["kind"]))
    followed = [Target(resource, ref.namespace, ref.name)] if resource else []
    now = Ref(ref.kind, ref.namespace, ref.name, str(target["metadata"].get("uid") or ""), ref.word)
    with (
        Changes(connection, followed) as changes,
        entered(now, by_name(state.backend), writer, objects, steal=steal, pause=changes.pause) as (hands, held),
    ):
        return back(hands, _held(held, ref)).state


def _held(held: Held | None, ref: Ref) -> Held:
    if held is None:
        raise NotFound(f"there is no canary of {ref.title} in namespace {ref.namespace}", "`k8sai canary list -A`")
    return held
