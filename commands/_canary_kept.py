"""What is kept of a rollout, found by the name of its target, whether that is still there or not; and writes on it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from k8sai.cluster.options import Options
from k8sai.commands._canary_found import Found, Wish, none_of
from k8sai.commands._canary_kept_said import tell, updated
from k8sai.commands._canary_place import asked

if TYPE_CHECKING:
    from k8sai.canary.state import State

_TRIES = 5  # where whoever runs it writes at the same time


def dry(plan: bool, dry_run: str) -> str:
    """What both flags say together."""
    return "client" if plan and dry_run == "none" else dry_run


def find(options: Options, names: tuple[str, ...]) -> Found:
    """By the word or the whole kind. Raises Usage, NotFound where nothing is kept, Forbidden, ClusterError."""
    from k8sai.canary.backends.all import by_word
    from k8sai.canary.facts import Ref
    from k8sai.canary.keeping.kept import Kept
    from k8sai.canary.keeping.names import state_at
    from k8sai.cluster.connect import connect
    from k8sai.cluster.writing import Writer

    word, name = asked(names)
    kinds = {kind: one.words[0] for one in by_word(word) for kind in one.kinds}
    connection = connect(options)
    writer = Writer(connection)
    refs = [Ref(kind, connection.namespace, name, "", short) for kind, short in kinds.items()]
    ref = next((one for one in refs if writer.metadata(state_at(one)) is not None), None)
    if ref is None:
        raise none_of(refs[0])
    return Found(connection, writer, ref, Kept(writer, ref))


def write(found: Found, wish: Wish, become: "Callable[[State], State]", word: str) -> "State":
    """Read, change, save, say it; again where whoever runs it was quicker. Raises what `become` and `save` raise."""
    from k8sai.cluster.patching import Stale

    for left in range(_TRIES - 1, -1, -1):
        held = found.held()
        after = become(held.state)
        try:
            if after is not held.state and wish.dry_run != "client":
                found.kept.save(held, after, dry_run=wish.dry_run == "server")
            break
        except Stale:
            if not left:
                raise
    changes = [updated(found.ref, held, after)]
    tell(found, wish, changes, word if after is not held.state else "unchanged")
    return after
