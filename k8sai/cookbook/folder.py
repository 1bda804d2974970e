"""A folder of files that somebody owns: what would be written there, and the writing, whole or not at all."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import copymode
from typing import Literal

from k8sai.cookbook.library import BUILT_IN, PROJECT, USER
from k8sai.cookbook.lock import NAME, Kept, Lock, digest_of
from k8sai.cookbook.recipe import HEAD
from k8sai.cookbook.render import File, Rendered
from k8sai.errors import Refused, Usage

_SHELVES = (PROJECT, USER, BUILT_IN)
Op = Literal["create", "update", "unchanged", "delete", "conflict"]


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one file: its text before and after, None where there is none."""

    op: Op
    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done to a folder: its files, and the lock, which is written last."""

    folder: Path
    changes: tuple[Change, ...]
    lock: Lock

    @property
    def writes(self) -> list[Change]:
        """What is not as it should be yet."""
        return [each for each in self.changes if each.before != each.after]


def fresh(folder: Path, files: Iterable[File], lock: Lock, old: Lock | None) -> Plan:
    """The plan that makes files anew. A file that differs from what was written there before is never overwritten:
    raises Refused with all that do; Usage where something is in the way."""
    wanted = {file.name: file.text for file in files}
    changes, foreign = [], []
    known = {each.name: each.digest for each in old.files} if old else {}
    for name in sorted({*wanted, *known}):
        before, after = read_text(folder / name), wanted.get(name)
        if before not in (None, after) and known.get(name) != digest_of(before or ""):
            foreign.append(name)
        elif change := changed(name, before, after):
            changes.append(change)
    if foreign:
        which = ", ".join(str(folder / name) for name in foreign)
        raise Refused(
            f"{which}: changed by you, or not made here; nothing was written",
            f"`k8sai scaffold --update {folder}` merges; or take another folder" if old else "take another folder",
        )
    kept = tuple(Kept(name, digest_of(text), text) for name, text in wanted.items())
    return Plan(folder, tuple(changes), replace(lock, files=kept))


def changed(name: str, before: str | None, after: str | None, *, conflict: bool = False) -> Change | None:
    """What becomes of a file; None where there was none and there will be none."""
    if before is None and after is None:
        return None
    op: Op = "update"
    if conflict:
        op = "conflict"
    elif before == after:
        op = "unchanged"
    elif before is None or after is None:
        op = "create" if before is None else "delete"
    return Change(op, name, before, after)


def lock_of(rendered: Rendered, said: Mapping[str, object], folder: Path, layout: Mapping[str, object]) -> Lock:
    """The lock of a rendering in this folder, still without files. `said` are the parameters as they were given."""
    recipe = rendered.recipe
    origin = recipe.origin
    if origin not in _SHELVES:
        origin = Path(os.path.relpath(recipe.folder, folder.resolve())).as_posix()
    return Lock(recipe.name, origin, recipe.digest, rendered.namespace, dict(said), layout={**layout})


def origin_folder(folder: Path, lock: Lock) -> Path | None:
    """The folder of the recipe, where it was none of the usual ones and is still there."""
    place = folder / lock.origin
    return place if lock.origin not in _SHELVES and (place / HEAD).is_file() else None


def write(plan: Plan) -> None:
    """Do it: each file by renaming a complete one over it, the lock last. Whatever stops it in between, the old lock is
    there and every file is either as before or as planned: the same command then ends what was begun. Raises Usage."""
    try:
        plan.folder.mkdir(parents=True, exist_ok=True)
        for change in plan.writes:
            if change.after is None:
                (plan.folder / change.name).unlink(missing_ok=True)
            else:
                _replace(plan.folder / change.name, change.after)
        if read_text(plan.folder / NAME) != plan.lock.text():
            _replace(plan.folder / NAME, plan.lock.text())
    except OSError as error:
        raise Usage(f"{error.filename or plan.folder} cannot be written: {error.strerror}") from error


def read_text(path: Path) -> str | None:
    """The text of a file, None where there is none; lines end with a line feed, whatever they end with in the file.
    Raises Usage."""
    try:
        return path.read_bytes().decode().replace("\r\n", "\n")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise Usage(f"{path} is not UTF-8: byte {error.start}") from error
    except OSError as error:
        raise Usage(f"{path} cannot be read: {error.strerror}") from error


def _replace(path: Path, text: str) -> None:
    """A link stays one: what it leads to is replaced. Line ends stay as they are in the file."""
    target = path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists() and b"\r\n" in target.read_bytes():
        text = text.replace("\n", "\r\n")
    whole = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with whole.open("wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            copymode(target, whole)
        whole.replace(target)
    finally:
        whole.unlink(missing_ok=True)
