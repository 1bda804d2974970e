"""Acting on a rollout from the screen: hold it, let it go on, bring it back. Each is asked about first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from k8sai.errors import K8saiError
from k8sai.tui.background import begin, in_thread
from k8sai.tui.confirm import Confirm
from k8sai.tui.glyphs import Glyphs
from k8sai.tui.ink import Line
from k8sai.tui.keymap import Key
from k8sai.tui.lines import beside
from k8sai.tui.table_pane import TablePane
from k8sai.tui.told import room

if TYPE_CHECKING:
    from k8sai.canary.shown.look import Look
    from k8sai.canary.shown.rollouts import Canaries, Rollout
    from k8sai.canary.state import State

KEYS: Final = (
    Key("h", "h", "hold the rollout where it is, or let it go on", "The object", "hold", "Hold the rollout"),
    Key("b", "b", "bring the rollout back to its stable side", "The object", "bring_back", "Bring the rollout back"),
)
ACTS: Final = (("h", "hold"), ("b", "back"))  # as a rule names them


@dataclass(frozen=True, slots=True)
class Ask:
    """What would be done, in words; `no` is why there is nothing to do."""

    question: str = ""
    sentences: tuple[str, ...] = ()
    command: str = ""
    doing: str = ""
    act: "Callable[[Canaries], State] | None" = None
    no: str = ""


class RolloutsPane(TablePane):
    """A pane on which one rollout is meant at a time."""

    own_keys = KEYS

    def rollout(self) -> "Rollout | None":
        """The one that is meant now."""
        return None

    def looked(self) -> None:
        """Something of it is different now."""

    def action_hold(self) -> None:
        """Pause it, or resume it."""
        self._ask(hold)

    def action_bring_back(self) -> None:
        """Roll it back."""
        self._ask(bring_back)

    def _ask(self, words: "Callable[[Look], Ask]") -> None:
        one = self.rollout()
        if one is None or one.look is None:
            self.notify("There is no rollout here that could be acted on.", severity="warning", markup=False)
            return
        doing = self.desk.canary_watch().acting.get(one.key)
        ask = words(one.look) if doing is None else Ask(no=f"{one.title}: {doing} goes on.")
        if ask.act is None:
            self.notify(ask.no, severity="warning", markup=False)
            return
        width = room(self.app.size.width)
        dialog = Confirm(self.desk, ask.question, ask.sentences, ask.command, width)
        self.app.push_screen(dialog, partial(self._answered, one, ask))

    def _answered(self, one: "Rollout", ask: Ask, yes: bool | None) -> None:
        if yes and ask.act is not None:
            self.desk.canary_watch().acting[one.key] = ask.doing
            begin(self, partial(self._act, one, ask, ask.act), f"canary {one.key}")
            self.looked()

    async def _act(self, one: "Rollout", ask: Ask, act: "Callable[[Canaries], State]") -> None:
        watch = self.desk.canary_watch()

        def run() -> "State | None":
            canaries = watch.canaries()
            return act(canaries) if canaries is not None else None

        try:
            state = await in_thread(run)
        except K8saiError as error:
            hint = f" {error.hint}" if error.hint else ""
            self.notify(f"{error.message}.{hint}", severity="warning", markup=False, timeout=15)
        else:
            if state is not None:
                self.notify(f"{one.title} is {state.phase}, {state.weight} %.", markup=False)
        finally:
            watch.acting.pop(one.key, None)
            watch.at_once()
        self.looked()


def hold(look: "Look") -> Ask:
    """Pause where it moves, resume where it is held."""
    state, ref = look.state, look.ref
    assert state is not None
    from k8sai.canary.facts import ENDED

    if state.phase in ENDED:
        return Ask(no=f"{ref.title} is {state.phase}: there is nothing to hold.")
    where, holder = f"{ref.title} -n {ref.namespace}", look.holder
    if _held(look):
        alive = holder is not None and not holder.expired
        goes_on = "Whoever runs it goes on." if alive else f"Nobody runs it: `k8sai canary run {where}` goes on."
        return Ask(
            f"Let {ref.title} in {ref.namespace} go on?",
            (
                f"It stands at {state.weight} %: {state.reason or state.phase}.",
                goes_on,
            ),
            f"k8sai canary resume {where}",
            "resuming",
            lambda canaries: canaries.resume(ref),
        )
    ends = f" {holder.who} runs it: that run ends." if holder is not None and not holder.expired else ""
    return Ask(
        f"Hold {ref.title} in {ref.namespace}?",
        (f"The canary keeps {state.weight} % of the requests until somebody lets it go on.{ends}",),
        f"k8sai canary pause {where}",
        "pausing",
        lambda canaries: canaries.pause(ref),
    )


def _held(look: "Look") -> bool:
    """By a person, by what has drifted, or because the gate could not tell."""
    from k8sai.canary.facts import Phase

    state = look.state
    if state is None or state.phase not in (Phase.PAUSED, Phase.DRIFTED):
        return False
    return bool(state.paused_by) or state.phase is Phase.DRIFTED or (state.step >= 0 and state.passed < state.weight)


def bring_back(look: "Look") -> Ask:
    """All requests to the stable side, whatever goes on."""
    from k8sai.canary.facts import Phase

    state, ref, holder = look.state, look.ref, look.holder
    assert state is not None
    if state.phase in (Phase.ROLLED_BACK, Phase.FAILED) and not state.pending:
        return Ask(no=f"{ref.title} is {state.phase} already.")
    if state.phase is Phase.PROMOTED and state.ended:
        return Ask(no=f"{ref.title} is promoted and the old version is gone: start a canary of it.")
    steal = holder is not None
    stable, canary = (look.seen.stable.name, look.seen.canary) if look.seen else ("the stable side", None)
    has = f"{canary.name if canary else 'the canary'} has {state.weight} % now"
    sentences = [f"All requests go back to {stable}; {has}.", "It asks neither metrics nor the gate."]
    if holder is not None:
        sentences.append(f"{holder.who} holds it: it is taken from there.")
    return Ask(
        f"Bring {ref.title} in {ref.namespace} back?",
        tuple(sentences),
        f"k8sai canary rollback {ref.title} -n {ref.namespace}{' --steal' if steal else ''}",
        "rolling back",
        lambda canaries: canaries.rollback(ref, steal=steal),
    )


def rule_with_keys(left: Line, keys: Sequence[tuple[str, str]], width: int, glyphs: Glyphs) -> Line:
    """A rule that says what is below it, and at its end which keys do something with it."""
    hint = tuple(run for key, word in keys for run in ((f" {key}", "key"), (f" {word} ", "dim")))
    line = beside(left, hint, width)
    return tuple((glyphs.rule * len(t), "dim") if t.isspace() and len(t) > 1 else (t, ink) for t, ink in line)
