"""What a route sends requests to: a Service or an InferencePool, as routes refer to them and as people name them.

https://gateway-api.sigs.k8s.io/reference/spec/#httpbackendref
"""

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Final

from k8sai.canary.facts import Json
from k8sai.errors import Usage

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading

POOLS: Final = ("inference.networking.k8s.io", "inference.networking.x-k8s.io")  # the stable group first
_WORDS: Final = {
    "svc": "Service",
    "service": "Service",
    "services": "Service",
    "inferencepool": "InferencePool",
    "inferencepools": "InferencePool",
    "infpool": "InferencePool",
}


@dataclass(frozen=True, slots=True)
class Destination:
    """`port` is None where the kind has none of its own; neither it nor `host` tells two destinations apart."""

    group: str
    kind: str
    namespace: str
    name: str
    port: int | None = None
    subset: str = ""  # of a Service's pods, as an Istio DestinationRule names it
    host: str = ""  # as Istio writes the Service

    @property
    def title(self) -> str:
        """`svc/chat-v2`."""
        if self.subset:
            return f"subset/{self.subset}"
        word = {"Service": "svc", "InferencePool": "inferencepool"}.get(self.kind, self.kind.lower())
        return f"{word}/{self.name}"

    @property
    def plural(self) -> str:
        """As it is read: `services`, `inferencepools.inference.networking.k8s.io`."""
        return f"{self.kind.lower()}s.{self.group}" if self.group else f"{self.kind.lower()}s"

    @property
    def document(self) -> Json:
        """As it is kept."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def same(self, other: "Destination") -> bool:
        """Whether it is the same object."""
        return replace(self, port=None, host="") == replace(other, port=None, host="")

    def ref(self, namespace: str, weight: int) -> Json:
        """As a route of that namespace refers to it, with the defaults that a server would store."""
        found: Json = {"group": self.group, "kind": self.kind, "name": self.name}
        found |= {"namespace": self.namespace} if self.namespace != namespace else {}
        found |= {"port": self.port} if self.port is not None else {}
        return {**found, "weight": weight}


def referred(ref: Json, namespace: str) -> Destination:
    """What a backendRef in a route of that namespace means."""
    kind, there = ref.get("kind") or "Service", ref.get("namespace") or namespace
    return Destination(ref.get("group") or "", kind, there, str(ref["name"]), ref.get("port"))


def kept(document: Json) -> Destination:
    """Read back."""
    return Destination(**document)


def with_port(to: Destination, port: int | None) -> Destination:
    """The same, by another port."""
    return replace(to, port=port)


def named(text: str, namespace: str, read: "Reading") -> Destination:
    """`svc/chat-v2`, or `svc/NAMESPACE/chat-v2` for one of another namespace. Raises Usage."""
    word, _, rest = text.partition("/")
    there, _, name = rest.rpartition("/")
    kind = _WORDS.get(word.lower())
    if kind is None or not name or "/" in there:
        raise Usage(f"--to {text} names no Service or InferencePool", "--to svc/NAME or --to inferencepool/NAME")
    return Destination(_pools(read) if kind == "InferencePool" else "", kind, there or namespace, name)


def _pools(read: "Reading") -> str:
    """The group that the cluster has InferencePools of."""
    return next((group for group in POOLS if read.served(f"inferencepools.{group}")), POOLS[0])
