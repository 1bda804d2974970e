"""The pod template of a Rollout: the new version made of the old, and texts compared as their controller reads them.

The controller spells quantities its own way in the object itself (`nvidia.com/gpu: 1` becomes `"1"`, `1024Mi` becomes
`1Gi`), so texts are compared by what they mean.
"""

import hashlib
import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Final

from k8sai.canary.facts import Json, Wish
from k8sai.canary.wishes import changed
from k8sai.errors import Refused, Usage
from k8sai.quantity import BadQuantity, parse

_QUANTITIES: Final = ("limits", "requests")
_QUANTITY: Final = ("sizeLimit", "divisor")
_OURS: Final = "a Rollout's new version is --image, --set or -f of its pod template"


def wished(template: Json, wish: Wish) -> Json:
    """The template of the new version. Raises Usage, Refused for what a Rollout decides itself."""
    _insist(wish)
    new = changed(template, wish)
    if wish.image:
        container = _container(new, wish.container)
        container["image"] = wish.image
    if form(new) == form(template):
        raise Usage("that is the version that runs already", "name another with --image, --set or -f")
    return new


def form(template: Json) -> str:
    """Equal for templates that mean the same."""
    text = json.dumps(_plain(template, ""), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def covers(whole: Json, template: Json) -> bool:
    """A ReplicaSet's template, with all that a server adds, is that of this version."""
    return _within(_plain(template, ""), _plain(whole, ""))


def operations(old: Any, new: Any, path: str) -> tuple[list[Json], list[Json]]:
    """(`test`s, changes) of a JSON patch that makes the new of the old and touches nothing else."""
    tests, changes = [], []
    for test, change in _differences(old, new, path):
        tests.append(test)
        changes.append(change)
    return tests, changes


def _insist(wish: Wish) -> None:
    if wish.model_uri or wish.to:
        raise Usage(_OURS)
    if wish.name or wish.rule:
        raise Usage("a Rollout has one canary, and it has no name of its own", "leave --name and --rule out")
    if wish.headers:
        raise Refused("a Rollout sends requests by header in its own steps: setHeaderRoute", "leave --header out")
    if wish.warm_replicas is not None or wish.swap:
        raise Refused(
            "how many pods come up, and how many go first, is in the Rollout: setCanaryScale, maxSurge, maxUnavailable",
            "leave --warm-replicas and --swap out",
        )
    if wish.empty:
        raise Usage("it needs a new version", _OURS)


def _container(template: Json, name: str) -> Json:
    """The one that is meant. Raises Usage."""
    containers: list[Json] = (template.get("spec") or {}).get("containers") or []
    found = [one for one in containers if not name or one.get("name") == name]
    if len(found) == 1:
        return found[0]
    names = ", ".join(str(one.get("name")) for one in containers)
    raise Usage(f"there is no container {name}" if name else "it has several containers", f"--container, of {names}")


def _plain(value: Any, key: str) -> Any:
    """Without what says nothing, quantities as numbers."""
    if isinstance(value, dict):
        if key in _QUANTITIES:
            return {name: _number(one) for name, one in value.items()}
        inner = {name: _plain(one, name) for name, one in value.items() if name != "creationTimestamp"}
        return {name: one for name, one in inner.items() if one not in (None, {}, [])}
    if isinstance(value, list):
        return [_plain(one, "") for one in value]
    return _number(value) if key in _QUANTITY else value


def _number(value: Any) -> str:
    try:
        return str(parse(value).normalize())
    except (BadQuantity, TypeError):
        return str(value)


def _within(part: Any, whole: Any) -> bool:
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(key in whole and _within(value, whole[key]) for key, value in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        return len(part) == len(whole) and all(map(_within, part, whole))
    return bool(part == whole)


def _differences(old: Any, new: Any, path: str) -> Iterator[tuple[Json, Json]]:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys((*old, *new)):
            yield from _of_key(old, new, key, f"{path}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for at, pair in enumerate(zip(old, new, strict=True)):
            yield from _differences(*pair, f"{path}/{at}")
    else:
        yield _test(path, old), {"op": "replace", "path": path, "value": deepcopy(new)}


def _of_key(old: Json, new: Json, key: str, path: str) -> Iterator[tuple[Json, Json]]:
    if key not in new:
        yield _test(path, old[key]), {"op": "remove", "path": path}
    elif key not in old:
        yield _test(path, None), {"op": "add", "path": path, "value": deepcopy(new[key])}
    else:
        yield from _differences(old[key], new[key], path)


def _test(path: str, value: Any) -> Json:
    return {"op": "test", "path": path, "value": value}
