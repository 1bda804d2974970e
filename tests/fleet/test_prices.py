"""The user's price file: whose price a product has, and what is wrong with a file, with its place."""

from pathlib import Path

import pytest

from k8sai.errors import NotFound, Usage
from k8sai.fleet.prices import NO_PRICES, prices, read

FILE = """\
currency: EUR
perGpuHour:
  "*H100*": 2
  NVIDIA-H100-80GB-HBM3: 2.9
  "*h200*": 3.5
  default: 1
"""


@pytest.mark.parametrize(
    ("product", "price"),
    [
        ("NVIDIA-H100-80GB-HBM3", 2.9),  # its own name before a pattern that comes first
        ("NVIDIA-H100-80GB-HBM3-MIG-1g.10gb", 2.9),
        ("NVIDIA-H100-80GB-HBM3-SHARED", 2.9),
        ("NVIDIA-H100-NVL", 2),
        ("NVIDIA-H200", 3.5),
        ("AMD-Instinct", 1),
        ("", 1),
    ],
)
def test_the_price_of_a_product(product: str, price: float) -> None:
    assert read(FILE, "f").of(product) == price


def test_without_a_default_the_rest_has_no_price() -> None:
    found = read("perGpuHour: {T4: 0.5}", "f")
    assert (found.currency, found.of("T4"), found.of("L4")) == ("", 0.5, None)
    assert read("", "f") == NO_PRICES and not NO_PRICES.known and found.known


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[", "f: not YAML: "),
        ("currency: A\ncurrency: B", "f: not YAML: the key 'currency' is there twice"),
        ("currency: A\n---\ncurrency: B", "f: expected `currency` and `perGpuHour` and nothing else"),
        ("[]", "f: expected `currency` and `perGpuHour` and nothing else"),
        ("price: 1", "f: expected `currency` and `perGpuHour` and nothing else"),
        ("currency: 3\nperGpuHour: {a: 1}", "f: currency 3 is not a text such as EUR"),
        ("currency: EUR", "f: perGpuHour is not a table of products and prices"),
        ("perGpuHour: [1]", "f: perGpuHour is not a table of products and prices"),
        ("perGpuHour: {T4: cheap}", "f: perGpuHour[T4]: 'cheap' is not a price such as 2.9"),
        ("perGpuHour: {T4: true}", "f: perGpuHour[T4]: True is not a price such as 2.9"),
        ("perGpuHour: {T4: -1}", "f: perGpuHour[T4]: -1 is not a price such as 2.9"),
        ("perGpuHour: {T4: .nan}", "f: perGpuHour[T4]: nan is not a price such as 2.9"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, sentence: str) -> None:
    with pytest.raises(Usage) as told:
        read(text, "f")
    assert told.value.message.startswith(sentence)


def test_the_file_in_the_settings_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8SAI_CONFIG_DIR", str(tmp_path))
    assert prices() == NO_PRICES
    (tmp_path / "prices.yaml").write_text(FILE)
    assert prices().currency == "EUR"
    other = tmp_path / "other.yaml"
    other.write_text("perGpuHour: {default: 4}")
    assert prices(other).of("T4") == 4
    with pytest.raises(NotFound, match="there is no price file"):
        prices(tmp_path / "nosuch.yaml")
    with pytest.raises(Usage, match="cannot be read"):
        prices(tmp_path)
