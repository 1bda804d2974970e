"""How a node looks on the map: a character of dots, a sign per card, or a line. Made once for nodes that look alike."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence, Set
from typing import Final

from k8sai.fleet.glance import CODE, LOOKS, UNTOLD, Glance, Who
from k8sai.tui.desk import Desk
from k8sai.tui.glyphs import MEANING, STATE_INK, short
from k8sai.tui.ink import HEATS, Line, Run
from k8sai.tui.map_plan import Scale
from k8sai.tui.tints import NAMED, name_of

_FREE, _HELD, _IDLE = CODE["free"], CODE["held"], CODE["idle"]
_LIT: Final = frozenset(
    CODE[look] for look in ("held", "idle", "reserved", "terminating", "leaked", "unhealthy", "unknown")
)
_WRONG: Final = tuple(CODE[look] for look in ("unhealthy", "leaked", "unknown"))  # a sign whatever the colours say
_SAID: Final = tuple(
    CODE[look] for look in ("terminating", "reserved", "idle", "cordoned")
)  # a sign where colours cannot
_WORST: Final = tuple(CODE[look] for look in ("terminating", "reserved", "cordoned", "idle", "held"))
_BRAILLE: Final = 0x2800
# The dots of a character from the bottom, two cards on each of its four lines: a node fills up like a glass.
_DOTS: Final = (0x40, 0x80, 0x04, 0x20, 0x02, 0x10, 0x01, 0x08)
_MOST: Final = 50_000  # looks kept
_MOST_KNOWN: Final = 50_000  # nodes kept
WAITING: Final[Run] = (" ", "dim")


# By scale and width of a cell, and by the glance's id: its cells.
_Known = dict[tuple[Scale, int], dict[int, Line]]


class Brush:
    """Paints glances. `mono` (on the desk) makes signs say what colours would."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._cells: dict[tuple[object, ...], Line] = {}
        self._known: _Known = {}
        self._alive: dict[int, Glance | None] = {}  # glances that are known by their ids
        self._known_by: dict[str, _Known] = {}  # by what is coloured by: who goes round finds what was made before
        self._dots: dict[bytes, tuple[str, str]] = {}
        self._inks: dict[Who, str] = {}
        self._for: tuple[object, ...] = ()

    def fresh(self) -> bool:
        """Forget what was painted with other colours or signs. Answers whether there was any."""
        desk = self.desk
        now = (desk.tint, desk.mono, desk.glyphs, desk.tints)
        if now == self._for:
            return False
        if now[1:] != self._for[1:]:
            self._cells.clear()
            self._dots.clear()
            self._forget()
        self._for = now
        self._known = self._known_by.setdefault(desk.tint, {})
        self._inks.clear()
        return True

    def cell(self, glance: Glance | None, scale: Scale, cell: int) -> Line:
        """A node in exactly `cell` columns."""
        if glance is None:
            return ((" " * cell, "dim"),)
        return self._as_dots(glance, cell) if scale == "dots" else self._as_signs(glance, cell)

    def cells(self, glances: Sequence[Glance | None], scale: Scale, cell: int) -> list[Line]:
        """Many nodes. A glance stays the same object until its node changes: nothing of it needs to be compared."""
        if len(self._alive) > _MOST_KNOWN:
            self._forget()
        known = self._known.setdefault((scale, cell), {})
        found = list(map(known.get, map(id, glances)))
        lines = [line for line in found if line is not None]
        if len(lines) == len(found):
            return lines
        for glance in glances:
            if id(glance) not in known:
                self._alive[id(glance)] = glance
                known[id(glance)] = self.cell(glance, scale, cell)
        return [known[id(glance)] for glance in glances]

    def _forget(self) -> None:
        """The ids of glances that are gone may be another's: all of them go together."""
        self._alive.clear()
        self._known_by.clear()
        self._known = self._known_by.setdefault(self.desk.tint, {})

    # --- a character per node -----------------------------------------------------------------------------------------

    def _as_dots(self, glance: Glance, cell: int) -> Line:
        looks = glance.looks
        ink = self._node_ink(glance)
        key = (looks, ink, cell)
        found = self._cells.get(key)
        if found is None:
            runs: list[Run] = []
            for at in range(cell):
                part = looks[at * 8 : at * 8 + 8]
                if not part and at:
                    runs.append((" ", "dim"))
                    continue
                sign, own = self._dot(part)
                runs.append((sign, own or ink))
            found = self._keep(key, tuple(runs))
        return found

    def _dot(self, part: bytes) -> tuple[str, str]:
        """The sign of up to eight cards, and the ink where it is not the holder's."""
        found = self._dots.get(part)
        if found is None:
            found = self._dots[part] = self._sign(part)
        return found

    def _sign(self, part: bytes) -> tuple[str, str]:
        glyphs = self.desk.glyphs
        if not part:
            return glyphs.slots["unknown"], "dim"
        for code in (*_WRONG, *(_SAID if self.desk.mono else ())):
            if code in part:
                return glyphs.slots[LOOKS[code]], STATE_INK[LOOKS[code]]
        lit = [at for at, code in enumerate(part) if code in _LIT]
        if not lit:
            return (glyphs.counts[:1] or glyphs.dot, "good") if _FREE in part else (glyphs.slots["cordoned"], "dim")
        if glyphs.counts:
            whole = len(lit) == len(part)
            return glyphs.slots["held"] if whole else glyphs.counts[len(lit)], ""
        return chr(_BRAILLE + sum(_DOTS[at] for at in lit)), ""

    def _node_ink(self, glance: Glance) -> str:
        """The ink of a whole node: who holds most of it, how busy it is, or the state that matters most."""
        tint = self.desk.tint
        if tint == "state":
            looks = glance.looks
            return next((STATE_INK[LOOKS[code]] for code in _WORST if code in looks), "good")
        if tint == "utilisation":
            told = [each for each in glance.heat if each != UNTOLD]
            return f"heat{min(HEATS - 1, sum(told) * HEATS // (len(told) * 100))}" if told else "dim"
        who = glance.who
        if not who:
            return "good"
        if len(who) == 1:
            return self.ink(who[0])
        by = glance.by
        return self.ink(who[max(range(len(who)), key=lambda at: by.count(at + 1))])

    def ink(self, who: Who) -> str:
        """The ink of a holder."""
        found = self._inks.get(who)
        if found is None:
            found = self._inks[who] = self.desk.tints.of(self.desk.tint, who)
        return found

    # --- a sign per card ----------------------------------------------------------------------------------------------

    def _as_signs(self, glance: Glance, cell: int) -> Line:
        inks = (glance.heat,) if self.desk.tint == "utilisation" else tuple(self.ink(who) for who in glance.who)
        key = (glance.looks, glance.fill, glance.by, inks, cell, self.desk.tint)
        found = self._cells.get(key)
        if found is None:
            found = self._keep(key, self._signs(glance, cell))
        return found

    def _signs(self, glance: Glance, cell: int) -> Line:
        runs: list[Run] = []
        room = cell - 1
        for at in range(min(len(glance.looks), room)):
            _add(runs, *self.card(glance, at))
        if len(glance.looks) > room and runs:
            runs[-1] = (runs[-1][0][:-1], runs[-1][1])
            runs.append((self.desk.glyphs.dots, "dim"))
        if not glance.looks:
            runs.append((self.desk.glyphs.slots["unknown"], "dim"))
        size = sum(len(text) for text, _ in runs)
        return (*runs, (" " * (cell - size), "plain"))

    def card(self, glance: Glance, at: int) -> Run:
        """One card: its sign, in the ink of who holds it where it is simply held."""
        code = glance.looks[at]
        look = LOOKS[code]
        glyphs = self.desk.glyphs
        if code not in (_HELD, _IDLE) or (code == _IDLE and self.desk.tint == "state"):
            return glyphs.slots[look], STATE_INK[look]
        if self.desk.tint == "utilisation":
            heat = glance.heat[at] if glance.heat else UNTOLD
            ink = "dim" if heat == UNTOLD else self.desk.tints.of("utilisation", _NOBODY, heat / 100)
        else:
            by = glance.by[at]
            ink = self.ink(glance.who[by - 1]) if by else "key"
        fill = glance.fill[at]
        if code == _IDLE or fill >= 100:
            return glyphs.slots[look], ink
        return glyphs.parts[min(len(glyphs.parts) - 1, fill * len(glyphs.parts) // 100)], ink

    def _keep(self, key: tuple[object, ...], line: Line) -> Line:
        if len(self._cells) > _MOST:
            self._cells.clear()
        self._cells[key] = line
        return line


_NOBODY: Final = Who("", "", "", 0)


def merged(cells: Iterable[Line]) -> list[Run]:
    """The cells as one line, neighbours of one ink together."""
    runs: list[Run] = []
    texts: list[str] = []
    last = ""
    for cell in cells:
        for text, ink in cell:
            if ink != last and texts:
                runs.append(("".join(texts), last))
                texts = []
            last = ink
            texts.append(text)
    if texts:
        runs.append(("".join(texts), last))
    return runs


def _add(runs: list[Run], sign: str, ink: str) -> None:
    if runs and runs[-1][1] == ink:
        runs[-1] = (runs[-1][0] + sign, ink)
    else:
        runs.append((sign, ink))


# --- the legend -------------------------------------------------------------------------------------------------------


def legend(
    desk: Desk, scale: Scale, width: int, there: Set[int], seen: Callable[[], Sequence[Glance | None]],
    *, signs_too: bool = True,
) -> Line:  # fmt: skip
    """What the colours mean, the largest few names first, then the signs that are to be seen, as far as they fit.

    `there` are the looks of visible cards, `seen` the nodes: thousands, asked for only where the colours need them.
    A map of dots has signs of its own; the others' may be said elsewhere already: then `signs_too` is false.
    """
    colours = _colours(desk, seen)
    room = width - 2
    runs: list[Run] = [(" ", "plain")]
    signs = _signs(desk, scale, there) if signs_too or scale == "dots" else []
    scaled = desk.tint in ("utilisation", "priority")  # a scale is of no use without its upper end
    least = 0 if scaled else min(sum(len(sign) + len(word) for (sign, _), word in signs), room * 3 // 4)
    for sign, name in colours:
        if room - len(name) - 6 < least:  # with the dots that may follow
            runs.append((f"{desk.glyphs.dots} ", "dim"))
            room -= 2
            break
        runs += [sign, (f" {name}  ", "dim")]
        room -= len(name) + 4
    for sign, word in signs:
        room -= len(sign[0]) + len(word)
        if room < 0:
            break
        runs += [sign, (word, "dim")]
    return tuple(runs)


def _colours(desk: Desk, seen: Callable[[], Sequence[Glance | None]]) -> list[tuple[Run, str]]:
    held = desk.glyphs.slots["held"]
    tint, tints = desk.tint, desk.tints
    if tint == "utilisation":
        steps = [((held, f"heat{step}"), f"{100 * step // HEATS}%") for step in range(HEATS)]
        return [*steps, ((held, "dim"), "not known")]
    if tint == "priority":
        return [((held, tints.priority(each)), f"{each:,}") for each in reversed(desk.fleet.priorities())]
    if tint in ("namespace", "queue"):
        totals = desk.fleet.namespaces() if tint == "namespace" else desk.fleet.queues()
        largest = sorted((total for total in totals if total.figures.used), key=lambda total: -total.figures.used)
        none = [] if tint == "namespace" else [((held, "plain"), "no queue")]
        return [*(((held, tints.named(tint, total.name)), total.name) for total in largest[:12]), *none]
    if tint == "owner":
        count: Counter[Who] = Counter()
        for glance in seen()[:1000]:
            if glance is not None:
                for at, who in enumerate(glance.who, 1):
                    count[who] += glance.by.count(at)
        return [((held, tints.of(tint, who)), name_of(tint, who)) for who, _ in count.most_common(12)]
    return []


def _signs(desk: Desk, scale: Scale, there: Set[int]) -> list[tuple[Run, str]]:
    """Each sign with its word. States that no visible card is in are left out: room is short."""
    glyphs = desk.glyphs
    signs: list[tuple[Run, str]] = []
    if scale == "dots":
        full, half = (glyphs.slots["held"], glyphs.counts[4]) if glyphs.counts else (chr(_BRAILLE + 0xFF), "⣤")
        signs += [((full, "key"), " all held "), ((half, "key"), " half ")]
        signs.append(((glyphs.counts[:1] or glyphs.dot, "good"), " all free "))
        looks = [LOOKS[code] for code in (*_WRONG, *(_SAID if desk.mono else (CODE["cordoned"],)))]
    else:
        looks = [look for look, _ in MEANING]
    signs += [((glyphs.slots[look], STATE_INK[look]), f" {short(look)} ") for look in looks if CODE[look] in there]
    return signs


def looks_of(glances: Iterable[Glance | None]) -> set[int]:
    """The states that cards of these nodes are in."""
    return set(b"".join(glance.looks for glance in glances if glance is not None))


def coloured_by(desk: Desk) -> str:
    """What the colours mean, in a word or two."""
    return desk.tint if desk.tint in NAMED or desk.tint in ("priority", "state") else "how busy"
