"""The words of a rollout: its target, its two sides, what is asked of it, and what is seen of it.

Weights are percent of the requests that the canary gets. Steps are whole percent; what a route makes of its
proportional numbers need not be.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

Json = dict[str, Any]

STEPS: Final = (1, 5, 25, 50, 100)  # percent, where nobody says otherwise


class Phase(StrEnum):
    """Where a rollout is. The weight rises only in Shifting, and in Promoting after the last step has passed."""

    PLANNED = "Planned"
    PREFLIGHT = "Preflight"
    WARMING = "Warming"  # the canary comes up, at the lowest safe weight
    SHIFTING = "Shifting"
    GATING = "Gating"
    PAUSED = "Paused"
    PROMOTING = "Promoting"
    PROMOTED = "Promoted"
    ROLLING_BACK = "RollingBack"
    ROLLED_BACK = "RolledBack"
    DRIFTED = "Drifted"
    FAILED = "Failed"


ENDED: Final = frozenset((Phase.PROMOTED, Phase.ROLLED_BACK, Phase.FAILED))


@dataclass(frozen=True, slots=True)
class Ref:
    """The object that is rolled out. `kind` is as kubectl writes it in full: `httproutes.gateway.networking.k8s.io`."""

    kind: str
    namespace: str
    name: str
    uid: str = ""
    word: str = ""  # as users call the kind: isvc, httproute, rollout

    @property
    def title(self) -> str:
        """`isvc/chat`, as it is typed."""
        return f"{self.word or self.kind.partition('.')[0]}/{self.name}"


@dataclass(frozen=True, slots=True)
class Wish:
    """What `start` was asked for. One of image, model_uri, values, patch and to says what the canary is."""

    image: str = ""  # of the serving container
    model_uri: str = ""
    values: Mapping[str, str] = field(default_factory=dict)  # --set PATH=VALUE, in the version's own spec
    patch: Json | None = None  # merged (RFC 7396) into the version's own spec
    to: str = ""  # an object that is there already: svc/chat-v2, inferencepool/chat-v2, llmisvc/chat-v2, a model's name
    name: str = ""  # of the canary, where one is made; "" lets the backend choose
    rule: str = ""  # which rule of a route
    container: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)  # requests with these go to the canary whatever its weight
    warm_replicas: int | None = None  # of the canary before it gets traffic; None: what its first step needs
    swap: bool = False  # take one replica of the stable side first

    @property
    def empty(self) -> bool:
        """It names no new version."""
        return not (self.image or self.model_uri or self.values or self.patch or self.to)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two versions. `labels` select its pods; None where it has none of its own (two models in one server).

    `series` are matchers of its requests in Prometheus beside or instead of its pods: `{"model_name": "chat-v2"}`.
    """

    name: str
    labels: Mapping[str, str] | None = None
    replicas: int | None = None  # wanted; None where nobody says
    ready: int | None = None  # as its controller reports; counted from pods where it does not
    model_ready: bool | None = None  # the model is loaded, not only the pod; None where nobody tells
    trouble: str = ""  # why it cannot serve: CrashLoopBackOff, OOMKilled, FailedToLoad, no endpoints
    series: Mapping[str, str] = field(default_factory=dict)
    percent: float = 0.0  # of the requests, as the route is configured
    namespace: str = ""  # of its pods, where it is not the target's


@dataclass(frozen=True, slots=True)
class Seen:
    """A target as it is now, read by its backend.

    `applied` says whether the controllers have taken over what is written (observedGeneration, Accepted, …); `waiting`
    what they have not. `route` is the canary's percent as they report it; None where no status tells.
    """

    target: Json
    stable: Side
    canary: Side | None  # None: there is no canary
    applied: bool = True
    waiting: str = ""
    route: float | None = None
    by_pods: bool = False  # no route splits the requests but the pods: `route` is their share, near the weight at best
    drift: tuple[str, ...] = ()  # sentences: what is not as it was when the rollout began, but for the weight
    objects: Mapping[str, Json] = field(default_factory=dict)  # what else the backend has read, by a name of its own
    notes: tuple[str, ...] = ()  # sentences of its own controller's, for people

    @property
    def configured(self) -> float:
        """Percent of the canary in the specs, whether taken over or not."""
        return self.canary.percent if self.canary else 0.0

    @property
    def given(self) -> float:
        """Percent that requests are to be held against: as reported, which pods can only come near to."""
        return self.configured if self.route is None else self.route


@dataclass(frozen=True, slots=True)
class Demand:
    """Pods that a rollout makes: so many of this template, beside those that run."""

    template: Json  # PodTemplateSpec
    count: int
    why: str  # "the canary", "the canary at full size, before the swap"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A rollout thought through, nothing written.

    `handle` is how the backend finds the two sides again, JSON, kept in the state; it holds the fingerprints that tell
    a third version. `before` is the fragment that brings everything back, JSON, kept in the immutable snapshot.
    """

    handle: Json
    before: Json
    start: int = 0  # the lowest safe weight
    steps: tuple[int, ...] = ()  # the target's own, where a controller walks them; () lets the user choose
    demand: tuple[Demand, ...] = ()
    peak: tuple[Demand, ...] = ()  # at the moment of promotion
    notes: tuple[str, ...] = ()  # what the user should know before
