"""What is said beside a picture: what it does not show and why, that it is empty, what its signs mean."""

from collections.abc import Iterator

from k8sai.cluster.sources import METERS
from k8sai.commands._lists import LISTS, By
from k8sai.fleet import tables
from k8sai.fleet.picture import Hidden, Picture, hidden
from k8sai.view import Note

_MOST_PROBLEMS = 5


def gaps(picture: Picture) -> Iterator[Note]:
    """What could not be read or counted. What RBAC denies, or a server that is away, is one sentence for all kinds."""
    groups: dict[str, list[Hidden]] = {}
    for gap in picture.hidden:
        groups.setdefault(gap.meaning, []).append(gap)
    for meaning, members in groups.items():
        said = meaning.format(" and ".join(filter(None, [", ".join(g.what for g in members[:-1]), members[-1].what])))
        yield Note(f"{said}: {members[0].why}", "warn", members[0].hint)
    for problem in picture.problems[:_MOST_PROBLEMS]:
        yield Note(f"{problem.what} counts as zero: {problem.why}", "warn")
    if len(picture.problems) > _MOST_PROBLEMS:
        more = len(picture.problems) - _MOST_PROBLEMS
        yield Note(f"{more} more objects count as zero", "warn", "`k8sai top -o json` names them in .problems")


def emptiness(picture: Picture, *, filtered: bool) -> Iterator[Note]:
    """Why there is nothing to see."""
    if picture.shows_gpus:
        return
    if filtered:
        yield Note("no node with GPUs matches these flags", "plain", "`k8sai top -o name` lists the nodes with GPUs")
    elif any(hidden(source for source in picture.sources if source.kind not in METERS)):
        yield Note(f"no GPUs in what may be read of {picture.context}")
    else:
        yield Note(
            f"no GPUs in {picture.context}: none of its {picture.node_count} nodes offers any and no pod asks for one",
            "plain",
            "is the device plugin or DRA driver running? `k8sai top --all-nodes` lists the nodes",
        )


def empty_list(by: By, namespace: str) -> Note:
    """A list that was asked for has nothing in it."""
    shown = LISTS[by]
    return Note(f"{shown.empty} in namespace {namespace}" if namespace and shown.of_pods else shown.empty)


def signs(picture: Picture) -> Iterator[Note]:
    """The glyphs of the slot bars, in words."""
    words = tables.legend(picture.nodes)
    if words:
        yield Note(words, "dim")
