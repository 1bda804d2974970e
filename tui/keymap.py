"""Every key, what it does and how help says it: bindings, help and palette are made from these tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

Group = Literal["Panes", "The object", "Marks", "Find and sort", "Look", "Move", "Text", "Logs", "General"]
GROUPS: Final[tuple[Group, ...]] = (
    "Panes",
    "The object",
    "Marks",
    "Find and sort",
    "Look",
    "Move",
    "Text",
    "Logs",
    "General",
)


@dataclass(frozen=True, slots=True)
class Key:
    """`keys` as Textual names them, `shown` as people do; `action` is of whoever the table is for.

    `palette` is its title there; none only where Textual has its own.
    """

    keys: str
    shown: str
    words: str
    group: Group
    action: str = ""
    palette: str = ""


def without(keys: Sequence[Key], taken: Sequence[Key]) -> list[Key]:
    """Those whose keys somebody nearer does not take for itself."""
    names = {name for key in taken for name in key.keys.split(",")}
    return [key for key in keys if not set(key.keys.split(",")) <= names]


# What a table does with the cursor; a pane without a table answers them in its own way.
MOVES: Final[tuple[Key, ...]] = (
    Key("enter", "enter", "open what is under the cursor", "Panes", "choose", "Open"),
    Key("up,k", "up k", "one row up", "Move", "move(-1)", "Row up"),
    Key("down,j", "down j", "one row down", "Move", "move(1)", "Row down"),
    Key("pageup,ctrl+b", "pgup ctrl-b", "one page up", "Move", "page(-1)", "Page up"),
    Key("pagedown,ctrl+f", "pgdn ctrl-f", "one page down", "Move", "page(1)", "Page down"),
    Key("home,g", "home g", "first row", "Move", "edge(-1)", "First row"),
    Key("end,G", "end G", "last row", "Move", "edge(1)", "Last row"),
    Key("left", "left", "scroll left", "Move", "sideways(-8)", "Scroll left"),
    Key("right", "right", "scroll right", "Move", "sideways(8)", "Scroll right"),
)

KEYS: Final[tuple[Key, ...]] = (
    Key("escape", "esc", "clear the filter, else go back", "Panes", "back", "Back"),
    Key("left_square_bracket", "[", "back in the history of panes", "Panes", "history(-1)", "History: back"),
    Key("right_square_bracket", "]", "forward in it", "Panes", "history(1)", "History: forward"),
    Key("minus", "-", "the pane before this one, and back again", "Panes", "last", "Last pane"),
    Key("colon", ":", "a pane by name; ctx, ns, theme, q; tab completes", "Panes", "command", "Command line"),
    Key("tab", "tab", "next pane", "Panes", "turn(1)", "Next pane"),
    Key("shift+tab", "shift-tab", "previous pane", "Panes", "turn(-1)", "Previous pane"),
    Key("d", "d", "describe it", "The object", "ask('describe')", "Describe"),
    Key("y", "y", "its YAML", "The object", "ask('yaml')", "YAML"),
    Key("l", "l", "logs of a pod", "The object", "ask('logs')", "Logs"),
    Key("w", "w", "why it does not run: every layer", "The object", "ask('why')", "Why"),
    Key("e", "e", "its events", "The object", "ask('events')", "Events of the object"),
    Key("o", "o", "what owns it", "The object", "owner", "Owner"),
    Key("n", "n", "the node of a pod", "The object", "node", "Node of the pod"),
    Key("space", "space", "mark the row, or take its mark away", "Marks", "mark", "Mark"),
    Key("ctrl+@,ctrl+space", "ctrl-space", "mark from the last mark to here", "Marks", "mark_range", "Mark a range"),
    Key("ctrl+backslash", "ctrl-\\", "take all marks away", "Marks", "unmark", "Clear the marks"),
    Key("slash", "/", "filter: text or regex, ! inverts, -l LABELS, -f fuzzy", "Find and sort", "filter", "Filter"),
    Key("ctrl+z", "ctrl-z", "only rows with something wrong", "Find and sort", "trouble", "Only what is wrong"),
    Key("0", "0", "all namespaces again", "Find and sort", "namespace('')", "All namespaces"),
    Key("s", "s", "sort by the next column", "Find and sort", "cycle_sort(1)", "Sort by the next column"),
    Key("S", "S", "sort by the previous column", "Find and sort", "cycle_sort(-1)", "Sort by the previous column"),
    Key("r", "r", "turn the order round", "Find and sort", "reverse", "Reverse the order"),
    Key("c", "c", "colour by the next thing", "Look", "colour", "Colour by the next thing"),
    Key("p", "p", "pause: hold the rows, the header goes on", "Look", "pause", "Pause or go on"),
    Key("ctrl+w", "ctrl-w", "every column; left and right scroll", "Look", "wide", "Wide table"),
    Key("ctrl+t", "ctrl-t", "next theme; :theme NAME takes any", "Look", "next_theme", "Next theme"),
    Key("question_mark", "?", "this help", "General", "help", "Help"),
    Key("ctrl+s", "ctrl-s", "save the rows as CSV, and say where", "General", "save", "Save the rows as CSV"),
    Key("ctrl+r", "ctrl-r", "read and order the rows now", "General", "refresh", "Refresh"),
    Key("ctrl+p", "ctrl-p", "every action by name", "General"),
    Key("q", "q", "quit", "General", "quit"),
)

# What a screen of text does: describe, YAML, events, why; and, with the second table, logs.
TEXT_KEYS: Final[tuple[Key, ...]] = (
    Key("escape,q", "esc q", "close", "Text", "close", "Close"),
    Key("slash", "/", "search: text or regex", "Text", "search", "Search"),
    Key("n", "n", "next line found", "Text", "found(1)", "Next line found"),
    Key("N", "N", "previous line found", "Text", "found(-1)", "Previous line found"),
    Key("w", "w", "wrap long lines, or cut them", "Text", "wrap", "Wrap or cut long lines"),
    Key("ctrl+s", "ctrl-s", "save the text, and say where", "Text", "save", "Save the text"),
    Key("c", "c", "copy the text", "Text", "copy", "Copy the text"),
    Key("ctrl+r", "ctrl-r", "read it again", "Text", "again", "Read it again"),
    Key("up,k", "up k", "one line up", "Move", "scroll(-1)", "Line up"),
    Key("down,j", "down j", "one line down", "Move", "scroll(1)", "Line down"),
    Key("pageup,ctrl+b", "pgup ctrl-b", "one page up", "Move", "page(-1)", "Page up"),
    Key("pagedown,ctrl+f,space", "pgdn space", "one page down", "Move", "page(1)", "Page down"),
    Key("home,g", "home g", "first line", "Move", "edge(-1)", "First line"),
    Key("end,G", "end G", "last line", "Move", "edge(1)", "Last line"),
    Key("left", "left", "scroll left", "Move", "sideways(-8)", "Scroll left"),
    Key("right", "right", "scroll right", "Move", "sideways(8)", "Scroll right"),
    Key("question_mark", "?", "this help", "General", "help", "Help"),
    Key("ctrl+p", "ctrl-p", "every action by name", "General"),
)
LOG_KEYS: Final[tuple[Key, ...]] = (
    Key("tab", "tab", "next container", "Logs", "container(1)", "Next container"),
    Key("shift+tab", "shift-tab", "previous container", "Logs", "container(-1)", "Previous container"),
    Key("p", "p", "the run before, after a restart", "Logs", "previous", "The run before, or this one"),
    Key("t", "t", "times before the lines", "Logs", "times", "Times before the lines"),
    Key("s", "s", "go with the last line, or stay", "Logs", "follow", "Go with the last line"),
)
