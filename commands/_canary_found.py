"""What was typed for a rollout that is kept, and what is kept of it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from k8sai.cluster.options import Options
from k8sai.errors import NotFound

if TYPE_CHECKING:
    from k8sai.canary.facts import Ref
    from k8sai.canary.keeping.kept import Held, Kept
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.writing import Writer


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


def none_of(ref: "Ref") -> NotFound:
    """Nothing is kept of it."""
    return NotFound(f"there is no canary of {ref.title} in namespace {ref.namespace}", "`k8sai canary list -A`")
