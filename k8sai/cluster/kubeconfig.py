"""kubeconfig files: which ones count, what they hold, and how several become one (as kubectl reads them).

Follows https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/: for every name the first
file that has it wins, whole entry by whole entry; the first file with a current context decides that; files that do not
exist are skipped, unless --kubeconfig names one.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from k8sai.errors import Usage


@dataclass(frozen=True, slots=True)
class Entry:
    """One named cluster, user or context, as its file has it. An absent field reads as empty."""

    name: str
    body: Mapping[str, Any] = field(default_factory=dict)
    file: str = ""
    kind: str = "entry"

    def text(self, key: str) -> str:
        """The field's text; Usage where it is something else."""
        return _text(self.body.get(key), self._place(key))

    def flag(self, key: str) -> bool:
        """The field's yes or no."""
        value = self.body.get(key)
        if value is None or isinstance(value, bool):
            return bool(value)
        raise Usage(f"{self._place(key)} is {value!r}, not true or false")

    def texts(self, key: str) -> tuple[str, ...]:
        """The field's list of texts."""
        value = self.body.get(key) or ()
        if not isinstance(value, list | tuple):
            raise Usage(f"{self._place(key)} is not a list")
        return tuple(_text(item, self._place(key)) for item in value)

    def path(self, key: str) -> str:
        """The field's path; a relative one starts at the folder of the file that has it."""
        return self.beside(self.text(key))

    def beside(self, path: str) -> str:
        """`path` seen from the folder of this entry's file; empty stays empty."""
        if not path or not self.file:
            return path
        return os.path.normpath(Path(self.file).absolute().parent / path)

    def data(self, key: str) -> bytes:
        """The field's base64, decoded."""
        from base64 import b64decode

        try:
            return b64decode("".join(self.text(key).split()), validate=True)
        except ValueError as error:
            raise Usage(f"{self._place(key)} is not base64: {error}") from None

    def inner(self, key: str) -> "Entry | None":
        """The field's own fields, or None."""
        value = self.body.get(key)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise Usage(f"{self._place(key)} is not a mapping")
        return Entry(self.name, value, self.file, f"{self.kind} {self.name!r}, {key}")

    def _place(self, key: str) -> str:
        where = f"{self.file}: " if self.file else ""
        named = self.kind if " " in self.kind else f"{self.kind} {self.name!r}"
        return f"{where}{named}: {key}"


@dataclass(frozen=True, slots=True)
class Kubeconfig:
    """All files as one. `files` were read, `missing` were asked for and are not there."""

    current_context: str = ""
    contexts: Mapping[str, Entry] = field(default_factory=dict)
    clusters: Mapping[str, Entry] = field(default_factory=dict)
    users: Mapping[str, Entry] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.contexts or self.clusters or self.users or self.current_context)


def load(explicit: str = "", environ: Mapping[str, str] = os.environ) -> Kubeconfig:
    """The files kubectl would read: `explicit` alone (--kubeconfig), else $KUBECONFIG's, else ~/.kube/config.

    Usage where `explicit` does not exist, or where a file cannot be read or is not a kubeconfig.
    """
    read: list[Kubeconfig] = []
    missing: list[str] = []
    for name in _file_names(explicit, environ):
        try:
            text = _contents(name)
            if text is None:
                missing.append(name)
            else:
                read.append(parse(text, name))
        except Usage as error:
            raise Usage(error.message, error.hint or "correct it, or choose another file with --kubeconfig") from None
    if explicit and missing:
        raise Usage(f"--kubeconfig {explicit}: there is no such file", "without the flag, KUBECONFIG says which to use")
    return Kubeconfig(
        current_context=next((each.current_context for each in read if each.current_context), ""),
        contexts=_first_wins([each.contexts for each in read]),
        clusters=_first_wins([each.clusters for each in read]),
        users=_first_wins([each.users for each in read]),
        files=tuple(file for each in read for file in each.files),
        missing=tuple(missing),
    )


def parse(text: str, file: str) -> Kubeconfig:
    """One file's text (YAML or JSON). An empty file is an empty kubeconfig."""
    document = _yaml(text, file)
    if document is None:
        return Kubeconfig(files=(file,))
    if not isinstance(document, dict):
        raise Usage(f"{file} is not a kubeconfig: it holds a {type(document).__name__}, not fields")
    kind = document.get("kind", "Config")
    if kind not in ("Config", None, ""):
        raise Usage(f"{file} is not a kubeconfig: its kind is {kind!r}")
    return Kubeconfig(
        current_context=_text(document.get("current-context"), f"{file}: current-context"),
        contexts=_entries(document, "contexts", "context", file),
        clusters=_entries(document, "clusters", "cluster", file),
        users=_entries(document, "users", "user", file),
        files=(file,),
    )


def _file_names(explicit: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    if explicit:
        return (explicit,)
    listed = environ.get("KUBECONFIG", "")
    if listed:
        return tuple(dict.fromkeys(name for name in listed.split(os.pathsep) if name))
    home = environ.get("HOME") or str(Path.home())
    return (str(Path(home, ".kube", "config")),)


def _contents(name: str) -> str | None:
    try:
        return Path(name).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise Usage(f"cannot read the kubeconfig {name}: {reason}") from None


def _yaml(text: str, file: str) -> Any:
    import yaml

    from k8sai.yaml_in import Loader

    try:
        return yaml.load(text, Loader=Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it cannot be parsed"
        raise Usage(f"{file}{where}: not YAML: {problem}") from None


def _entries(document: Mapping[str, Any], plural: str, kind: str, file: str) -> dict[str, Entry]:
    listed = document.get(plural) or []
    if not isinstance(listed, list):
        raise Usage(f"{file}: {plural} is not a list")
    found: dict[str, Entry] = {}
    for item in listed:
        if not isinstance(item, dict):
            raise Usage(f"{file}: {plural} holds {item!r} where a name and a {kind} are expected")
        name = _text(item.get("name"), f"{file}: the name of a {kind}")
        body = item.get(kind) or {}
        if not isinstance(body, dict):
            raise Usage(f"{file}: {kind} {name!r} is not a mapping")
        if name in found:
            raise Usage(f"{file}: {kind} {name!r} is there twice")
        found[name] = Entry(name, body, file, kind)
    return found


def _first_wins(layers: list[Mapping[str, Entry]]) -> dict[str, Entry]:
    merged: dict[str, Entry] = {}
    for layer in layers:
        for name, entry in layer.items():
            merged.setdefault(name, entry)
    return merged


def _text(value: Any, place: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    raise Usage(f"{place} is {value!r}, not text", "put it in quotes")
