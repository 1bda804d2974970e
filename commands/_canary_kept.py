"""What is kept of a rollout, found by the name of its target, whether that is still there or not; and writes on it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from k8sai.cluster.options import Options
from k8sai.commands._canary_kept_said import tell, updated
from k8sai.commands._canary_place import asked
from k8sai.errors import NotFound

if TYPE_CHECKING:
    from k8sai.canary.facts import Ref
    from k8sai.canary.keeping.kept import Held, Kept
    from k8sai.canary.state import State
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.writing import Writer

_TRIES = 5  # where whoever runs it writes at the same time


@dataclass(frozen=True, slots=True)
class Wish:
    """What was typed; `dry_run` is none, client or server."""

    options: Options
    names: tuple[str, ...]
    dry_run: str = "none"
    output: str = "table"
    force: bool = False

    @property
    def writes(self) -> bool:
        """It is not a dry run."""
        return self.dry_run == "none"


@dataclass(frozen=True, slots=True)
class Found:
    """What is kept of one target, not read yet."""

    connection: "Connection"
    writer: "Writer"
    ref: "Ref"
    kept: "Kept"

    @property
    def who(self) -> str:
        """As whom the server knows us, for the history."""
        return self.writer.whoami() or "unknown"

    def held(self) -> "Held":
        """Raises Unreadable; NotFound where it was forgotten just now."""
        held = self.kept.peek()
        if held is None:
            raise none_of(self.ref)
        return held


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


def none_of(ref: "Ref") -> NotFound:
    """Nothing is kept of it."""
    return NotFound(f"there is no canary of {ref.title} in namespace {ref.namespace}", "`k8sai canary list -A`")


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
