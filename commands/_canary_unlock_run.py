"""`canary unlock` at work: the Lease taken, told in the history, and given back."""

import time
from dataclasses import replace

from k8sai import ages
from k8sai.canary.facts import Json
from k8sai.canary.keeping import form, names
from k8sai.canary.keeping.kept import Held
from k8sai.canary.keeping.lease import Lease
from k8sai.canary.state import Happened, State
from k8sai.commands import _talk
from k8sai.commands._canary_found import Found, Wish
from k8sai.commands._canary_kept import find
from k8sai.commands._canary_kept_said import changed, tell, updated
from k8sai.deploy.fields import ABSENT, Field
from k8sai.deploy.plan import Change
from k8sai.errors import Locked, NotFound
from k8sai.holding.holder import Holder, holder_name, holder_of
from k8sai.view import Note


def run(wish: Wish) -> int:
    """The exit code."""
    found = find(wish.options, wish.names)
    target = names.lease_at(found.ref)
    live = found.writer.live(target) or {}
    holder = holder_of(live, time.time())
    if holder is None:
        tell(found, wish, [], "unchanged: nobody holds it")
        return 0
    lease = Lease(found.writer, found.ref, holder_name(), background=False)
    if holder.age >= 0 and not holder.expired and not wish.force:  # of a clock that is ahead only watching tells
        raise Locked(lease.locked(holder).message, "--force takes it away: who holds it stops before the next write")
    held, after = _kept(found), None
    if wish.writes:
        held, after = _taken_away(found, lease, wish.force)
    elif held is not None:
        after = _told(held.state, holder, found.who, holder.epoch + 1)
    state = [updated(found.ref, held, after)] if held is not None and after is not None else []
    tell(found, wish, [_freed(found, live, holder), *state], f"unlocked: {holder.who} held it")
    return 0


def _taken_away(found: Found, lease: Lease, force: bool) -> tuple[Held | None, State | None]:
    """The state before, and after."""
    lease.take(steal=force, told=lambda words: _talk.note(Note(words)))
    try:
        held = _kept(found)
        if held is None:
            return None, None
        after = replace(held.state, epoch=lease.epoch)
        if lease.before is not None:
            after = _told(held.state, lease.before, found.who, lease.epoch)
        found.kept.save(held, after)
        return held, after
    finally:
        lease.release()


def _kept(found: Found) -> Held | None:
    """None where it is not understood: a Lease can be taken away all the same."""
    try:
        return found.held()
    except (form.Unreadable, NotFound):
        return None


def _told(state: State, holder: Holder, by: str, epoch: int) -> State:
    silent = f"{holder.who} had not renewed for {ages.human(holder.age)}" if holder.expired else f"from {holder.who}"
    line = Happened(ages.stamp(time.time()), by, "unlock", silent, state.weight, state.weight)
    return replace(state, epoch=epoch, history=(*state.history, line))


def _freed(found: Found, live: Json, holder: Holder) -> Change:
    meta = live["metadata"]
    fields = (
        Field(".spec.holderIdentity", holder.name, ABSENT),
        Field(".spec.leaseTransitions", holder.epoch, holder.epoch + 1),
    )
    return changed(names.lease_at(found.ref), meta["uid"], meta["resourceVersion"], fields)
