"""Logs: the last lines of a container, and what comes."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual.binding import Binding, BindingType

from k8sai.cluster.logs import Log, Logged
from k8sai.errors import K8saiError, NotFound, Usage
from k8sai.tui.background import begin, in_thread
from k8sai.tui.ink import Line
from k8sai.tui.keymap import LOG_KEYS, TEXT_KEYS, Key
from k8sai.tui.kin import pod_of
from k8sai.tui.reader import Reader, sentence
from k8sai.tui.subject import Subject
from k8sai.tui.words import clean

if TYPE_CHECKING:
    from k8sai.tui.frame import Frame

TAIL: Final = 500  # lines of the past
_KEPT = 20_000  # lines on the screen
_FRAME = 0.1  # seconds between looks at what has come
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)")
_DEFAULT = "kubectl.kubernetes.io/default-container"


class Logs(Reader):
    """Follows one container at a time. Lines come in a thread and are painted on a clock: many cost as much as one."""

    KEYS: ClassVar[tuple[Key, ...]] = (*LOG_KEYS, *TEXT_KEYS)
    HINTS = (
        ("esc", "close"),
        ("s", "stay"),
        ("tab", "container"),
        ("p", "run before"),
        ("t", "times"),
        *Reader.HINTS[1:],
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key.keys, key.action, key.words, show=False) for key in LOG_KEYS if key.action
    ]

    def __init__(self, app: "Frame", subject: Subject) -> None:
        super().__init__(app, f"Logs of {subject}", f"logs-{subject.namespace}-{subject.name}", tuple, suffix="log")
        self.subject = subject
        self.containers: list[str] = []
        self.number = 0  # which container
        self.previous = False
        self.times = False
        self.text.most = _KEPT
        self.text.following = True
        self._turn = 0  # which opening of a log is the one shown; lines of others are dropped
        self._log: Log | None = None
        self._come: list[str] = []
        self._lock = Lock()

    @property
    def container(self) -> str:
        return self.containers[self.number] if self.containers else ""

    def words(self) -> Line:
        dot = f" {self.desk.glyphs.dot} "
        many = f" ({self.number + 1} of {len(self.containers)})" if len(self.containers) > 1 else ""
        said: Line = ((dot, "dim"), (self.container, "accent"), (many, "dim")) if self.container else ()
        if self.previous:
            said += ((dot, "dim"), ("the run before", "warn"))
        if not self.text.following:
            said += ((dot, "dim"), ("held", "warn"))
        return said

    def on_mount(self) -> None:  # beside the reader's own, which Textual calls too
        self.set_interval(_FRAME, self.flow)

    def on_unmount(self) -> None:
        self._end()

    # --- reading ------------------------------------------------------------------------------------------------------

    def action_again(self) -> None:
        self._end()
        self._turn += 1
        self._come.clear()
        self.text.following = True
        self.tell(f"reading {self.desk.glyphs.dots}")
        begin(self, partial(self._follow, self._turn), "reading")

    async def _follow(self, turn: int) -> None:
        self.text.say(())
        try:
            await in_thread(lambda: self._begin(turn))
            self.tell("live" if not self.previous else "")
            why = await in_thread(lambda: self._read_all(turn))
        except K8saiError as error:
            self.flow()
            self.text.add(sentence(error))
            self.tell("ended")
        else:
            self.flow()
            if why:
                self.text.add([(), ((why, "warn"),)])
            self.tell("ended")

    def _begin(self, turn: int) -> None:
        """In a thread: which containers there are, and the log of the one that is wanted."""
        objects = self.desk.objects
        if not isinstance(objects, Logged):
            raise Usage("Logs are read from a live cluster; this is a recording of one.")
        if not self.containers:
            self.subject = pod_of(self.desk, self.subject)
            self.containers, self.number = containers_of(objects.get("pods", self.subject.namespace, self.subject.name))
        log = objects.logs(
            self.subject.namespace,
            self.subject.name,
            self.container,
            follow=not self.previous,
            previous=self.previous,
            tail=TAIL,
            times=self.times,
        )
        with self._lock:
            if turn == self._turn and self.is_attached:
                self._log = log
                return
        log.close()  # nobody waits for it any more

    def _read_all(self, turn: int) -> str:
        """In a thread, to the end of the log; why it ended."""
        log = self._log
        if log is None:
            return ""
        for line in log:
            with self._lock:
                if turn != self._turn:
                    return ""
                self._come.append(line)
        return self._ended()

    def _ended(self) -> str:
        """In a thread: what became of the pod whose log came to its end."""
        if self.previous:
            return ""
        try:
            assert self.desk.objects is not None
            pod = self.desk.objects.get("pods", self.subject.namespace, self.subject.name)
        except NotFound:
            return f"{self.subject} is gone; this is the last it said."
        except K8saiError:
            return "The log has come to its end."
        return f"The log has come to its end: {_what_became(pod, self.container)}"

    def _end(self) -> None:
        with self._lock:
            log, self._log = self._log, None
        if log is not None:
            log.close()

    def flow(self) -> None:
        """Put what has come on the screen."""
        with self._lock:
            come, self._come = self._come, []
        if come:
            self.text.add([_line(line) for line in come[-_KEPT:]])

    # --- keys ---------------------------------------------------------------------------------------------------------

    def action_container(self, step: int) -> None:
        if len(self.containers) > 1:
            self.number = (self.number + step) % len(self.containers)
            self.action_again()
        else:
            self.cockpit.say("This pod has one container.", wrong=False)

    def action_previous(self) -> None:
        self.previous = not self.previous
        self.action_again()

    def action_times(self) -> None:
        self.times = not self.times
        self.action_again()

    def action_follow(self) -> None:
        self.text.following = not self.text.following
        if self.text.following:
            self.text.edge(1)
        self.heading.repaint()

    def action_scroll(self, rows: int) -> None:
        super().action_scroll(rows)
        self.heading.repaint()

    def action_page(self, direction: int) -> None:
        super().action_page(direction)
        self.heading.repaint()

    def action_edge(self, direction: int) -> None:
        super().action_edge(direction)
        self.text.following = direction > 0
        self.heading.repaint()


def containers_of(pod: Mapping[str, Any]) -> tuple[list[str], int]:
    """The containers of a pod, init containers last, and which of them most people mean."""
    spec = pod.get("spec") or {}
    names = [str(each.get("name")) for part in ("containers", "initContainers") for each in spec.get(part) or ()]
    if not names:
        raise NotFound("This pod has no containers.")
    wanted = ((pod.get("metadata") or {}).get("annotations") or {}).get(_DEFAULT)
    return names, names.index(wanted) if wanted in names else 0


def _what_became(pod: Mapping[str, Any], container: str) -> str:
    status = pod.get("status") or {}
    parts: Sequence[Mapping[str, Any]] = (
        *(status.get("containerStatuses") or ()),
        *(status.get("initContainerStatuses") or ()),
    )
    for each in parts:
        if each.get("name") == container and (ended := (each.get("state") or {}).get("terminated")):
            return f"{container} ended with {ended.get('exitCode')} {ended.get('reason') or ''}".rstrip() + "."
    return f"the pod is {status.get('phase') or 'in a state nobody knows'}; ctrl-r follows it again."


def _line(text: str) -> Line:
    text = _ESCAPES.sub("", text).expandtabs(4)
    return ((clean(text), "plain"),)
