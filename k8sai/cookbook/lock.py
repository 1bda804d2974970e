"""`k8sai.lock`: what a folder's files were made from, so that a newer recipe can be merged into them later.

One per folder, in YAML that people can review. It holds the parameters that were said (what was not said follows the
recipe's defaults), and each file as the recipe made it: the base of the next merge. The bases are plain text in this
one file: a change of a recipe is then readable in a review, git merges it line by line, one rename replaces all of it,
and `kubectl apply -R -f` never meets a second copy of an object.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from k8sai import __version__
from k8sai.errors import Usage
from k8sai.yaml_out import lines, scalar

Json = dict[str, Any]

NAME = "k8sai.lock"
API_VERSION, KIND = "k8sai.dev/v1alpha1", "Lock"
_ABOUT = """\
# Written by `k8sai scaffold`; keep it with the files. They are yours to change: `k8sai scaffold --update` merges a
# newer recipe, or other parameters, into them. `base` is what the recipe made; nothing applies it.
"""


@dataclass(frozen=True, slots=True)
class Marked:
    """A merge that left conflict marks: the digest of a text that undoes it, and the base once they are solved."""

    before: str
    base: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A file as the recipe made it: `base` is its text, and `digest` that text's."""

    name: str
    digest: str
    base: str
    marked: Marked | None = None


@dataclass(frozen=True, slots=True)
class Lock:
    """All of a k8sai.lock. `parameters` are those that were said, in the form of `--set` where they name a file."""

    recipe: str
    origin: str
    digest: str
    namespace: str = ""
    parameters: Json = field(default_factory=dict)
    files: tuple[Kept, ...] = ()
    version: str = __version__
    layout: Json = field(default_factory=dict)  # how the files are laid out, where that is not one flat folder

    def file(self, name: str) -> Kept | None:
        """What is known of a file."""
        return next((each for each in self.files if each.name == name), None)

    def text(self) -> str:
        """The file's text; always the same for the same lock."""
        head: Json = {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "k8sai": self.version,
            "recipe": self.recipe,
            "origin": self.origin,
            "digest": self.digest,
            "namespace": self.namespace,
            "parameters": self.parameters,
        }
        if self.layout:
            head["layout"] = self.layout
        written = [*lines(head), "files:" if self.files else "files: []"]
        for each in self.files:
            written += [f"- name: {scalar(each.name)}", f"  digest: {scalar(each.digest)}"]
            written += _text("base", each.base, 2)
            if each.marked:
                written += ["  marked:", f"    before: {scalar(each.marked.before)}"]
                written += _text("base", each.marked.base, 4)
        return _ABOUT + "\n".join(written) + "\n"


def digest_of(text: str) -> str:
    """`sha256:…` of a file's text."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def read(folder: Path) -> Lock | None:
    """The lock of a folder, None where there is none. Raises Usage with what is wrong with it."""
    from k8sai.yaml_in import documents

    path = folder / NAME
    try:
        found = documents(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Usage(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise Usage(f"{path}: {error}", _hint(path)) from error
    if len(found) != 1 or not isinstance(found[0], dict) or found[0].get("kind") != KIND:
        raise Usage(f"{path} is no lock of ours", _hint(path))
    if found[0].get("apiVersion") != API_VERSION:
        raise Usage(f"{path} is of {found[0].get('apiVersion')}, and this k8sai reads {API_VERSION}")
    try:
        return _parsed(found[0])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise Usage(f"{path} is damaged: {type(error).__name__}: {error}", _hint(path)) from error


def _parsed(given: Mapping[str, Any]) -> Lock:
    return Lock(
        recipe=_word(given["recipe"]),
        origin=_word(given["origin"]),
        digest=_word(given["digest"]),
        namespace=_word(given["namespace"]),
        parameters=dict(given["parameters"]),
        files=tuple(_kept(each) for each in given["files"]),
        version=_word(given["k8sai"]),
        layout=dict(given.get("layout") or {}),
    )


def _kept(given: Mapping[str, Any]) -> Kept:
    marked, name = given.get("marked"), PurePosixPath(_word(given["name"]))
    if name.is_absolute() or ".." in name.parts:
        raise ValueError(f"{name} is not in the folder")
    return Kept(
        str(name),
        _word(given["digest"]),
        _word(given["base"]),
        Marked(_word(marked["before"]), _word(marked["base"])) if marked else None,
    )


def _word(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a text")
    return value


def _text(key: str, text: str, indent: int) -> Iterator[str]:
    """A text as a block that shows it as it is, or in quotes where a block could not hold it exactly."""
    pad = " " * indent
    plain = all(char == "\n" or char.isprintable() for char in text)
    if not plain or not text.endswith("\n") or text.endswith("\n\n") or text.startswith("\n"):
        yield f"{pad}{key}: {scalar(text)}"
        return
    yield f"{pad}{key}: |2"
    for line in text.splitlines():
        yield f"{pad}  {line}" if line else ""


def _hint(path: Path) -> str:
    return f"restore it, for example with `git checkout {path}`"
