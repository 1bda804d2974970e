"""What a write on a rollout's own objects says: a line; field by field with --plan; or a `Plan` document."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from k8sai.commands import _print

if TYPE_CHECKING:
    from k8sai.canary.facts import Json, Ref
    from k8sai.canary.keeping.kept import Held
    from k8sai.canary.state import State
    from k8sai.cluster.writing import Target
    from k8sai.commands._canary_found import Found, Wish
    from k8sai.deploy.plan import Change, Plan

DRY: Final = {"client": " (dry run)", "server": " (server dry run)", "none": ""}
_WORDS: Final = {"update": "written", "unchanged": "unchanged", "delete": "deleted"}


def updated(ref: "Ref", held: "Held", after: "State") -> "Change":
    """The state as one object, with every field in it that changes; of the history the new lines."""
    from k8sai.canary.keeping import form, names
    from k8sai.deploy.fields import ABSENT, Field

    old, new = form.document(held.state), form.document(after)
    fields = [Field(f"state.json:.{key}", old[key], new[key]) for key in new if old[key] != new[key]]
    lines = [one for one in new["history"] if one not in old["history"]]
    told = (
        *(one for one in fields if not one.path.endswith(".history")),
        *(Field("state.json:.history[]", ABSENT, one) for one in lines),
    )
    return changed(names.state_at(ref), held.uid, held.version, told)


def changed(target: "Target", uid: str, version: str, fields: "tuple[Any, ...]") -> "Change":
    """An object that is written, or is as it should be."""
    from k8sai.deploy.plan import Change

    live: Json = {"metadata": {"uid": uid, "resourceVersion": version}}
    return Change("update" if fields else "unchanged", target, {}, live, None, fields)


def deleted(target: "Target", live: "Json") -> "Change":
    """An object that is taken away."""
    from k8sai.deploy.plan import Change

    return Change("delete", target, {}, live)


def tell(found: "Found", wish: "Wish", changes: "Sequence[Change]", word: str) -> None:
    """What was asked for became `word`."""
    from k8sai.deploy.plan import Plan
    from k8sai.deploy.shown import diff

    plan = Plan(tuple(changes))
    if wish.output in ("json", "yaml"):
        _print.document(_document(found, wish, plan), wish.output)
    elif wish.output == "name":
        _print.line(found.ref.title)
    else:
        if not wish.writes:
            _print.block(diff(plan))
        _print.line(f"{found.ref.title} {word}{DRY[wish.dry_run]}")
    _print.flush()


def _document(found: "Found", wish: "Wish", plan: "Plan") -> "Json":
    from k8sai.ages import stamp
    from k8sai.deploy.applying import Outcome
    from k8sai.deploy.document import document

    done = [Outcome(one, _WORDS[one.op]) for one in plan.changes] if wish.writes else None  # type: ignore[arg-type]
    at, context = stamp(time.time()), found.connection.context
    made = document(plan, context=context, at=at, dry_run=wish.dry_run, outcomes=done)
    return {**made, "target": found.ref.title, "namespace": found.ref.namespace}
