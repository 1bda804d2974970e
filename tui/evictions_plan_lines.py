"""A plan in lines for a narrow frame: what each gang costs now and as planned, what is refused, and the sum."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from k8sai.evict.plan import Plan, PlannedGang
from k8sai.evict.shown import plan_table
from k8sai.evict.shown.plan_table import hours
from k8sai.evict.shown.plan_table import number as cards
from k8sai.tui.columns import Field, fit
from k8sai.tui.glyphs import Glyphs
from k8sai.tui.ink import Line
from k8sai.tui.lines import beside, wrap
from k8sai.tui.words import clean

if TYPE_CHECKING:
    from k8sai.evict.planning.wish import Wish


@dataclass(frozen=True, slots=True)
class Flag:
    """What may be accepted: its key, the setting, the flag in a shell."""

    key: str
    name: str
    flag: str
    words: str


FLAGS: Final = (
    Flag("d", "ignore_daemonsets", "--ignore-daemonsets", "pods of DaemonSets stay"),
    Flag("e", "delete_emptydir", "--delete-emptydir-data", "pods go whose emptyDir is lost with them"),
    Flag("f", "force", "--force", "pods go that nothing makes anew"),
    Flag("a", "allow_park", "--allow-park", "gangs stop that find no room elsewhere now"),
    Flag("p", "partial", "--partial", "what is refused is left, the rest is drained"),
)


def number(plan: Plan) -> str:
    """What is typed to say yes: the GPU-hours it costs as planned."""
    return f"{plan.planned.best:.1f}"


def command(wish: "Wish", *, partial: bool) -> str:
    """The same in a shell."""
    on = [one.flag for one in FLAGS if (partial if one.name == "partial" else getattr(wish.settings, one.name))]
    return " ".join(("k8sai evict run", *wish.nodes, *on))


def in_the_way(plan: Plan, *, partial: bool) -> str:
    """Why it cannot be begun; "" where it can."""
    if plan.missing_rights:
        return f"Rights are missing: {'; '.join(plan.missing_rights)}. `k8sai evict rbac` prints the roles."
    if partial:
        return ""
    if plan.refused:
        return "It is refused as it stands: accept what is named above, or p leaves it and drains the rest."
    if any(one.never for one in plan.blockers):
        return "A budget can never pass: p drains the rest."
    return ""


def plan_lines(plan: Plan, width: int, glyphs: Glyphs) -> list[Line]:
    """Head, gangs, and what is below them."""
    where = f"{len(plan.nodes)} node{'s' if len(plan.nodes) != 1 else ''}, {cards(plan.gpus)} GPUs"
    head: Line = ((where, "strong"), (f"  plan {plan.id}  hash {plan.hash}", "dim"))
    right: Line = (("GPU-h now ", "dim"), (f"{glyphs.arrow} planned", "dim"))
    lines = [fit(head, width, Field(""), glyphs.dots), ()]
    if plan.gangs:
        lines.append(beside((("GANG", "dim"),), right, width))
    for one in plan.gangs:
        lines += _gang(one, width, glyphs)
    pods = [one for one in plan.pods if one.action == "evict" and not one.refusals]
    if pods:
        lines.append(((f"{len(pods)} pod{'s' if len(pods) > 1 else ''} that are no gang's, evicted last", "plain"),))
    return [*lines, *_below(plan, width), (), *_total(plan, width, glyphs)]


def _gang(one: PlannedGang, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """Two lines: what it costs, and how it is asked and stopped."""
    stops = one.action not in ("refuse", "skip")
    after = hours(one.planned) if stops else "-"
    cost: Line = ((f"{hours(one.now):>6} ", "plain"), (f"{glyphs.arrow} {after:>6}", "strong" if stops else "dim"))
    name: Line = ((clean(one.gang.title), "strong"), (f"  {one.gang.kind}, {cards(one.state.gpus)} GPUs", "plain"))
    yield beside(name, cost, width)
    ink = "bad" if one.refusals else "plain" if stops else "warn"
    asked = f"{one.method}, proof {one.grade}; " if stops else ""
    last = f"; last checkpoint {one.last}" if one.last else ""
    yield fit(((f"  {asked}{clean(plan_table.stop(one))}{last}", ink),), width, Field(""), glyphs.dots)


def _below(plan: Plan, width: int) -> Iterator[Line]:
    """Refusals, budgets, rights and warnings, as `evict plan` says them."""
    for cell in plan_table.below(plan):
        if not cell.text.startswith("TOTAL"):
            for at, part in enumerate(wrap(clean(" ".join(cell.text.split())), width - 2)):
                yield ((("" if not at else "  ") + part, cell.tone),)
    for what, why in plan.hidden:
        yield from (((part, "warn"),) for part in wrap(clean(f"{what} could not be read: {why}"), width))


def _total(plan: Plan, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """The numbers."""
    sums = f"{hours(plan.now)} GPU-h if evicted now {glyphs.arrow} {hours(plan.planned)} as planned"
    idle = f", {plan.idle:.1f} more stand idle until then" if plan.idle >= 0.05 else ""
    yield from (((part, "strong"),) for part in wrap(sums + idle, width))
