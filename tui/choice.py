"""The clusters there are to choose from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from k8sai.fleet.index import Fleet
from k8sai.tui.feed import Feed


@dataclass(frozen=True, slots=True)
class Context:
    """One context of the kubeconfig."""

    name: str
    cluster: str = ""
    user: str = ""
    namespace: str = ""


class Choice(Protocol):
    """The contexts there are to choose from."""

    def contexts(self) -> Sequence[Context]:
        """As the kubeconfig has them now. Raises Usage where it cannot be read."""

    def open(self, name: str) -> tuple[Fleet, Feed]:
        """An empty fleet and the feed that will fill it, of a server that has answered. May wait: not for the screen's
        thread. Raises what connecting raises."""
