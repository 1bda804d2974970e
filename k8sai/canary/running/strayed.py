"""What somebody else has changed: a weight that is not ours, a guard that did not hold; with the value and who."""

from typing import Any

from k8sai.canary.backend import Backend, Shift, Write
from k8sai.canary.checks.ownership import stranger
from k8sai.canary.facts import ENDED, Json, Phase, Seen
from k8sai.canary.running.patched import value_or_none
from k8sai.canary.state import State
from k8sai.errors import K8saiError

NEAR = 0.5  # percent that whole numbers may be off


def astray(state: State, seen: Seen, backend: Backend, before: Json) -> tuple[str, ...]:
    """What is not as the rollout left it, a sentence each; nothing while it is not on its way up."""
    if state.phase in (*ENDED, Phase.DRIFTED, Phase.ROLLING_BACK):
        return ()
    return (*seen.drift, *_weight(state, seen, backend, before))


def _weight(state: State, seen: Seen, backend: Backend, before: Json) -> tuple[str, ...]:
    """It is what was committed, or what is intended."""
    goal = state.pending
    if seen.canary is None:
        gone = state.weight > 0 and not (goal and goal.word == "promote")
        return (f"the canary is gone, which had {state.weight} %",) if gone else ()
    if (goal and goal.word == "begin") or any(_near(seen.configured, one) for one in _meant(state)):
        return ()
    try:
        back = backend.next(seen, Shift(state.weight), state.handle, before)  # asked for its paths, never sent
    except K8saiError:
        back = None
    else:
        if not isinstance(back, Write):  # as near as this kind of weights can be
            return ()
    by = written_by(seen.target, back) if back else ""
    return (f"the canary's weight is {seen.configured:g} %, not {state.weight} %{by}",)


def _meant(state: State) -> tuple[float, ...]:
    """Where a controller walks steps of its own, those on the way too."""
    if state.pending is None:
        return (state.weight,)
    ends = sorted((state.weight, state.pending.weight))
    return (*ends, *(one for one in state.steps if ends[0] < one < ends[1]))


def _near(one: float, other: float) -> bool:
    return abs(one - other) <= NEAR


def broken(write: Write, live: Json | None) -> tuple[str, ...]:
    """The guards of a write that do not hold on the object as it is now, a sentence each."""
    name = write.on.title
    if live is None:
        return (f"{name} is gone",)
    if isinstance(write.body, list):
        tests = [one for one in write.body if one["op"] == "test"]
        tests.sort(key=lambda one: one["path"].startswith("/metadata/"))  # a generation tells the least
        return tuple(_broken(name, one, live) for one in tests if value_or_none(live, one["path"]) != one["value"])
    return _changed(name, write.live, live)


def _broken(name: str, test: Json, live: Json) -> str:
    path, now, meant = _deepest(test["path"], value_or_none(live, test["path"]), test["value"])
    return f"{path} of {name} is {_short(now)}, not {_short(meant)}{_by(live, path)}"


def _deepest(path: str, now: Any, meant: Any) -> tuple[str, Any, Any]:
    """Where two values differ: in one field of a map, one item of a list as long, or altogether."""
    if isinstance(now, dict) and isinstance(meant, dict):
        key = next(key for key in sorted({*now, *meant}) if now.get(key) != meant.get(key))
        return _deepest(f"{path}/{key.replace('~', '~0').replace('/', '~1')}", now.get(key), meant.get(key))
    if isinstance(now, list) and isinstance(meant, list) and len(now) == len(meant):
        at = next(at for at, (one, other) in enumerate(zip(now, meant, strict=True)) if one != other)
        return _deepest(f"{path}/{at}", now[at], meant[at])
    return path, now, meant


def _changed(name: str, before: Json | None, live: Json) -> tuple[str, ...]:
    """Of a merge patch: what was bound is the whole object. A controller's status alone is nobody's change."""
    if before is None:
        return (f"there is a {name} already",)
    old, new = before["metadata"], live["metadata"]
    if old.get("uid") != new.get("uid"):
        return (f"{name} was deleted and made anew",)
    keys = sorted(key for key in {*before, *live} - {"metadata", "status"} if before.get(key) != live.get(key))
    return tuple(f"{key} of {name} is another one than was read{_by(live, f'/{key}')}" for key in keys)


def written_by(target: Json, write: Write) -> str:
    """`, written by argocd-controller at …`, of the first field that the write would change."""
    return next((said for path in _paths(write) if (said := _by(target, path))), "")


def _paths(write: Write) -> list[str]:
    if isinstance(write.body, list):
        return [one["path"] for one in write.body if one["op"] not in ("test",)]
    return list(_leaves(write.body or {}, ""))


def _leaves(body: Any, path: str) -> list[str]:
    if not isinstance(body, dict) or not body:
        return [path] if path else []
    return [leaf for key, part in body.items() for leaf in _leaves(part, f"{path}/{key}")]


def _by(live: Json, path: str) -> str:
    found = stranger(live, path)
    if found is None:
        return ""
    return f", written by {found.manager}" + (f" at {found.at}" if found.at else "")


def _short(value: Any) -> str:
    text = "absent" if value is None else str(value)
    return text if len(text) <= 80 else text[:79] + "…"
