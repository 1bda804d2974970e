"""What is to be said above the tree of queues: what is hidden, what is late, and what there is instead of it."""

from collections.abc import Sequence
from typing import Final

from k8sai.cluster.sources import Source
from k8sai.tui.blank import centred
from k8sai.tui.columns import Field, fit
from k8sai.tui.desk import Desk
from k8sai.tui.ink import Line
from k8sai.tui.lines import Lines
from k8sai.tui.words import clean, clock

_LATE: Final = ("retrying", "failed")


class Notes(Lines):
    """A line or two while something is hidden or late, else nothing."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, classes="notes")
        self.styles.height = 0

    def update(self) -> None:
        """Say it again, as tall as it is."""
        self.repaint()
        self.styles.height = len(self.lines(self.app.size.width, 0))

    def lines(self, width: int, height: int) -> Sequence[Line]:
        from k8sai.queues.gaps import without
        from k8sai.queues.kept import KINDS

        watch = self.desk.queue_watch()
        late = [source for source in watch.sources() if source.state in _LATE and source.at]
        if late:
            since = clock(min(source.at for source in late))
            why = late[0].message or f"{late[0].kind} {late[0].state}"
            if any(source.message == why for source in self.desk.feed.sources()):  # the header says it already
                return self._note(f"queues as of {since}", "", width, "bad")
            return self._note(f"queues as of {since}: {why}", late[0].hint, width, "bad")
        look = watch.look
        gaps = [gap for gap in look.setting.hidden if gap.what in KINDS] if look is not None and look.rows else []
        if not gaps:
            return []
        more = f" (and {len(gaps) - 1} more hidden)" if len(gaps) > 1 else ""
        hides = without(gaps[0].what)
        return self._note(f"{gaps[0].why}{f': {hides}' if hides else ''}{more}", gaps[0].hint, width, "warn")

    def _note(self, sentence: str, hint: str, width: int, ink: str) -> list[Line]:
        """The command on a line of its own: it is there to be copied."""
        said: list[Line] = [((" ! ", ink), (clean(sentence), ink))]
        if hint:
            said.append(((f"   {self.desk.glyphs.arrow} ", "dim"), (clean(hint), "key")))
        return [fit(line, width, Field(""), self.desk.glyphs.dots) for line in said]


def missing(desk: Desk, width: int, height: int) -> Sequence[Line]:
    """Why there is no queue to show."""
    from k8sai.queues.setting import CLUSTER_QUEUES, LOCAL_QUEUES

    watch = desk.queue_watch()
    if watch.queues is None:
        fleet = desk.feed.sources()
        silent = next((source for source in fleet if source.state == "failed"), None)
        if silent is not None or any(source.state == "starting" for source in fleet):
            return _unread(desk, silent or Source(CLUSTER_QUEUES, "starting"), width, height)
        sentence = "This screen has only what it counts, and Kueue's objects were not kept."
        return centred("No queues are kept here", sentence, "k8sai queue list", width, height)
    sources = {source.kind: source for source in watch.sources()}
    first = sources.get(CLUSTER_QUEUES, Source(CLUSTER_QUEUES, "starting"))
    if first.state == "absent":
        sentence = "Queues of KAI and Volcano are in the list of the command, where the cluster has those."
        return centred(f"{desk.feed.context} has no Kueue", sentence, "k8sai queue list", width, height)
    local = sources.get(LOCAL_QUEUES, first)
    if first.state == local.state == "forbidden":
        hint = first.hint or "kubectl auth can-i list clusterqueues.kueue.x-k8s.io"
        return centred("No rights to see queues", first.message, hint, width, height, "warn")
    if watch.look is None or (not first.at and first.state in _LATE):
        return _unread(desk, first, width, height)
    if desk.namespace and watch.look.rows:
        return centred(f"Namespace {desk.namespace} has no queue", "", "0 shows all namespaces", width, height)
    sentence = "There is Kueue, and nobody has made a ClusterQueue yet."
    return centred("There are no queues", sentence, "k8sai queue init --from-nodes", width, height)


def _unread(desk: Desk, source: Source, width: int, height: int) -> Sequence[Line]:
    """Nothing was read yet: why not, or that it goes on."""
    if source.message:
        title = f"{desk.feed.context} does not answer"
        return centred(title, source.message, source.hint or "kubectl cluster-info", width, height, "bad")
    return centred(f"Reading the queues of {desk.feed.context} {desk.glyphs.dots}", "", "", width, height)
