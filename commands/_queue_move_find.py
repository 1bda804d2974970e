"""Which jobs `queue move` is about, each with its Workload, and what would be written to move it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from k8sai.cluster.writing import Target, Writer
from k8sai.commands._queue_named import asked, find, owner_of, place_of, workload_of
from k8sai.errors import Forbidden, K8saiError, NotFound
from k8sai.queues.acting import moving, moving_target
from k8sai.queues.acting.moving import Seen, Wish
from k8sai.queues.acting.steps import Change
from k8sai.queues.setting import CLASSES, WORKLOADS, Setting
from k8sai.selectors import selector as labels_of

if TYPE_CHECKING:
    from k8sai.cluster.objects import Objects
    from k8sai.queues.workload import Workload


@dataclass(frozen=True, slots=True)
class Planned:
    """A job and its way; `error` is why there is none."""

    title: str
    target: Target
    workload: "Workload | None" = None
    seen: Seen | None = None
    wish: Wish | None = None
    changes: tuple[Change, ...] = ()
    error: K8saiError | None = None

    @property
    def evicts(self) -> bool:
        """It holds quota and loses it by this."""
        return any((change.patch.get("spec") or {}).get("active") is False for change in self.changes)


def one(writer: Writer, objects: "Objects", setting: Setting, namespace: str, names: tuple[str, ...]) -> Seen:
    """Raises NotFound, Usage, Refused for parts of a job, Forbidden."""
    target, live = find(writer, objects, namespace, asked(names))
    if target.resource.kind == "Workload":
        found = setting.workloads.get(f"{namespace}/{target.name}")
        if found is None:
            raise Forbidden(f"workload/{target.name} cannot be seen", f"`{writer.can_i('list', WORKLOADS, namespace)}`")
        owner_target, owner = owner_of(writer, found)
        return Seen(owner_target, owner, target, live)
    workload_target, workload = place_of(writer, workload_of(setting, writer, target, live))
    return Seen(target, live, workload_target, workload)


def several(writer: Writer, setting: Setting, namespace: str, query: str) -> Iterator[Seen]:
    """Jobs with these labels that Kueue queues and that have not finished. Raises Usage, NotFound, Forbidden."""
    matches, found = labels_of(query), 0
    for workload in sorted(setting.workloads.values(), key=lambda one: (one.created, one.name)):
        if workload.namespace != namespace or workload.holds("Finished") or not workload.owners:
            continue
        try:
            target, owner = owner_of(writer, workload)
            if matches(owner["metadata"].get("labels") or {}):
                found += 1
                yield Seen(target, owner, *place_of(writer, workload))
        except NotFound:  # it went while we looked
            continue
    if not found:
        gap = next((one for one in setting.hidden if one.what == WORKLOADS), None)
        if gap is not None and not setting.workloads:
            raise Forbidden(f"Workloads cannot be seen: {gap.why}", gap.hint)
        raise NotFound(
            f"no job with {query} waits or runs in namespace {namespace}", f"`k8sai queue pending -n {namespace}`"
        )


def planned(setting: Setting, seen: Seen, wish: Wish) -> Planned:
    """Its way, or why there is none. A move that stands half done is ended whatever has become of its target."""
    wish = wish if wish.to else Wish(seen.label, wish.priority_class, wish.evict)
    workload = seen.workload
    try:
        changes = moving.plan(seen, wish)
        there = moving_target.target_of(setting, workload.namespace, wish.to)
        refusal = moving_target.refusal(setting, workload, there)
        leaves = workload.queue != wish.to and not seen.ours
        if refusal is not None and leaves:
            raise refusal
    except K8saiError as error:
        return Planned(seen.title, seen.target, workload, seen, wish, error=error)
    return Planned(seen.title, seen.target, workload, seen, wish, changes)


def insist_on_class(setting: Setting, name: str) -> None:
    """Raises NotFound with a near name."""
    if name and name not in setting.classes and not setting.blind(CLASSES):
        near = get_close_matches(name, setting.classes, 1)
        hint = f"did you mean {near[0]}?" if near else _list(setting.classes)
        raise NotFound(f"there is no WorkloadPriorityClass {name}", hint)


def _list(names: Iterable[str]) -> str:
    there = sorted(names)
    return f"there are {', '.join(there[:8])}" if there else "there are none"
