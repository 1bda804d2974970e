"""Objects as plain JSON values: copies, encodings, times, names and the metadata every object carries."""

import random
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from k8sai.sim.kinds import Resource

Obj = dict[str, Any]

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder()
_SUFFIX = "bcdfghjklmnpqrstvwxz2456789"  # apimachinery's alphabet: no vowels, nothing read as a word


def encode(value: object) -> bytes:
    """Compact JSON."""
    return _encoder.encode(value)


def decode(body: bytes) -> Any:
    """The JSON value. Raises msgspec.DecodeError."""
    return _decoder.decode(body)


def copied(value: Any) -> Any:
    """A deep copy of a JSON value; through the encoder, which is faster than walking it."""
    return _decoder.decode(_encoder.encode(value))


def stored_bytes(resource: Resource, obj: Obj) -> bytes:
    """The object as a list shows it: built-in kinds leave apiVersion and kind to the list."""
    if not resource.builtin:
        return encode(obj)
    return encode({key: value for key, value in obj.items() if key not in ("apiVersion", "kind")})


def typed_bytes(resource: Resource, stored: bytes) -> bytes:
    """`stored_bytes` with apiVersion and kind, as a get and a watch show it."""
    if not resource.builtin:
        return stored
    head = b'{"kind":"%s","apiVersion":"%s"' % (resource.kind.encode(), resource.api_version.encode())
    return head + (b"," if len(stored) > 2 else b"") + stored[1:]


def micro_timestamp(seconds: float) -> str:
    """RFC 3339 to the microsecond, as metav1.MicroTime (Leases, events)."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Names:
    """Unique ids and generated names, repeatable for a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def uid(self) -> str:
        """A version 4 UUID."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def generated(self, prefix: str, taken: Callable[[str], bool]) -> str:
        """The prefix and five letters; a name that is taken is drawn again."""
        while True:
            name = prefix[:58] + "".join(self._random.choices(_SUFFIX, k=5))
            if not taken(name):
                return name


def name_of(obj: Mapping[str, Any]) -> str:
    """metadata.name, or empty."""
    return str(obj.get("metadata", {}).get("name", ""))


def namespace_of(obj: Mapping[str, Any]) -> str:
    """metadata.namespace, or empty."""
    return str(obj.get("metadata", {}).get("namespace", ""))


def uid_of(obj: Mapping[str, Any]) -> str:
    """metadata.uid, or empty."""
    return str(obj.get("metadata", {}).get("uid", ""))


def controller_of(obj: Mapping[str, Any]) -> Obj | None:
    """The ownerReference that controls the object."""
    for owner in obj.get("metadata", {}).get("ownerReferences") or ():
        if owner.get("controller"):
            return dict(owner)
    return None


def deleting(obj: Mapping[str, Any]) -> bool:
    """Whether it was told to go and is still there."""
    return "deletionTimestamp" in obj.get("metadata", {})
