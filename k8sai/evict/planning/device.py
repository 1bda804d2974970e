"""One GPU: where slices publish it, and whose claims hold it, for a drain that cordons no node.

Only dynamic resource allocation says which card a pod holds, and lets one card be closed: a device plugin hands out
numbers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from k8sai.errors import NotFound, Refused
from k8sai.evict.facts import Json
from k8sai.evict.planning.survey import PODS, Survey, insist
from k8sai.evict.state import Device, NodeState

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading

SLICES: Final = "resourceslices.resource.k8s.io"
CLAIMS: Final = "resourceclaims.resource.k8s.io"
RULES: Final = "devicetaintrules.resource.k8s.io"
_NODE: Final = "`k8sai evict plan NODE` drains its node"


@dataclass(frozen=True, slots=True)
class Holder:
    """A pod that a claim on the device is reserved for."""

    namespace: str
    name: str
    uid: str


def survey(reading: "Reading", named: str) -> Survey:
    """The GPU and the pods that hold it; `named` is its UUID or `driver/pool/device`.

    Raises NotFound, Refused where the cluster cannot close one GPU, Forbidden, ClusterError.
    """
    found = the_device(reading, named)
    held = {one.uid: one.namespace for one in holders(reading, found)}
    pods = [pod for space in sorted(set(held.values())) for pod in reading.list(PODS, space)]
    insist(reading, PODS)
    mine = tuple(pod for pod in pods if pod["metadata"].get("uid") in held)
    return Survey(pods=mine, device=NodeState(found.id, "", device=found))


def the_device(reading: "Reading", named: str) -> Device:
    """As it is published. Raises NotFound, Refused, Forbidden, ClusterError."""
    published = list(_published(reading))
    if not published:
        raise Refused("no driver publishes its GPUs: those of a device plugin cannot be told from one another", _NODE)
    found = next((one for one in published if named in (one[0].uuid, one[0].id)), None)
    if found is None:
        raise NotFound(
            f"no ResourceSlice has a GPU {named}; one that a device plugin hands out is in none",
            "`kubectl get resourceslices -o yaml` shows each uuid",
        )
    if not reading.served(RULES):
        raise Refused("this cluster serves no DeviceTaintRule: one GPU cannot be closed", _NODE)
    device, raw = found
    _insist_on_whole(device, raw, published)
    return device


def _insist_on_whole(device: Device, raw: Json, published: list[tuple[Device, Json]]) -> None:
    """A rule closes one device: of a card that is also given in parts it would close only one of its ways."""
    counters = _counters(raw)
    alike = [one for one, other in published if _pool(one) == _pool(device) and _counters(other) & counters]
    parts = [one.name for one in alike if one != device]
    if parts:
        more = f", and {len(parts) - 3} more" if len(parts) > 3 else ""
        raise Refused(
            f"{device.id} shares its card with {', '.join(parts[:3])}{more}: closing it closes no card", _NODE
        )


def holders(reading: "Reading", device: Device) -> tuple[Holder, ...]:
    """Of its allocated claims; who only looks (admin access) holds nothing. Raises Forbidden, ClusterError."""
    claims = reading.list(CLAIMS)
    insist(reading, CLAIMS)
    found = [Holder(*key) for claim in claims if _allocated(claim, device) for key in _reserved(claim)]
    return tuple(dict.fromkeys(found))


def selected(device: Device, holds: int, gangs: int) -> str:
    """What the rule would select, in words; we reckon it, since trying a rule with effect None would be a write."""
    pods = f"{holds} pod{'s' if holds != 1 else ''} of {gangs} gang{'s' if gangs != 1 else ''}" if holds else "no pod"
    return (
        f"{device.uuid or device.id}: a DeviceTaintRule would select 1 published device ({device.id}), "
        f"held by {pods}; nothing new is allocated on it then, and it takes no pod away"
    )


# --- what is published ------------------------------------------------------------------------------------------------


def _published(reading: "Reading") -> Iterator[tuple[Device, Json]]:
    """Each device of each pool's newest generation."""
    slices = [one.get("spec") or {} for one in reading.list(SLICES)]
    insist(reading, SLICES)
    newest: dict[tuple[str, str], int] = {}
    for spec in slices:
        newest[_key(spec)] = max(newest.get(_key(spec), 0), _generation(spec))
    for spec in slices:
        if _generation(spec) == newest[_key(spec)]:
            for raw in spec.get("devices") or ():
                yield Device(*_key(spec), str(raw["name"]), _uuid(raw)), raw


def _key(spec: Json) -> tuple[str, str]:
    return str(spec.get("driver", "")), str((spec.get("pool") or {}).get("name", ""))


def _generation(spec: Json) -> int:
    return int((spec.get("pool") or {}).get("generation") or 0)


def _pool(device: Device) -> tuple[str, str]:
    return device.driver, device.pool


def _uuid(raw: Json) -> str:
    """`uuid`, or `DOMAIN/uuid`; of v1beta1 it lies one level deeper."""
    known: Mapping[str, Json] = raw.get("attributes") or (raw.get("basic") or {}).get("attributes") or {}
    found = (value for key, value in known.items() if key.rpartition("/")[2].lower() == "uuid")
    return str(next(found, {}).get("string") or "")


def _counters(raw: Json) -> frozenset[str]:
    return frozenset(str(one.get("counterSet", "")) for one in raw.get("consumesCounters") or ())


def _allocated(claim: Json, device: Device) -> bool:
    devices = (((claim.get("status") or {}).get("allocation") or {}).get("devices") or {}).get("results") or ()
    wanted = (device.driver, device.pool, device.name)
    return any(
        (one.get("driver"), one.get("pool"), one.get("device")) == wanted and not one.get("adminAccess")
        for one in devices
    )


def _reserved(claim: Json) -> Iterator[tuple[str, str, str]]:
    namespace = str(claim["metadata"].get("namespace", ""))
    for one in (claim.get("status") or {}).get("reservedFor") or ():
        if one.get("resource") == PODS and not one.get("apiGroup"):
            yield namespace, str(one.get("name", "")), str(one.get("uid", ""))
