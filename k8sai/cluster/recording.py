"""A cluster in one file: written by us, or printed by `kubectl get nodes,pods,… -A -o json`.

    {apiVersion: k8sai.dev/v1alpha1, kind: Recording, at, context, serverVersion, hidden: [{kind, state, …}],
     objects: {nodes: [...], pods: [...], …}, others: {"jobs.batch": [...], …}}

in gzip, all as Kubernetes writes it. `objects` are the kinds the fleet is built from, and of these only the fields in
`facts`; `others` are whole objects, as far as whoever saves them gives them: no Secret can be in it.
"""

import gzip
import os
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from shlex import quote
from tempfile import mkstemp
from typing import Any, NamedTuple

import msgspec

from k8sai import facts
from k8sai.ages import stamp
from k8sai.cluster import amounts, kubectl_list
from k8sai.cluster.objects import Json
from k8sai.cluster.recorded_objects import RecordedObjects, full
from k8sai.cluster.sources import KINDS, Kind, Sink, Source, State
from k8sai.errors import NotFound, Refused, Usage
from k8sai.facts import Object

API_VERSION = "k8sai.dev/v1alpha1"
_GZIP = b"\x1f\x8b"
_PACKED = 6  # of 9: the rest costs four times the time for a hundredth of the size
_IN_FULL = frozenset(map(full, KINDS))
_NAMED = 8  # kinds in a hint
_MAKE_ONE = "make one with: kubectl get nodes,pods -A -o json > FILE"


@dataclass(frozen=True, slots=True)
class Recorded:
    """Of which cluster and when (ISO time); each kind is a Source in state `once`, or as it was when recorded.

    `sources` are of the kinds of facts, `others` of the kinds that are kept whole, in full. `redacted` files have
    hashes for names.
    """

    context: str
    at: str
    server_version: str
    sources: tuple[Source, ...]
    others: tuple[Source, ...] = ()
    redacted: bool = False


@dataclass(frozen=True, slots=True)
class Feed:
    """Gives the facts of a file to a sink; to as many as there are, one after the other."""

    facts: Mapping[Kind, Sequence[Object]]

    def __call__(self, sink: Sink) -> None:
        for kind in KINDS:
            sink.replace(kind, self.facts.get(kind, ()))


class Opened(NamedTuple):
    """A file that was read and found right."""

    recorded: Recorded
    feed: Feed
    objects: RecordedObjects


class _Hidden(msgspec.Struct, rename="camel", omit_defaults=True):
    """A kind that could not be read, or not in all namespaces, when the recording was made."""

    kind: str
    state: State
    namespace: str = ""
    message: str = ""
    hint: str = ""


class _Objects(msgspec.Struct, omit_defaults=True):
    """By plural."""

    nodes: list[facts.Node] = []
    pods: list[facts.Pod] = []
    resourceslices: list[facts.ResourceSlice] = []
    resourceclaims: list[facts.ResourceClaim] = []
    deviceclasses: list[facts.DeviceClass] = []
    devicetaintrules: list[facts.DeviceTaintRule] = []


class _Document(msgspec.Struct, rename="camel"):
    api_version: str
    kind: str
    at: str
    context: str = ""
    server_version: str = ""
    redacted: bool = False
    hidden: list[_Hidden] = []
    objects: _Objects = msgspec.field(default_factory=_Objects)
    others: dict[str, list[msgspec.Raw]] = {}


class _Head(msgspec.Struct, rename="camel"):
    api_version: str = ""
    kind: str = ""


def save(
    path: Path,
    *,
    context: str,
    at: str,
    objects: Mapping[Kind, Iterable[Object]],
    others: Mapping[str, Iterable[Json | msgspec.Raw]] | None = None,
    hidden: Iterable[Source] = (),
    server_version: str = "",
    redacted: bool = False,
    overwrite: bool = True,
) -> None:
    """Write the file, whole or not at all, for nobody else to read. `hidden` are the sources of kinds, with facts or
    whole, that could not be read completely or are not served; `others` are read while they are written.

    Raises Usage, and Refused where the file is there already and may not be overwritten.
    """
    head = {
        "apiVersion": API_VERSION,
        "kind": "Recording",
        "at": at,
        "context": context,
        "serverVersion": server_version,
        **({"redacted": True} if redacted else {}),
        "hidden": [_Hidden(s.kind, s.state, s.namespace, s.message, s.hint) for s in hidden],
    }
    try:
        number, name = mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise Usage(f"cannot write {path}: {error.strerror}") from error
    beside = Path(name)
    try:
        with os.fdopen(number, "wb") as plain, gzip.GzipFile("", "wb", _PACKED, plain, mtime=0) as file:
            file.write(msgspec.json.encode(head)[:-1])
            _write_lists(file, "objects", {kind: objects.get(kind, ()) for kind in KINDS})
            _write_lists(file, "others", others or {})
            file.write(b"}")
        if not overwrite and path.exists():
            raise Refused(f"{path} is there already", "give it another name, or --force")
        beside.replace(path)
    except OSError as error:
        raise Usage(f"cannot write {path}: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)


def _write_lists(file: gzip.GzipFile, name: str, lists: Mapping[str, Iterable[object]]) -> None:
    """One object at a time: nobody holds all of a large cluster as text."""
    file.write(f',"{name}":{{'.encode())
    for number, (kind, found) in enumerate(lists.items()):
        file.write(b"," if number else b"")
        file.write(msgspec.json.encode(kind) + b":[")
        for place, one in enumerate(found):
            file.write(b"," if place else b"")
            file.write(msgspec.json.encode(one))
        file.write(b"]")
    file.write(b"}")


def load(path: Path, sink: Sink) -> Recorded:
    """Put what the file holds into the sink. Raises NotFound, and Usage that says what is wrong and where."""
    recorded, feed, _ = open_recording(path)
    feed(sink)
    return recorded


def open_recording(path: Path, *, groups: Collection[str] = ()) -> Opened:
    """What a file holds, for any question: `recorded, feed, objects = open_recording(path)`.

    A List without nodes and pods is refused, unless it holds kinds of one of the API `groups`.

    `feed(sink)` puts the facts into a fleet or a board, `objects` answers as `LiveObjects` does for a server. Raises
    NotFound, and Usage that says what is wrong and where.
    """
    document = _as_json(path, _unpacked(path, _bytes(path)))
    try:
        head = msgspec.json.decode(document, type=_Head)
    except msgspec.ValidationError:
        head = _Head()
    except msgspec.DecodeError as error:
        raise Usage(f"{path} is not whole JSON: {error}", "was it cut off while it was copied?") from error
    if head.kind == "Recording" and head.api_version.startswith("k8sai.dev/"):
        opened = _recording(path, head, document)
    elif kubectl_list.is_list(document):
        opened = _printed(path, document, groups)
    else:
        raise Usage(f"{path} is neither a recording of k8sai nor a List of kubectl", _MAKE_ONE)
    for found in opened.feed.facts.values():
        _check(path, found)
    return opened


def _recording(path: Path, head: _Head, document: bytes) -> Opened:
    if head.api_version != API_VERSION:
        raise Usage(
            f"{path} is a recording of version {head.api_version}, this k8sai reads {API_VERSION}",
            "read it with the k8sai that wrote it, or a newer one",
        )
    try:
        read = msgspec.json.decode(document, type=_Document)
    except msgspec.DecodeError as error:
        raise Usage(f"{path}: {error}") from error
    seconds = _seconds(path, read.at)
    objects: dict[Kind, list[Any]] = {kind: getattr(read.objects, kind) for kind in KINDS}
    hidden = {each.kind: each for each in read.hidden}

    def source(kind: str, count: int) -> Source:
        known = hidden.get(kind)
        if known is None:
            return Source(kind, "once", count, seconds)
        return Source(kind, known.state, count, seconds, known.namespace, known.message, known.hint)

    sources = tuple(source(kind, len(objects[kind])) for kind in KINDS)
    kinds = {**read.others, **{kind: [] for kind in hidden if kind not in read.others}}
    others = tuple(source(kind, len(found)) for kind, found in kinds.items() if kind not in {*KINDS, *_IN_FULL})
    recorded = Recorded(read.context, read.at, read.server_version, sources, others, read.redacted)
    whole = RecordedObjects(read.context, str(path), objects, read.others, (*sources, *others))
    return Opened(recorded, Feed(objects), whole)


def _printed(path: Path, document: bytes, groups: Collection[str]) -> Opened:
    """kubectl says neither when nor of which cluster: the file's own time and name stand in."""
    try:
        printed = kubectl_list.read(document)
    except Usage as error:
        raise Usage(f"{path}: {error.message}", error.hint) from error
    asked = any(kind.partition(".")[2] in groups for kind in printed.whole)
    if not asked and not printed.whole.keys() & _IN_FULL:
        raise Usage(f"{path} holds no nodes and no pods", _add_nodes(printed.whole))
    seconds = path.stat().st_mtime
    at = stamp(seconds)
    sources = tuple(_printed_source(kind, printed, seconds, path) for kind in KINDS)
    others = tuple(
        Source(kind, "once", len(found), seconds) for kind, found in printed.whole.items() if kind not in _IN_FULL
    )
    whole = RecordedObjects(path.name, str(path), {}, printed.whole, (*sources, *others))
    return Opened(Recorded(path.name, at, "", sources, others), Feed(printed.facts), whole)


def _add_nodes(held: Iterable[str]) -> str:
    """How to make the same file with what is missing."""
    others = sorted(held)
    if not others:
        return _MAKE_ONE
    kinds = ",".join(("nodes", "pods", *others)) if len(others) <= _NAMED else "nodes,pods,…"
    return f"add them: kubectl get {kinds} -A -o json > FILE"


def _printed_source(kind: Kind, printed: kubectl_list.Printed, seconds: float, path: Path) -> Source:
    if full(kind) in printed.whole:  # all of its pods may have finished
        return Source(kind, "once", len(printed.facts.get(kind, ())), seconds)
    message = f"{path} holds no {kind}"
    if kind in ("nodes", "pods"):  # every cluster has some: they were not asked for
        return Source(kind, "failed", message=message, hint=_MAKE_ONE)
    return Source(kind, "absent", message=message)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise NotFound(f"there is no file {path}", f"`k8sai snapshot save -o {quote(str(path))}` makes one") from error
    except OSError as error:
        raise Usage(f"cannot read {path}: {error.strerror}") from error


def _unpacked(path: Path, data: bytes) -> bytes:
    if not data.startswith(_GZIP):
        return data
    try:
        return gzip.decompress(data)
    except EOFError as error:
        raise Usage(f"{path} is cut off: its gzip has no end", "was it cut off while it was copied?") from error
    except (OSError, zlib.error) as error:
        raise Usage(f"{path} is damaged: {error}") from error


def _as_json(path: Path, text: bytes) -> bytes:
    if text.lstrip()[:1] in (b"{", b"["):
        return text
    from k8sai.yaml_in import first_document

    try:
        return msgspec.json.encode(first_document(text))
    except (ValueError, TypeError) as error:
        raise Usage(f"{path} is neither JSON nor YAML: {error}", _MAKE_ONE) from error


def _check(path: Path, objects: Iterable[Object]) -> None:
    for obj in objects:
        try:
            amounts.check(obj)
        except Usage as error:
            raise Usage(f"{path}: {error.message}", error.hint) from error


def _seconds(path: Path, at: str) -> float:
    try:
        return datetime.fromisoformat(at).timestamp()
    except ValueError as error:
        raise Usage(f"{path}: at: {at!r} is not an ISO time") from error
