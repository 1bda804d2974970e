"""One file of manifests, as `-f` names it, read whole."""

import sys
from pathlib import Path
from typing import Any

from k8sai.errors import NotFound, Usage

_LARGEST = 16 << 20  # bytes of a manifest; an object may have 1.5 MiB


def manifest(file: str) -> list[Any]:
    """The documents of a file, or of stdin, written `-`. Raises NotFound; Usage for what is no manifest."""
    from k8sai.yaml_in import documents

    try:
        data = _head(file)
    except FileNotFoundError as error:
        raise NotFound(f"there is no file {file}") from error
    except OSError as error:
        raise Usage(f"cannot read {file}: {error.strerror}") from error
    if len(data) > _LARGEST:
        raise Usage(f"{place(file)} is larger than {_LARGEST >> 20} MiB: that is no manifest", "is it the right file?")
    try:
        return documents(data)
    except ValueError as error:
        raise Usage(f"{place(file)} cannot be read as YAML or JSON: {error}") from error


def _head(file: str) -> bytes:
    """All of it, or a byte more than a manifest has."""
    if file == "-":
        if sys.stdin is None:
            raise Usage("stdin is closed, and -f - reads it", "give a file")
        return sys.stdin.buffer.read(_LARGEST + 1)
    with Path(file).open("rb") as opened:
        return opened.read(_LARGEST + 1)


def place(file: str) -> str:
    """What the file is called in errors."""
    return "stdin" if file == "-" else file
