"""Who holds something, by what its Lease says, and what we call ourselves."""

from dataclasses import dataclass
from typing import Any, Final

from k8sai import ages

Json = dict[str, Any]

LASTS: Final = 60  # seconds; leaseDurationSeconds


@dataclass(frozen=True, slots=True)
class Holder:
    """`age` is how long ago it renewed, in seconds by our clock; `expired` what that says, before anybody has watched.

    `epoch` is the number of times the Lease has changed hands.
    """

    name: str
    age: float
    expired: bool
    epoch: int

    @property
    def who(self) -> str:
        """`ana@ci-7`."""
        return self.name.partition("/")[0]


def holder_name() -> str:
    """`ana@ci-7/4711/…`: another one at every call."""
    import getpass
    import os
    import socket
    from uuid import uuid4

    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container without a passwd
        user = f"uid-{os.getuid()}"
    return f"{user}@{socket.gethostname()}/{os.getpid()}/{uuid4().hex}"


def holder_of(lease: Json, now: float) -> Holder | None:
    """None where nobody holds it."""
    spec = lease.get("spec") or {}
    name = str(spec.get("holderIdentity") or "")
    if not name:
        return None
    age = now - _time(spec.get("renewTime") or spec.get("acquireTime"))
    return Holder(name, age, age > _number(spec.get("leaseDurationSeconds"), LASTS), epoch_of(lease))


def epoch_of(lease: Json) -> int:
    """leaseTransitions."""
    return _number((lease.get("spec") or {}).get("leaseTransitions"), 0)


def _number(value: Any, otherwise: int) -> int:
    return value if isinstance(value, int) else otherwise


def _time(text: Any) -> float:
    """0, which is long ago, where it cannot be read."""
    try:
        return ages.epoch(str(text))
    except ValueError:
        return 0.0
