"""One workload as every check looks at it: the setting, what Kueue says, and what we compute."""

from dataclasses import dataclass
from functools import cached_property

from k8sai.ages import human, stamp
from k8sai.cluster.reading import Reading, Unseen
from k8sai.queues.facts import ClusterQueue, LocalQueue
from k8sai.queues.judging.judge import Judge
from k8sai.queues.judging.topology_nodes import Land, grounds
from k8sai.queues.quota import Tree
from k8sai.queues.reasons import Said, of_workload
from k8sai.queues.resized import least
from k8sai.queues.setting import Setting
from k8sai.queues.usage import tree as tree_of
from k8sai.queues.verdict import MODES, Judgement
from k8sai.queues.why.subject import Asked, workload_of
from k8sai.queues.workload import Workload


@dataclass(eq=False)
class Look:
    """`reading` is for what else a check wants to see. Nothing here changes while it is looked at."""

    setting: Setting
    reading: Reading
    asked: Asked

    @cached_property
    def workload(self) -> Workload | None:
        """None: Kueue has made none, or it may not be read."""
        return workload_of(self.setting, self.asked)

    @property
    def title(self) -> str:
        """As it was asked for; of a Workload its owner, which people know it by."""
        if self.asked.workload and self.workload is not None:
            return self.workload.title
        return self.asked.title

    @property
    def namespace(self) -> str:
        return self.asked.namespace

    @property
    def at(self) -> float:
        """When all this was true; seconds since 1970."""
        return self.setting.at

    # --- where it is --------------------------------------------------------------------------------------------------

    @property
    def queue_name(self) -> str:
        """The LocalQueue that counts: the Workload's own, which a label on the job may not yet be or never become."""
        return self.workload.queue if self.workload is not None else self.asked.queue

    @cached_property
    def local(self) -> LocalQueue | None:
        return self.setting.local_queues.get(f"{self.namespace}/{self.queue_name}")

    @cached_property
    def queue(self) -> ClusterQueue | None:
        """None where there is none, or where it may not be read."""
        if self.workload is not None:
            return self.setting.cluster_queue_of(self.workload)
        return self.setting.cluster_queues.get(self.local.cluster_queue) if self.local else None

    @property
    def queue_title(self) -> str:
        """Its ClusterQueue by name, also where that may not be read; empty where nothing says it."""
        if self.queue is not None:
            return self.queue.name
        if self.workload is not None and self.workload.admission is not None:
            return self.workload.admission.cluster_queue
        return self.local.cluster_queue if self.local else ""

    @cached_property
    def tree(self) -> Tree:
        return tree_of(self.setting)

    # --- what is said and what is so ----------------------------------------------------------------------------------

    @cached_property
    def said(self) -> Said | None:
        """Kueue's own word."""
        return of_workload(self.workload) if self.workload is not None else None

    @property
    def waits(self) -> bool:
        """It has a Workload without quota."""
        return self.workload is not None and self.workload.waits

    @property
    def holds_quota(self) -> bool:
        return self.workload is not None and self.workload.reserves

    @property
    def judged(self) -> Judgement | None:
        """What Kueue would do with it now; None where it does not wait or its queue is not known.

        What could never be admitted whole, and could with fewer pods, is judged by the least it would start with.
        """
        return self._judged[-1] if self._judged else None

    @property
    def tried(self) -> tuple[Judgement, ...]:
        """The judgement of the whole, and of the fewest pods where that is what counts."""
        return self._judged

    @property
    def fewest(self) -> int | None:
        """With how many pods it was judged, where that is fewer than it asks for."""
        fewer = least(self.workload) if self.workload is not None and len(self._judged) > 1 else None
        return sum(pod_set.count for pod_set in fewer.pod_sets) if fewer is not None else None

    @cached_property
    def _judged(self) -> tuple[Judgement, ...]:
        if self.workload is None or not self.workload.waits or self.queue is None:
            return ()
        judge = self.judge()
        whole, fewer = judge.of(self.workload, self.queue), least(self.workload)
        if fewer is None or whole.fits or whole.victims:
            return (whole,)
        part = judge.of(fewer, self.queue)
        return (whole, part) if MODES.index(part.mode) < MODES.index(whole.mode) else (whole,)

    def judge(self, setting: Setting | None = None, tree: Tree | None = None) -> Judge:
        """Of this setting with its tree, or of another."""
        return Judge(setting or self.setting, tree if setting else self.tree, rooms=self.land)

    @cached_property
    def land(self) -> Land | None:
        """Where pods find room close together: nodes and pods are read for queues with such flavors only."""
        flavors = (self.setting.flavors.get(share.flavor) for share in (self.queue.shares if self.queue else ()))
        if not any(flavor and flavor.topology in self.setting.topologies for flavor in flavors):
            return None
        nodes, pods = self.reading.list("nodes"), self.reading.list("pods")
        if self.reading.blind("nodes"):
            return None
        hidden = ("pods",) if self.reading.blind("pods") else ()
        return Land(grounds(self.setting, nodes, pods), hidden)

    @property
    def hidden(self) -> tuple[Unseen, ...]:
        """Everything that could not be read so far and matters.

        Pods do where it has quota or asks for room close together, Kueue's configuration where it has no Workload.
        """
        gaps = {gap.what: gap for gap in (*self.setting.hidden, *self.reading.hidden)}
        idle = {"pods": not self.holds_quota and self.land is None, "configmaps": self.workload is not None}
        return tuple(gap for gap in gaps.values() if not idle.get(gap.what))

    # --- words --------------------------------------------------------------------------------------------------------

    def ago(self, at: float) -> str:
        """`5m`; empty where the time is not known."""
        return human(max(0.0, self.at - at)) if at else ""

    def clock(self, at: float) -> str:
        """`14:02`, with the date where it was on another day; UTC as everything here."""
        full = stamp(at)
        return full[11:16] if full[:10] == stamp(self.at)[:10] else f"{full[:10]} {full[11:16]}"

    def command(self, verb: str, what: str, *more: str) -> str:
        """`k8sai queue VERB WHAT -n NAMESPACE`."""
        return " ".join(["k8sai", "queue", verb, what, "-n", self.namespace, *more])

    def kubectl(self, verb: str, what: str, *more: str) -> str:
        """The same of kubectl's."""
        return " ".join(["kubectl", verb, what, "-n", self.namespace, *more])
