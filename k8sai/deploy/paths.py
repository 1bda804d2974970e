"""Paths of fields as people and servers write them, understood against an object: what stands there, and changing it.

`.spec.template.spec.containers[name="main"].image` as text is ambiguous, for labels have dots in them; so a text is
looked up in the object that it is a path of. Forms: structured-merge-diff `fieldpath/element.go`.
"""

import copy
import json
import re
from typing import Any

from k8sai.schema.elements import Path, canonical, field_step, name_in, path_text

Json = dict[str, Any]

_BRACKETS = re.compile(r'\[((?:[^\]"]|"(?:[^"\\]|\\.)*")*)\]')
_PAIR = re.compile(r'([^=,"\s]*)=("(?:[^"\\]|\\.)*"|[^,]*)(?:,|$)')


def text(path: Path) -> str:
    """The path as the server writes it; `.` for the whole object."""
    return path_text(path) or "."


def find(written: str, tree: Any) -> Path | None:
    """The path that this text means in the tree; None where the tree has no such field."""
    if written in ("", "."):
        return ()
    if written.startswith("["):
        bracket = _BRACKETS.match(written)
        step = _item(bracket[1]) if bracket else None
        inside = value_at(tree, (step,)) if step else None
        if bracket is None or step is None or inside is None:
            return None
        rest = find(written[bracket.end() :], inside[0])
        return None if rest is None else (step, *rest)
    if not isinstance(tree, dict) or not written.startswith("."):
        return None
    for name in sorted(tree, key=len, reverse=True):  # the longest that fits: labels have dots in them
        if written[1:].startswith(name) and written[1 + len(name) : 2 + len(name)] in ("", ".", "["):
            rest = find(written[1 + len(name) :], tree[name])
            if rest is not None:
                return (field_step(name), *rest)
    return None


def _item(inside: str) -> str | None:
    """The step that is written in brackets: `name="main"`, `="a"`, `3`."""
    if inside.lstrip("-").isdigit():
        return f"i:{inside}"
    try:
        pairs = {name: json.loads(value) for name, value in _PAIR.findall(inside)}
    except ValueError:
        return None
    if not pairs:
        return None
    return canonical(f"v:{json.dumps(pairs[''])}" if "" in pairs else f"k:{json.dumps(pairs)}")


def value_at(tree: Any, path: Path) -> tuple[Any] | None:
    """What stands there, in a tuple; None where nothing does."""
    for step in path:
        index = _place(tree, step)
        if index is None:
            return None
        tree = tree[index]
    return (tree,)


def _place(tree: Any, step: str) -> Any:
    """The key or index of a step in this dict or list; None where it has none."""
    name = name_in(step)
    if name is not None:
        return name if isinstance(tree, dict) and name in tree else None
    if not isinstance(tree, list):
        return None
    wanted = json.loads(step[2:])
    if step[0] == "i":
        return wanted if 0 <= wanted < len(tree) else None
    if step[0] == "v":
        return next((index for index, item in enumerate(tree) if item == wanted), None)
    return next((index for index, item in enumerate(tree) if _has(item, wanted)), None)


def _has(item: Any, wanted: Json) -> bool:
    """Servers fill in a key that has a default, so a key the manifest does not write may be any."""
    return isinstance(item, dict) and all(item.get(name, value) == value for name, value in wanted.items())


def without(tree: Json, path: Path) -> Json:
    """A copy that does not have that field; what it was in stays, as empty as it may be."""
    changed = copy.deepcopy(tree)
    parent = value_at(changed, path[:-1])
    if parent is not None and (index := _place(parent[0], path[-1])) is not None:
        del parent[0][index]
    return changed


def with_value(tree: Json, path: Path, value: Any) -> Json:
    """A copy with another value at a path it has."""
    changed = copy.deepcopy(tree)
    parent = value_at(changed, path[:-1])
    if parent is not None and (index := _place(parent[0], path[-1])) is not None:
        parent[0][index] = copy.deepcopy(value)
    return changed


def normal(written: str) -> str:
    """A path as people type it: `spec.replicas` is `.spec.replicas`."""
    return written if written.startswith((".", "[")) else f".{written}"


def covers(above: str, below: str) -> bool:
    """One path is the other, or leads to it: `.spec` covers `.spec.replicas`, not `.specials`. Quotation marks do not
    count: a shell eats those of `[name="main"]`."""
    above, below = normal(above).rstrip(".").replace('"', ""), below.replace('"', "")
    return below == above or (below.startswith(above) and below[len(above)] in ".[")
