"""Draining from a list of nodes: the plan is shown, the number asked for, and the Evictions pane shows the rest."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from k8sai.errors import K8saiError, Usage
from k8sai.tui.background import begin, in_thread
from k8sai.tui.keymap import Key

if TYPE_CHECKING:
    from k8sai.evict.plan import Plan
    from k8sai.evict.planning.wish import Wish
    from k8sai.tui.evictions_plan import Answer
    from k8sai.tui.pane import Pane

KEY: Final = Key("x", "x", "drain it, or all that are marked: the plan first", "The object", "drain", "Drain nodes")


def ask(pane: "Pane", nodes: Sequence[str]) -> None:
    """What draining them would do; whoever types the number does it."""
    from k8sai.evict.planning.wish import Wish
    from k8sai.evict.state import Settings
    from k8sai.tui.evictions_plan import PlanScreen

    desk = pane.desk
    if not nodes:
        pane.notify("There is no node under the cursor.", severity="warning", markup=False)
        return
    watch = desk.eviction_watch()

    def make(wish: "Wish") -> "Plan":
        evictions = watch.evictions()
        if evictions is None:
            raise Usage("this screen shows a recording, and nothing can be drained there")
        return evictions.plan(wish)

    wish = Wish(nodes=tuple(nodes), settings=Settings(ignore_daemonsets=True))
    pane.app.push_screen(PlanScreen(desk, wish, make), partial(_answered, pane))


def _answered(pane: "Pane", answer: "Answer | None") -> None:
    if answer is None:
        return
    wish, plan = answer
    pane.desk.eviction_watch().acting[plan.id] = "locking"
    pane.notify(f"Drain {plan.id} begins: its nodes and gangs are locked.", markup=False)
    begin(pane, partial(_carry, pane, wish, plan), f"drain {plan.id}")


async def _carry(pane: "Pane", wish: "Wish", plan: "Plan") -> None:
    watch = pane.desk.eviction_watch()

    def run() -> None:
        evictions = watch.evictions()
        if evictions is not None:
            evictions.drain(wish, plan)

    try:
        await in_thread(run)
    except K8saiError as error:
        hint = f" {error.hint}" if error.hint else ""
        pane.notify(f"{error.message}.{hint}", severity="warning", markup=False, timeout=15)
        return
    finally:
        watch.acting.pop(plan.id, None)
        watch.at_once()
    pane.unmark()
    pane.post_message(pane.Go("evictions"))
