"""Asking by a program in the container: its environment has the request, its last line of JSON is the answer."""

from collections.abc import Callable

from k8sai.cluster.executing import Done, run
from k8sai.errors import Usage
from k8sai.evict.contracts.acks import last_ack
from k8sai.evict.facts import Json, MethodName, Request
from k8sai.evict.method import Asked, Right, Said, Site, Trouble
from k8sai.evict.methods.hearing import judged, listen
from k8sai.evict.methods.reach import container, everybody, has, in_scope, left, name_of, patiently
from k8sai.evict.methods.rights import missing
from k8sai.evict.methods.words import as_environment


class Exec:
    """The contract's `checkpoint-exec`. The program ends when the save is done; a rank is asked again with the same id
    where the connection to it was cut.
    """

    name: MethodName = "exec"
    writes: bool = False

    def rights(self, site: Site) -> tuple[Right, ...]:
        return exec_rights(site)

    def preflight(self, site: Site, read_only: bool) -> tuple[Trouble, ...]:
        return (*can_run(site), *missing(site, self.rights(site)))

    def ask(self, site: Site, request: Request, until: Callable[[], bool]) -> Asked:
        def one(pod: Json, enough: Callable[[], bool]) -> Said:
            return patiently(name_of(pod), lambda: _ask(site, pod, request, enough), request, enough)

        return Asked(everybody(site, one, until))

    def look(self, site: Site, request: Request, asked: Asked) -> Asked:
        return listen(site, request, asked)

    def withdraw(self, site: Site, request: Request, asked: Asked) -> None:
        """A program that was started is not stopped: it saves, which does no harm."""


def exec_rights(site: Site) -> tuple[Right, ...]:
    """A websocket is opened by a GET, and kubectl's way is a create: servers since 1.35 want both."""
    namespace = site.ref.namespace
    return (("get", "pods", "exec", namespace), ("create", "pods", "exec", namespace))


def can_run(site: Site) -> tuple[Trouble, ...]:
    """There is a pod, and it has the container."""
    pods = in_scope(site)
    if not pods:
        return (Trouble(f"no pod of {site.ref.title} runs, so nobody can be asked"),)
    for pod in pods:
        name = container(site.contract, pod)
        if not has(pod, name):
            return (Trouble(f"pod {name_of(pod)} has no container {name!r}, which its contract names"),)
    return ()


def _ask(site: Site, pod: Json, request: Request, until: Callable[[], bool]) -> Said:
    done = run(
        site.connection,
        site.ref.namespace,
        name_of(pod),
        container(site.contract, pod),
        (*as_environment(request), *site.contract.exec),
        timeout=left(request),
        until=until,
    )
    return understood(name_of(pod), done, request)


def understood(pod: str, done: Done, request: Request) -> Said:
    """What a program that has ended says: its exit code, then the last line of its output that is a JSON object."""
    if done.code:
        return Said(pod, "failed", why=f"its program ended with {done.code}{last_words(done)}")
    try:
        answer = last_ack(done.out.decode(errors="replace"))
    except Usage as error:
        return Said(pod, "accepted", why=f"its answer cannot be read: {error.message}")
    if answer is None:
        return Said(pod, "accepted", why="its program ended well and said nothing of a checkpoint")
    return judged(pod, answer, request)


def last_words(done: Done) -> str:
    """The last line of stderr, else of stdout: `: no space left`; empty where there is none."""
    for text in (done.err, done.out):
        lines = text.decode(errors="replace").split("\n")
        said = next((line.strip() for line in reversed(lines) if line.strip()), "")
        if said:
            return f": {said[:200]}"
    return ""
