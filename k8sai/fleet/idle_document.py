"""What the GpuView document says of idle cards."""

from typing import Any

from k8sai.ages import stamp
from k8sai.fleet.idle import Held, Idleness
from k8sai.fleet.idle_shown import nothing
from k8sai.fleet.numbers import number
from k8sai.fleet.picture import Picture


def keys(picture: Picture) -> dict[str, Any]:
    """The keys of the GpuView document; null, with the reason, where no meter showed anything."""
    idle = picture.idle
    if idle is None:
        return {"idle": None, "idleTotal": None, "idleReason": nothing(picture)}
    return {"idle": [_held(one) for one in idle.rows], "idleTotal": _total(idle), "idleReason": ""}


def _held(one: Held) -> dict[str, Any]:
    return {
        "namespace": one.namespace,
        "name": one.pod,
        "uid": one.uid,
        "node": one.node,
        "owner": one.owner,
        "queue": one.queue,
        "product": one.product,
        "cards": number(one.idle),
        "held": number(one.cards),
        "busy": number(one.busy),
        "unknown": number(one.unknown),
        "unknownWhy": {doubt: number(cards) for doubt, cards in one.why},
        "devices": list(one.devices),
        "maxUtilization": _maybe(one.peak),
        "memoryUsedMiB": _maybe(one.memory),
        "heldSince": one.since,
        "idleSince": stamp(one.idle_since) if one.idle_since is not None else None,
        "orLonger": one.longer,
        "gpuHours": number(one.gpu_hours),
        "cost": _maybe(one.cost),
        "terminating": one.terminating,
        "complete": one.complete,
    }


def _total(idle: Idleness) -> dict[str, Any]:
    total = idle.total()
    return {
        "pods": total.pods,
        "cards": number(total.idle),
        "busy": number(total.busy),
        "unknown": number(total.unknown),
        "unknownWhy": {doubt: number(cards) for doubt, cards in total.why},
        "gpuHours": number(total.gpu_hours),
        "cost": _maybe(total.cost),
        "currency": idle.currency,
        "priced": total.priced,
        "at": stamp(idle.at),
        "windowSeconds": number(idle.rule.window),
        "below": idle.rule.below,
        "source": idle.source,
    }


def _maybe(value: float | None) -> float | None:
    return None if value is None else number(value)


KEYS = tuple(_held(Held("", "", "", "")))
