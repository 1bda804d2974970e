"""Which pods share a card, by the names that their scheduler gave the cards: KAI's and Run:ai's groups."""

from collections.abc import Iterable, Iterator

from k8sai.fleet.pods import PodEntry
from k8sai.fleet.sharing import Fraction


class Sharers:
    """The pods on nodes, by the cards they say they are on."""

    def __init__(self) -> None:
        self._by_card: dict[str, list[PodEntry]] = {}

    def add(self, pod: PodEntry) -> None:
        """The pod is there, if it is on a node and shares."""
        if pod.groups is not None and pod.node:
            for card in pod.groups.names:
                self._by_card.setdefault(card, []).append(pod)

    def drop(self, pod: PodEntry) -> None:
        """It is gone, as it was added."""
        if pod.groups is not None and pod.node:
            for card in pod.groups.names:
                self._by_card[card].remove(pod)
                if not self._by_card[card]:
                    del self._by_card[card]

    def with_kin(self, pods: Iterable[PodEntry]) -> list[PodEntry]:
        """The pods, and all that share a card with one of them."""
        pods = list(pods)
        if all(pod.groups is None for pod in pods):
            return pods
        found = {id(pod): pod for pod in pods}
        for pod in pods:
            found.update((id(other), other) for other in self._beside(pod))
        return list(found.values())

    def reserved(self, pod: PodEntry) -> bool:
        """A reservation pod holds the cards this fraction lives on."""
        return any(other.groups is not None and other.groups.reserves for other in self._beside(pod))

    def fractions(self, pod: PodEntry) -> Iterator[tuple[str, Fraction]]:
        """The fractions on the cards of the pod, each with its node; one on several of them is there for each."""
        return ((other.node, other.fraction) for other in self._beside(pod) if other.fraction is not None)

    def _beside(self, pod: PodEntry) -> Iterator[PodEntry]:
        names = pod.groups.names if pod.groups is not None else ()
        return (other for name in names for other in self._by_card.get(name, ()))
