"""What Kueue would do with workloads now, or after changes: each gets its turn in the line, and a verdict.

A model of Kueue 0.19 on one moment's picture: nothing is reserved, and who arrives meanwhile is not in it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Literal

from k8sai.errors import Exit
from k8sai.queues.facts import ClusterQueue, Share
from k8sai.queues.judging.judge import judge
from k8sai.queues.judging.topology_nodes import Land
from k8sai.queues.order import blocking_head
from k8sai.queues.setting import Setting
from k8sai.queues.simulating.door import Refused, refused
from k8sai.queues.simulating.freeing import Freed, freeing
from k8sai.queues.simulating.given import admitted, evicted, usage_of
from k8sai.queues.simulating.play import Played, Step, play
from k8sai.queues.simulating.size import Size, size
from k8sai.queues.simulating.wish import Wish
from k8sai.queues.usage import tree as tree_of
from k8sai.queues.verdict import Judgement, Line, Verdict
from k8sai.queues.workload import Workload

MODEL: Final = "0.19"

Kind = Literal[
    "FitsNow", "FitsBorrowing", "NeedsPreemption", "Waits", "Fragmented", "Never", "NoMatchingFlavor", "Misconfigured"
]
# From best to worst, with the exit code of each.
KINDS: Final[dict[Kind, Exit]] = {
    "FitsNow": Exit.OK,
    "FitsBorrowing": Exit.OK,
    "NeedsPreemption": Exit.WAITING,
    "Waits": Exit.NO_CAPACITY,
    "Fragmented": Exit.NO_CAPACITY,
    "Never": Exit.BLOCKED,
    "NoMatchingFlavor": Exit.BLOCKED,
    "Misconfigured": Exit.BLOCKED,
}
_CODES: Final[dict[str, Kind]] = {  # of what never fits; everything else is a matter of setup
    "NoMatchingFlavor": "NoMatchingFlavor",
    "ExceedsMaxQuota": "Never",
    "ExceedsTopology": "Never",
}
_INACTIVE: Final = ("Suspended", "OnHold", "Deactivated", "ClusterQueueInactive", "CohortCycle")
_LATER: Final = ("AdmissionGated", "RequeueBackoff")  # nothing is wrong: its turn has not come


@dataclass(frozen=True)
class Outcome:
    """What becomes of one workload. `refused` stands before any judgement.

    `judgement` is of its own turn, after those before it in the line; `alone` as if nobody else waited.
    """

    title: str
    workload: Workload
    queue: ClusterQueue | None
    refused: Refused | None = None
    judgement: Judgement | None = None
    alone: Judgement | None = None
    ahead: tuple[Step, ...] = ()  # who takes of the same quota before it
    behind: tuple[Step, ...] = ()  # who is taken after its turn, and may have the room before it
    blocked_by: Workload | None = None  # the head of a StrictFIFO queue that does not move
    freed: tuple[Freed, ...] = ()  # who must end for it, where it waits
    size: Size | None = None
    remarks: tuple[str, ...] = ()
    at_turn: Setting | None = None  # with those before it in their places

    @property
    def kind(self) -> Kind:
        """The verdict."""
        if self.refused is not None:
            return "Waits" if self.refused.code in _LATER else "Misconfigured"
        if self.judgement is None:
            return "Waits" if self.blocked_by is not None else "Misconfigured"
        found = self.judgement
        match found.mode:
            case "fits":
                return "FitsNow"
            case "borrows":
                return "FitsBorrowing"
            case "preempts" if found.victims:
                return "NeedsPreemption"
            case "waits" | "preempts":
                return "Fragmented" if found.code == "TopologyPlacementFailed" else "Waits"
        return _CODES.get(found.code, "Misconfigured")

    @property
    def code(self) -> str:
        """A machine word of `verdict.EXITS`."""
        if self.refused is not None:
            return self.refused.code
        if self.blocked_by is not None:
            return "BehindHead"
        return self.judgement.code if self.judgement else "Unexplained"

    @property
    def verdict(self) -> Verdict:
        """As the document says it."""
        if self.refused is not None and self.kind != "Waits":
            return "inactive" if self.refused.code in _INACTIVE else "never"
        if self.blocked_by is not None or self.judgement is None or self.kind in ("Waits", "Fragmented"):
            return "waits"
        return self.judgement.verdict

    @property
    def fits(self) -> bool:
        return self.kind in ("FitsNow", "FitsBorrowing")

    @property
    def short(self) -> tuple[Line, ...]:
        """What is missing, per pod set and share, in the flavor that comes closest."""
        return shortest(self.judgement) if self.judgement and not self.fits else ()

    @cached_property
    def usage(self) -> dict[Share, int]:
        """What it would hold; nothing where it is given nothing."""
        given = self.judgement is not None and self.kind in ("FitsNow", "FitsBorrowing", "NeedsPreemption")
        return usage_of(self.workload, self.judgement) if given and self.judgement else {}


@dataclass(frozen=True)
class Simulation:
    """Of all workloads asked about, on `setting`; `played` is the line until nothing more fits."""

    setting: Setting
    outcomes: tuple[Outcome, ...]
    played: Played

    @property
    def kind(self) -> Kind:
        """Of the one that fares worst."""
        order = list(KINDS)
        return max((one.kind for one in self.outcomes), key=order.index)

    @property
    def worst(self) -> Outcome:
        """The one that speaks for all."""
        return next(one for one in self.outcomes if one.kind == self.kind)


def simulate(setting: Setting, wishes: Sequence[Wish], *, moved: bool = False, land: Land | None = None) -> Simulation:
    """Of workloads that do not exist yet: each stands last among its equals.

    `moved`: the setting is a changed one. `land`: the nodes, where flavors have a topology.
    """
    known = {one.workload.ref: one.workload for one in wishes}
    here = replace(setting, workloads={**setting.workloads, **known})
    return _simulated(here, wishes, moved, land)


def simulate_waiting(
    setting: Setting, workloads: Iterable[Workload], *, moved: bool = False, land: Land | None = None
) -> Simulation:
    """Of workloads that wait in the setting already."""
    return _simulated(setting, [Wish(one.title, setting.workloads[one.ref]) for one in workloads], moved, land)


def _simulated(setting: Setting, wishes: Sequence[Wish], moved: bool, land: Land | None) -> Simulation:
    wrong = {one.workload.ref: refused(setting, one.workload, one.refusals) for one in wishes}
    left_out = {ref for ref, why in wrong.items() if why is not None}
    standing = {ref: one for ref, one in setting.workloads.items() if ref not in left_out}
    subjects = [one.workload for one in wishes if one.workload.ref in standing]
    played = (
        play(replace(setting, workloads=standing), subjects, moved=moved, land=land) if subjects else Played(setting)
    )
    outcomes = tuple(_outcome(setting, one, wrong[one.workload.ref], played, land) for one in wishes)
    return Simulation(setting, outcomes, played)


def _outcome(setting: Setting, wish: Wish, why: Refused | None, played: Played, land: Land | None) -> Outcome:
    workload, queue = wish.workload, setting.cluster_queue_of(wish.workload)
    if why is not None or queue is None:
        return Outcome(wish.title, workload, queue, why, remarks=wish.remarks)
    before = played.before(workload)
    at_turn = _after(setting, before, land)
    found = played.last.get(workload.ref)
    head = None if found is not None else blocking_head(at_turn, workload)
    tree = tree_of(at_turn)
    found = found or (None if head is not None else judge(at_turn, workload, queue, tree, rooms=land))
    waits = found is not None and not found.fits and found.mode in ("waits", "preempts") and not found.victims
    return Outcome(
        wish.title,
        workload,
        queue,
        judgement=found,
        alone=judge(setting, workload, queue, rooms=land),
        ahead=_contending(before, workload, queue),
        behind=_contending(_later(played, workload, before), workload, queue),
        blocked_by=head,
        freed=freeing(at_turn, workload, queue, _contested(found), land) if waits and found else (),
        size=size(at_turn, workload, queue, tree, land),
        remarks=wish.remarks,
        at_turn=at_turn,
    )


def _contested(found: Judgement) -> frozenset[Share]:
    """What somebody would have to give back: what is short, else what it was given where it finds no room."""
    short = {line.share for line in shortest(found)}
    given = {Share(flavor, name) for flavors in found.assigned.values() for name, flavor in flavors.items()}
    return frozenset(short or given)


def _after(setting: Setting, steps: Iterable[Step], land: Land | None) -> Setting:
    """Once these have their quota."""
    for step in steps:
        setting = evicted(setting, (victim.workload for victim in step.judgement.victims))
        setting = admitted(setting, step.workload, step.judgement, land)
    return setting


def _later(played: Played, workload: Workload, before: Sequence[Step]) -> Iterator[Step]:
    """Who is given quota after its turn."""
    return (step for step in played.steps[len(before) :] if step.workload.ref != workload.ref)


def _contending(steps: Iterable[Step], workload: Workload, queue: ClusterQueue) -> tuple[Step, ...]:
    """Those that take a share this one could use."""
    wanted = {Share(flavor, resource) for resource in workload.asks() for flavor in _flavors(queue, resource)}
    return tuple(step for step in steps if wanted & usage_of(step.workload, step.judgement).keys())


def _flavors(queue: ClusterQueue, resource: str) -> tuple[str, ...]:
    group = queue.group_of(resource)
    return tuple(name for name, _ in group.flavors) if group else ()


def shortest(judgement: Judgement) -> tuple[Line, ...]:
    """The lines that do not fit, of each pod set in the flavor that lacks least; one that never fits comes last."""
    sets: dict[str, list[tuple[bool, tuple[Line, ...]]]] = {}
    for option in judgement.options:
        lacking = tuple(line for line in option.lines if line.deficit)
        if lacking and option.mode in ("waits", "preempts", "never"):
            sets.setdefault(option.pod_set, []).append((option.mode == "never", lacking))
    fitting = {one.pod_set for one in judgement.options if one.mode in ("fits", "borrows")}
    return tuple(line for name, ones in sets.items() if name not in fitting for line in min(ones, key=_lacks)[1])


def _lacks(option: tuple[bool, tuple[Line, ...]]) -> tuple[bool, int]:
    never, lines = option
    return never, sum(line.deficit for line in lines)
