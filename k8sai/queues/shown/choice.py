"""Which rows are shown: of one cohort, of queues with some labels, of one namespace, of one resource."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from k8sai.errors import NotFound
from k8sai.queues import words
from k8sai.queues.facts import ClusterQueue
from k8sai.queues.rows import Row
from k8sai.queues.shown.figures import Figures
from k8sai.selectors import selector

ALL = "all"
GPU = "gpu"
_FEW = 8  # cohorts that a sentence names


@dataclass(frozen=True, slots=True)
class Choice:
    """`resource`: `gpu`, `all`, a name, or "" for GPUs where any queue has quota of them, else for everything.

    `labels` select ClusterQueues; `namespace` LocalQueues, and the queues they lead to.
    """

    cohort: str = ""
    labels: str = ""
    namespace: str = ""
    resource: str = ""

    @property
    def narrows(self) -> bool:
        """Something may be left out that is there."""
        return bool(self.cohort or self.labels or self.namespace)


def chosen(rows: Iterable[Row], choice: Choice) -> tuple[Row, ...]:
    """With the cohorts above what is chosen, and the LocalQueues below it. Raises NotFound, Usage."""
    found = tuple(rows)
    if choice.cohort:
        found = _of_cohort(found, choice.cohort)
    if choice.labels:
        test = selector(choice.labels)
        keep = {row.key for row in found if isinstance(row.owner, ClusterQueue) and test(_labels(row.owner))}
        found = _around(found, keep)
    if choice.namespace:
        inside = {row.key for row in found if row.kind == "lq" and row.name.startswith(f"{choice.namespace}/")}
        found = _above(found, inside)
    return of_resource(found, choice.resource)


def of_resource(rows: tuple[Row, ...], resource: str) -> tuple[Row, ...]:
    """The same rows with the figures of that resource alone. Raises NotFound where nobody has it."""
    if resource == ALL:
        return rows
    if not resource:
        some = any(words.gpu(figures.share.resource) for row in rows for figures in row.figures)
        return of_resource(rows, GPU) if some else rows
    found = tuple(replace(row, figures=tuple(f for f in row.figures if _is(f, resource))) for row in rows)
    if rows and not any(row.figures for row in found):
        had = sorted({figures.share.resource for row in rows for figures in row.figures})
        raise NotFound(f"no queue has quota of {resource}", f"there is quota of {', '.join(had)}" if had else "")
    return found


def _is(figures: Figures, resource: str) -> bool:
    name = figures.share.resource
    return words.gpu(name) if resource == GPU else name == resource


def _of_cohort(rows: tuple[Row, ...], name: str) -> tuple[Row, ...]:
    """That cohort and all below it, moved to the left."""
    start = next((number for number, row in enumerate(rows) if row.kind == "cohort" and row.name == name), None)
    if start is None:
        raise NotFound(f"there is no cohort {name}", _cohorts(rows, name))
    depth = rows[start].depth
    found = [rows[start]]
    for row in rows[start + 1 :]:
        if row.depth <= depth:
            break
        found.append(row)
    return tuple(replace(row, depth=row.depth - depth) for row in found)


def _cohorts(rows: tuple[Row, ...], name: str) -> str:
    """Those that may be meant; all where they are few."""
    from difflib import get_close_matches

    known = [row.name for row in rows if row.kind == "cohort"]
    if not known:
        return "no queue is in one"
    if len(known) <= _FEW:
        return f"cohorts: {', '.join(known)}"
    near = get_close_matches(name, known, 2)
    return f"did you mean {' or '.join(near)}?" if near else "`k8sai queue list -o name` lists them"


def _around(rows: tuple[Row, ...], keys: set[str]) -> tuple[Row, ...]:
    kept = {row.key for row in _above(rows, keys)}
    return tuple(row for row in rows if row.key in kept or row.parent in keys)


def _above(rows: tuple[Row, ...], keys: set[str]) -> tuple[Row, ...]:
    parents = {row.key: row.parent for row in rows}
    kept: set[str] = set()
    for key in keys:
        while key and key not in kept:
            kept.add(key)
            key = parents.get(key, "")
    return tuple(row for row in rows if row.key in kept)


def _labels(queue: ClusterQueue) -> dict[str, str]:
    return (queue.object.get("metadata") or {}).get("labels") or {}
