"""The new version that `start` was asked for, made from the old one's spec: `--set PATH=VALUE` and `--patch`.

Paths are written as Helm writes them: `model.args[0]`, a dot inside a key as `\\.`. https://helm.sh/docs/intro/using_helm/
"""

import json
import re
from copy import deepcopy
from typing import Any

from k8sai.canary.facts import Json, Wish
from k8sai.errors import Usage
from k8sai.merge_patch import merged

_PART = re.compile(r"\[(\d+)\]|((?:\\.|[^.\[\]\\])+)")


def changed(spec: Json, wish: Wish) -> Json:
    """The spec of the new version: the patch (RFC 7396) first, then each value. Raises Usage."""
    new: Json = deepcopy(merged(spec, wish.patch or {}))
    for path, text in wish.values.items():
        _put(new, path, value_of(text))
    return new


def refuse_unused(*flags: tuple[object, str, str]) -> None:
    """Each flag is what was given, how it is called, and why it has no place here. Raises Usage for the first given."""
    for given, flag, why in flags:
        if given:
            raise Usage(f"{flag} does nothing here: {why}", "leave it out")


def value_of(text: str) -> Any:
    """A number, true, false, null or JSON as itself, everything else as text."""
    try:
        return json.loads(text, parse_constant=str)
    except ValueError:
        return text


def operations(old: Json, new: Json, at: str) -> list[Json]:
    """The JSON patch (RFC 6902) that makes the new of the old below a path. Lists are sent whole."""
    done: list[Json] = []
    for key in sorted({*old, *new}):
        path = f"{at}/{key.replace('~', '~0').replace('/', '~1')}"
        was, now = old.get(key), new.get(key)
        if key not in new:
            done.append({"op": "remove", "path": path})
        elif isinstance(was, dict) and isinstance(now, dict):
            done += operations(was, now, path)
        elif key not in old or was != now:
            done.append({"op": "replace" if key in old else "add", "path": path, "value": now})
    return done


def _put(spec: Any, path: str, value: Any) -> None:
    *way, last = _parts(path)
    place = spec
    for part in way:
        place = _below(place, part, path)
    if isinstance(last, int) and isinstance(place, list) and last <= len(place):
        place[last : last + 1] = [value]
    elif isinstance(last, str) and isinstance(place, dict):
        place[last] = value
    else:
        raise Usage(f"--set {path}: there is no such place", "the path begins in the spec of the version")


def _below(place: Any, part: str | int, path: str) -> Any:
    if isinstance(part, str) and isinstance(place, dict):
        return place.setdefault(part, {})
    if isinstance(part, int) and isinstance(place, list) and part < len(place):
        return place[part]
    raise Usage(f"--set {path}: there is no such place", "the path begins in the spec of the version")


def _parts(path: str) -> list[str | int]:
    """`a.b[0]` as ["a", "b", 0]. Raises Usage."""
    parts: list[str | int] = []
    at = 0
    while at < len(path):
        found = _PART.match(path, at)
        if found is None:
            raise Usage(f"--set {path}: not a path", "as in --set model.args[0]=--max-model-len=8192")
        index, key = found.groups()
        parts.append(int(index) if index else re.sub(r"\\(.)", r"\1", key))
        at = found.end() + (path[found.end() : found.end() + 1] == ".")
    if not parts:
        raise Usage("--set without a path", "as in --set model.args[0]=--max-model-len=8192")
    return parts
