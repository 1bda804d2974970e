"""One pod (or the pods nobody has made yet) as every layer looks at it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeVar

from k8sai.ages import epoch, human
from k8sai.cluster.reading import Json, Reading, condition
from k8sai.quantity import binary
from k8sai.why.subject import Owner, Subject

if TYPE_CHECKING:
    from k8sai.scheduling.trial import Candidate
    from k8sai.why.scene import Moment, Scene
    from k8sai.why.stock import Stock

T = TypeVar("T")

# Taints of nodes that do not answer.
AWAY: Final = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_SOME, _MOST = 4, 8  # owners whose events are read: each is a request
_ENDED: Final = ("Succeeded", "Failed")


@dataclass(eq=False)
class Case:
    """`pod` is None for the workload as a whole: then its owners say why it has no pods, or `missing` so many."""

    scene: "Scene"
    reading: Reading
    moment: "Moment"
    subject: Subject
    pod: Json | None
    missing: int = 0
    owners: tuple[Owner, ...] = field(init=False)
    _found: dict[object, Any] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.owners = self.subject.owners_of(self.pod)

    # --- the object ---------------------------------------------------------------------------------------------------

    @property
    def namespace(self) -> str:
        return str(self.subject.it.object["metadata"].get("namespace", ""))

    @property
    def name(self) -> str:
        return str((self.pod or self.subject.it.object)["metadata"]["name"])

    @property
    def meta(self) -> Json:
        found: Json = (self.pod or self.subject.it.object)["metadata"]
        return found

    @property
    def spec(self) -> Json:
        """Of the pod; empty where there is none."""
        return ((self.pod or {}).get("spec")) or {}

    @property
    def status(self) -> Json:
        """Of the pod."""
        return ((self.pod or {}).get("status")) or {}

    # --- where it stands ----------------------------------------------------------------------------------------------

    @property
    def node(self) -> str:
        """Where it is bound, or ""."""
        return str(self.spec.get("nodeName") or "")

    @property
    def ended(self) -> bool:
        return self.status.get("phase") in _ENDED

    @property
    def leaving(self) -> bool:
        return bool(self.meta.get("deletionTimestamp"))

    @property
    def unbound(self) -> bool:
        """It wants a node."""
        return self.pod is not None and not self.node and not self.ended and not self.leaving

    @property
    def on_node(self) -> bool:
        """It has one, and has not ended there."""
        return self.pod is not None and bool(self.node) and not self.ended

    @property
    def settled(self) -> bool:
        """It runs and is ready, on a node that answers: one such pod is like the other."""
        return self.status.get("phase") == "Running" and not self.leaving and self._ready and self.node_answers

    @property
    def _ready(self) -> bool:
        return (condition(self.pod or {}, "Ready") or {}).get("status") == "True"

    @property
    def node_answers(self) -> bool:
        """The node is known, and nobody has found it silent; the node's lifecycle controller marks those that are."""
        node = self.moment.trial.view.nodes.get(self.node)
        return node is not None and not any(taint["key"] in AWAY for taint in node.taints)

    @cached_property
    def scheduled(self) -> Json:
        """The scheduler's own word: the condition PodScheduled, or empty."""
        return condition(self.pod or {}, "PodScheduled") or {}

    def once(self, make: "Callable[[Case], T]") -> T:
        """What is found out about it once, whoever asks first."""
        if make not in self._found:
            self._found[make] = make(self)
        found: T = self._found[make]
        return found

    @cached_property
    def stock(self) -> "Stock":
        """The devices that drivers publish, and who holds them."""
        from k8sai.why.stock import Stock

        return Stock.of(self.moment.supply)

    @cached_property
    def candidate(self) -> "Candidate":
        """The pod as the scheduler would try it. Raises BadQuantity."""
        assert self.pod is not None
        return self.moment.trial.candidate_of(self.pod)

    def places(self, pods: Iterable[Json]) -> int:
        """How many of these pods fit at once."""
        trial = self.moment.trial
        return len(trial.place([trial.candidate_of(pod) for pod in pods]).nodes)

    # --- what was said ------------------------------------------------------------------------------------------------

    @cached_property
    def events(self) -> list[Json]:
        """About the pod, the newest first."""
        return self.reading.events(self.pod) if self.pod is not None else []

    @cached_property
    def owner_events(self) -> list[Json]:
        """About its owners; of many alike, such as the jobs of a set, about some."""
        asked = self.owners if len(self.owners) <= _MOST else (*self.owners[:_SOME], *self.owners[-_SOME:])
        return [event for owner in asked for event in self.reading.events(owner.object)]

    def ago(self, stamp: str | None) -> str:
        """How long before the moment of the data a time was, as kubectl says it; empty where it is unknown."""
        if not stamp:
            return ""
        try:
            return human(max(0.0, self.scene.at - epoch(stamp)))
        except ValueError:
            return ""

    def seconds_since(self, stamp: str | None) -> float:
        """0 where it is unknown."""
        try:
            return self.scene.at - epoch(stamp) if stamp else 0.0
        except ValueError:
            return 0.0

    def kubectl(self, verb: str, what: str, *more: str) -> str:
        """The next command, for this namespace."""
        return " ".join(["kubectl", verb, what, "-n", self.namespace, *more])


def amount(resource: str, value: int) -> str:
    """A number of `PodInfo.requests` as people write it: cores, a binary size, a count."""
    if resource == "cpu":
        return f"{value / 1000:g}"
    return binary(value) if resource in ("memory", "ephemeral-storage") else str(value)


def be(count: int) -> str:
    """`is` or `are`."""
    return "is" if count == 1 else "are"


def have(count: int) -> str:
    """`has` or `have`."""
    return "has" if count == 1 else "have"


def listed(words: Iterable[str], most: int = 3) -> str:
    """`a, b, c and 4 more`."""
    found = list(words)
    if len(found) > most:
        return f"{', '.join(found[:most])} and {len(found) - most} more"
    return " and ".join(filter(None, [", ".join(found[:-1]), found[-1] if found else ""]))
