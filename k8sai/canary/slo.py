"""Requirements as they are typed: `errors<1%`, `ttft>2s<5%`, `itl>80ms<2%`, or of one's own with `;bad=…;total=…`."""

import re
from typing import Final

from k8sai.canary.state import Slo
from k8sai.errors import Usage

LATENCIES: Final = {
    "ttft": "time to first token",
    "itl": "time between tokens",
    "e2e": "time of the whole request",
}
_FORM = re.compile(r"\s*([a-z][a-z0-9_-]*)\s*(?:>\s*([\d.]+)\s*(ms|s|m))?\s*<\s*([\d.]+)\s*%\s*")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0}
_HINT = "write it as `errors<1%`, `ttft>2s<5%`, `itl>80ms<2%` or `e2e>30s<5%`"


def parse(text: str, *, required: bool = True) -> Slo:
    """From `METRIC[>BOUND]<PERCENT%[;bad=PROMQL;total=PROMQL]`. Raises Usage."""
    head, *own = text.split(";")
    match = _FORM.fullmatch(head)
    if match is None:
        raise Usage(f"{text!r} is not a requirement", _HINT)
    metric, bound, unit, percent = match.groups()
    slo = Slo(
        metric,
        _number(percent, text) / 100,
        round(_number(bound, text) * _SECONDS[unit], 9) if bound else None,
        **_own(own, text),
        required=required,
    )
    _check(slo, text)
    return slo


def _number(digits: str, text: str) -> float:
    try:
        return float(digits)
    except ValueError as error:
        raise Usage(f"{digits!r} in {text!r} is not a number", _HINT) from error


def _own(parts: list[str], text: str) -> dict[str, str]:
    found = {name.strip(): value.strip() for name, _, value in (part.partition("=") for part in parts)}
    if found and (set(found) != {"bad", "total"} or not all(found.values())):
        raise Usage(f"{text!r} needs both ;bad=PROMQL and ;total=PROMQL, and nothing else")
    return found


def _check(slo: Slo, text: str) -> None:
    if not 0 < slo.budget < 1:
        raise Usage(f"the budget in {text!r} is not between 0% and 100%", _HINT)
    if slo.metric in LATENCIES and not slo.above:
        raise Usage(f"{text!r} does not say from when on a request is slow", f"write it as `{slo.metric}>2s<5%`")
    if slo.metric == "errors" and slo.above is not None:
        raise Usage(f"{text!r}: an error has no duration", "write it as `errors<1%`")
    if slo.metric != "errors" and slo.metric not in LATENCIES and not slo.bad:
        raise Usage(f"{slo.metric!r} is not a metric that k8sai knows", _own_hint(slo.metric))


def _own_hint(metric: str) -> str:
    known = ", ".join(("errors", *LATENCIES))
    return f"it knows {known}; of your own: `{metric}<1%;bad=PROMQL;total=PROMQL`, with {{{{selector}}}} in both"
