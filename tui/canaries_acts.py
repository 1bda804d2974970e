"""Acting on a rollout from the screen: hold it, let it go on, bring it back. Each is asked about first."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from k8sai.tui.acting import ActingPane, Ask, Meant
from k8sai.tui.keymap import Key

if TYPE_CHECKING:
    from k8sai.canary.facts import Ref
    from k8sai.canary.shown.look import Look
    from k8sai.canary.shown.rollouts import Canaries, Rollout
    from k8sai.canary.state import State

KEYS: Final = (
    Key("h", "h", "hold the rollout where it is, or let it go on", "The object", "hold", "Hold the rollout"),
    Key("b", "b", "bring the rollout back to its stable side", "The object", "bring_back", "Bring the rollout back"),
)
ACTS: Final = (("h", "hold"), ("b", "back"))  # as a rule names them


class RolloutsPane(ActingPane):
    """A pane on which one rollout is meant at a time."""

    own_keys = KEYS

    def rollout(self) -> "Rollout | None":
        """The one that is meant now."""
        return None

    def action_hold(self) -> None:
        """Pause it, or resume it."""
        self._ask(hold)

    def action_bring_back(self) -> None:
        """Roll it back."""
        self._ask(bring_back)

    def _ask(self, words: "Callable[[Look], Ask[Canaries]]") -> None:
        one, watch = self.rollout(), self.desk.canary_watch()
        if one is None or one.look is None:
            self.warn("There is no rollout here that could be acted on.")
            return
        self.ask(Meant(one.key, one.title, watch.acting, watch.canaries, watch.at_once), partial(words, one.look))


def hold(look: "Look") -> "Ask[Canaries]":
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
            lambda canaries: _stands(ref, canaries.resume(ref)),
        )
    ends = f" {holder.who} runs it: that run ends." if holder is not None and not holder.expired else ""
    return Ask(
        f"Hold {ref.title} in {ref.namespace}?",
        (f"The canary keeps {state.weight} % of the requests until somebody lets it go on.{ends}",),
        f"k8sai canary pause {where}",
        "pausing",
        lambda canaries: _stands(ref, canaries.pause(ref)),
    )


def _stands(ref: "Ref", state: "State") -> str:
    return f"{ref.title} is {state.phase}, {state.weight} %."


def _held(look: "Look") -> bool:
    """By a person, by what has drifted, or because the gate could not tell."""
    from k8sai.canary.facts import Phase

    state = look.state
    if state is None or state.phase not in (Phase.PAUSED, Phase.DRIFTED):
        return False
    return bool(state.paused_by) or state.phase is Phase.DRIFTED or (state.step >= 0 and state.passed < state.weight)


def bring_back(look: "Look") -> "Ask[Canaries]":
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
        lambda canaries: _stands(ref, canaries.rollback(ref, steal=steal)),
    )
