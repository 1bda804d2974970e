"""What the gate has gathered, as the state of a rollout keeps it between two looks."""

from collections.abc import Mapping
from typing import Any, Final

from k8sai.canary.facts import Json
from k8sai.canary.gate_evidence import BETS
from k8sai.canary.gate_gathered import Gathered, Window
from k8sai.errors import Drift

VERSION: Final = 1


def written(metrics: Mapping[str, Gathered]) -> Json:
    """By the title of the requirement."""
    return {"version": VERSION, "metrics": {title: _document(one) for title, one in metrics.items()}}


def read(document: Json) -> dict[str, Gathered]:
    """What `written` has made; nothing of an empty one. Raises Drift where it cannot be read."""
    if not document:
        return {}
    try:
        if document["version"] != VERSION:
            raise ValueError("another version")
        return {title: _gathered(one) for title, one in document["metrics"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Drift("the evidence of the gate was not written by this version of k8sai") from error


def _document(one: Gathered) -> Json:
    return {
        "harm": list(one.harm),
        "safe": list(one.safe),
        "step": _counts(one.step),
        "run": _counts(one.run),
    }


def _counts(window: Window) -> list[int]:
    return [window.canary_bad, window.canary_all, window.stable_bad, window.stable_all]


def _gathered(written: Any) -> Gathered:
    harm, safe = (tuple(float(one) for one in written[key]) for key in ("harm", "safe"))
    if len(harm) != BETS or len(safe) != BETS:
        raise ValueError("another grid")
    step, run = (Window(*(int(one) for one in written[key])) for key in ("step", "run"))
    return Gathered(harm, safe, step, run)
