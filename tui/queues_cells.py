"""What lines of the tree of queues say in a word, and by which words they differ."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from k8sai.tui.ink import Line
from k8sai.tui.words import clean

if TYPE_CHECKING:
    from k8sai.queues.rows import Row


def several_flavors(rows: "Sequence[Row]") -> bool:
    """Lines differ in their flavor."""
    return len({figures.share.flavor for row in rows for figures in row.figures} - {""}) > 1


def resources() -> dict[str, str]:
    """The kinds of rows as kubectl writes them in full."""
    from k8sai.queues.setting import CLUSTER_QUEUES, COHORTS, LOCAL_QUEUES

    return {"cq": CLUSTER_QUEUES, "lq": LOCAL_QUEUES, "cohort": COHORTS}


def implied(row: "Row") -> bool:
    """A cohort that is only named."""
    return bool(getattr(row.owner, "implied", False))


def pending(row: "Row") -> Line:
    """`2+6`: two in line, six put aside until something changes."""
    counts = row.counts
    if not counts.pending:
        return ()
    text = f"{counts.active}+{counts.parked}" if counts.active is not None and counts.parked else str(counts.pending)
    return ((text, "bad" if row.blocked_head is not None else "warn"),)


def active(row: "Row") -> Line:
    if row.active is False:
        return ((clean(row.reason) or "no", "bad"),)
    if row.blocked_head is not None:
        return (("head waits", "bad"),)
    if row.kind == "cohort":
        return (("implied", "dim"),) if implied(row) else ()
    return (("yes", "dim"),) if row.active else (("?", "dim"),)
