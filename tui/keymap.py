"""Every key, what it does and how help says it: bindings, help and palette are made from this one table."""

from dataclasses import dataclass
from typing import Final, Literal

Group = Literal["Panes", "Find and sort", "Look", "Move", "General"]
GROUPS: Final[tuple[Group, ...]] = ("Panes", "Find and sort", "Look", "Move", "General")


@dataclass(frozen=True, slots=True)
class Key:
    """`keys` as Textual names them, `shown` as people do; `action` is the app's; without one, the table's."""

    keys: str
    shown: str
    words: str
    group: Group
    action: str = ""
    palette: str = ""  # its title in the palette


KEYS: Final[tuple[Key, ...]] = (
    Key("enter", "enter", "open what is under the cursor", "Panes"),
    Key("escape", "esc", "clear the filter, else go back", "Panes", "back", "Back"),
    Key("colon", ":", "pane by name: nodes, pods, pending, totals; :q quits", "Panes", "command", "Command line"),
    Key("tab", "tab", "next pane", "Panes", "turn(1)", "Next pane"),
    Key("shift+tab", "shift-tab", "previous pane", "Panes", "turn(-1)", "Previous pane"),
    Key("slash", "/", "filter: text or regex, ! inverts, -l SELECTOR by label", "Find and sort", "filter", "Filter"),
    Key("s", "s", "sort by the next column", "Find and sort", "cycle_sort(1)", "Sort by the next column"),
    Key("S", "S", "sort by the previous column", "Find and sort", "cycle_sort(-1)", "Sort by the previous column"),
    Key("r", "r", "turn the order round", "Find and sort", "reverse", "Reverse the order"),
    Key("c", "c", "colour by namespace, owner, queue, state", "Look", "colour", "Colour by the next thing"),
    Key("p,space", "p space", "pause: hold the rows, the header goes on", "Look", "pause", "Pause or go on"),
    Key("ctrl+w", "ctrl-w", "every column; left and right scroll", "Look", "wide", "Wide table"),
    Key("a", "a", "nodes without GPUs too", "Look", "every", "All nodes or those with GPUs"),
    Key("up,k", "up k", "one row up", "Move"),
    Key("down,j", "down j", "one row down", "Move"),
    Key("pageup,ctrl+b", "pgup ctrl-b", "one page up", "Move"),
    Key("pagedown,ctrl+f", "pgdn ctrl-f", "one page down", "Move"),
    Key("home,g", "home g", "first row", "Move"),
    Key("end,G", "end G", "last row", "Move"),
    Key("left", "left", "scroll left", "Move"),
    Key("right", "right", "scroll right", "Move"),
    Key("question_mark", "?", "this help", "General", "help", "Help"),
    Key("ctrl+p", "ctrl-p", "every action by name", "General"),
    Key("q", "q", "quit", "General", "quit"),
)
