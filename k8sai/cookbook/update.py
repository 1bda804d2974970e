"""A folder brought up to what its recipe makes now, with what was changed in it by hand kept.

The lock says what the recipe made before. Where a file ends up with conflict marks, the lock keeps its old base, and
beside it the new one: that counts from when the marks are gone. If the file is put back as it was before the merge, and
that is more than to decide for yours everywhere, the old one counts again. So a decision is asked for once, and none is
taken for granted.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from k8sai.cookbook.folder import Plan, changed, read_text
from k8sai.cookbook.lock import Kept, Lock, Marked, digest_of
from k8sai.cookbook.merge import Conflict, Merged, merge
from k8sai.cookbook.merge_files import identity, split
from k8sai.cookbook.merge_marks import first_mark, resolved
from k8sai.cookbook.render import File
from k8sai.errors import Usage

_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Update:
    """What an update would do. `unsolved` are files, with the line, whose marks of an earlier one are still there:
    then nothing would be done."""

    plan: Plan
    conflicts: tuple[Conflict, ...] = ()
    unsolved: tuple[tuple[str, int], ...] = ()


def update(folder: Path, old: Lock, files: Iterable[File], lock: Lock) -> Update:
    """The files of the folder merged with these, which `lock` (still without files) describes. Raises Usage."""
    new = {file.name: file.text for file in files}
    bases = {kept.name: kept for kept in old.files}
    yours = dict(_yours(folder, {*bases, *new}))
    unsolved = tuple((name, line) for name, text in yours.items() if (line := first_mark(text)))
    if unsolved:
        return Update(Plan(folder, (), old), unsolved=unsolved)
    digests = {digest_of(text) for text in yours.values()}
    base = {name: text for name, kept in bases.items() if (text := _base(kept, digests))}
    for name in _strangers(yours, base, new):
        del yours[name]
    merged = merge(base, yours, new)
    marked = {conflict.file for conflict in merged.conflicts}
    changes = (
        changed(name, yours.get(name), text, conflict=name in marked) for name, text in sorted(merged.files.items())
    )
    kept = tuple(_kept(base, yours, new, merged))
    plan = Plan(folder, tuple(each for each in changes if each), replace(lock, files=kept))
    return Update(plan, merged.conflicts)


def _yours(folder: Path, names: set[str]) -> Iterator[tuple[str, str]]:
    """The files that were made here, and every other YAML file beside them: an object may have been moved there."""
    found = set(names)
    for parent in {(folder / name).parent for name in names}:
        beside = (each for each in parent.glob("*") if each.suffix in _SUFFIXES and each.is_file())
        found |= {each.relative_to(folder).as_posix() for each in beside}
    for name in sorted(found):
        text = read_text(folder / name)
        if text is not None:
            yield name, text


def _strangers(yours: dict[str, str], base: dict[str, str], new: dict[str, str]) -> list[str]:
    """Files that the recipe never made and that hold none of its objects, or that cannot be read."""
    made = [each for files in (base, new) for each in files.items()]
    known = {identity(doc.entry.value) for name, text in made for doc in split(name, text)}
    found = []
    for name, text in yours.items():
        if name in base or name in new:
            continue
        try:
            own = {identity(doc.entry.value) for doc in split(name, text)}
        except Usage:
            own = set()
        if not (own & known) - {None}:
            found.append(name)
    return found


def _base(kept: Kept, digests: set[str]) -> str:
    if kept.marked is None or kept.marked.before in digests:
        return kept.base
    return kept.marked.base


def _kept(base: dict[str, str], yours: dict[str, str], new: dict[str, str], merged: Merged) -> Iterator[Kept]:
    """What the lock will know of each file."""
    where: dict[str, str] = {}
    for conflict in merged.conflicts:
        where.setdefault(conflict.origin, conflict.file)
    for name in sorted({*new, *where}):
        if name in where:
            old, before = base.get(name, ""), yours.get(where[name], "")
            decided = "".join(f"{line}\n" for line in resolved((merged.files[where[name]] or "").splitlines(), "yours"))
            undone = "" if decided == before else digest_of(before)
            yield Kept(name, digest_of(old), old, Marked(undone, new.get(name, "")))
        else:
            yield Kept(name, digest_of(new[name]), new[name])
