"""Who is asked: the ranks of a contract's scope, and the container in each; how long one tries."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from k8sai.cluster.api_errors import RequestTimedOut, Unavailable
from k8sai.errors import ClusterError, NotFound
from k8sai.evict.facts import Contract, Json, Request
from k8sai.evict.method import Said, Site

Until = Callable[[], bool]

_AT_ONCE: Final = 512  # ranks that save together must all be told before the first can answer
_TRIES: Final = 4  # for one rank: asking twice with one id is asking once
_AGAIN: Final = 1.0  # seconds until it is asked again, then doubled
_DEFAULT: Final = "kubectl.kubernetes.io/default-container"


def name_of(pod: Json) -> str:
    """Its name."""
    return str(pod["metadata"]["name"])


def in_scope(site: Site) -> tuple[Json, ...]:
    """The pods that a request is for; of `any` all, one after the other until one has taken it."""
    return tuple(site.pods[:1] if site.contract.scope == "rank0" else site.pods)


def container(contract: Contract, pod: Json) -> str:
    """The contract's, else the one kubectl would take, else the first."""
    annotations = pod["metadata"].get("annotations") or {}
    return str(contract.container or annotations.get(_DEFAULT) or pod["spec"]["containers"][0]["name"])


def has(pod: Json, name: str) -> bool:
    """The pod has such a container, or one among its sidecars."""
    spec = pod["spec"]
    return any(one.get("name") == name for one in (*spec["containers"], *(spec.get("initContainers") or ())))


def left(request: Request) -> float:
    """Seconds until its deadline, 0 where it has passed."""
    return max(0.0, request.deadline - time.time())


def everybody(site: Site, ask: Callable[[Json, Until], Said], until: Until) -> tuple[Said, ...]:
    """`ask` of every rank in scope, all at the same time; of `any` in turn, up to the first that takes it.

    The first Forbidden ends all and is raised.
    """
    pods = in_scope(site)
    if site.contract.scope == "any":
        return _anybody(pods, ask, until)
    ended = threading.Event()

    def enough() -> bool:
        return ended.is_set() or until()

    def one(pod: Json) -> Said:
        try:
            return ask(pod, enough)
        except BaseException:
            ended.set()
            raise

    if not pods:
        return ()
    with ThreadPoolExecutor(min(len(pods), _AT_ONCE), "ask") as pool:
        return tuple(pool.map(one, pods))


def _anybody(pods: Sequence[Json], ask: Callable[[Json, Until], Said], until: Until) -> tuple[Said, ...]:
    heard: list[Said] = []
    for pod in pods:
        if heard and until():
            break
        heard.append(ask(pod, until))
        if heard[-1].heard in ("answered", "accepted"):
            return (heard[-1],)
    return tuple(heard)


def patiently(pod: str, call: Callable[[], Said], request: Request, until: Until) -> Said:
    """`call`, again where the server or the way to it failed. What cannot be said by a rank is said of it.

    Raises Forbidden.
    """
    wait = _AGAIN
    for number in range(_TRIES):
        try:
            return call()
        except RequestTimedOut as late:
            return Said(pod, "silent", why=late.message)
        except Unavailable as error:
            wait = max(wait, error.retry_after or 0.0)
            if number == _TRIES - 1 or until() or left(request) <= wait:  # no answer at all: it may have been asked
                return Said(pod, "failed" if error.status else "silent", why=error.message)
            threading.Event().wait(wait)
            wait *= 2
        except (ClusterError, NotFound) as error:
            return Said(pod, "failed", why=error.message)
    raise AssertionError("the last try returns")
