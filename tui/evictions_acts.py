"""Acting on a drain from the screen: take it back, take it up again. Each is asked about first."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from k8sai.tui.acting import ActingPane, Ask, Meant
from k8sai.tui.keymap import Key
from k8sai.view import several

if TYPE_CHECKING:
    from k8sai.evict.keeping.find import Listed
    from k8sai.evict.shown.drains import Evictions

KEYS: Final = (
    Key("b", "b", "take the drain back: abort", "The object", "take_back", "Take the drain back"),
    Key("u", "u", "take the drain up again: resume", "The object", "take_up", "Take the drain up again"),
)
ACTS: Final = (("b", "abort"), ("u", "resume"))  # as a rule names them


class DrainsPane(ActingPane):
    """A pane on which one drain is meant at a time."""

    own_keys = KEYS

    def drain(self) -> "Listed | None":
        """The one that is meant now."""
        return None

    def action_take_back(self) -> None:
        """Abort it."""
        self._ask(abort)

    def action_take_up(self) -> None:
        """Resume it."""
        self._ask(resume)

    def _ask(self, words: "Callable[[Listed], Ask[Evictions]]") -> None:
        one, watch = self.drain(), self.desk.eviction_watch()
        if one is None:
            self.warn("There is no drain here that could be acted on.")
            return
        self.ask(Meant(one.id, f"Drain {one.id}", watch.acting, watch.evictions, watch.at_once), partial(words, one))


def abort(one: "Listed") -> "Ask[Evictions]":
    """Take it back, by whoever is at it."""
    from k8sai.evict.state import Stage

    state, command = one.state, f"k8sai evict abort {one.id}"

    def take_back(them: "Evictions") -> str:
        return f"Drain {one.id}: {them.abort(one)}."

    if state is None:
        said = ("Its journal cannot be read: it goes by the marks in the cluster alone.",)
        return Ask(f"Take drain {one.id} back?", said, command, "taking it back", take_back)
    if state.stage in (Stage.ABORTED, Stage.ABORTING):
        return Ask(no=f"Drain {one.id} is {state.stage} already.")
    stopped = [gang.ref.title for gang in state.gangs if gang.phase in ("Stopping", "Stopped")]
    ours = [node.name for node in state.nodes if node.ours and not node.released]
    sentences = [
        f"{', '.join(stopped)} started again." if stopped else "No gang is stopped now.",
        f"{', '.join(ours)} {'opened' if state.device else 'uncordoned'}; what others cordoned stays so."
        if ours
        else "No node is to be uncordoned.",
        "Requests for checkpoints are withdrawn. What runs elsewhere already stays there.",
    ]
    if one.holder is not None and not one.holder.expired:
        sentences.append(f"{one.holder.who} is at it, and is told to do it.")
    return Ask(f"Take drain {one.id} back?", tuple(sentences), command, "taking it back", take_back)


def resume(one: "Listed") -> "Ask[Evictions]":
    """Go on where its operator is gone."""
    from k8sai.evict.facts import BEFORE_STOP
    from k8sai.evict.state import OVER, Stage

    state = one.state
    if state is None:
        return Ask(no=f"The state of drain {one.id} is not understood: b takes it back by its marks.")
    if state.stage in OVER:
        return Ask(no=f"Drain {one.id} is {state.stage}: there is nothing to go on with.")
    if one.blind:
        return Ask(no=f"Who holds drain {one.id} may not be read: `k8sai evict resume {one.id}` asks its Lease.")
    if not one.orphaned:
        who = one.holder.who if one.holder is not None else "somebody"
        return Ask(no=f"{who} is at drain {one.id}: `k8sai evict resume {one.id} --take-over` takes it away.")
    left = sum(gang.phase in BEFORE_STOP and gang.action not in ("refuse", "skip") for gang in state.gangs)
    still = f"{several(left, 'gang')} still to be stopped, by the flags it was begun with."
    back = "It was being taken back, and that goes on." if state.stage is Stage.ABORTING else still
    watched = "First it is watched for 20 s that nobody renews its Lease. " if one.holder is not None else ""

    def act(them: "Evictions") -> str:
        them.resume(one)
        return f"Drain {one.id}: this screen carries it on."

    return Ask(
        f"Go on with drain {one.id}?",
        (
            f"Nobody is at it. {back}",
            f"{watched}This screen carries it on until it is left.",
        ),
        f"k8sai evict resume {one.id}",
        "taking it up",
        act,
    )
