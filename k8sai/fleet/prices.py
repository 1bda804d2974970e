"""What an hour of a GPU costs, as the user says it: `prices.yaml` in the settings folder.

currency: EUR
perGpuHour:
  NVIDIA-H100-80GB-HBM3: 2.9   # a product as the node's label or the driver calls it
  "*H200*": 3.5                # or a pattern; the first that matches counts
  default: 1                   # every other product

A product's own name goes before patterns. A MIG slice or a shared replica costs its share of the card.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from math import isfinite
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from k8sai.errors import NotFound, Usage
from k8sai.fleet.settings import contents, folder, table

NAME: Final = "prices.yaml"
_KEYS: Final = ("currency", "perGpuHour")
_DEFAULT: Final = "default"
_CUT: Final = ("-MIG-", "-SHARED")  # what the label of a product gains where its cards are cut or shared


class Prices(Struct, frozen=True):
    """Money per card and hour, by product or pattern, in the order of the file; `other` is for the rest."""

    currency: str = ""
    per_hour: tuple[tuple[str, float], ...] = ()
    other: float | None = None

    @property
    def known(self) -> bool:
        """Whether any product has a price."""
        return bool(self.per_hour) or self.other is not None

    def of(self, product: str) -> float | None:
        """Of one card of the product for an hour; None where the file says none."""
        names = (product, _whole(product))
        exact = dict(self.per_hour)
        for name in names:
            if name in exact:
                return exact[name]
        for pattern, price in self.per_hour:
            if any(fnmatchcase(name.casefold(), pattern.casefold()) for name in names):
                return price
        return self.other


NO_PRICES: Final = Prices()


def _whole(product: str) -> str:
    for mark in _CUT:
        product = product.partition(mark)[0]
    return product


def prices(path: Path | None = None) -> Prices:
    """From this file, or from the user's own where there is one. Raises NotFound, and Usage naming place and reason."""
    chosen = path or folder() / NAME
    text = contents(chosen)
    if text is not None:
        return read(text, str(chosen))
    if path is not None:
        raise NotFound(f"there is no price file {path}")
    return NO_PRICES


def read(text: str, place: str) -> Prices:
    """The same from a text; `place` names it in errors."""
    document = table(text, place, _KEYS, "`currency` and `perGpuHour`")
    if document is None:
        return NO_PRICES
    currency = document.get("currency", "")
    if not isinstance(currency, str):
        raise Usage(f"{place}: currency {currency!r} is not a text such as EUR")
    priced = document.get("perGpuHour")
    if not isinstance(priced, Mapping) or not priced:
        raise Usage(f"{place}: perGpuHour is not a table of products and prices")
    found = {str(product): _price(price, f"{place}: perGpuHour[{product}]") for product, price in priced.items()}
    other = found.pop(_DEFAULT, None)
    return Prices(currency, tuple(found.items()), other)


def _price(value: Any, where: str) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value) and value >= 0:
        return float(value)
    raise Usage(f"{where}: {value!r} is not a price such as 2.9")
