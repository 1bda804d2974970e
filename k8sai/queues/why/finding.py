"""What a look at a workload can say: a reason, its numbers, and the change that would mend it."""

from dataclasses import dataclass, replace
from typing import Literal

from k8sai.errors import Exit
from k8sai.queues.facts import Share
from k8sai.queues.verdict import EXITS

By = Literal["admin", "user", "either"]

# What is asked, in this order; the first that has a finding speaks.
Check = Literal[
    "kueue", "state", "queue", "allowed", "devices", "covered", "flavors", "never", "quota", "line", "topology",
    "checks", "pods",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fix:
    """One change that has been tried on paper. `change` is what `queue simulate --if` takes, where it takes it."""

    by: By
    text: str
    change: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """`message` is a clause that goes on after "job/sft waits: ". `scope` is whose limit or state it is.

    A `remark` is worth knowing and blocks nothing. `partial`: what may not be read could change it.
    """

    check: Check
    code: str
    message: str
    scope: str = ""
    share: Share | None = None
    need: int | None = None
    have: int | None = None
    deficit: int | None = None
    evidence: tuple[str, ...] = ()
    fixes: tuple[Fix, ...] = ()
    next: str = ""
    remark: bool = False
    partial: bool = False

    @property
    def exit(self) -> Exit:
        """By its code."""
        return EXITS[self.code]

    def mended_by(self, *fixes: Fix) -> "Finding":
        """The same with more ways to mend it."""
        return replace(self, fixes=(*self.fixes, *fixes))
