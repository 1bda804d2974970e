"""Files of yours, and what a recipe makes now, merged over what it made before: three ways, by objects and merge keys.

    merge(base, yours, new).files      # name -> text, None where the file goes

Objects are known by group, kind, namespace and name, in whatever file they are; one that was renamed by its place and
its likeness. A text that only one side changed is that side's, byte for byte.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from k8sai.cookbook.merge_entries import Piece, merged, ordered
from k8sai.cookbook.merge_files import Doc, documents, named, pair
from k8sai.cookbook.merge_marks import GONE, Clash, Mark, marked, resolved
from k8sai.cookbook.merge_shape import shape_of_object
from k8sai.cookbook.merge_tree import Entry
from k8sai.schema.correlation import same

Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Conflict:
    """What somebody must decide: the file and the line of the first mark, the object, and the clash.

    `origin` is the file that the recipe has the object in.
    """

    file: str
    origin: str
    line: int
    object: str
    clash: Clash


@dataclass(frozen=True, slots=True)
class Merged:
    """Every file with its text, None where it is no more; and what is in conflict, in the order of the files."""

    files: dict[str, str | None]
    conflicts: tuple[Conflict, ...] = ()


@dataclass(slots=True)
class _Part:
    """A document of a merged file."""

    above: str
    piece: Piece
    object: str
    origin: str


def merge(base: Texts, yours: Texts, new: Texts) -> Merged:
    """The three versions as one. Raises Usage where one is no YAML."""
    names = sorted({*base, *yours, *new})
    for same_as, taken in ((yours, new), (new, yours)):
        if same_as == base:
            return Merged({name: taken.get(name) for name in names})
    if yours == new:
        return Merged({name: yours.get(name) for name in names})
    old, own, other = documents(base), documents(yours), documents(new)
    pair(old, other, own)
    return _Folder(old, own, other).merged(names)


class _Folder:
    """The documents of the three versions."""

    def __init__(self, old: list[Doc], own: list[Doc], other: list[Doc]) -> None:
        self._old, self._own, self._other = ({doc.key: doc for doc in each} for each in (old, own, other))

    def merged(self, names: list[str]) -> Merged:
        texts: dict[str, str | None] = dict.fromkeys(names)
        conflicts: list[Conflict] = []
        for name in names:
            lines: list[str] = []
            for key in self._order(name):
                part = self._part(key)
                if part is None:
                    continue
                if lines or (part.above and key == self._first(name)):
                    lines.append(part.above or "---")
                for line in part.piece.lines:
                    lines.append(line)
                    if isinstance(line, Mark):
                        conflicts.append(Conflict(name, part.origin, len(lines), part.object, line.clash))
            if lines:
                texts[name] = "\n".join(lines) + "\n"
        return Merged(texts, tuple(conflicts))

    def _order(self, name: str) -> list[Hashable]:
        """The documents of one merged file: where yours are, there they stay."""
        own = [key for key, doc in self._own.items() if doc.file == name]
        other = [key for key, doc in self._other.items() if doc.file == name]
        elsewhere = {key for key in other if key in self._own and self._own[key].file != name}
        return ordered(own, [key for key in other if key not in elsewhere])

    def _first(self, name: str) -> Hashable:
        return next((key for key, doc in self._own.items() if doc.file == name), None)

    def _part(self, key: Hashable) -> _Part | None:
        old, own, other = self._old.get(key), self._own.get(key), self._other.get(key)
        shown = own or other
        assert shown is not None
        base, yours, new = (each.entry if each else None for each in (old, own, other))
        value = shown.entry.value
        piece = merged(base, yours, new, 0, shape_of_object(value), "")
        if piece is not None and not _holds(piece):
            piece = _whole(base, yours, new)
        return _Part(shown.above, piece, named(value), (other or old or shown).file) if piece else None


def _holds(piece: Piece) -> bool:
    """Whether the lines say what they should, whichever side is taken where there are marks. The values were merged
    apart from the lines, so that a mistake in either is seen here."""
    sides = ((piece.yours, resolved(piece.lines, "yours")), (piece.recipe, resolved(piece.lines, "recipe")))
    return all(_says(list(lines), value) for value, lines in sides)


def _says(lines: list[str], value: Any) -> bool:
    """Whether the lines are a document with this value; comments alone where there is none."""
    from k8sai.yaml_in import documents as parsed

    try:
        found = parsed(("\n".join(lines) + "\n").encode())
    except ValueError:
        return False
    return same(found[0] if found else None, None if value is GONE else value)


def _whole(*versions: Entry | None) -> Piece:
    """Documents whose lines cannot be merged for sure: all of it is one conflict."""
    base, yours, new = (each.lines if each else [] for each in versions)
    values = [each.value if each else GONE for each in versions]
    return Piece(marked(Clash("", *values), base, yours, new), values[1], values[2])
