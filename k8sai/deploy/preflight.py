"""Is the cluster ready for the set: every check at once, before anything is written.

A check of its own is a function of a `Look` that yields `Check`s, named in `preflight`.
https://kubernetes.io/docs/reference/using-api/
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from k8sai.deploy.check import Check, Look
from k8sai.deploy.check_kinds import kinds, namespaces, versions
from k8sai.deploy.check_pods import references, volumes
from k8sai.deploy.check_queues import queues
from k8sai.deploy.check_rights import rights
from k8sai.errors import Exit, Forbidden, K8saiError, NotFound, Refused

_AT_ONCE = 8  # requests


def preflight(look: Look) -> list[Check]:
    """Every check, in their order. Raises what only a server that is gone raises."""
    asked: tuple[Callable[[Look], Iterator[Check]], ...] = (
        versions,
        kinds,
        namespaces,
        rights,
        references,
        volumes,
        queues,
        _fits,
    )
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(look.new, look.placed.items))  # asked for together, remembered for all
        return [check for found in pool.map(lambda ask: _carefully(ask, look), asked) for check in found]


def _carefully(ask: Callable[[Look], Iterator[Check]], look: Look) -> list[Check]:
    """What a check cannot read is its answer."""
    found: list[Check] = []
    try:
        found.extend(ask(look))
    except Forbidden as error:
        found.append(Check(ask.__name__.strip("_"), "warn", f"may not be looked at: {error.message}", error.hint))
    except (AttributeError, TypeError):  # not what such an object looks like: the server says so better than we can
        found.append(Check(ask.__name__.strip("_"), "warn", "an object is not built as its kind is: see the dry run"))
    return found


def _fits(look: Look) -> Iterator[Check]:
    new = [item for item in look.placed.items if look.new(item)]
    if look.fits is not None and new:
        yield from look.fits(new)


def worst(checks: list[Check]) -> K8saiError | None:
    """The error that a failed check ends the run with; None where none failed. What RBAC denies comes first."""
    failed = [one for one in checks if one.level == "fail"]
    if not failed:
        return None
    first = min(failed, key=lambda one: (one.exit != Exit.FORBIDDEN, one.exit != Exit.NOT_FOUND))
    kinds: dict[Exit, type[K8saiError]] = {Exit.FORBIDDEN: Forbidden, Exit.NOT_FOUND: NotFound}
    texts = [first.text, *(one.text for one in failed if one is not first)]
    hint = first.hint or "--skip-preflight writes all the same"
    return kinds.get(first.exit, Refused)(f"nothing was written: {texts[0]}", hint, tuple(texts[1:]))
