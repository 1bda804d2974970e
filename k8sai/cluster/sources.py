"""Where facts come from, and how fresh they are: the words that live clusters, recordings and screens share."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from k8sai.facts import Object

# The kinds the fleet is built from, by plural; the order is the order of first need.
Kind = Literal["nodes", "pods", "resourceslices", "resourceclaims", "deviceclasses", "devicetaintrules"]
KINDS: tuple[Kind, ...] = ("nodes", "pods", "resourceslices", "resourceclaims", "deviceclasses", "devicetaintrules")

# What the cards say of themselves comes beside the kinds where it was asked for; no figure of allocation needs it.
METERS = ("dcgm", "prometheus")

# starting: nothing yet; live: listed and watched; once: listed, not watched; retrying: had data, no answer now;
# absent: the server does not serve the kind; forbidden: RBAC; failed: gave up (the message says why).
State = Literal["starting", "live", "once", "retrying", "absent", "forbidden", "failed"]


@dataclass(frozen=True, slots=True)
class Source:
    """One kind as one cluster gives it. `at` is when the data was last known true (epoch seconds; 0: never)."""

    kind: str
    state: State
    count: int = 0
    at: float = 0.0
    namespace: str = ""  # set where only this namespace could be read
    message: str = ""  # why it is not live
    hint: str = ""  # the next command to type


class Sink(Protocol):
    """Who receives the facts. Called from one thread per kind; a sink guards itself.

    A page of a first list arrives by `put` before its `replace`, so that a screen can paint early.
    """

    def put(self, kind: Kind, obj: Object) -> None:
        """The object is new or changed."""

    def drop(self, kind: Kind, obj: Object) -> None:
        """The object is gone (its last state is given; uid may differ from a successor of the same name)."""

    def replace(self, kind: Kind, objects: Iterable[Object]) -> None:
        """These are all objects of the kind; whatever else was known of it is gone."""
