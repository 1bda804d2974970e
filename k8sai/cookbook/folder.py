"""A folder of files that somebody owns: what would be written there, and the writing, whole or not at all."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import copymode
from typing import Literal

from k8sai.cookbook.lock import NAME, Kept, Lock, digest_of
from k8sai.cookbook.render import File, Rendered
from k8sai.errors import Refused, Usage

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
    known = {each.name: each for each in old.files} if old else {}
    for name in sorted({*wanted, *known}):
        before, after = read_text(folder / name), wanted.get(name)
        ours = name in known and before is not None and known[name].digest == digest_of(before)
        if before is not None and before != after and not ours:
            if after is not None:
                foreign.append(name)
            continue
        changes.append(Change(_op(before, after), name, before, after))
    if foreign:
        which = ", ".join(str(folder / name) for name in foreign)
        raise Refused(
            f"{which}: changed by you, or not made here; nothing was written",
            f"`k8sai scaffold --update {folder}` merges; or take another folder" if old else "take another folder",
        )
    kept = tuple(Kept(name, digest_of(text), text) for name, text in wanted.items())
    return Plan(folder, tuple(each for each in changes if each.before or each.after), with_files(lock, kept))


def with_files(lock: Lock, files: tuple[Kept, ...]) -> Lock:
    """The lock with these files."""
    from dataclasses import replace

    return replace(lock, files=files)


def lock_of(rendered: Rendered, said: Mapping[str, object]) -> Lock:
    """The lock of a rendering, still without files. `said` are the parameters as they were given."""
    recipe = rendered.recipe
    return Lock(recipe.name, recipe.origin, recipe.digest, rendered.namespace, dict(said))


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
    """The text of a file, None where there is none. Raises Usage."""
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise Usage(f"{path} is not UTF-8: byte {error.start}") from error
    except OSError as error:
        raise Usage(f"{path} cannot be read: {error.strerror}") from error


def _op(before: str | None, after: str | None) -> Op:
    if before == after:
        return "unchanged"
    if before is None:
        return "create"
    return "delete" if after is None else "update"


def _replace(path: Path, text: str) -> None:
    """A link stays one: what it leads to is replaced."""
    target = path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
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
