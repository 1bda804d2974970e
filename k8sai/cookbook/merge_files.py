"""Files as documents: where each begins and ends, what object it is, and which one it is in another version."""

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from k8sai.cookbook.merge_tree import Entry, document
from k8sai.errors import Usage

_ALIKE = 0.5
_EVERYWHERE = ("apiVersion:", "kind:", "metadata:")
_SEPARATOR = re.compile(r"---(\s.*)?")


@dataclass(slots=True)
class Doc:
    """A document of a file; `above` is the line `---` that it begins after, "" where the file begins with it."""

    file: str
    place: int
    above: str
    entry: Entry
    key: Hashable = None

    @property
    def sort(self) -> Hashable:
        """What else a document is when it was renamed: one of the same file and kind."""
        kind = identity(self.entry.value)
        return (self.file, kind[:2] if kind else None)


def split(file: str, text: str) -> list[Doc]:
    """The documents of a file in their order, among them those that are comments alone.

    Raises Usage with the place where this is no YAML.
    """
    found: list[Doc] = []
    above, part, begun = "", list[str](), 1
    for number, line in enumerate([*text.splitlines(), None], 1):
        if line is not None and not _SEPARATOR.fullmatch(line):
            part.append(line)
            continue
        if any(each.strip() for each in part):
            found.append(Doc(file, len(found), above, document(part, _value(file, part, begun))))
        if line is not None and line[3:].strip() and not line[3:].strip().startswith("#"):
            raise Usage(f"{file}:{number}: begin the document on a line of its own, below ---")
        above, part, begun = line or "", [], number + 1
    return found


def _value(file: str, part: Sequence[str], begun: int) -> Any:
    from k8sai.yaml_in import placed_documents

    try:
        values = placed_documents(("\n" * (begun - 1) + "\n".join(part) + "\n").encode())
    except ValueError as error:
        raise Usage(f"{file}: {error}") from error
    return values[0][1] if values else None


def identity(value: Any) -> tuple[str, str, str, str] | None:
    """Group, kind, namespace and name of an object; None of what is none."""
    if not isinstance(value, dict):
        return None
    version, kind, meta = value.get("apiVersion"), value.get("kind"), value.get("metadata")
    if not isinstance(version, str) or not isinstance(kind, str) or not isinstance(meta, dict):
        return None
    return version.rpartition("/")[0], kind, str(meta.get("namespace") or ""), str(meta.get("name") or "")


def named(value: Any) -> str:
    """`Deployment/qwen`; "" of what is no object."""
    found = identity(value)
    return f"{found[1]}/{found[3]}" if found else ""


def documents(files: Mapping[str, str]) -> list[Doc]:
    """All documents of these files, each with a key: its identity, or its place where it is no object, or not alone."""
    found = [doc for file, text in sorted(files.items()) for doc in split(file, text)]
    seen: set[Hashable] = set()
    for doc in found:
        key: Hashable = identity(doc.entry.value) or (doc.file, doc.place)
        doc.key = (doc.file, doc.place, key) if key in seen else key
        seen.add(doc.key)
    return found


def pair(known: Sequence[Doc], one: Sequence[Doc], other: Sequence[Doc]) -> None:
    """Give documents of two versions that are not in the known one the keys of known ones that they lack: of one in the
    same file, of the same kind, and alike by half its lines at least. So a renamed object looks."""
    ones, others = [doc.key for doc in one], [doc.key for doc in other]
    _rename(other, _renamed(known, one, others))
    _rename(one, _renamed(known, other, ones))


def _renamed(known: Sequence[Doc], docs: Sequence[Doc], elsewhere: Sequence[Hashable]) -> dict[Hashable, Hashable]:
    """The new keys by the old, given to these already. What is elsewhere under its own name was not renamed, unless the
    known one is not there either."""
    keys, own = {doc.key for doc in known}, {doc.key for doc in docs}
    left = [doc for doc in known if doc.key not in own]
    names: dict[Hashable, Hashable] = {}
    for doc in docs:
        if doc.key in keys:
            continue
        near = [each for each in left if each.sort == doc.sort]
        if doc.key in elsewhere:
            near = [each for each in near if each.key not in elsewhere]
        likeness, found = max(((_likeness(each, doc), each) for each in near), key=_first, default=(0.0, None))
        if found is not None and likeness >= _ALIKE:
            left.remove(found)
            names[doc.key] = found.key
            doc.key = found.key
    return names


def _rename(docs: Sequence[Doc], names: Mapping[Hashable, Hashable]) -> None:
    """The same of those that have the new name already, and not the old one."""
    own = {doc.key for doc in docs}
    for doc in docs:
        if doc.key in names and names[doc.key] not in own:
            doc.key = names[doc.key]


def _first(pair: tuple[float, Doc]) -> float:
    return pair[0]


def _likeness(one: Doc, other: Doc) -> float:
    """From 0 to 1, by the lines that not every object has."""
    own, others = ([line for line in each.entry.lines if not line.startswith(_EVERYWHERE)] for each in (one, other))
    return SequenceMatcher(None, own, others, autojunk=False).ratio() if own and others else 0.0
