"""Numbers of a rollout in few characters: percent, counts, e-values."""

from k8sai.canary.gate import HARM, SAFE, MetricVerdict


def percent(value: float | None) -> str:
    """`25 %`, `23.9 %`, `0.31 %`; `-` where nobody knows."""
    if value is None:
        return "-"
    digits = 0 if value == round(value) else 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f} %"


def count(number: int) -> str:
    """`4 176`: thousands apart by a space that does not break."""
    return f"{number:,}".replace(",", "\N{NO-BREAK SPACE}")


def evidence(value: float) -> str:
    """An e-value: `0.27`, `26`, `6e6`."""
    if value >= 1e4:
        mantissa, _, exponent = f"{value:.0e}".partition("e+")
        return f"{mantissa}e{int(exponent)}"
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def share(bad: int, every: int) -> str:
    """`13/4 176  0.31 %`."""
    rate = f"  {100 * bad / every:.2f} %" if every else ""
    return f"{count(bad)}/{count(every)}{rate}"


def proof(metric: MetricVerdict) -> str:
    """`harm 0.27/100  safe 26/20`: each beside what decides."""
    harm = max(metric.harm, metric.hard or 0.0)
    safe = max(metric.safe_relative, metric.safe_absolute)
    return f"harm {evidence(harm)}/{HARM:.0f}  safe {evidence(safe)}/{SAFE:.0f}"
