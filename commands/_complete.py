"""Answers `kubectl_complete-ai_*` and the shells: candidates for the word under the cursor, from a table.

Protocol (kubectl's, KEP-2379): the arguments are the words after the command, the one under the cursor last; a
candidate per line, a tab and a description after it; the last line is `:N`, where the bit 4 means "no file names", and
the bit 2 "no space after it".
Whatever goes wrong, there are no candidates and no words about it: a shell's line is no place for errors.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ARGUMENTS = ""  # the words that belong to no flag, among those that do
_NO_FILES = 4
_NO_SPACE = 2
_FILES = 0
_LONGEST = 70  # characters of a description

Node = Mapping[str, Any]
Candidate = tuple[str, str]


def main() -> None:
    """The entry of every `kubectl_complete-…` script."""
    name = Path(sys.argv[0]).name.removesuffix(".exe")
    try:
        found, directive = complete(sys.argv[1:], _root(name))
        lines = [f"{word}\t{said}" if said else word for word, said in found]
        sys.stdout.write("\n".join([*lines, f":{directive}"]) + "\n")
        sys.stdout.flush()
    except Exception:
        _silent()


def _silent() -> None:
    import os

    try:
        sys.stdout.write(f":{_NO_FILES}\n")
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _root(executable: str) -> Node:
    """What the executable's name says to start from: one command, or all of them as verbs."""
    import k8sai.completions

    table = json.loads((Path(k8sai.completions.__file__).parent / "commands.json").read_bytes())
    command = executable.removeprefix("kubectl_complete-ai_")
    if command != executable:
        return dict(table[command])
    top = [
        {"names": ["-h", "--help"], "help": "Show the commands."},
        {"names": ["--version"], "help": "Show the version."},
    ]
    return {"verbs": table, "flags": top, "arguments": []}


def complete(words: list[str], root: Node) -> tuple[list[Candidate], int]:
    """Candidates for the last word and the directive."""
    before, current = words[:-1], words[-1] if words else ""
    node, used, waiting, place = _walk(before, root)
    if waiting is not None:
        return _values(waiting, current, used)
    flag, equals, partial = current.partition("=")
    if current.startswith("-") and equals:
        described = _flag(node, flag)
        return _values(described["value"], partial, used) if described and "value" in described else ([], _NO_FILES)
    if current.startswith("-") and "--" not in before:
        return _matching(_flags_left(node, used), current), _NO_FILES
    if "verbs" in node:
        return _matching(((name, verb["help"]) for name, verb in node["verbs"].items()), current), _NO_FILES
    argument = _argument(node, place)
    return _values(argument["value"], current, used) if argument else ([], _NO_FILES)


def _walk(before: Iterable[str], root: Node) -> tuple[Node, dict[str, list[str]], Node | None, int]:
    """Where the words lead: the verb reached, the flags used with values, the value awaited, and how many arguments."""
    node, used, place, only_arguments = root, dict[str, list[str]](), 0, False
    waiting: Node | None = None
    awaiting = ""
    for word in before:
        if waiting is not None:
            used[awaiting].append(word)
            waiting = None
        elif word == "--":
            only_arguments = True
        elif word.startswith("-") and not only_arguments:
            name, equals, value = word.partition("=")
            described = _flag(node, name)
            long = described["names"][-1] if described else name
            used.setdefault(long, [])
            if equals:
                used[long].append(value)
            elif described and "value" in described:
                waiting, awaiting = described["value"], long
        elif "verbs" in node and word in node["verbs"]:
            node = node["verbs"][word]
        else:
            place += 1
            used.setdefault(ARGUMENTS, []).append(word)
    return node, used, waiting, place


def _flag(node: Node, name: str) -> Node | None:
    return next((flag for flag in node["flags"] if name in flag["names"]), None)


def _flags_left(node: Node, used: Mapping[str, object]) -> Iterable[Candidate]:
    """The flags by their long names; those given already only where they may be repeated."""
    for flag in node["flags"]:
        long = flag["names"][-1]
        if flag.get("repeats") or long not in used:
            yield long, flag["help"]


def _argument(node: Node, place: int) -> Node | None:
    arguments = node["arguments"]
    if place < len(arguments):
        return dict(arguments[place])
    return dict(arguments[-1]) if arguments and arguments[-1].get("repeats") else None


def _values(value: Node, current: str, used: Mapping[str, list[str]]) -> tuple[list[Candidate], int]:
    if "words" in value:
        return _matching(((word, "") for word in value["words"]), current), _NO_FILES
    source = value["from"]
    if source == "files":
        return [], _FILES
    if source == "nowhere":
        return [], _NO_FILES
    if source == "recipes" and ("/" in current or {"--update", "--check"} & used.keys()):
        return [], _FILES
    if source in ("recipes", "parameters"):
        from k8sai.commands import _recipe_words

        words = _recipe_words.words(source, used.get(ARGUMENTS, ()), used.get("--recipe-dir", ()))
        return _matching(words, current), _NO_FILES | (_NO_SPACE if source == "parameters" else 0)
    from k8sai.commands import _objects

    return _matching(((name, "") for name in _objects.names(source, used)), current), _NO_FILES


def _matching(candidates: Iterable[Candidate], current: str) -> list[Candidate]:
    return [(word, _short(said)) for word, said in candidates if word.startswith(current)]


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


if __name__ == "__main__":
    main()
