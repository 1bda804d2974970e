"""How many replicas a side needs for its share, where two workloads of like pods stand behind a route.

The old side's replicas carry all requests, so a share of them needs that share of its replicas, rounded up. Pods that
ask for other GPUs are not like: then the new side's own replicas are taken to be enough, as they are where an
autoscaler or another controller has the say.
"""

from math import ceil
from typing import Final

from k8sai.canary.backend import Wait, Write, guards
from k8sai.canary.backends.routes.behind import Behind, template, wanted
from k8sai.canary.facts import Demand, Json, Ref, Seen, Side
from k8sai.canary.pods import counted

_PLURALS: Final = {"Deployment": "deployments.apps", "StatefulSet": "statefulsets.apps"}


def workloads(stable: Behind, canary: Behind) -> dict[str, Json]:
    """For `Seen.objects`: the new side's only workload, where its replicas are ours to set; of the old side's, which is
    never written, what it says of its pods.
    """
    found = {"canary workload": canary.ours} if canary.ours is not None else {}
    return found | ({"stable workload": {"spec": stable.one["spec"]}} if stable.one is not None else {})


def needed(stable: Json | None, canary: Json | None, percent: float) -> int:
    """Replicas of the canary for that percent of all requests, 1 at least."""
    if canary is None:
        return 1
    if stable is None or _gpus(stable) != _gpus(canary):
        return max(1, wanted(canary))
    return max(1, ceil(percent * wanted(stable) / 100))


def grown(seen: Seen, percent: float, least: int = 0) -> Write | Wait | None:
    """The canary gets as many replicas as the percent needs, and `least`; then they come up."""
    assert seen.canary
    stable, canary = (seen.objects.get(f"{word} workload") for word in ("stable", "canary"))
    count = max(least, needed(stable, canary, percent))
    if canary is not None and wanted(canary) < count:
        return resized(canary, count, f"{count} replicas for {percent:g} % of the requests")
    return up(seen.canary, count)


def up(side: Side, count: int) -> Wait | None:
    """Until so many of its pods are ready; not where nobody tells how many are."""
    if side.ready is None or side.ready >= count:
        return None
    return Wait(f"{side.name} has {side.ready} of {count} replicas ready", pods=True)


def resized(workload: Json, count: int, why: str) -> Write:
    """Write its replicas, where they are what was read."""
    meta = workload["metadata"]
    tests = guards(("/metadata/uid", meta["uid"]), ("/spec/replicas", workload["spec"].get("replicas")))
    body: list[Json] = [*tests, {"op": "replace", "path": "/spec/replicas", "value": count}]
    on = Ref(_PLURALS[workload["kind"]], meta["namespace"], meta["name"], meta["uid"], workload["kind"].lower())
    return Write("json-patch", on, workload, body, why)


def demand(canary: Json | None, count: int, why: str) -> tuple[Demand, ...]:
    """The pods that the canary has not asked for yet, of so many."""
    more = count - wanted(canary) if canary is not None else 0
    return (Demand(template(canary), more, why),) if canary is not None and more > 0 else ()


def _gpus(workload: Json) -> float:
    return counted([{"metadata": {"name": ""}, "spec": template(workload)["spec"]}]).gpus
