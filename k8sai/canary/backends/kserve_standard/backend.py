"""KServe in Standard mode: an entry of `spec.canary[]`, and the weights that KServe writes into its HTTPRoutes.

Since v0.20.0; before, the field does not exist and canaryTrafficPercent is ignored in this mode.
https://github.com/kserve/kserve/pull/5672
"""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING

from k8sai.canary.backend import Goal, Step
from k8sai.canary.backends.kserve_predictor import CONTAINER, renewed
from k8sai.canary.backends.kserve_standard.checks import (
    able,
    able_version,
    autoscaled,
    free_name,
    mode,
    possible_wish,
    scaler,
)
from k8sai.canary.backends.kserve_standard.next import KIND, next_step
from k8sai.canary.backends.kserve_standard.seen import ROUTES, seen
from k8sai.canary.backends.kserve_standard.side import DEPLOYMENTS
from k8sai.canary.backends.kserve_standard.spec import deployment_name, entry_of, lowered, predictor_of
from k8sai.canary.backends.owners import refuse_flagger, refuse_owned
from k8sai.canary.backends.pod_demand import template_like
from k8sai.canary.facts import Demand, Json, Prepared, Seen, Wish
from k8sai.errors import Refused

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading


class KServeStandard:
    """`isvc/chat --model-uri …` where KServe makes Deployments itself."""

    name = "kserve-standard"
    kinds: Sequence[str] = (KIND,)
    words: Sequence[str] = ("isvc", "inferenceservice", "inferenceservices")
    read_only = False

    def takes(self, target: Json, read: "Reading") -> bool:
        return mode(target) == "Standard"

    def prepare(self, target: Json, wish: Wish, read: "Reading") -> Prepared:
        possible_wish(wish)
        refuse_owned(target, "isvc", read)
        refuse_flagger(_workloads(target, read), read)
        able(target, read)
        stable = predictor_of(target)
        entry = entry_of(renewed(stable, wish), free_name(target, wish, read))
        able_version(target, stable, entry, read)
        handle = _handle(target, entry, wish, read)
        before: Json = {"predictor": deepcopy(stable), "canary": deepcopy(target["spec"].get("canary"))}
        return Prepared(
            handle,
            before,
            demand=(_demand(target, entry, handle["first"], "the canary", read),),
            peak=(_demand(target, entry, handle["size"], "the canary at full size, before the swap", read),),
            notes=tuple(_notes(target, handle, before, read)),
        )

    def see(self, target: Json, handle: Json, read: "Reading") -> Seen:
        return seen(target, handle, read)

    def next(self, seen: Seen, goal: Goal, handle: Json, before: Json) -> Step:
        return next_step(seen, goal, handle, before)


def _handle(target: Json, entry: Json, wish: Wish, read: "Reading") -> Json:
    stable, size = predictor_of(target), _size(target, read)
    least = int(stable.get("minReplicas", 1))
    first = 1 if wish.warm_replicas is None else wish.warm_replicas
    if not 1 <= first <= size:
        raise Refused(f"--warm-replicas {first}: from 1 to the {size} that the old version has", "leave it out")
    if wish.swap and 2 * first > size:
        raise Refused(
            f"--swap would leave {size - first} of {size} replicas beside {first} of the canary, and KServe takes no "
            "canary that is larger than the old version",
            "leave it out, or make room first",
        )
    hold = size - first if wish.swap else size
    return {
        "name": entry["name"],
        "stable": str(stable.get("name") or ""),
        "entry": entry,
        "old": deepcopy(stable),
        "size": size,
        "first": first,
        "hold": hold,  # of the old version, before it gets all requests back
        "floor": min(least, hold) if autoscaled(target) else hold,  # of the old version, all the while
        "swap": wish.swap,
    }


def _size(target: Json, read: "Reading") -> int:
    """Replicas of the stable side: what is asked for, or what an autoscaler has made of it. Raises Refused."""
    meta, least = target["metadata"], int(predictor_of(target).get("minReplicas", 1))
    found = _workloads(target, read) if scaler(target) != "none" else ()
    size = max((int(one["spec"].get("replicas") or 0) for one in found), default=least)
    size = max(least, size)
    if not size:
        raise Refused(f"isvc/{meta['name']} has no replicas: there is nothing to compare with", "minReplicas above 0")
    return size


def _demand(target: Json, entry: Json, count: int, why: str, read: "Reading") -> Demand:
    found = next(iter(_workloads(target, read)), None)
    return Demand(template_like(found, entry), count, why)


def _workloads(target: Json, read: "Reading") -> tuple[Json, ...]:
    """The Deployment of the stable side; none where it may not be read."""
    meta = target["metadata"]
    name = deployment_name(meta["name"], str(predictor_of(target).get("name") or ""))
    found = read.get(DEPLOYMENTS, meta["namespace"], name)
    return () if found is None else ({"kind": "Deployment", **found},)


def _notes(target: Json, handle: Json, before: Json, read: "Reading") -> Iterator[str]:
    left = lowered(int(before["predictor"].get("minReplicas", 1)), handle["first"])
    if left < handle["floor"] and not handle["swap"]:
        yield (
            f"KServe lowers the old version from {handle['floor']} to {left} replicas when the canary is ready; the "
            "first step brings it back"
        )
    if any(_asks_a_port(one) for one in _workloads(target, read)):
        title = f"isvc/{target['metadata']['name']}"
        yield f"the readiness probe of {title} asks only whether a port is open: that its model is loaded nobody tells"
    if read.blind(ROUTES):
        yield "HTTPRoutes may not be read: that KServe writes the weights there is taken on trust"


def _asks_a_port(deployment: Json) -> bool:
    """As KServe's own probe does, where neither the runtime nor the service has one."""
    containers = deployment["spec"]["template"]["spec"]["containers"]
    serving: Json = next((one for one in containers if one["name"] == CONTAINER), {})
    probe = serving.get("readinessProbe") or {}
    return not probe or "tcpSocket" in probe
