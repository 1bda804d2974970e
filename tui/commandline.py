"""The language of `:`: panes by name, and a few words for everything else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Verb = Literal["quit", "help", "pane", "context", "namespace", "theme", "unknown"]
_VERBS: Final[dict[str, Verb]] = {
    **dict.fromkeys(("q", "q!", "quit", "exit"), "quit"),
    **dict.fromkeys(("help", "h", "?"), "help"),
    **dict.fromkeys(("ctx", "context", "contexts"), "context"),
    **dict.fromkeys(("ns", "namespace", "namespaces"), "namespace"),
    **dict.fromkeys(("theme", "themes", "skin"), "theme"),
}
WORDS: Final = ("ctx", "ns", "theme", "help", "quit")  # what completion offers besides panes


@dataclass(frozen=True, slots=True)
class Command:
    """What a line asks for. `what` is the word that says it, `rest` what follows."""

    verb: Verb
    what: str = ""
    rest: str = ""


def parse(line: str, panes: Sequence[str]) -> Command:
    """A finished line; `panes` are all words panes are known by."""
    what, _, rest = line.strip().partition(" ")
    word = what.lower()
    if word in panes:
        return Command("pane", word, rest.strip())
    return Command(_VERBS.get(word, "unknown"), what, rest.strip())


def complete(line: str, first: Sequence[str], following: Mapping[str, Sequence[str]]) -> list[str]:
    """Whole lines that the typed one may become: `first` are first words, `following` what each may be followed by."""
    word, space, rest = line.lstrip().partition(" ")
    if not space:
        return [each for each in first if each.startswith(word.lower())]
    begun = rest.lstrip()
    return [f"{word} {each}" for each in following.get(word.lower(), ()) if each.startswith(begun)]
