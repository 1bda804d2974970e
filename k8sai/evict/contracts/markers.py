"""Looking at a framework's commit marker from inside a pod: what is executed, which only reads, and what it says.

Two looks some seconds apart, and one from before the request, make `proof.Seen`.
"""

from dataclasses import dataclass
from typing import Final

from k8sai.evict.contracts.formats import READERS, Entry, Form, Listing, Save, newest
from k8sai.evict.contracts.proof import Seen
from k8sai.evict.facts import Contract

_MOST: Final = 5000  # entries; more than that are not judged
_TEXT: Final = 2000  # bytes of a marker file
_AGAIN: Final = "=== again"  # between two looks
_FOLDER: Final = 0x4000  # of the file type in st_mode
_TYPE: Final = 0xF000


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found: the newest finished checkpoint and the newest that is not. `why`: it could not look."""

    done: Save | None = None
    torn: Save | None = None
    why: str = ""


def look_argv(contract: Contract, again: int = 0) -> tuple[str, ...]:
    """What to execute in a pod that mounts the path; empty where nothing can be seen that way.

    It looks once, or a second time after `again` seconds, with a shell, `find`, `stat`, `head` and `sleep`. The path is
    a word of its own, never part of a script.
    """
    path = contract.path.removeprefix("file://")
    if contract.format not in READERS or not path.startswith("/"):
        return ()
    look = _script(READERS[contract.format])
    twice = (f"echo {_AGAIN}", f"sleep {again}", look) if again else ()
    return ("sh", "-c", "\n".join(('cd -- "$1" || exit 3', look, *twice)), "look", path)


def _script(form: Form) -> str:
    listed = _find((*form.names, *form.texts), form.depth)
    lines = [
        f"{listed} -exec stat -L -c '%f %Y %s %n' {{}} + | head -n {_MOST + 1}",
    ]
    if form.texts:
        read = f'for f do printf "T\\t%s\\t" "$f"; head -c {_TEXT} "$f" | tr "\\n" " "; echo; done'
        lines.append(f"{_find(form.texts, form.depth)} -type f -exec sh -c '{read}' read {{}} +")
    return "\n".join(lines)


def _find(names: tuple[str, ...], depth: int) -> str:
    tests = " -o ".join(f"-name '{name}'" for name in names)
    return f"find . -mindepth 1 -maxdepth {depth} \\( {tests} \\)"


def read_seen(contract: Contract, code: int, out: str, before: Look | None = None) -> Seen:
    """What the two looks of one command say together."""
    first, _, second = out.partition(f"{_AGAIN}\n")
    return seen(before, read_look(contract, code, first), read_look(contract, code, second))


def read_look(contract: Contract, code: int, out: str) -> Look:
    """What the command said when it ended with `code`."""
    if code == 3:
        return Look(why=f"{contract.path} is no folder in the pod")
    if code not in (0, 1):  # 1: a file has gone while it was looked at
        return Look(why=f"{contract.path} could not be looked at: the command ended with {code}")
    entries: dict[str, Entry] = {}
    texts: dict[str, str] = {}
    for line in out.split("\n"):
        if line.startswith("T\t"):
            path, _, text = line[2:].partition("\t")
            texts[path.removeprefix("./")] = text
        elif entry := _entry(line):
            entries[entry.path] = entry
    if len(entries) > _MOST:
        return Look(why=f"{contract.path} holds more than {_MOST} candidates: name the folder of this run")
    known = {path: text for path, text in texts.items() if path in entries}
    return Look(*newest(contract.format, Listing(entries, known)))


def _entry(line: str) -> Entry | None:
    """A line of `stat`: the mode in hex, seconds, bytes, the path."""
    parts = line.split(" ", 3)
    try:
        mode, time, size, path = int(parts[0], 16), float(parts[1]), int(parts[2]), parts[3]
    except (ValueError, IndexError):
        return None
    return Entry(path.removeprefix("./"), time, size, mode & _TYPE == _FOLDER)


def seen(before: Look | None, first: Look, second: Look) -> Seen:
    """What the looks say together. `before` is from before the request, None where nobody looked."""
    done, torn = second.done, second.torn
    if second.why or done is None:
        name = torn.name if torn else "checkpoint"
        why = second.why or (f"{torn.name}: {torn.why}" if torn else "")
        return Seen(name, torn.step if torn else -1, why=why, moved=None if before is None else False)
    moved = None if before is None or before.why else before.done is None or before.done != done
    return Seen(done.name, done.step, done.time, committed=True, steady=first.done == done, moved=moved)
