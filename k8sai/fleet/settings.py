"""Files of the user's own in the settings folder: found, read and parsed, with their place in what is wrong."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from k8sai.errors import Usage


def folder() -> Path:
    """The settings folder; K8SAI_CONFIG_DIR stands for another."""
    chosen = os.environ.get("K8SAI_CONFIG_DIR")
    if chosen:
        return Path(chosen)
    from platformdirs import user_config_path

    return user_config_path("k8sai")


def contents(path: Path) -> str | None:
    """The text of a file; None where there is none. Raises Usage for one that cannot be read."""
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise Usage(f"{path}: cannot be read: {error}") from error


def table(text: str, place: str, keys: Collection[str], expected: str) -> Mapping[str, Any] | None:
    """The one table in a YAML text, None in an empty one. Raises Usage for what is no table or has other keys.

    `expected` says in words what may be in it. No key may come twice.
    """
    from k8sai.yaml_in import documents

    try:
        found = documents(text.encode())
    except ValueError as error:
        raise Usage(f"{place}: not YAML: {error}") from error
    if not found or found == [None]:
        return None
    document = found[0]
    if len(found) > 1 or not isinstance(document, Mapping) or document.keys() - set(keys):
        raise Usage(f"{place}: expected {expected} and nothing else")
    return document
