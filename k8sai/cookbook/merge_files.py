"""Files as documents: where each begins and ends, what object it is, and which one it is in another version."""

import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from k8sai.cookbook.merge_tree import Entry, document
from k8sai.errors import Usage

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


def pair(known: Iterable[Doc], others: Iterable[Doc]) -> None:
    """Give those of the others that are nowhere among the known the key of a known one that is not among them: the next
    of the same kind in the same file. That is what a renamed object looks like."""
    known, others = list(known), list(others)
    keys, other_keys = {doc.key for doc in known}, {doc.key for doc in others}
    left: dict[Hashable, list[Doc]] = {}
    for doc in known:
        if doc.key not in other_keys:
            left.setdefault(doc.sort, []).append(doc)
    for doc in others:
        if doc.key not in keys and left.get(doc.sort):
            doc.key = left[doc.sort].pop(0).key
