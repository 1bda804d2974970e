"""Sentences about a rollout on its way: why the gate failed, what it waits for."""

from k8sai.canary.gate import MetricVerdict, Outcome, Verdict
from k8sai.canary.state import State


def failed(verdict: Verdict) -> str:
    """Of the metrics that failed, with both sides' numbers."""
    return "the gate failed: " + "; ".join(_numbers(one) for one in verdict.metrics if one.outcome is Outcome.FAIL)


def held_for(state: State, verdict: Verdict) -> str:
    """Why there is no verdict yet."""
    if state.reason and (state.blind or state.unsplit):
        return state.reason
    if not verdict.need:
        return "the gate has no verdict"
    missing = " and ".join(one.slo.title for one in verdict.metrics if one.slo.required and one.need == verdict.need)
    return f"the gate needs about {verdict.need} more requests to the canary ({missing})"


def _numbers(one: MetricVerdict) -> str:
    canary, stable = _share(one.canary_bad, one.canary_all), _share(one.stable_bad, one.stable_all)
    return f"{one.slo.title}: {canary} of the canary against {stable}"


def _share(bad: int, all_: int) -> str:
    percent = f" ({100 * bad / all_:.2f} %)" if all_ else ""
    return f"{bad} of {all_}{percent}"
