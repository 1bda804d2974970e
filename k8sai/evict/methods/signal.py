"""Asking by a signal, sent in the container. One that nobody handles kills, so the handler is looked for first."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from k8sai.cluster.executing import CannotStart, Done, run
from k8sai.evict.facts import Json, MethodName, Request
from k8sai.evict.method import Asked, Right, Said, Site, Trouble
from k8sai.evict.methods import signal_script as script
from k8sai.evict.methods.exec import can_run, exec_rights, last_words
from k8sai.evict.methods.hearing import listen
from k8sai.evict.methods.reach import container, everybody, in_scope, left, name_of, patiently
from k8sai.evict.methods.rights import missing

_CHECK: Final = 30.0  # seconds to look at the processes of a container
_SEND: Final = 60.0  # seconds to find them again and send
_WITHOUT_SHELL: Final = (126, 127)


class Signal:
    """The contract's `checkpoint-signal` and `signal-target`. All processes that fit must handle it, else none gets it.

    A signal carries no id: it is told `accepted`, and what the workload writes afterwards is the answer.
    """

    name: MethodName = "signal"
    writes: bool = False

    def rights(self, site: Site) -> tuple[Right, ...]:
        return exec_rights(site)

    def preflight(self, site: Site, read_only: bool) -> tuple[Trouble, ...]:
        if site.contract.signal not in script.NUMBERS:
            return (Trouble(f"the signal {site.contract.signal or 'of no name'} is not known on Linux"),)
        found = (*can_run(site), *missing(site, self.rights(site)))
        return found if found or read_only else self._handlers(site)

    def ask(self, site: Site, request: Request, until: Callable[[], bool]) -> Asked:
        looked = everybody(_whole(site), lambda pod, enough: _checked(site, pod, request, enough), until)
        known = {one.pod: one for one in looked}
        if site.contract.scope != "any" and any(one.heard == "failed" for one in looked):
            return Asked(looked)

        def one(pod: Json, enough: Callable[[], bool]) -> Said:
            name = name_of(pod)
            if known[name].heard == "failed":
                return known[name]
            return patiently(name, lambda: _sent(site, pod, request, enough), request, enough)

        return Asked(everybody(site, one, until))

    def look(self, site: Site, request: Request, asked: Asked) -> Asked:
        return listen(site, request, asked)

    def withdraw(self, site: Site, request: Request, asked: Asked) -> None:
        """A signal cannot be taken back; its save does no harm."""

    def _handlers(self, site: Site) -> tuple[Trouble, ...]:
        """In every container that would be signalled. Raises ClusterError, Forbidden."""
        for pod in in_scope(site):
            try:
                done = _run(site, pod, "check", _CHECK)
            except CannotStart as error:
                return (Trouble(f"there is no shell in it: {error.message}"),)
            why = _refusal(done, site.contract.signal, name_of(pod))
            if why:
                return (Trouble(why, _hint(site), fatal=done.code == script.UNHANDLED),)
        return ()


def _whole(site: Site) -> Site:
    """All that may be asked: of `any` too each is looked at."""
    return replace(site, contract=replace(site.contract, scope="all"), pods=in_scope(site))


def _hint(site: Site) -> str:
    return "" if site.contract.signal_target else "k8sai.dev/signal-target names another process than the first"


def _checked(site: Site, pod: Json, request: Request, until: Callable[[], bool]) -> Said:
    """Before any rank gets the signal all are looked at. What cannot be looked at gets none."""
    name = name_of(pod)

    def look() -> Said:
        return Said(name, "silent", why=_refusal(_run(site, pod, "check", _CHECK), site.contract.signal, name))

    said = patiently(name, look, request, until)
    return replace(said, heard="failed") if said.why else said


def _sent(site: Site, pod: Json, request: Request, until: Callable[[], bool]) -> Said:
    done = _run(site, pod, "send", min(_SEND, left(request)), until)
    why = _refusal(done, site.contract.signal, name_of(pod))
    return Said(name_of(pod), "failed", why=why) if why else Said(name_of(pod), "accepted")


def _run(site: Site, pod: Json, word: str, timeout: float, until: Callable[[], bool] | None = None) -> Done:
    pattern = site.contract.signal_target.removeprefix("cmd~")
    words = script.argv(word, site.contract.signal, pattern)
    place = container(site.contract, pod)
    return run(site.connection, site.ref.namespace, name_of(pod), place, words, timeout=timeout, until=until)


def _refusal(done: Done, signal: str, pod: str) -> str:
    """Why the signal is not or was not sent; "" where all is well."""
    lines = done.out.decode(errors="replace").splitlines()
    if done.code == script.UNHANDLED:
        bare = next((line.split(" unhandled ", 1) for line in lines if " unhandled " in line), ("?", ""))
        return (
            f"process {bare[0]} ({bare[1].strip()[:80]}) of pod {pod} does not handle SIG{signal}: it would be killed"
        )
    if done.code == script.NOBODY:
        return f"no process of pod {pod} has a command line that fits"
    if done.code in _WITHOUT_SHELL:
        return f"pod {pod} has no shell to look with{last_words(done)}"
    if done.code == script.NOT_SENT:
        return f"the signal could not be sent in pod {pod}: {', '.join(line for line in lines if 'failed' in line)}"
    return f"the processes of pod {pod} cannot be looked at ({done.code}){last_words(done)}" if done.code else ""
