"""Requirements are read as they are typed, and typed again they are the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.canary.slo import parse
from k8sai.canary.state import Slo
from k8sai.errors import Usage


@pytest.mark.parametrize(
    ("text", "slo"),
    [
        ("errors<1%", Slo("errors", 0.01)),
        ("errors < 0.5 %", Slo("errors", 0.005)),
        ("ttft>2s<5%", Slo("ttft", 0.05, above=2.0)),
        ("itl>80ms<2%", Slo("itl", 0.02, above=0.08)),
        ("e2e>1m<5%", Slo("e2e", 0.05, above=60.0)),
        (
            "refused<2%;bad=r_total{{{selector}}};total=all_total{{{selector}}}",
            Slo("refused", 0.02, bad="r_total{{{selector}}}", total="all_total{{{selector}}}"),
        ),
        ('x<2%;bad=a{b="=c"};total=t', Slo("x", 0.02, bad='a{b="=c"}', total="t")),
    ],
)
def test_read(text: str, slo: Slo) -> None:
    assert parse(text) == slo


@given(st.sampled_from(["ttft", "itl", "e2e"]), st.integers(1, 9999), st.integers(1, 999))
def test_its_title_is_the_same_requirement(metric: str, milliseconds: int, tenths: int) -> None:
    slo = parse(f"{metric}>{milliseconds}ms<{tenths / 10}%")
    again = parse(slo.title)
    assert again.title == slo.title
    assert again.above == pytest.approx(slo.above)


def test_one_may_be_not_required() -> None:
    assert parse("errors<1%", required=False).required is False


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not a requirement"),
        ("errors", "is not a requirement"),
        ("errors<1", "is not a requirement"),
        ("errors<1.2.3%", "is not a number"),
        ("errors<0%", "not between"),
        ("errors<100%", "not between"),
        ("errors>2s<1%", "an error has no duration"),
        ("ttft<5%", "from when on"),
        ("ttft>0s<5%", "from when on"),
        ("latency>2s<5%", "not a metric that k8sai knows"),
        ("mine<5%;bad=x", "needs both"),
        ("mine<5%;bad=x;total=", "needs both"),
        ("mine<5%;bad=x;total=y;more=z", "needs both"),
    ],
)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(Usage, match=message):
        parse(text)
