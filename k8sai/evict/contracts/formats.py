"""What a finished checkpoint looks like, framework by framework: its commit marker, and what says that it is torn.

Sources: transformers' Trainer (trainer_state.json, checkpoint-is-incomplete.txt), Lightning (files that are renamed
into place), NeMo (`-unfinished`), Megatron and DeepSpeed (a tracker file written last), torch DCP (`.metadata`, written
last by the coordinator), Orbax (folders renamed into place), and the workload's file of ours (k8sai-complete.json).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from k8sai.errors import Usage
from k8sai.evict.contracts.acks import ack

COMPLETE: Final = "k8sai-complete.json"
_TMP: Final = ".orbax-checkpoint-tmp"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or a folder, as it was listed; `time` is its mtime in epoch seconds."""

    path: str
    time: float
    size: int
    folder: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """One look at a folder: entries by path, and what small marker files hold."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Save:
    """One checkpoint. `marker` is what was read to know it; `why` says why it is not finished, empty where it is."""

    name: str
    step: int
    time: float
    marker: Entry
    why: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """How a format is read: names that are listed, so many folders deep, and names whose text is read as well."""

    read: Callable[[Listing], Iterator[Save]]
    depth: int
    names: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()


def _hf(listing: Listing) -> Iterator[Save]:
    for entry in _folders(listing, r"checkpoint-(\d+)"):
        state = listing.entries.get(f"{entry.path}/trainer_state.json")
        torn = f"{entry.path}/checkpoint-is-incomplete.txt" in listing.entries
        why = (
            "checkpoint-is-incomplete.txt is there" if torn else "" if state else "trainer_state.json is not there yet"
        )
        yield _save(entry, state, why)


def _lightning(listing: Listing) -> Iterator[Save]:
    for entry in listing.entries.values():
        if not entry.path.endswith(".ckpt"):
            continue
        inside = [listing.entries.get(f"{entry.path}/{name}") for name in (".metadata", "latest")]
        marker = next((one for one in inside if one), None) if entry.folder else entry
        yield _save(entry, marker, "" if marker else "it has neither .metadata nor latest yet")


def _nemo(listing: Listing) -> Iterator[Save]:
    for entry in listing.entries.values():
        name = _name(entry.path)
        if "step=" not in name or name.endswith("-unfinished"):
            continue
        stem = entry.path.removesuffix(".nemo").removesuffix(".ckpt").removesuffix("-EMA")
        torn = f"{stem}-unfinished" in listing.entries
        yield _save(entry, entry, f"{_name(stem)}-unfinished is there" if torn else "")


def _megatron(listing: Listing) -> Iterator[Save]:
    yield from _tracked(listing, "latest_checkpointed_iteration.txt", r"(\d+)", lambda step: f"iter_{step:07d}")


def _deepspeed(listing: Listing) -> Iterator[Save]:
    yield from _tracked(listing, "latest", r"(?:global_step)?(\d+)", lambda step: f"global_step{step}")


def _tracked(listing: Listing, tracker: str, pattern: str, folder: Callable[[int], str]) -> Iterator[Save]:
    """The tracker names the newest finished checkpoint; its folder has to be there."""
    for path, text in listing.texts.items():
        if _name(path) != tracker:
            continue
        entry, found = listing.entries[path], re.fullmatch(pattern, text.strip())
        if found is None:
            yield Save(path, -1, entry.time, entry, f"it says {text.strip()[:40]!r}, which names no step")
            continue
        step = int(found[1])
        name = f"{path.rpartition('/')[0]}/{folder(step)}".lstrip("/")
        there = name in listing.entries
        yield Save(path, step, entry.time, entry, "" if there else f"{folder(step)}, which it names, is not there")


def _dcp(listing: Listing) -> Iterator[Save]:
    for entry in _folders(listing, r"(?:.*\D)?(\d+)"):
        marker = listing.entries.get(f"{entry.path}/.metadata")
        yield _save(entry, marker, "" if marker else ".metadata is not there yet")
    if ".metadata" in listing.entries:
        yield Save(".metadata", -1, listing.entries[".metadata"].time, listing.entries[".metadata"])


def _orbax(listing: Listing) -> Iterator[Save]:
    """Folders of the top are steps; one that is being written bears another name, or holds a part that does."""
    torn = {path.partition("/")[0] for path in listing.entries if _TMP in path}
    for entry in listing.entries.values():
        name = entry.path.partition(_TMP)[0]
        if entry.folder and "/" not in entry.path and re.fullmatch(r"(?:.*[_-])?(\d+)", name):
            why = f"{_TMP[1:]} is there" if entry.path in torn else ""
            yield Save(entry.path, _step(name), entry.time, entry, why)


def _custom(listing: Listing) -> Iterator[Save]:
    """The marker is an ack: it says itself which step it is, and whether all ranks are in it."""
    for path, text in listing.texts.items():
        if not path.endswith(COMPLETE):
            continue
        entry = listing.entries[path]
        try:
            said = ack(_head(text))
        except Usage as error:
            yield Save(path, -1, entry.time, entry, f"{path} cannot be read: {error.message}")
            continue
        why = "" if said.complete else "it says that it is not complete"
        why = why or (f"it holds {said.ranks} of {said.world} ranks" if said.ranks != said.world else "")
        yield Save(path, said.step, said.time or entry.time, entry, why)


def _head(text: str) -> str:
    """Without the list of files, which may be too long to have been read to its end."""
    head, found, _ = text.partition('"files"')
    return head.rstrip().rstrip(",") + "}" if found else text


def _folders(listing: Listing, pattern: str) -> Iterator[Entry]:
    for entry in listing.entries.values():
        if entry.folder and re.fullmatch(pattern, _name(entry.path)):
            yield entry


def _save(entry: Entry, marker: Entry | None, why: str) -> Save:
    """Dated by its marker; by itself as long as there is none."""
    return Save(entry.path, _step(_name(entry.path)), (marker or entry).time, marker or entry, why)


def _step(name: str) -> int:
    """Of `epoch=3-step=8120-v1.ckpt`, `checkpoint-8120`, `8120`; -1 for `last.ckpt`."""
    found = re.search(r"step[=_-]?(\d+)", name) or re.search(r"(\d+)$", name)
    return int(found[1]) if found else -1


def _name(path: str) -> str:
    return path.rpartition("/")[2]


READERS: Final[Mapping[str, Form]] = {
    "hf": Form(_hf, 3, ("checkpoint-*", "trainer_state.json")),
    "lightning": Form(_lightning, 5, ("*.ckpt", ".metadata", "latest")),
    "nemo": Form(_nemo, 4, ("*step=*", "*-unfinished")),
    "megatron": Form(_megatron, 2, ("iter_*",), ("latest_checkpointed_iteration.txt",)),
    "dcp": Form(_dcp, 3, ("*[0-9]", ".metadata")),
    "deepspeed": Form(_deepspeed, 2, ("global_step*",), ("latest",)),
    "orbax": Form(_orbax, 2, ("*[0-9]", f"*{_TMP}*")),
    "custom": Form(_custom, 3, (), (f"*{COMPLETE}",)),
}


def newest(form: str, listing: Listing) -> tuple[Save | None, Save | None]:
    """The newest finished checkpoint, and the newest that is not. A later step is newer; without steps a later time."""
    saves = list(READERS[form].read(listing))
    steps = all(one.step >= 0 for one in saves)
    saves.sort(key=lambda one: (one.step if steps else 0, one.time))
    done = [one for one in saves if not one.why]
    torn = [one for one in saves if one.why]
    return (done[-1] if done else None), (torn[-1] if torn else None)
