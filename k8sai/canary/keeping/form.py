"""The state as text in its ConfigMap and back: every field by its name in camelCase, nothing guessed, no Secret's data.

What is not understood is refused rather than dropped: it would be lost with the next save.
"""

import json
from dataclasses import replace

from k8sai.canary.facts import Json
from k8sai.canary.state import KEPT, VERSION, State
from k8sai.holding import form
from k8sai.holding.form import Unreadable, document, read_object, refuse_secrets

__all__ = ["Unreadable", "document", "refuse_secrets", "snapshot", "snapshot_text", "state", "text"]


def text(state: State) -> str:
    """Of the last 50 things that happened. Raises Refused where a Secret's data would be kept."""
    return form.text(replace(state, history=state.history[-KEPT:]), "the state")


def state(kept: str) -> State:
    """Raises Unreadable for another version, an unknown field, a wrong type, a missing field, a weight that is none."""
    found = form.state(State, kept, VERSION)
    _insist_on_percent(found)
    return found


def snapshot_text(rollout: str, before: Json) -> str:
    """What brings everything back, with the id of its rollout. Raises Refused for a Secret's data."""
    refuse_secrets(before, "the snapshot")
    return json.dumps({"version": VERSION, "id": rollout, "before": before}, indent=1, ensure_ascii=False)


def snapshot(kept: str) -> tuple[str, Json]:
    """The rollout's id, and what brings everything back. Raises Unreadable."""
    read = read_object(kept)
    before = read.get("before")
    if read.get("version") != VERSION or not isinstance(before, dict):
        raise Unreadable(f"the snapshot is in version {read.get('version')!r}, and this k8sai knows {VERSION}")
    return str(read.get("id") or ""), before


def _insist_on_percent(found: State) -> None:
    pending = (found.pending.weight, found.pending.before) if found.pending else ()
    for weight in (found.weight, found.passed, found.start, *found.steps, *pending):
        if not 0 <= weight <= 100:
            raise Unreadable(f"{weight} is no percent")
