"""Entering a rollout to act on it: the Lease is taken, what is kept is read, and given back at the end."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from k8sai.ages import stamp
from k8sai.canary.backend import Backend
from k8sai.canary.facts import Ref
from k8sai.canary.keeping.holding import holding
from k8sai.canary.keeping.kept import Held, Kept
from k8sai.canary.keeping.lease import Lease
from k8sai.canary.running.hands import Hands, News, Sampling, no_sampler
from k8sai.canary.state import Settings, State
from k8sai.errors import Locked
from k8sai.holding.holder import holder_name
from k8sai.holding.lease import Clock

if TYPE_CHECKING:
    from k8sai.cluster.objects import Objects
    from k8sai.cluster.writing import Writer


@contextmanager
def entered(
    ref: Ref,
    backend: Backend,
    writer: "Writer",
    objects: "Objects",
    *,
    steal: bool = False,
    known: State | None = None,
    sampling: Callable[[Settings], Sampling] = no_sampler,
    pause: Callable[[float], None] = time.sleep,
    told: Callable[[News], None] = lambda _: None,
    watched: Callable[[str], None] = lambda _: None,
    clock: Clock | None = None,
) -> Iterator[tuple[Hands, Held | None]]:
    """`known` is the state that was decided on: who finds another one came second, and is Locked.

    `watched` is told why it takes a while; with a `clock` of its own no thread renews the Lease. Raises Locked,
    Unreadable, Forbidden, ClusterError.
    """
    now = clock.now if clock else time.time
    journal, lease = Kept(writer, ref), Lease(writer, ref, holder_name(), clock=clock, background=clock is None)
    by = writer.whoami() or lease.name.partition("/")[0]
    with holding(journal, lease, by, stamp(now()), steal=steal, told=watched) as held:
        _insist_on(known, held)
        yield Hands(ref, backend, writer, objects, journal, lease, by, sampling, now, pause, told), held


def _insist_on(known: State | None, held: Held | None) -> None:
    if known is None or held is None:
        return
    if (known.id, known.weight, known.step, known.phase) != (
        held.state.id,
        held.state.weight,
        held.state.step,
        held.state.phase,
    ):
        title = f"{known.target.title} -n {known.target.namespace}"
        raise Locked(
            f"another operator has just brought {known.target.title} to {held.state.phase}, {held.state.weight} %",
            f"`k8sai canary status {title}`",
        )
