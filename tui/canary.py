"""One rollout full screen: weights, evidence, its versions with their pods, and all that happened to it."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from textual.app import ComposeResult

from k8sai.errors import Usage
from k8sai.fleet.answers import PodRow
from k8sai.tui.blank import centred
from k8sai.tui.canaries import ROLLOUTS
from k8sai.tui.canaries_acts import RolloutsPane
from k8sai.tui.canary_facts import TALL, Facts, Happenings
from k8sai.tui.columns import Field
from k8sai.tui.desk import Desk
from k8sai.tui.ink import Line, Run, plain
from k8sai.tui.kept import Late, missing
from k8sai.tui.matching import matcher
from k8sai.tui.opening import Opening
from k8sai.tui.subject import Subject, pod
from k8sai.tui.words import age, clean, epoch

if TYPE_CHECKING:
    from k8sai.canary.facts import Side
    from k8sai.canary.pods import OnePod
    from k8sai.canary.shown.look import Look
    from k8sai.canary.shown.rollouts import Rollout

_FRAME: Final = 0.25  # seconds at least between two frames of the clock; keys do not wait for it
_FEW, _MANY = 5, 14  # lines of the history
_ROOMY: Final = 120  # columns from which the title says the order too


@dataclass(frozen=True, slots=True)
class Branch:
    """A line of the tree: a version, or one of its pods."""

    tag: str
    side: "Side"
    pod: "OnePod | None" = None
    sign: str = ""


class CanaryPane(RolloutsPane):
    """Opened on a rollout."""

    stem = "canary"
    title = "Canary"
    home = "canaries"
    about = "one rollout: versions, pods, weights, evidence, history"
    finds_trouble = True
    fields = (
        Field("VERSION", least=20, most=70, stretch=True, sort="name", letter="N"),
        Field("READY", "right", most=9, sort="ready", letter="R"),
        Field("GPUS", "right", rank=1, most=7, sort="gpus", letter="U", falling=True),
        Field("RESTARTS", "right", rank=3, most=9, sort="restarts", letter="X", falling=True),
        Field("TROUBLE", least=8, most=60, stretch=True),
        Field("NODE", rank=4, least=8, most=40, stretch=True, sort="node", letter="D"),
        Field("AGE", "right", rank=2, most=7, sort="age", letter="A"),
    )

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.branches: dict[str, Branch] = {}
        self.ends = False
        self._painted = 0.0  # when the clock last did
        self.notes = Late(desk, desk.canary_watch)
        self.facts = Facts(desk, self.look)
        self.happened = Happenings(desk, self.look)

    def compose(self) -> ComposeResult:
        yield self.heading
        yield self.notes
        yield self.facts
        yield self.table
        yield self.happened

    def on_resize(self) -> None:
        self.happened.styles.height = (_FEW if self.app.size.height < TALL else _MANY) + 1

    def open(self, opening: Opening) -> None:
        self.ends = opening.ends

    @property
    def key(self) -> str:
        """Of the rollout it is opened on."""
        return self.subject.get("rollout", "")

    def rollout(self) -> "Rollout | None":
        return self.desk.canary_watch().rollout(self.key)

    def look(self) -> "Look | None":
        """None where it is gone, or not understood."""
        one = self.rollout()
        return one.look if one is not None else None

    # --- rows ---------------------------------------------------------------------------------------------------------

    def order(self) -> Sequence[str]:
        if self.filter.labels:
            raise Usage("these pods are all of one rollout: filter them by name")
        one = self.rollout()
        look = one.look if one is not None else None
        if one is None or look is None or look.seen is None:
            self.branches = {}
            return []
        made = dict(self._tree("stable", look.seen.stable, one.stable))
        if look.seen.canary is not None:
            made |= dict(self._tree("canary", look.seen.canary, one.canary))
        self.branches = made
        return list(made)

    def _tree(self, tag: str, side: "Side", pods: "tuple[OnePod, ...] | None") -> Iterator[tuple[str, Branch]]:
        matches = matcher(self.filter.text)
        chosen = [
            one
            for one in pods or ()
            if matches(one.name, one.node, one.trouble) and not (self.only_trouble and one.ready and not one.trouble)
        ]
        chosen.sort(key=_ORDERS[self.sort], reverse=self.reverse)
        yield tag, Branch(tag, side)
        one_of, last, _ = self.desk.glyphs.branches
        for number, one in enumerate(chosen, 1):
            yield f"{tag}/{one.namespace}/{one.name}", Branch(tag, side, one, last if number == len(chosen) else one_of)

    def cells(self, key: str) -> tuple[Line, ...]:
        branch = self.branches[key]
        return self._pod(branch, branch.pod) if branch.pod is not None else self._version(branch)

    def _version(self, branch: Branch) -> tuple[Line, ...]:
        from k8sai.tui.canaries_lines import ink_of

        side, look = branch.side, self.look()
        pods = None if look is None else look.stable if branch.tag == "stable" else look.canary
        name: Line = ((f"{branch.tag} ", ink_of(branch.tag)), (clean(side.name), "strong"))
        if pods is None:
            ready = "" if side.ready is None else f"{side.ready}/{'?' if side.replicas is None else side.replicas}"
            return (name, plain(ready), (), (), _bad(side.trouble or ("" if ready else "no pods of its own")), (), ())
        full: Line = ((f"{pods.ready}/{pods.there}", "plain" if pods.ready == pods.there else "warn"),)
        gpus = plain(f"{pods.gpus:g}" if pods.gpus else "")
        return (name, full, gpus, (), _bad(side.trouble), (), ())

    def _pod(self, branch: Branch, one: "OnePod") -> tuple[Line, ...]:
        said = one.trouble or (f"{one.phase}: {one.waits}" if one.waits else "")
        return (
            ((branch.sign, "dim"), (clean(one.name), "plain")),
            (("ready", "good"),) if one.ready else ((clean(one.phase.lower()) if not one.trouble else "no", "warn"),),
            plain(f"{one.gpus:g}" if one.gpus else ""),
            ((str(one.restarts), "warn"),) if one.restarts else (),
            _bad(said),
            ((clean(one.node), "dim"),),
            plain(age(one.created, self.desk.now())),
        )

    # --- keys ---------------------------------------------------------------------------------------------------------

    def subject_at(self, key: str) -> Subject | None:
        """Of a version the target itself."""
        branch, look = self.branches.get(key), self.look()
        if branch is not None and branch.pod is not None:
            return pod(branch.pod.namespace, branch.pod.name)
        return Subject(look.ref.kind, look.ref.namespace, look.ref.name) if look is not None else None

    def pod(self, key: str) -> PodRow | None:
        branch = self.branches.get(key)
        if branch is None or branch.pod is None:
            return None
        try:
            return self.desk.fleet.pod(branch.pod.namespace, branch.pod.name)
        except KeyError:
            return None

    def choose(self, key: str) -> None:
        if self.pod(key) is not None:
            self.post_message(self.Go("pod", _pod=key))
        else:
            self.call_later(self.run_action, "app.ask('describe')")

    # --- time ---------------------------------------------------------------------------------------------------------

    def arrive(self, subject: Mapping[str, str]) -> None:
        super().arrive(subject)
        self._look()

    def tick(self) -> None:
        if not self.table.paused:
            self._look()
        if (now := time.perf_counter()) - self._painted >= _FRAME:
            self._painted = now
            self.repaint()

    def refresh_now(self) -> None:
        self.desk.canary_watch().at_once()
        self._look()
        super().refresh_now()

    def _look(self) -> None:
        self.desk.canary_watch().renew(self, self.looked, self.key)

    def looked(self) -> None:
        if not self.is_attached:
            return
        if self.ends and self._over():
            self.app.exit()
        elif not self.table.paused:
            self.table.reorder()
            self.desk.canary_watch().ask(self, self.paint_rest, self.key)
            self.paint_rest()

    def _over(self) -> bool:
        """What `canary watch` waits for: an end, a drift, an operator who is lost, or that it is forgotten."""
        from k8sai.canary.facts import ENDED, Phase

        watch, look = self.desk.canary_watch(), self.look()
        if look is None or look.state is None:
            return watch.read is not None and watch.read.refused is None and self.rollout() is None
        return look.lost or look.state.phase in ENDED or look.state.phase is Phase.DRIFTED

    def paint_rest(self) -> None:
        super().paint_rest()
        self.notes.update()
        self.facts.resize_and_paint()
        self.happened.repaint()

    # --- words --------------------------------------------------------------------------------------------------------

    def subject_line(self) -> Line:
        from k8sai.tui.canaries_lines import heading

        look = self.look()
        if look is None:
            return (("Canary ", "strong"), (clean(self.key), "accent"))
        dot = f" {self.desk.glyphs.dot} "
        doing = self.desk.canary_watch().acting.get(self.key)
        more: tuple[Run, ...] = ((dot, "dim"), (f"{doing} {self.desk.glyphs.dots}", "warn")) if doing else ()
        return (heading(look), (f"{dot}{look.ref.namespace}", "dim"), *more)

    def title_end(self) -> Line:
        """Where the screen is narrow, what the rollout does has the room."""
        if self.app.size.width >= _ROOMY or self.table.paused:
            return super().title_end()
        return ()

    def missing(self, width: int, height: int) -> Sequence[Line]:
        watch, one = self.desk.canary_watch(), self.rollout()
        if watch.read is None or watch.read.refused is not None:
            return missing(self.desk, self.desk.canary_watch(), ROLLOUTS, width, height)
        if one is None:
            return centred(f"{self.key} is forgotten", "", "esc goes back to the rollouts", width, height)
        why = one.look.unseen if one.look is not None else one.listed.trouble
        if not why:  # it is over, and was not looked at closely before
            return centred(f"Looking at {self.key} {self.desk.glyphs.dots}", "", "", width, height)
        return centred("Its sides cannot be seen", why, "", width, height, "warn")

    def remember(self) -> dict[str, Any]:
        return {**super().remember(), "filter": ""}  # of one rollout


def _bad(text: str) -> Line:
    return ((clean(text), "bad"),) if text else ()


_ORDERS: Final[dict[str, Any]] = {
    "name": lambda one: one.name,
    "ready": lambda one: (one.ready, one.name),
    "gpus": lambda one: (-one.gpus, one.name),
    "restarts": lambda one: (-one.restarts, one.name),
    "node": lambda one: (one.node, one.name),
    "age": lambda one: (-epoch(one.created), one.name),
}
