"""What a request shows to prove who asks, and where the next one comes from when it is refused or too old."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Proof:
    """An Authorization header, a client certificate with its key (PEM), or both; all empty: anonymous."""

    authorization: str = ""
    certificate: bytes = b""
    key: bytes = b""


class Credentials(Protocol):
    """Asked by several threads at once."""

    def proof(self) -> Proof:
        """What to show now; renewed first where it is known to be too old. ClusterError where it cannot be had."""

    def renew(self, refused: Proof) -> Proof | None:
        """The server refused this one (401): another, or None where there is no other."""

    def login(self) -> str:
        """What a person does to log in again."""
