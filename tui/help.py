"""What `?` says: every key of the screen and of the pane in front, made from the key table."""

from collections.abc import Sequence

from k8sai.tui.desk import Desk
from k8sai.tui.glyphs import MEANING, STATE_INK
from k8sai.tui.ink import Line
from k8sai.tui.keymap import GROUPS, KEYS, MOVES, Key, without
from k8sai.tui.lines import wrap
from k8sai.tui.pane import Pane
from k8sai.tui.panes import OPENED, PANES

_KEY_WIDTH = 13


def help_lines(desk: Desk, pane: Pane, width: int = 80) -> Sequence[Line]:
    """Keys by group, the sorting letters of this pane, and the signs of the slot bars, in so many columns."""
    lines: list[Line] = []
    for group in GROUPS:
        every = (*without((*MOVES, *KEYS), pane.own_keys), *pane.own_keys)
        keys = [key for key in every if key.group == group]
        if not keys:
            continue
        _heading(lines, group)
        if group == "Panes":
            for number, each in enumerate(PANES[:9], 1):
                lines += _key(str(number), f"{each.title}: {each.about}", width)
            for each in (each for each in OPENED if each.words):
                lines += _key(f":{each.stem}", f"{each.title}: {each.about}", width)
        for key in keys:
            lines += _key(key.shown, key.words, width)
        if group == "Find and sort":
            for letter, field in pane.letters().items():
                lines += _key(
                    f"shift-{letter.lower()}", f"sort {pane.title} by {field.title}; again turns it round", width
                )
    _heading(lines, "Signs")
    for state, words in MEANING:
        lines.append(((desk.glyphs.slots[state].rjust(_KEY_WIDTH - 2) + "  ", STATE_INK[state]), (words, "plain")))
    parts = desk.glyphs.parts[0] + desk.glyphs.parts[-1]
    lines.append(
        (
            (parts.rjust(_KEY_WIDTH - 2) + "  ", STATE_INK["held"]),
            ("held in part: slices, replicas, fractions", "plain"),
        )
    )
    lines.append(((" " * _KEY_WIDTH, "plain"), ("A sign is one physical card; its colour says who holds it.", "dim")))
    return lines


def key_lines(keys: Sequence[Key], width: int = 80) -> Sequence[Line]:
    """Only keys, by group: the help of a screen of text."""
    lines: list[Line] = []
    for group in GROUPS:
        found = [key for key in keys if key.group == group]
        if found:
            _heading(lines, group)
            for key in found:
                lines += _key(key.shown, key.words, width)
    return lines


def _heading(lines: list[Line], text: str) -> None:
    if lines:
        lines.append(())
    lines.append(((text, "accent"),))


def _key(shown: str, words: str, width: int) -> list[Line]:
    """A key and what it does, in as many lines as that needs."""
    first, *more = wrap(words, width - _KEY_WIDTH)
    rest: list[Line] = [((" " * _KEY_WIDTH, "plain"), (each, "plain")) for each in more]
    return [((shown.rjust(_KEY_WIDTH - 2) + "  ", "key"), (first, "plain")), *rest]
