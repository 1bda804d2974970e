"""CustomResourceDefinitions in a folder of YAML or JSON files, found by the kind they define.

    folder = CrdFolder(Path("crds"))
    crd = folder.find("kueue.x-k8s.io/v1beta2", "LocalQueue")     # None where no file defines it

Definitions are large: to find one, files are searched as text, and only the document that is asked for is parsed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from k8sai.errors import NotFound, Usage
from k8sai.schema.crd import KIND, Crd
from k8sai.yaml_in import first_document

_SUFFIXES = (".yaml", ".yml", ".json")
_BREAK = re.compile(rb"^---(?:[ \t].*)?$", re.M)
_GROUP = re.compile(rb"^  group:[ \t]*[\"']?([\w.-]+)", re.M)
_NAMES = re.compile(rb"^  names:[ \t]*\n((?:(?:    .*)?\n)+)", re.M)
_NAMED = re.compile(rb"^    kind:[ \t]*[\"']?(\w+)", re.M)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a document is: its file, and its bytes' range."""

    file: Path
    start: int
    end: int


class CrdFolder:
    """All definitions below a folder. Files that come and go while it is used are not noticed."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise NotFound(f"{folder}: there is no such folder with CustomResourceDefinitions")
        self._folder = folder
        self._read: dict[_Place, Crd] = {}

    def find(self, api_version: str, kind: str) -> Crd | None:
        """The definition of a kind; of several, one that serves the version. Raises Usage for a broken file."""
        group, _, version = api_version.rpartition("/")
        found = [self._crd(place) for place in self._index.get((group, kind), ())]
        serving = (crd for crd in found if any(one.name == version and one.served for one in crd.versions))
        return next(serving, found[0] if found else None)

    def kinds(self) -> list[tuple[str, str]]:
        """Group and kind of everything that is defined here, sorted."""
        return sorted(self._index)

    @cached_property
    def _index(self) -> dict[tuple[str, str], list[_Place]]:
        index: dict[tuple[str, str], list[_Place]] = {}
        for file in sorted(self._folder.rglob("*")):
            if file.suffix in _SUFFIXES and file.is_file():
                for key, place in self._documents(file):
                    index.setdefault(key, []).append(place)
        return index

    def _documents(self, file: Path) -> Iterator[tuple[tuple[str, str], _Place]]:
        text = _bytes(file)
        if KIND.encode() not in text:
            return
        starts = [0, *(match.end() for match in _BREAK.finditer(text))]
        ends = [*(match.start() for match in _BREAK.finditer(text)), len(text)]
        for start, end in zip(starts, ends, strict=True):
            part = text[start:end]
            if KIND.encode() in part:
                place = _Place(file, start, end)
                key = _glimpse(part) or self._whole(place)
                if key:
                    yield key, place

    def _whole(self, place: _Place) -> tuple[str, str] | None:
        """The kind of a document that is not laid out as usual: it has to be parsed."""
        found = _parsed(place)
        if not isinstance(found, dict) or found.get("kind") != KIND:
            return None
        crd = self._read[place] = Crd.of(found)
        return crd.group, crd.kind

    def _crd(self, place: _Place) -> Crd:
        if place not in self._read:
            self._read[place] = Crd.of(_parsed(place))
        return self._read[place]


def _glimpse(part: bytes) -> tuple[str, str] | None:
    """Group and kind, where the document is indented as nearly all are."""
    group, names = _GROUP.search(part), _NAMES.search(part)
    kind = _NAMED.search(names[1]) if names else None
    definition = re.search(rb"^kind:[ \t]*[\"']?" + KIND.encode(), part, re.M)
    return (group[1].decode(), kind[1].decode()) if group and kind and definition else None


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Usage(f"{file} cannot be read: {error.strerror}") from error


def _parsed(place: _Place) -> Any:
    part = _bytes(place.file)[place.start : place.end]
    try:
        return msgspec.json.decode(part) if place.file.suffix == ".json" else first_document(part)
    except ValueError as error:
        kind = place.file.suffix[1:].upper()
        raise Usage(f"{place.file} is no valid {kind}: {error}") from error
