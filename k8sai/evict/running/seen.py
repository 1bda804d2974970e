"""A drain's nodes, gangs and pods as they are at one moment; all that `decide` goes by besides the state."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from k8sai.evict.facts import Ack, Proof
from k8sai.evict.switches.step import Step


@dataclass(frozen=True, slots=True)
class NodeSeen:
    """`there`: with the uid it had. `ours`: our mark is on it; `by_us`: and says that we cordoned it. `until` is when
    somebody else will take it away (epoch seconds; 0: nobody said), `until_by` who. `left` are pods that still have to
    go and that nobody deletes, as `namespace/name`.
    """

    there: bool = True
    cordoned: bool = False
    ours: bool = False
    by_us: bool = False
    marked: str = ""  # the DrainInProgress/Drained conditions are ours and say: draining, drained
    until: float = 0.0
    until_by: str = ""
    left: tuple[str, ...] = ()
    going: tuple[str, ...] = ()  # being deleted
    uid: str = ""  # of the rule that closes a GPU


@dataclass(frozen=True, slots=True)
class Attempt:
    """Asking by one method, as it stands: on its way, answered so far, or failed with `trouble`. `looked` is when an
    answer was last looked for, with success (epoch seconds; 0: not yet).
    """

    method: str
    request: str
    running: bool = False
    acks: tuple[Ack, ...] = ()
    heard: int = 0  # ranks that have taken it up
    asked: int = 0  # ranks that were asked
    trouble: str = ""
    looked: float = 0.0


@dataclass(frozen=True, slots=True)
class GangSeen:
    """`here`: planned pods that still run on nodes to be drained; `alive`: planned pods that are still there at all;
    `back`: pods made since, bound to a node that is drained; `running`: new pods are ready, as many as there were.

    `stop` and `start` are the next steps of its switch (None: it stands). `taker` says who deleted its pods.
    """

    here: int = 0
    alive: int = 0
    going: int = 0  # of the alive, those that are being deleted
    ended: bool = False  # what names it is complete, failed or gone
    end: str = ""  # how it ended, in words
    failed: bool = False  # and not well
    fallen: str = ""  # which of its pods has failed before we stopped it, and how
    fate: str = ""  # what else is known where none of its pods is left
    taker: str = ""
    back: tuple[str, ...] = ()
    running: bool = False
    stop: Step = None
    start: Step = None
    blocked: str = ""  # what refused the eviction of one of its pods the last time
    never: bool = False  # and no waiting helps
    attempt: Attempt | None = None
    proof: Proof | None = None
    restored: int = -1
    until: float = 0.0  # the earliest end of any of its drained nodes
    until_by: str = ""


@dataclass(frozen=True, slots=True)
class PodSeen:
    """A loose pod. `there`: with the uid it had, and not finished."""

    there: bool = True
    going: bool = False
    ended: bool = False  # it finished by itself, or somebody else took it
    blocked: str = ""  # what refused its eviction the last time
    never: bool = False  # and no waiting helps
    retry: float = 0.0  # seconds until the server wants to be asked again


@dataclass(frozen=True, slots=True)
class Seen:
    """By name, id and uid."""

    now: float
    nodes: Mapping[str, NodeSeen] = field(default_factory=dict)
    gangs: Mapping[str, GangSeen] = field(default_factory=dict)
    pods: Mapping[str, PodSeen] = field(default_factory=dict)
