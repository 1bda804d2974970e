"""All that a plan is made from, read once: nodes, pods, gangs, budgets, and who holds which cards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from k8sai.cluster.live import read_once
from k8sai.cluster.objects import LiveObjects
from k8sai.cluster.reading import Reading
from k8sai.cluster.sources import Source
from k8sai.cluster.tee import Tee
from k8sai.evict.facts import Gang, Json, PodRef
from k8sai.evict.gangs.resolve import resolve
from k8sai.evict.keeping.others import held
from k8sai.evict.planning import device
from k8sai.evict.planning.budgets import KIND as BUDGETS
from k8sai.evict.planning.budgets import Budgets
from k8sai.evict.planning.rights import Asking
from k8sai.evict.planning.survey import Clock, Survey, clock, survey
from k8sai.evict.planning.wish import Wish
from k8sai.evict.state import NodeState
from k8sai.fit.cluster import Cluster
from k8sai.fit.reading import Reader, unread

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection

_RANKS: Final = (  # labels, and the annotation of a Job
    "jobset.sigs.k8s.io/job-global-index",
    "leaderworkerset.sigs.k8s.io/worker-index",
    "training.kubeflow.org/replica-index",
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/job-completion-index",
)


@dataclass
class Scene:
    """`gangs` are those that a drain touches, `loose` the pods on its nodes that are no gang's."""

    connection: "Connection"
    wish: Wish
    objects: LiveObjects
    reading: Reading
    writer: Asking
    clock: Clock
    survey: Survey
    cluster: Cluster
    sources: tuple[Source, ...]
    gangs: tuple[Gang, ...] = ()
    loose: tuple[Json, ...] = ()
    reader: Reader = field(init=False)

    def __post_init__(self) -> None:
        self.reader = Reader(self.objects)

    def cards(self, pod: Json) -> float:
        """What a pod holds, in cards; shares of one are parts."""
        meta = pod["metadata"]
        try:
            row = self.cluster.fleet.pod(str(meta.get("namespace", "")), str(meta["name"]))
        except KeyError:
            return 0.0
        return row.cards if row.uid == meta.get("uid") else 0.0

    def ref(self, pod: Json) -> PodRef:
        meta = pod["metadata"]
        node = str((pod.get("spec") or {}).get("nodeName") or "")
        uid = str(meta.get("uid", ""))
        return PodRef(str(meta.get("namespace", "")), str(meta["name"]), uid, node, self.cards(pod), rank(pod))

    def closes(self, one: NodeState) -> None:
        """The GPU is given to nobody from here on, as far as room is looked for."""
        from k8sai.facts.devices import DeviceTaint, DeviceTaintRule, DeviceTaintRuleSpec, DeviceTaintSelector
        from k8sai.facts.metadata import ObjectMeta

        if one.device is not None:
            chosen = DeviceTaintSelector(one.device.driver, one.device.pool, one.device.name)
            spec = DeviceTaintRuleSpec(chosen, DeviceTaint(key="k8sai.dev/evict", effect="NoSchedule"))
            self.cluster.board.put("devicetaintrules", DeviceTaintRule(ObjectMeta(name="k8sai-evict"), spec))

    @cached_property
    def namespaces(self) -> tuple[str, ...]:
        """Of all that is drained."""
        pods = (*self.loose, *(pod for gang in self.gangs for pod in gang.pods))
        return tuple(sorted({str(pod["metadata"].get("namespace", "")) for pod in pods}))

    @cached_property
    def budgets(self) -> Budgets:
        """Of these namespaces: of one or two by themselves, of more at once."""
        spaces: Sequence[str] = self.namespaces if len(self.namespaces) <= 2 else ("",)
        found = [one for namespace in spaces for one in self.reading.list(BUDGETS, namespace)]
        return Budgets.of(found)

    @cached_property
    def theirs(self) -> Mapping[str, tuple[str, str]]:
        """What other drains hold, by the name of its Lease: who, and the drain's id."""
        return held(self.reading, self.wish.id, self.clock.at)

    @property
    def hidden(self) -> tuple[tuple[str, str], ...]:
        """What was not read, and why."""
        gaps = {gap.what: gap.why for gap in unread(self.sources)}
        gaps |= {gap.what: gap.why for gap in self.reader.hidden}
        gaps |= {gap.what: gap.why for gap in self.reading.hidden}
        return tuple(gaps.items())


def scene(connection: "Connection", wish: Wish) -> Scene:
    """Reads it. Raises Usage, NotFound, Forbidden, ClusterError."""
    objects = LiveObjects(connection)
    reading = Reading(objects)
    when = clock(connection)
    found = device.survey(reading, wish.device) if wish.device else survey(reading, wish)
    cluster = Cluster()
    sources = read_once(connection, Tee(*cluster.sinks))
    made = Scene(connection, wish, objects, reading, Asking(connection), when, found, cluster, sources)
    resolved = resolve(found.pods, reading)
    made.gangs, made.loose = resolved.gangs, resolved.loose
    if wish.gang:
        made.loose = ()
        from k8sai.evict.planning.naming import the_gang

        made.gangs = (the_gang(wish, made.gangs),)
    return made


def rank(pod: Json) -> int:
    """Which of its gang it is; -1 where nobody says."""
    meta = pod["metadata"]
    said: Mapping[str, str] = {**(meta.get("annotations") or {}), **(meta.get("labels") or {})}
    text = next((said[key] for key in _RANKS if said.get(key)), "")
    return int(text) if text.isdigit() else -1
