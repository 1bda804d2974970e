"""One node on the map, a box per card; and one card, with everything on it. Pure: lines from rows."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from k8sai.fleet.answers import Gauge, NodeRow, PodRow, Slot
from k8sai.fleet.places import Part, Places, places
from k8sai.tui.columns import Field, fit
from k8sai.tui.desk import Desk
from k8sai.tui.glyphs import STATE_INK, look_of, meter, short, slot_run
from k8sai.tui.ink import Line, Run
from k8sai.tui.node import gauges_of, worked
from k8sai.tui.tints import heat
from k8sai.tui.words import age, clean

_LEAST_BOX: Final = 26  # columns of a box in which one can read something
_TALL: Final = 5  # lines of a box: two of its border, a bar, and two of words
_TALLEST: Final = 9
_LOWEST: Final = 4
_GOOD_BOX: Final = 38  # columns that tell everything
_MOST_ACROSS: Final = 4


class Boxes:
    """Where the boxes of a node's cards are: `across` on a line, each so wide and tall; `tall` 1 is a line per card."""

    def __init__(self, cards: int, width: int, height: int) -> None:
        self.across, self.tall = 1, 1
        for across in range(1, min(_MOST_ACROSS, max(1, width // _LEAST_BOX), max(1, cards)) + 1):
            tall = min(_TALLEST, height // max(1, -(-cards // across)))
            if tall >= _LOWEST:
                self.across, self.tall = across, tall
                if tall >= _TALL and width // (across + 1) < _GOOD_BOX:
                    break
        self.wide = max(1, (width - 1) // self.across)
        self.cards = cards

    def at(self, column: int, line: int) -> int | None:
        """The card there."""
        across, down = (column - 1) // self.wide, line // self.tall
        number = down * self.across + across
        return number if 0 <= across < self.across and 0 <= number < self.cards else None


def card_lines(desk: Desk, row: NodeRow, at: int, width: int, height: int) -> list[Line]:
    """All cards of the node, the one under the cursor framed in another ink."""
    boxes = Boxes(len(row.slots), width, height)
    gauges = gauges_of(row)
    since = _since(desk, row)
    if boxes.tall == 1:
        top = max(0, min(at - height // 2, len(row.slots) - height))
        return [
            _row_of_card(desk, row, number, number == at, width, gauges, since)
            for number in range(top, min(top + height, len(row.slots)))
        ]
    lines: list[Line] = []
    for first in range(0, len(row.slots), boxes.across):
        made = [
            _box(desk, row, number, number == at, boxes.wide, boxes.tall, gauges, since)
            for number in range(first, min(first + boxes.across, len(row.slots)))
        ]
        lines += [((" ", "plain"), *(run for box in made for run in box[y])) for y in range(boxes.tall)]
    return lines[:height]


def one_card(desk: Desk, row: NodeRow, at: int, width: int, height: int) -> list[Line]:
    """One card: its places one by one, and who is on each."""
    slot, found = row.slots[at], places(row, at)
    since, gauges = _since(desk, row), gauges_of(row)
    inner = width - 5
    lines: list[Line] = [_told(desk, slot, since), ()]
    for _ in range(3 if height > 14 else 1):
        lines.append(_bar(desk, slot, found, inner))
    lines += [_scale(found, inner), ()]
    if found.kind == "MIG" and any(not part.exact for part in found.parts):
        lines.append((("where the partitions are on the card is not told; they are drawn side by side", "dim"),))
    for part in found.parts:
        lines.append(_about_part(desk, found, part, since))
    if found.kind and not found.parts:
        lines.append((("nothing is on it", "dim"),))
    work = worked(gauges[slot.device]) if slot.device in gauges else ""
    if work:
        lines += [(), (("busy ", "dim"), *_busy(desk, slot, 20), (f" {work}", heat(slot.utilization)))]
    framed = _frame(desk, _name(slot, at), lines, width - 1, max(3, min(height, len(lines) + 2)), "accent")
    return [((" ", "plain"), *line) for line in framed][:height]


# --- boxes ------------------------------------------------------------------------------------------------------------


def _box(
    desk: Desk, row: NodeRow, number: int, here: bool, width: int, tall: int,
    gauges: Mapping[str, Gauge], since: Callable[[str], str],
) -> list[Line]:  # fmt: skip
    slot, found = row.slots[number], places(row, number)
    inner = width - 4
    told: list[Line] = [_bar(desk, slot, found, inner)] * max(1, min(3, tall - _TALL))
    sign, ink = slot_run(slot, desk.glyphs, desk.slot_ink)
    if slot.holder is not None:
        name, who = desk.holder_name(slot.holder)
        more = f" +{slot.holders - 1}" if slot.holders > 1 else ""
        state: Line = () if slot.state == "held" and not slot.idle else ((f" {_word(slot)}", STATE_INK[look_of(slot)]),)
        told.append(((name, who), (f"/{slot.holder.name}{more}", "plain"), *state))
        rest = [slot.holder.owner, slot.holder.queue, since(slot.holder.uid)]
        told.append(((f" {desk.glyphs.dot} ".join(clean(each) for each in rest if each), "dim"),))
    else:
        told.append(((f"{sign} {_word(slot)}", ink),))
    work = worked(gauges[slot.device]) if slot.device in gauges else ""
    if work and tall > _TALL:
        told.append((*_busy(desk, slot, 10), (f" {work}", heat(slot.utilization))))
    elif work:
        told[-1] = ((f"{work}  ", heat(slot.utilization)), *told[-1])
    return _frame(desk, _name(slot, number), told, width, tall, "accent" if here else "dim", here)


def _frame(
    desk: Desk, title: str, told: Sequence[Line], width: int, tall: int, ink: str, here: bool = False
) -> list[Line]:
    """Lines in a box with a title in its border."""
    corners = desk.glyphs.corners
    rule = desk.glyphs.rule
    inner = max(0, width - 4)
    head = clean(title)[: max(0, inner - 2)]
    side = "│" if rule == "─" else "|"
    title_ink = "mark" if here else "strong" if ink == "accent" else "plain"
    lines: list[Line] = [
        (
            (corners[0] + rule, ink),
            (f" {head} ", title_ink),
            (rule * max(0, width - 4 - len(head) - 1) + corners[1], ink),
        )
    ]
    for line in [*told, *[()] * tall][: tall - 2]:
        lines.append(((side + " ", ink), *fit(line, inner, Field(""), desk.glyphs.dots), (" " + side, ink)))
    lines.append(((corners[2] + rule * max(0, width - 2) + corners[3], ink),))
    return lines


def _row_of_card(
    desk: Desk, row: NodeRow, number: int, here: bool, width: int,
    gauges: Mapping[str, Gauge], since: Callable[[str], str],
) -> Line:  # fmt: skip
    """A card on a line, where boxes have no room."""
    slot, found = row.slots[number], places(row, number)
    runs: list[Run] = [
        (desk.glyphs.arrow[-1] if here else " ", "accent"),
        (f"{number:>3} ", "strong" if here else "dim"),
    ]
    runs += [*_bar(desk, slot, found, 14), (" ", "plain"), *_told(desk, slot, since)]
    if slot.device in gauges:
        runs.append((f" {worked(gauges[slot.device])}", heat(slot.utilization)))
    return fit(tuple(runs), width, Field(""), desk.glyphs.dots)


# --- pieces -----------------------------------------------------------------------------------------------------------


def _bar(desk: Desk, slot: Slot, found: Places, width: int) -> Line:
    """The places of a card: full where somebody is, in the ink of who it is."""
    glyphs = desk.glyphs
    if found.slots == 1:
        ink = desk.slot_ink(slot) if slot.state == "held" else STATE_INK[slot.state]
        sign = {"held": glyphs.bar_full, "free": glyphs.bar_empty}.get(slot.state, glyphs.slots[slot.state])
        return ((sign * max(0, width), ink),)
    gap = 1 if width >= 3 * found.slots else 0
    edges = [(width + gap) * n // found.slots for n in range(found.slots + 1)]
    runs: list[Run] = []
    at = 0
    for part in found.parts:
        if part.start > at:
            runs += _empty(desk, slot, edges, at, part.start, gap)
        ink = _part_ink(desk, part)
        size = edges[part.start + part.size] - edges[part.start] - gap
        sign = glyphs.bar_full if part.state in ("held", "idle") else glyphs.slots[part.state]
        runs += [(sign * max(0, size), ink), (" " * gap, "plain")]
        at = part.start + part.size
    runs += _empty(desk, slot, edges, at, found.slots, gap)
    return tuple(runs[:-1])  # without the gap after the last


def _empty(desk: Desk, slot: Slot, edges: Sequence[int], first: int, end: int, gap: int) -> list[Run]:
    blocked = slot.state in ("cordoned", "unhealthy", "unknown")
    ink = STATE_INK[slot.state] if blocked else "good"
    runs: list[Run] = []
    for n in range(first, end):
        size = edges[n + 1] - edges[n] - gap
        runs += [(desk.glyphs.bar_empty * max(0, size), ink), (" " * gap, "plain")]
    return runs


def _scale(found: Places, width: int) -> Line:
    """The numbers of the places below a bar."""
    if found.slots == 1:
        return ()
    gap = 1 if width >= 3 * found.slots else 0
    edges = [(width + gap) * n // found.slots for n in range(found.slots + 1)]
    return (("".join(str(n).ljust(edges[n + 1] - edges[n]) for n in range(found.slots)), "dim"),)


def _about_part(desk: Desk, found: Places, part: Part, since: Callable[[str], str]) -> Line:
    last = part.start + part.size - 1
    where = f"{part.start}" if part.size == 1 else f"{part.start}-{last}"
    word = {"MIG": "slot", "replica": "replica", "part": "tenth"}.get(found.kind, "")
    runs: list[Run] = [(f"{word} {where:<5} ".lstrip() if word else "", "dim")]
    if part.name and found.kind == "MIG":
        runs.append((f"{part.name:<12} ", "strong"))
    runs.append((f"{part.state:<8} ", STATE_INK[part.state]))
    if part.holder is not None:
        name, who = desk.holder_name(part.holder)
        runs += [(name, who), (f"/{part.holder.name}", "plain")]
        rest = [clean(each) for each in (part.holder.owner, part.holder.queue, since(part.holder.uid)) if each]
        runs += [(f" {desk.glyphs.dot} {each}", "dim") for each in rest]
    return tuple(runs)


def _part_ink(desk: Desk, part: Part) -> str:
    if part.state != "held" or part.holder is None:
        return STATE_INK[part.state]
    return desk.holder_name(part.holder)[1]


def _told(desk: Desk, slot: Slot, since: Callable[[str], str]) -> Line:
    """The card's state and who holds most of it."""
    sign, ink = slot_run(slot, desk.glyphs, desk.slot_ink)
    runs: list[Run] = [(f"{sign} ", ink), (_word(slot), STATE_INK[look_of(slot)])]
    holder = slot.holder
    if holder is not None:
        name, who = desk.holder_name(holder)
        runs += [(" by ", "dim"), (name, who), (f"/{holder.name}", "plain")]
        if slot.holders > 1:
            runs.append((f" and {slot.holders - 1} more", "dim"))
        rest = (holder.owner, f"queue {holder.queue}" if holder.queue else "", since(holder.uid))
        runs += [(f" {desk.glyphs.dot} {clean(each)}", "dim") for each in rest if each]
    return tuple(runs)


def _busy(desk: Desk, slot: Slot, width: int) -> Line:
    if slot.utilization is None:
        return ()
    return meter(((slot.utilization, heat(slot.utilization)),), 1.0, width, desk.glyphs)


def _word(slot: Slot) -> str:
    return short(look_of(slot))


def _name(slot: Slot, number: int) -> str:
    return f"{number} {slot.device}".rstrip()


def _since(desk: Desk, row: NodeRow) -> Callable[[str], str]:
    """How long a pod has held what it holds, by its uid."""
    pods: dict[str, PodRow] = {pod.uid: pod for pod in desk.fleet.pods_on(row.name)}

    def told(uid: str) -> str:
        pod = pods.get(uid)
        return age(pod.since, desk.now()) if pod is not None else ""

    return told
