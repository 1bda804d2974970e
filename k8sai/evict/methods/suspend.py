"""Nothing is asked beforehand: the workload saves when it is stopped (SIGTERM), and says so afterwards."""

from collections.abc import Callable

from k8sai.evict.facts import MethodName, Request
from k8sai.evict.method import Asked, Right, Said, Site, Trouble
from k8sai.evict.methods.hearing import listen
from k8sai.evict.methods.reach import in_scope, name_of


class Suspend:
    """The stop itself is the request, so the proof comes after it: `last-checkpoint` on the owner, a marker, or what
    the restarted gang says it was restored from.
    """

    name: MethodName = "suspend"
    writes: bool = False

    def rights(self, site: Site) -> tuple[Right, ...]:
        return ()

    def preflight(self, site: Site, read_only: bool) -> tuple[Trouble, ...]:
        return ()

    def ask(self, site: Site, request: Request, until: Callable[[], bool]) -> Asked:
        return Asked(tuple(Said(name_of(pod), "silent", why="it saves when it is stopped") for pod in in_scope(site)))

    def look(self, site: Site, request: Request, asked: Asked) -> Asked:
        return listen(site, request, asked)

    def withdraw(self, site: Site, request: Request, asked: Asked) -> None:
        """Nothing was asked."""
