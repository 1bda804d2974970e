"""Panes of what is kept in the cluster, rollouts and drains: why there is none, and what is not the newest of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from k8sai.errors import K8saiError
from k8sai.tui.blank import centred
from k8sai.tui.desk import Desk
from k8sai.tui.ink import Line
from k8sai.tui.lines import Lines
from k8sai.tui.words import clean, clock

if TYPE_CHECKING:
    from k8sai.cluster.reading import Unseen


class Reading(Protocol):
    """What was found, and the only `namespace` that may be read, or ""."""

    @property
    def at(self) -> float: ...
    @property
    def found(self) -> Sequence[object]: ...
    @property
    def hidden(self) -> "Sequence[Unseen]": ...
    @property
    def refused(self) -> object: ...
    @property
    def namespace(self) -> str: ...


class Watch(Protocol):
    """`kept` is False of a recording; `late` is why `read` is not the newest."""

    @property
    def kept(self) -> bool: ...
    @property
    def read(self) -> Reading | None: ...
    @property
    def late(self) -> K8saiError | None: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """What is kept, in words; and the commands that list it, tell the rights, and begin one."""

    one: str
    many: str
    lists: str
    rights: str
    begins: str
    command: str


def missing(desk: Desk, watch: Watch, kind: Kind, width: int, height: int) -> Sequence[Line]:
    """Why there is none to show."""
    if not watch.kept:
        sentence = f"This screen shows a recording, and where a {kind.one} is stands in ConfigMaps, which it has not."
        return centred(f"No {kind.many} are kept here", sentence, kind.lists, width, height)
    if watch.late is not None:
        forbidden = watch.read is not None and watch.read.refused is not None
        title = f"No rights to see {kind.many}" if forbidden else f"{desk.feed.context} does not answer"
        return centred(title, watch.late.message, watch.late.hint or kind.rights, width, height, "warn")
    if watch.read is None:
        return centred(f"Reading the {kind.many} of {desk.feed.context} {desk.glyphs.dots}", "", "", width, height)
    if desk.namespace and watch.read.found:
        return centred(f"Namespace {desk.namespace} has no {kind.one}", "", "0 shows all namespaces", width, height)
    where = f"Namespace {watch.read.namespace}" if watch.read.namespace else desk.feed.context
    return centred(f"{where} has no {kind.one}", kind.begins, kind.command, width, height)


class Late(Lines):
    """Above the table, a line while what is shown is not the newest, or not all; else nothing."""

    def __init__(self, desk: Desk, watch: Callable[[], Watch]) -> None:
        super().__init__(desk, classes="notes")
        self._watch = watch
        self.styles.height = 0

    def update(self) -> None:
        self.repaint()
        self.styles.height = len(self.lines(self.app.size.width, 0))

    def lines(self, width: int, height: int) -> Sequence[Line]:
        watch = self._watch()
        if watch.read is None:
            return []
        if watch.late is not None and watch.read.found:
            return [((" ! ", "bad"), (clean(f"as of {clock(watch.read.at)}: {watch.late.message}"), "bad"))]
        return [((" ! ", "warn"), (clean(f"{gap.what}: {gap.why}"), "warn")) for gap in watch.read.hidden[:1]]
