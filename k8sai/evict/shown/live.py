"""The drains of a live cluster, as a screen reads them, and those it carries out itself, each in its own thread."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from k8sai.cluster.reading import Reading
from k8sai.errors import Forbidden, K8saiError
from k8sai.evict.keeping.find import CONFIG_MAPS, Listed, drains
from k8sai.evict.keeping.kept import Held, Kept
from k8sai.evict.keeping.names import NAMESPACE
from k8sai.evict.running.ground import Ground
from k8sai.evict.running.hands import Hands, News
from k8sai.evict.shown.drains import Drains, Ours
from k8sai.evict.state import OVER, State

if TYPE_CHECKING:
    from k8sai.cluster.connection import Connection
    from k8sai.cluster.objects import LiveObjects
    from k8sai.evict.plan import Plan
    from k8sai.evict.planning.wish import Wish
    from k8sai.evict.running.entering import Door

Entered = AbstractContextManager[tuple[Hands, Held]]
_PATIENCE: Final = 15.0  # seconds that the calls in flight have to end once the screen is left


@dataclass(slots=True)
class Voice:
    """What one operator says. Its thread writes, the screen reads: a field at a time, each whole."""

    drain: str
    changed: Callable[[], None]
    stop: threading.Event = field(default_factory=threading.Event)
    waits: str = ""
    trouble: str = ""
    busy: bool = True

    def tell(self, news: News) -> None:
        """Something has happened, or is waited for. What has happened is in the journal too."""
        self.waits = (f"{news.on}: {news.text}" if news.on else news.text) if news.word == "wait" else ""
        self.changed()

    def wait(self, why: str) -> None:
        """Taking a Lease takes a while."""
        self.waits = why
        self.changed()

    @property
    def said(self) -> Ours:
        return Ours(self.waits, self.trouble, self.busy)


class LiveEvictions:
    """Of one connection."""

    def __init__(self, connection: "Connection", objects: "LiveObjects") -> None:
        self._connection = connection
        self._objects = objects
        self._ground = Ground(connection, objects)
        self._known: dict[str, State] = {}  # by the version of its ConfigMap
        self._voices: dict[str, Voice] = {}
        self._heard = 0

    # --- reading ------------------------------------------------------------------------------------------------------

    @property
    def heard(self) -> int:
        return self._heard

    @property
    def busy(self) -> tuple[str, ...]:
        return tuple(one.drain for one in list(self._voices.values()) if one.busy)

    def read(self) -> Drains:
        """Of all namespaces; where that may not be, of the first of those in which they would be."""
        try:
            found = self._read("")
            for namespace in dict.fromkeys((NAMESPACE, self._connection.namespace)):
                if not isinstance(found.refused, Forbidden):
                    break
                there = self._read(namespace)
                found = there if there.refused is None else found
        except K8saiError as error:  # nobody says what time it is
            return Drains(time.time(), refused=error)
        return found

    def _read(self, namespace: str) -> Drains:
        reading, now = Reading(self._objects), self._ground.now()
        found = drains(reading, self._ground.writer, namespace, now, self._known)
        ours = {one.drain: one.said for one in list(self._voices.values())}
        if (refused := reading.refusal(CONFIG_MAPS)) is not None:
            return Drains(now, (), namespace, refused, ours=ours)
        return Drains(now, found, namespace, None, reading.hidden, ours)

    def plan(self, wish: "Wish") -> "Plan":
        from k8sai.evict.planning.make import make

        return make(self._connection, wish)

    # --- acting -------------------------------------------------------------------------------------------------------

    def drain(self, wish: "Wish", plan: "Plan") -> None:
        from k8sai.evict.running.entering import begun

        same = replace(wish, id=plan.id)
        spaces = tuple(dict.fromkeys(one.gang.ref.namespace for one in plan.gangs))
        home = self._ground.home(spaces, wish.state_namespace)
        self._operate(plan.id, lambda door: begun(door, plan, home, lambda: self.plan(same)))

    def resume(self, one: Listed) -> None:
        from k8sai.evict.running.entering import entered

        self._operate(one.id, lambda door: entered(door, one.namespace, one.id))

    def abort(self, one: Listed) -> str:
        from k8sai.evict.running.aborting import asked_to_end, left_a_word
        from k8sai.evict.running.entering import entered

        if one.state is None:
            return self._by_marks(one.id)
        if one.holder is not None and not one.holder.expired and one.state.stage not in OVER:
            kept = Kept(self._ground.writer, one.namespace, one.id)
            left_a_word(kept, self._ground.now(), self._ground.writer.whoami())
            return f"{one.holder.who} is at it, and was told to take it back"
        self._operate(one.id, lambda door: entered(door, one.namespace, one.id), asked_to_end)
        return "it is being taken back"

    def _by_marks(self, drain: str) -> str:
        """Without a journal."""
        from k8sai.evict.running.by_marks import take_back

        voice = Voice(drain, self._changed)
        done = take_back(self._ground.door(voice.tell, voice.wait, voice.stop), drain)
        return "; ".join(done) or "nothing in the cluster bears its mark"

    def _operate(
        self,
        drain: str,
        enter: "Callable[[Door], Entered]",
        first: Callable[[Hands, Held], Held] = lambda _, held: held,
    ) -> None:
        """Enter, then go on in a thread. Raises what entering raises."""
        voice, begun = Voice(drain, self._changed), Future[None]()
        self._voices[drain] = voice

        def work() -> None:
            try:
                self._run(enter, first, voice, begun)
            finally:
                voice.busy, voice.waits = False, ""
                self._changed()

        threading.Thread(target=work, name=f"drain {drain}", daemon=True).start()
        begun.result()

    def _run(
        self,
        enter: "Callable[[Door], Entered]",
        first: Callable[[Hands, Held], Held],
        voice: Voice,
        begun: "Future[None]",
    ) -> None:
        from k8sai.evict.running.loop import Interrupted, Loop

        try:
            with enter(self._ground.door(voice.tell, voice.wait, voice.stop)) as (hands, held):
                held = first(hands, held)
                begun.set_result(None)
                Loop(hands).run(held)
        except Interrupted:
            voice.trouble = "left on its way"
        except Exception as error:  # a thread's bug must not look like silence
            if not begun.done():
                voice.busy = False
                begun.set_exception(error)
            else:
                voice.trouble = error.message if isinstance(error, K8saiError) else f"{type(error).__name__}: {error}"

    def _changed(self) -> None:
        self._heard += 1

    def stop(self) -> tuple[str, ...]:
        working = [one for one in list(self._voices.values()) if one.busy]
        for one in working:
            one.stop.set()
        end = time.monotonic() + _PATIENCE
        while any(one.busy for one in working) and time.monotonic() < end:
            time.sleep(0.05)
        return tuple(one.drain for one in working if one.busy or one.trouble)
