"""Quantities parse exactly as the API server parses them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.errors import Exit
from k8sai.quantity import BadQuantity, binary, milli, parse, whole


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("8", 8),
        ("0", 0),
        ("-3", -3),
        ("+3", 3),
        ("1k", 1000),
        ("1Ki", 1024),
        ("80Gi", 80 * 2**30),
        ("1e3", 1000),
        ("1E3", 1000),
        ("1E", 10**18),
        ("1.5Gi", 3 * 2**29),
        (".5", Decimal("0.5")),
        ("5.", 5),
        ("500m", Decimal("0.5")),
        ("100n", Decimal("1e-7")),
        (8, 8),
        (0.5, Decimal("0.5")),
    ],
)
def test_exact_value(text: str | int | float, value: int | Decimal) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "8GPUs",
        "1 Gi",
        "gi",
        "1Kii",
        "NaN",
        "Infinity",
        "1_000",
        "0x8",
        "1e",
        "--1",
        "1e3k",
        "٣",
        "1e99999999999",
    ],
)
def test_what_the_server_refuses(text: str) -> None:
    with pytest.raises(BadQuantity, match="is not a Kubernetes quantity") as raised:
        parse(text)
    assert raised.value.exit is Exit.USAGE


def test_rounding_is_up_away_from_nothing_lost() -> None:
    assert whole("500m") == 1
    assert whole("1500m") == 2
    assert milli("1u") == 1
    assert milli("1500u") == 2
    assert parse("0.1n") == Decimal("1e-9")


@given(st.integers(min_value=0, max_value=2**62))
def test_bytes_said_and_read_again(value: int) -> None:
    assert whole(binary(value)) == value


@given(st.integers(-(10**12), 10**12), st.sampled_from(["n", "u", "m", "", "k", "M", "Ki", "Mi", "Gi"]))
def test_sum_of_parts_is_exact(number: int, suffix: str) -> None:
    assert parse(f"{number}{suffix}") == number * parse(f"1{suffix}")
