"""Questions to Prometheus as of a time, each asked once and remembered for whoever wants to see them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from k8sai.cluster.exposition import Sample
    from k8sai.cluster.prometheus import Vector

Ask = Callable[[str, float], "Vector"]  # a query (PromQL), as of a time (epoch seconds)


class Asked:
    """What was asked for one window. Raises what asking raises.

    What the window before was told as of its end is the beginning of this one, even if Prometheus has learned more of
    that time since: a scrape that was late is counted now, and nothing is lost or counted twice.
    """

    def __init__(self, ask: Ask, before: "Asked | None" = None, start: float = 0.0) -> None:
        self._ask = ask
        known = before._known if before else {}
        self._known: dict[tuple[str, float], list[Sample]] = {
            key: told for key, told in known.items() if key[1] == start
        }
        self.notes: list[str] = []

    def __call__(self, query: str, at: float) -> "list[Sample]":
        if (query, at) not in self._known:
            found = self._ask(query, at)
            self.notes += [said for said in found.warnings if said not in self.notes]
            self._known[query, at] = found.samples
        return self._known[query, at]

    @property
    def queries(self) -> tuple[str, ...]:
        """Each once, whenever it was asked for."""
        return tuple(dict.fromkeys(query for query, _ in self._known))
