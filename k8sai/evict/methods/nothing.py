"""A workload that cannot be asked: it loses what it has done since its last checkpoint."""

from collections.abc import Callable

from k8sai.evict.facts import MethodName, Request
from k8sai.evict.method import Asked, Right, Site, Trouble


class Nothing:
    """Asks nobody."""

    name: MethodName = "none"
    writes: bool = False

    def rights(self, site: Site) -> tuple[Right, ...]:
        return ()

    def preflight(self, site: Site, read_only: bool) -> tuple[Trouble, ...]:
        return ()

    def ask(self, site: Site, request: Request, until: Callable[[], bool]) -> Asked:
        return Asked()

    def look(self, site: Site, request: Request, asked: Asked) -> Asked:
        return asked

    def withdraw(self, site: Site, request: Request, asked: Asked) -> None:
        """Nothing was asked."""
