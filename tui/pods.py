"""The Pods pane: every pod that holds, reserves or asks for GPUs; and the columns all lists of pods share."""

from collections.abc import Sequence

from k8sai.fleet.answers import PodRow
from k8sai.fleet.query import PodQuery
from k8sai.fleet.tables import amount
from k8sai.tui.blank import pods_missing
from k8sai.tui.columns import Field
from k8sai.tui.desk import Desk
from k8sai.tui.filter import Filter
from k8sai.tui.ink import Line, plain
from k8sai.tui.opening import Opening
from k8sai.tui.status import pod_status
from k8sai.tui.subject import Subject
from k8sai.tui.table_pane import TablePane
from k8sai.tui.words import age, clean


class Pods(TablePane):
    """Every GPU pod: what it holds, where, for whom and since when."""

    stem = "pods"
    title = "Pods"
    words = ("pod", "po")
    about = "every pod that holds or asks for GPUs"
    finds_trouble = True
    namespaced = True
    fields = (
        Field("NAMESPACE", rank=1, least=9, most=24, stretch=True, sort="namespace", letter="M"),
        Field("POD", least=16, most=52, stretch=True, sort="name", letter="N", middle=True),
        Field("CARDS", "right", least=5, sort="cards", letter="C", falling=True),
        Field("STATUS", rank=2, most=14, sort="phase", letter="T"),
        Field("NODE", rank=3, least=12, most=40, stretch=True, sort="node", letter="D", middle=True),
        Field("OWNER", rank=5, least=12, most=36, stretch=True, sort="owner", letter="O"),
        Field("QUEUE", rank=6, most=24, sort="queue", letter="Q"),
        Field("REQUESTS", rank=7, least=12, most=40, stretch=True),
        Field("PRIORITY", "right", rank=8, most=12, sort="priority", letter="R", falling=True),
        Field("AGE", "right", rank=4, least=5, sort="age", letter="A", falling=True),
    )

    def order(self) -> Sequence[str]:
        query = PodQuery(
            namespace=self.subject.get("namespace") or self.desk.namespace,
            queue=self.subject.get("queue", ""),
            workload=self.subject.get("workload", ""),
            text=self.filter.text,
            labels=self.filter.labels,
            sort=self.sort,
            reverse=self.reverse,
            troubled=self.only_trouble,
        )
        return [f"{namespace}/{name}" for namespace, name in self.desk.fleet.pod_names(query)]

    def pod(self, key: str) -> PodRow | None:
        try:
            return self.desk.fleet.pod(*key.split("/"))
        except KeyError:
            return None

    def subject_at(self, key: str) -> Subject | None:
        return Subject("pods", *key.split("/"))  # while it is shown it can be asked about, gone or not

    def cells(self, key: str) -> tuple[Line, ...]:
        pod = self.pod(key)
        if pod is None:  # it went away since the rows were ordered
            namespace, name = key.split("/")
            return plain(namespace), plain(name), (), (("gone", "dim"),), *[()] * 6
        return (
            ((pod.namespace, self.desk.namespace_ink(pod.namespace)),),
            plain(pod.name),
            cards(pod, self.desk),
            pod_status(pod),
            where(pod),
            plain(clean(pod.owner)),
            plain(clean(pod.queue)),
            ((requests(pod), "dim"),),
            ((str(pod.priority), "dim"),),
            ((age(pod.since, self.desk.now()), "plain"),),
        )

    def open(self, opening: Opening) -> None:
        if opening.pods:
            self.filter = Filter(opening.pods)

    def missing(self, width: int, height: int) -> Sequence[Line]:
        return pods_missing(self.desk, "No pod holds or asks for a GPU", width, height)

    def choose(self, key: str) -> None:
        pod = self.pod(key)
        if pod is not None and pod.node:
            self.post_message(self.Go("node", node=pod.node, _pod=key))
        else:
            self.post_message(self.Go("pod", _pod=key))


def cards(pod: PodRow, desk: Desk) -> Line:
    """How many cards, in the colour the slot bars show them."""
    return ((amount(pod.cards), desk.pod_ink(pod)),)


def where(pod: PodRow) -> Line:
    """The node it runs on, or in brackets the one reserved for it."""
    return plain(pod.node) if pod.node or not pod.nominated else ((f"({pod.nominated})", "warn"),)


def requests(pod: PodRow) -> str:
    """What it asks for in native units."""
    return " ".join(f"{name}={amount(count)}" for name, count in pod.requests)
