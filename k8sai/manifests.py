"""Objects in files: manifests as kubectl reads them, each with the place it came from."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from k8sai.errors import NotFound, Usage

Json = dict[str, Any]

STDIN = "<stdin>"
_SUFFIXES = (".yaml", ".yml", ".json")  # what kubectl reads of a folder
_MARK = b"<<<<<<< "  # of a merge, git's or ours


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object as somebody wrote it; `file` and `line` say where, for people."""

    object: Json
    file: str
    line: int = 1

    @property
    def api_version(self) -> str:
        return str(self.object.get("apiVersion", ""))

    @property
    def kind(self) -> str:
        return str(self.object.get("kind", ""))

    @property
    def group(self) -> str:
        """ "" for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def name(self) -> str:
        meta = self.object.get("metadata") or {}
        return str(meta.get("name") or meta.get("generateName") or "")

    @property
    def namespace(self) -> str:
        return str((self.object.get("metadata") or {}).get("namespace") or "")

    @property
    def ref(self) -> str:
        """`Deployment/qwen`: the kind and the name."""
        return f"{self.kind}/{self.name}"

    @property
    def place(self) -> str:
        """`vllm.yaml:12`."""
        return f"{self.file}:{self.line}"


def read(paths: Sequence[str], recursive: bool = False) -> list[Manifest]:
    """The objects of files, of folders (`recursive`: of theirs too) and of stdin, written `-`, in kubectl's order.

    Lists are unfolded. Raises NotFound for a file that is not there, Usage for one that is no manifest.
    """
    found: list[Manifest] = []
    for path in paths:
        for file, text in _texts(path, recursive):
            found += parse(text, file)
    return found


def parse(text: bytes, file: str) -> list[Manifest]:
    """The objects of one text, JSON or YAML. Raises Usage with the file and the line."""
    from k8sai.yaml_in import placed_documents

    try:
        documents = placed_documents(text)
    except ValueError as error:
        if marked := text.startswith(_MARK) or text.find(b"\n" + _MARK) + 1:
            line = text[:marked].count(b"\n") + 1
            raise Usage(
                f"{file}:{line}: conflict marks of a merge are there", "decide, and remove the marks"
            ) from error
        raise Usage(f"{file}: {error}") from error
    return [each for line, document in documents for each in _unfolded(document, file, line)]


def _unfolded(document: Any, file: str, line: int) -> Iterator[Manifest]:
    if document is None:
        return
    if not isinstance(document, Mapping):
        raise Usage(f"{file}:{line}: this is {_sort(document)}, not a Kubernetes object")
    for key in ("apiVersion", "kind"):
        if not isinstance(document.get(key), str) or not document[key]:
            raise Usage(f"{file}:{line}: this is no Kubernetes object: it has no {key}")
    if document["kind"].endswith("List") and isinstance(document.get("items"), list):
        for item in document["items"]:
            yield from _unfolded(item, file, line)
        return
    manifest = Manifest(dict(document), file, line)
    if not isinstance(document.get("metadata"), Mapping) or not manifest.name:
        raise Usage(f"{file}:{line}: this {manifest.kind} has no name: it needs metadata.name")
    yield manifest


def _sort(document: Any) -> str:
    return {list: "a list", str: "a text", bool: "yes or no", int: "a number", float: "a number"}.get(
        type(document), "something else"
    )


def _texts(path: str, recursive: bool) -> Iterator[tuple[str, bytes]]:
    """What to read, with its name for people."""
    if path == "-":
        yield STDIN, sys.stdin.buffer.read()
        return
    if path.startswith(("http://", "https://")):
        raise Usage(f"{path} is on the network, which is not read", f"curl -fsSL {path} | k8sai … -f -")
    place = Path(path)
    if not path.strip():
        raise Usage("-f names no file: its value is empty", "is a variable unset?")
    if not place.exists():
        raise NotFound(f"there is no file {path}")
    files = [place]
    if place.is_dir():
        files = sorted(each for each in place.glob("**/*" if recursive else "*") if _is_manifest(each))
        if not files:
            raise Usage(f"{path} holds no .yaml, .yml or .json file", "" if recursive else "add -R for its folders")
    for file in files:
        try:
            yield str(file), file.read_bytes()
        except OSError as error:
            raise Usage(f"{file} cannot be read: {error.strerror}") from error


def _is_manifest(path: Path) -> bool:
    """A link that leads nowhere counts: to leave it out would prune what it held."""
    return path.suffix in _SUFFIXES and (path.is_file() or (path.is_symlink() and not path.exists()))
