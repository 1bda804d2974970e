"""`canary forget` at work: what would be lost, whether it may be, and the three kinds of objects that go."""

from collections.abc import Iterator

from k8sai.canary.facts import ENDED, Phase
from k8sai.canary.keeping.form import Unreadable
from k8sai.canary.keeping.lease import Lease
from k8sai.canary.state import State
from k8sai.commands import _talk
from k8sai.commands._canary_found import Found, Wish
from k8sai.commands._canary_kept import find
from k8sai.commands._canary_kept_said import deleted, tell
from k8sai.errors import Refused
from k8sai.holding.holder import holder_name
from k8sai.view import Note


def run(wish: Wish) -> int:
    """The exit code. The Lease is held meanwhile: nobody begins while it is taken away."""
    found = find(wish.options, wish.names)
    lease = Lease(found.writer, found.ref, holder_name(), background=False)
    if wish.writes:
        lease.take(wish.force, lambda words: _talk.note(Note(words)))
    try:
        return _forgotten(found, wish, lease)
    finally:
        lease.release()


def _forgotten(found: Found, wish: Wish, lease: Lease) -> int:
    state = _state(found, wish.force)
    if not wish.force:
        _insist_on_an_end(found, state, lease)
    objects = found.kept.objects()
    if wish.dry_run != "client":
        found.kept.forget(dry_run=wish.dry_run == "server")
    tell(found, wish, [deleted(*one) for one in objects], "forgotten")
    for note in _lost(state, wish.writes):
        _talk.note(note)
    return 0


def _state(found: Found, force: bool) -> State | None:
    """None where it is not understood."""
    try:
        return found.held().state
    except Unreadable:
        if not force:
            raise
        return None


def _insist_on_an_end(found: Found, state: State | None, lease: Lease) -> None:
    """Raises Refused while the rollout is on its way, Locked while somebody else holds it."""
    holder = lease.holder()
    if holder is not None and holder.name != lease.name and not holder.expired:
        raise lease.locked(holder)
    if state is not None and not _over(state):
        where = f"{found.ref.title} -n {found.ref.namespace}"
        raise Refused(
            f"the canary of {found.ref.title} is {_where(state)}: forgotten, k8sai cannot roll it back any more",
            f"`k8sai canary rollback {where}` first; --force forgets it as it is",
        )


def _over(state: State) -> bool:
    """Nothing is on its way, and no old side is kept for a while."""
    kept = state.phase is Phase.PROMOTED and not state.ended
    return state.phase in ENDED and not state.pending and not kept


def _where(state: State) -> str:
    if state.phase is Phase.PROMOTED:
        return "Promoted and keeps its old side for a while"
    return f"{state.phase} at {state.weight} %"


def _lost(state: State | None, done: bool) -> Iterator[Note]:
    """What is gone with it, where that could still be needed."""
    if state is None or _over(state):
        return
    gone = "is gone" if done else "would be gone"
    yield Note(f"the snapshot that leads back {gone}; the target stays as it is: {_where(state)}", "warn")
