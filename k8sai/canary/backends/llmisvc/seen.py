"""Both members of a routing group, read: their weights, their pods, and what KServe says has become of them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from k8sai.canary.backends.kserve_predictor import covers, stopped
from k8sai.canary.backends.llmisvc.group import KIND, group_of, percent_of, ready_of, replicas_of, weight_of
from k8sai.canary.facts import Json, Seen, Side
from k8sai.canary.pods import Pods, pods_of
from k8sai.cluster.reading import holds

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading


def seen(target: Json, handle: Json, read: "Reading") -> Seen:
    """With a handle its two members, else the target and the heaviest other member of its group."""
    canary = _canary(target, handle, read)
    weights = [_effective(one) for one in (target, canary)]
    percent = percent_of(*weights)
    old, pods = _side(target, 100 - percent, read)
    new, _ = _side(canary, percent, read) if canary else (None, None)
    waiting = _waiting(target, canary)
    return Seen(
        target,
        old,
        _outside(new, target, canary),
        applied=not waiting,
        waiting=waiting,
        route=_route_percent(target, canary),
        drift=tuple(_drift(target, canary, handle, read)) if handle else (),
        objects={"canary": canary or {}, "coming": {"pods": _coming(old, pods)}},
    )


def members(target: Json, read: "Reading") -> list[Json]:
    """Of its group, itself left out."""
    group, meta = group_of(target), target["metadata"]
    if group is None:
        return []
    found = read.list(KIND, meta["namespace"])
    return [one for one in found if group_of(one) == group and one["metadata"]["name"] != meta["name"]]


def _canary(target: Json, handle: Json, read: "Reading") -> Json | None:
    """The other side. Raises what the cluster said where it cannot be read: that is not the same as gone."""
    if handle:
        found = read.get(KIND, target["metadata"]["namespace"], handle["canary"])
        refusal = read.refusal(KIND)
        if found is None and refusal is not None:
            raise refusal
        return found
    live = [one for one in members(target, read) if not stopped(one)]
    return max(live, key=weight_of) if live else None


def _effective(member: Json | None) -> int:
    """Its weight; a member that is stopped or in no group has none."""
    return 0 if member is None or stopped(member) or group_of(member) is None else weight_of(member)


# --- a side -----------------------------------------------------------------------------------------------------------


def _side(member: Json, percent: float, read: "Reading") -> tuple[Side, Pods | None]:
    meta = member["metadata"]
    labels = {"app.kubernetes.io/name": meta["name"], "kserve.io/component": "workload"}
    bare = Side(meta["name"], labels)
    pods = pods_of(bare, meta["namespace"], read)
    wanted = 0 if stopped(member) else replicas_of(member)
    if wanted is None and pods is not None:
        wanted = pods.there
    trouble = pods.trouble if pods else ""
    return Side(bare.name, labels, replicas=wanted, ready=ready_of(member), trouble=trouble, percent=percent), pods


def _coming(side: Side, pods: Pods | None) -> int:
    """Pods on their way; nobody waits for those that find no node."""
    return 0 if pods is not None and pods.pending else max(0, (side.replicas or 0) - (side.ready or 0))


def _outside(side: Side | None, target: Json, canary: Json | None) -> Side | None:
    """KServe leaves a member of another model's name out of the routes: it is up and never gets a request."""
    if side is None or canary is None or side.trouble or group_of(canary) is None:
        return side
    said = next((one for member in (target, canary) if (one := holds(member, "GroupDegraded"))), None)
    if said is None or said.get("reason") != "MemberDivergence" or _listed(target, side.name):
        return side
    trouble = f"MemberDivergence: {said.get('message') or 'the members serve other models'}"
    return Side(side.name, side.labels, side.replicas, side.ready, trouble=trouble, percent=side.percent)


# --- taken over -------------------------------------------------------------------------------------------------------


def _listed(member: Json, name: str) -> Json | None:
    """What a member's own route says of a member."""
    group = ((member.get("status") or {}).get("router") or {}).get("group") or {}
    return next((one for one in group.get("members") or () if one["name"] == name), None)


def _waiting(target: Json, canary: Json | None) -> str:
    """Every member has a route of its own to all of them; each must have both weights."""
    there: list[Json] = [one for one in (target, canary) if one is not None and not stopped(one)]
    for member in there:
        name, meta = member["metadata"]["name"], member["metadata"]
        if (member.get("status") or {}).get("observedGeneration", meta.get("generation")) != meta.get("generation"):
            return f"KServe has not worked on llmisvc/{name} yet"
    for member in (one for one in there if group_of(one)):
        for other in (one for one in there if group_of(one) == group_of(member)):
            if said := _unequal(member, other):
                return said
    lingers = [one["metadata"]["name"] for one in (target, canary) if one is not None and _lingers(one)]
    return f"KServe still runs {lingers[0]}" if lingers else ""


def _unequal(member: Json, other: Json) -> str:
    mine, name = member["metadata"]["name"], other["metadata"]["name"]
    found = _listed(member, name)
    if found is None and name != mine and not ready_of(other):
        return ""  # not routable yet: it is left out, and that is as it should be
    if found is None:
        return f"KServe has not put {name} into the route of {mine} yet"
    if int(found.get("weight") or 0) != weight_of(other):
        return f"KServe has not written the weight of {name} into the route of {mine} yet"
    return ""


def _lingers(member: Json) -> bool:
    """Stopped, and its workloads are still told of: an annotation does not raise the generation."""
    return stopped(member) and bool((member.get("status") or {}).get("workloads"))


def _route_percent(target: Json, canary: Json | None) -> float | None:
    """As the route of the member that runs says; None where no status tells of a group."""
    if canary is None:
        return None
    teller = canary if stopped(target) else target
    if _listed(teller, teller["metadata"]["name"]) is None:
        return None
    old, new = (_listed(teller, one["metadata"]["name"]) or {} for one in (target, canary))
    weights = [0 if one.get("stopped") else int(one.get("weight") or 0) for one in (old, new)]
    return percent_of(*weights)


# --- drift ------------------------------------------------------------------------------------------------------------


def version(spec: Json) -> Json:
    """A spec without what a rollout itself changes: its weight, its group and its replicas."""
    router = dict(spec.get("router") or {})
    route = {key: value for key, value in (router.get("route") or {}).items() if key not in ("group", "weight")}
    bare = {key: value for key, value in spec.items() if key not in ("router", "replicas")}
    return {**bare, "router": {**router, "route": route}}


def _drift(target: Json, canary: Json | None, handle: Json, read: "Reading") -> Iterator[str]:
    stable = target["metadata"]["name"]
    if not covers(version(target["spec"]), version(handle["old"])):
        yield f"llmisvc/{stable} is another version than when the rollout began"
    if canary is not None and not covers(version(canary["spec"]), version(handle["new"])):
        yield f"llmisvc/{handle['canary']} is another version than when the rollout began"
    others = [
        one["metadata"]["name"]
        for one in members(target, read)
        if one["metadata"]["name"] != handle["canary"] and not stopped(one)
    ]
    if others and group_of(target) == handle["group"]:
        yield f"the group {handle['group']} has got another member: {', '.join(others)}"
