"""Windows of requests, and the gate after them."""

from functools import reduce

from hypothesis import strategies as st

from k8sai.canary.gate import Gate, MetricVerdict, Outcome
from k8sai.canary.gate_gathered import Window
from k8sai.canary.state import Settings, Slo

ERRORS = Slo("errors", 0.01)
SLOW = Slo("ttft", 0.05, above=2.0)
BOTH = Settings(slos=(ERRORS, SLOW))


@st.composite
def window(draw: st.DrawFn) -> Window:
    canary, stable = draw(st.integers(0, 2000)), draw(st.integers(0, 20_000))
    return Window(draw(st.integers(0, canary)), canary, draw(st.integers(0, stable)), stable)


WINDOWS = st.lists(window(), max_size=8)


def after(*windows: Window, settings: Settings | None = None, slo: Slo = ERRORS) -> Gate:
    gate = Gate.new(settings or Settings(slos=(slo,)))
    return reduce(lambda one, window: one.after({slo.title: window}), windows, gate)


def only(gate: Gate) -> MetricVerdict:
    (one,) = gate.verdict().metrics
    return one


def outcome(*windows: Window, settings: Settings | None = None, slo: Slo = ERRORS) -> Outcome:
    return after(*windows, settings=settings, slo=slo).verdict().outcome


GOOD, BAD, OPEN = Window(0, 1000, 0, 9000), Window(200, 1000, 90, 9000), Window(55, 1000, 300, 9000)
