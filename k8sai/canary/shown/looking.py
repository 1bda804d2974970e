"""Reads a rollout to show it: nothing is written, and each part that cannot be read is told instead of raised."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from k8sai.canary.backend import Backend
from k8sai.canary.checks import gitops
from k8sai.canary.facts import ENDED, Json, Ref, Seen
from k8sai.canary.gate import Gate
from k8sai.canary.keeping.kept import Kept
from k8sai.canary.keeping.lease import Lease
from k8sai.canary.pods import Pods, pods_of
from k8sai.canary.shown.look import Look, Observed
from k8sai.canary.split import honoured
from k8sai.canary.state import Settings, State
from k8sai.errors import K8saiError

if TYPE_CHECKING:
    from k8sai.canary.gate import Verdict
    from k8sai.canary.measuring.sampler import Sampler
    from k8sai.cluster.reading import Reading
    from k8sai.cluster.writing import Writer
    from k8sai.holding.holder import Holder

WINDOW: Final = 300.0  # seconds that requests are looked back on
SETTLES: Final = 30.0  # seconds after a shift until every proxy and every counter has heard of it, or its warm-up

Sampling = Callable[[Settings], "Sampler"]  # raises where there is no Prometheus


def look_at(
    ref: Ref, backend: Backend, target: Json, read: "Reading", writer: "Writer", sampling: Sampling | None = None
) -> Look:
    """A target and its rollout, if there is one; without `sampling` nobody asks how requests were split.

    Raises Forbidden, ClusterError where its state may not be read; Drift where that is of another version of k8sai.
    """
    held = Kept(writer, ref).peek()
    state = held.state if held is not None else None
    holder = Lease(writer, ref, "").holder() if state is not None else None
    found = look_of(ref, backend, target, state, holder, read)
    kept = gitops.insist(ref.title, target, backend.name, read, allow=True)
    return replace(found, observed=observed(found, sampling), notes=kept, hidden=read.hidden)


def look_of(
    ref: Ref, backend: Backend, target: Json, state: State | None, holder: "Holder | None", read: "Reading"
) -> Look:
    """With what was read of the state already; nobody asks how requests were split."""
    seen, unseen = _seen(backend, target, state, read)
    stable, canary = _pods(seen, ref, read)
    return Look(
        ref=ref,
        backend=backend.name,
        at=time.time(),
        state=state,
        seen=seen,
        unseen=unseen,
        holder=holder,
        stable=stable,
        canary=canary,
        verdict=verdict_of(state),
        hidden=read.hidden,
    )


def verdict_of(state: State | None) -> "Verdict | None":
    """The gate's, by what was gathered; None without a gate."""
    return Gate.of(state.gate, state.settings).verdict() if state is not None and state.settings.gated else None


def _seen(backend: Backend, target: Json, state: State | None, read: "Reading") -> tuple[Seen | None, str]:
    try:
        return backend.see(target, state.handle if state is not None else {}, read), ""
    except K8saiError as error:
        return None, error.message


def _pods(seen: Seen | None, ref: Ref, read: "Reading") -> tuple[Pods | None, Pods | None]:
    if seen is None:
        return None, None
    return pods_of(seen.stable, ref.namespace, read), pods_of(seen.canary, ref.namespace, read) if seen.canary else None


def observed(look: Look, sampling: Sampling | None) -> Observed:
    """Over the last minutes, or since the last shift where that is less; of a rollout that is on its way."""
    state, seen, stable, canary = look.state, look.seen, look.stable, look.canary
    if state is None or seen is None or seen.canary is None or sampling is None or state.phase in ENDED:
        return Observed()
    now = time.time()
    start = max(now - WINDOW, _since(state) + min(SETTLES, state.settings.warmup))
    if start >= now:
        return Observed(why="the weight has just changed")
    try:
        sample = sampling(state.settings).window(
            seen.stable, seen.canary, stable.names if stable else (), canary.names if canary else (), start, now
        )
    except K8saiError as error:
        return Observed(why=error.message)
    if sample.no_data:
        return Observed(why=sample.no_data, queries=tuple(sample.queries))
    total = sample.canary_all + sample.stable_all
    split = honoured(seen.given, sample.canary_all, sample.stable_all)
    return Observed(split, total, now - start, queries=tuple(sample.queries))


def _since(state: State) -> float:
    from k8sai.ages import epoch

    return epoch(state.shifted) if state.shifted else 0.0
