"""What every way to split traffic has to be able to do, as pure functions of what was read.

A backend never writes and never waits. Asked for a goal, it says the next thing to do from what it sees: one guarded
write, something to wait for, or None when the goal is reached. So a goal that broke off anywhere, by a lost answer or a
kill -9, is taken up by asking again; and `--plan` is the same question answered without the writes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from k8sai.canary.facts import Json, Prepared, Ref, Seen, Wish

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading

Op = Literal["json-patch", "merge", "create", "delete"]


@dataclass(frozen=True, slots=True)
class Begin:
    """Make the canary, at this weight or the lowest safe one. Reached when it exists, ready or not."""

    wish: Wish
    weight: int


@dataclass(frozen=True, slots=True)
class Shift:
    """Send this percent to the canary. Reached when the controllers have taken it over."""

    weight: int


@dataclass(frozen=True, slots=True)
class Promote:
    """The canary becomes the stable side: full size first, then all requests, then the spec. The old side stays."""


@dataclass(frozen=True, slots=True)
class Retire:
    """After a promotion, when its keep-window has ended: give back what the old side holds."""


@dataclass(frozen=True, slots=True)
class Rollback:
    """Back to the stable side: requests first, then pods, then the spec. With a weight above 0 only that far.

    `all_at_once`: the canary cannot serve, so nothing waits for replicas of the stable side.
    """

    weight: int = 0
    all_at_once: bool = False


@dataclass(frozen=True, slots=True)
class Restore:
    """After a rollback: write the old version's text back where that starts a new revision (kserve-knative)."""


Goal = Begin | Shift | Promote | Retire | Rollback | Restore


@dataclass(frozen=True, slots=True)
class Write:
    """One write on one object, bound to what was read. Its version is that of `live`, or of `body` where it is made.

    `body` is a list of RFC 6902 operations that begins with its `test`s, a merge patch (RFC 7396) that is sent with uid
    and resourceVersion of `live`, the whole object to create, or None to delete the object of `live`'s uid.
    `weight` is the canary's percent that stands once this is written; None where it does not change.
    """

    op: Op
    on: Ref
    live: Json | None
    body: list[Json] | Json | None
    why: str
    subresource: str = ""
    weight: float | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to write now. `pods`: it is for pods to come up, which may take as long as a model loads. `nudge` changes
    nothing that counts: it wakes a controller that stays silent, where one is known to miss what was written.
    """

    why: str
    pods: bool = False
    nudge: "Write | None" = field(default=None, compare=False)


Step = Write | Wait | None


class Backend(Protocol):
    """One way to split traffic. Methods raise Refused, Usage, NotFound, Drift, never write, and read only by `read`."""

    @property
    def name(self) -> str:
        """`kserve-standard`; what `--backend` takes."""

    @property
    def kinds(self) -> Sequence[str]:
        """The kinds of its targets, in full: `inferenceservices.serving.kserve.io`; the served group counts."""

    @property
    def words(self) -> Sequence[str]:
        """What users call them, the shortest first: isvc, inferenceservice."""

    @property
    def read_only(self) -> bool:
        """It is shown and never driven."""

    def takes(self, target: Json, read: "Reading") -> bool:
        """Whether the object, configured as it is, is rolled out this way."""

    def prepare(self, target: Json, wish: Wish, read: "Reading") -> Prepared:
        """Think a rollout through. Raises Refused where one is on its way already or would not be safe."""

    def see(self, target: Json, handle: Json, read: "Reading") -> Seen:
        """What is there now; also without a rollout (an empty handle), as far as it can be told."""

    def next(self, seen: Seen, goal: Goal, handle: Json, before: Json) -> Step:
        """The next thing on the way to the goal; None: it is reached. Raises Drift, Refused."""


def guards(*pairs: tuple[str, Any]) -> list[Json]:
    """RFC 6902 `test` operations for (path, value)."""
    return [{"op": "test", "path": path, "value": value} for path, value in pairs]
