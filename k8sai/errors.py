"""Every way to fail, each with a sentence, the next command, and its exit code.

    K8saiError
    ├── Findings      1    it ran and the answer is no
    ├── Usage         2    flags, parameters, a recipe or a file are invalid
    ├── ClusterError  3    unreachable, unauthenticated, or a server error that retries did not mend
    ├── NotFound      4    the object, recording or required kind is absent
    ├── Refused       5    a safety rule or a conflict stopped a write; nothing was written
    ├── NoCapacity    6    GPUs, quota or topology do not suffice now
    ├── Drift         7    somebody else changed it since the plan
    ├── Locked        8    another operator holds it
    ├── Forbidden     16   RBAC: the hint names verb and resource
    └── TimedOut      124  --timeout ran out

The remaining codes are verdicts of a run rather than failures; a command returns them itself.
"""

from enum import IntEnum


class Exit(IntEnum):
    """The one table of exit codes, for all commands."""

    OK = 0  # done, or nothing to do
    FINDINGS = 1  # it ran and the answer is no
    USAGE = 2  # flags, parameters, recipe or file invalid
    CLUSTER = 3  # unreachable, unauthenticated, server error after retries; resumable
    NOT_FOUND = 4  # object, recipe, recording or required CRD absent
    REFUSED = 5  # a safety rule or a conflict stopped a write; nothing was written
    NO_CAPACITY = 6  # GPUs, quota or topology do not suffice now
    DRIFT = 7  # somebody else changed it since the plan
    LOCKED = 8  # another operator holds it
    ORPHANED = 9  # a run lost its operator; `resume` continues it
    WAITING = 10  # healthy but not there yet
    BLOCKED = 11  # needs an admin
    FAILED_SAFE = 12  # gate or checkpoint failed; rolled back or kept, nothing lost
    INCONCLUSIVE = 13  # no data or not enough of it; held
    PARTIAL = 14  # some parts done; the output says which
    FORBIDDEN = 16  # RBAC
    BUG = 70  # anything unforeseen
    TIMEOUT = 124  # --timeout
    INTERRUPT = 130  # Ctrl-C


class K8saiError(Exception):
    """One sentence with the place and the reason; `hint` is the next command to type, or empty.

    `more` are the other things that are wrong, where all are said at once.

    Commands of ours are written `k8sai top …` in a hint, in backticks; the door says them the way the tool was called.
    """

    exit: Exit = Exit.BUG

    def __init__(self, message: str, hint: str = "", more: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.more = more

    @property
    def messages(self) -> tuple[str, ...]:
        """Everything that is wrong, a sentence each."""
        return (self.message, *self.more)


class Findings(K8saiError):
    """It ran and the answer is no."""

    exit = Exit.FINDINGS


class Usage(K8saiError):
    """Flags, parameters, a recipe or a file are invalid."""

    exit = Exit.USAGE


class ClusterError(K8saiError):
    """Unreachable, unauthenticated, or a server error that retries did not mend."""

    exit = Exit.CLUSTER


class NotFound(K8saiError):
    """The object, recipe, recording or required kind is absent."""

    exit = Exit.NOT_FOUND


class Refused(K8saiError):
    """A safety rule or a conflict stopped a write; nothing was written."""

    exit = Exit.REFUSED


class NoCapacity(K8saiError):
    """GPUs, quota or topology do not suffice now."""

    exit = Exit.NO_CAPACITY


class Drift(K8saiError):
    """Somebody else changed it since the plan."""

    exit = Exit.DRIFT


class Locked(K8saiError):
    """Another operator holds it."""

    exit = Exit.LOCKED


class Forbidden(K8saiError):
    """RBAC denies it; the hint names verb and resource."""

    exit = Exit.FORBIDDEN


class TimedOut(K8saiError):
    """`--timeout` or `--request-timeout` ran out."""

    exit = Exit.TIMEOUT
