"""Asking by a program in the container: its environment has the request, its last line of JSON is the answer."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final

from k8sai.cluster.api_errors import Unavailable
from k8sai.cluster.executing import Done, run
from k8sai.errors import ClusterError, Usage
from k8sai.evict.contracts.acks import last_ack
from k8sai.evict.facts import Ack, Json, MethodName, Request
from k8sai.evict.method import Asked, Right, Said, Site, Trouble
from k8sai.evict.methods.hearing import judged, listen
from k8sai.evict.methods.reach import container, everybody, has, in_scope, left, name_of, patiently
from k8sai.evict.methods.rights import missing
from k8sai.evict.methods.words import as_environment

_OURS: Final = "k8sai_checkpoint"  # the file that is copied into trainers, and its module
_TO_TELL: Final = 15.0  # seconds to take a request back


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
        """A program that was started is not stopped: it saves, which does no harm. `k8sai_checkpoint.py` is told, so
        that ranks that stand still behind the save go on now instead of at the deadline; of others nobody knows how.
        """
        words = taking_back(site.contract.exec)
        if not words:
            return

        def one(pod: Json, enough: Callable[[], bool]) -> Said:
            done = _run(site, pod, (*as_environment(request), *words), _TO_TELL, enough)
            return Said(name_of(pod), "failed" if done.code else "answered", why=last_words(done))

        try:
            everybody(site, one, lambda: False)
        except Unavailable as error:  # a node that is gone must not hold up what is taken back
            raise Unanswered(error.message) from error


class Unanswered(ClusterError):
    """A rank could not be told; it goes on at the deadline."""


def taking_back(words: Sequence[str]) -> tuple[str, ...]:
    """The command that takes back what this one asks for; empty where nobody knows: `… k8sai_checkpoint.py request …`
    has one.
    """
    for place, (program, verb) in enumerate(pairwise(words)):
        if verb == "request" and program.removesuffix(".py").rpartition("/")[2].rpartition(".")[2] == _OURS:
            return (*words[: place + 1], "withdraw", *words[place + 2 :])
    return ()


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
    done = _run(site, pod, (*as_environment(request), *site.contract.exec), left(request), until)
    return understood(name_of(pod), done, request)


def _run(site: Site, pod: Json, words: tuple[str, ...], timeout: float, until: Callable[[], bool]) -> Done:
    place = container(site.contract, pod)
    return run(site.connection, site.ref.namespace, name_of(pod), place, words, timeout=timeout, until=until)


def understood(pod: str, done: Done, request: Request) -> Said:
    """What a program that has ended says: its exit code, then the last line of its output that is a JSON object."""
    text = done.out.decode(errors="replace")
    if done.code and (begun := _begun(text, request)) is not None:
        return Said(pod, "accepted", begun, f"{begun.ranks} of {begun.world} ranks had saved when its program ended")
    if done.code:
        return Said(pod, "failed", why=f"its program ended with {done.code}{last_words(done)}")
    try:
        answer = last_ack(text)
    except Usage as error:
        return Said(pod, "accepted", why=f"its answer cannot be read: {error.message}")
    if answer is None:
        return Said(pod, "accepted", why="its program ended well and said nothing of a checkpoint")
    return judged(pod, answer, request)


def _begun(text: str, request: Request) -> Ack | None:
    """What was said of a save that goes on: some ranks have done it, and none has failed."""
    try:
        answer = last_ack(text)
    except Usage:
        return None
    if answer is None or answer.request != request.id or answer.complete or '"error"' in text:
        return None
    return answer if 0 < answer.ranks < answer.world else None


def last_words(done: Done) -> str:
    """The last line of stderr, else of stdout: `: no space left`; empty where there is none."""
    for text in (done.err, done.out):
        lines = text.decode(errors="replace").split("\n")
        said = next((line.strip() for line in reversed(lines) if line.strip()), "")
        if said:
            return f": {said[:200]}"
    return ""
