"""A cluster in one file: written by us, or printed by `kubectl get nodes,pods,… -A -o json`.

    {apiVersion: k8sai.dev/v1alpha1, kind: Recording, at, context, serverVersion, hidden: [{kind, state, …}],
     objects: {nodes: [...], pods: [...], …}}

in gzip, the objects as Kubernetes writes them. Only the kinds the fleet is built from, and of these only the fields in
facts.py: no Secret can be in it.
"""

import gzip
import os
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from k8sai import facts
from k8sai.cluster import amounts, kubectl_list
from k8sai.cluster.sources import KINDS, Kind, Sink, Source, State
from k8sai.errors import NotFound, Usage
from k8sai.facts import Object

API_VERSION = "k8sai.dev/v1alpha1"
_GZIP = b"\x1f\x8b"
_MAKE_ONE = "make one with: kubectl get nodes,pods -A -o json > FILE"


@dataclass(frozen=True, slots=True)
class Recorded:
    """Of which cluster and when (ISO time); each kind is a Source in state `once`, or as it was when recorded."""

    context: str
    at: str
    server_version: str
    sources: tuple[Source, ...]


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
    hidden: list[_Hidden] = []
    objects: _Objects = msgspec.field(default_factory=_Objects)


class _Head(msgspec.Struct, rename="camel"):
    api_version: str = ""
    kind: str = ""


def save(
    path: Path,
    *,
    context: str,
    at: str,
    objects: Mapping[Kind, Iterable[Object]],
    hidden: Iterable[Source] = (),
    server_version: str = "",
) -> None:
    """Write the file, whole or not at all. `hidden` are the sources that could not be read completely. Raises Usage."""
    document = {
        "apiVersion": API_VERSION,
        "kind": "Recording",
        "at": at,
        "context": context,
        "serverVersion": server_version,
        "hidden": [_Hidden(s.kind, s.state, s.namespace, s.message, s.hint) for s in hidden],
        "objects": {kind: list(objects.get(kind, ())) for kind in KINDS},
    }
    packed = gzip.compress(msgspec.json.encode(document), mtime=0)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(packed)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise Usage(f"cannot write {path}: {error.strerror}") from error


def load(path: Path, sink: Sink) -> Recorded:
    """Put what the file holds into the sink. Raises NotFound, and Usage that says what is wrong and where."""
    document = _as_json(path, _unpacked(path, _bytes(path)))
    try:
        head = msgspec.json.decode(document, type=_Head)
    except msgspec.ValidationError:
        head = _Head()
    except msgspec.DecodeError as error:
        raise Usage(f"{path} is not whole JSON: {error}", "was it cut off while it was copied?") from error
    if head.kind == "Recording" and head.api_version.startswith("k8sai.dev/"):
        recorded, objects = _recording(path, head, document)
    elif kubectl_list.is_list(document):
        recorded, objects = _printed(path, document)
    else:
        raise Usage(f"{path} is neither a recording of k8sai nor a List of kubectl", _MAKE_ONE)
    for kind in KINDS:
        _check(path, objects.get(kind, ()))
    for kind in KINDS:
        sink.replace(kind, objects.get(kind, ()))
    return recorded


def _recording(path: Path, head: _Head, document: bytes) -> tuple[Recorded, Mapping[Kind, list[Any]]]:
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
    sources = tuple(
        Source(kind, known.state, len(objects[kind]), seconds, known.namespace, known.message, known.hint)
        if (known := hidden.get(kind))
        else Source(kind, "once", len(objects[kind]), seconds)
        for kind in KINDS
    )
    return Recorded(read.context, read.at, read.server_version, sources), objects


def _printed(path: Path, document: bytes) -> tuple[Recorded, Mapping[Kind, list[Object]]]:
    """kubectl says neither when nor of which cluster: the file's own time and name stand in."""
    try:
        objects = kubectl_list.objects(document)
    except Usage as error:
        raise Usage(f"{path}: {error.message}", error.hint) from error
    if not objects:
        raise Usage(f"{path} holds no nodes and no pods", _MAKE_ONE)
    seconds = path.stat().st_mtime
    at = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    sources = tuple(_printed_source(kind, objects.get(kind, []), seconds, path) for kind in KINDS)
    return Recorded(path.name, at, "", sources), objects


def _printed_source(kind: Kind, found: list[Object], seconds: float, path: Path) -> Source:
    if found:
        return Source(kind, "once", len(found), seconds)
    message = f"{path} holds no {kind}"
    if kind in ("nodes", "pods"):  # every cluster has some: they were not asked for
        return Source(kind, "failed", message=message, hint=_MAKE_ONE)
    return Source(kind, "absent", message=message)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise NotFound(f"there is no file {path}", _MAKE_ONE) from error
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
    from k8sai.cluster.yaml_text import first_document

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
