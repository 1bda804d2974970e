"""Who owns a pod, up to the top: along controller ownerReferences, each kind listed once per namespace."""

from dataclasses import dataclass, replace
from typing import Final

from k8sai.cluster.reading import Reading
from k8sai.evict.facts import Json
from k8sai.evict.gangs.kinds import MAKERS, OWNERS, SINGLE, Kind, group_kind
from k8sai.evict.gangs.pods import controller, uid

_GANG: Final = "annotation `k8sai.dev/gang=NAME` on its pods says that they may be evicted one by one"


@dataclass(frozen=True, slots=True)
class Chain:
    """The owners of one object, the direct one first. `lost` says why the next one up cannot be told. `single`: its
    pods make progress one by one (a ReplicaSet, a DaemonSet).
    """

    objects: tuple[Json, ...] = ()
    lost: str = ""
    lost_uid: str = ""
    hint: str = ""
    single: bool = False


class Owners:
    """Of the objects of one cluster; an owner is looked up once, whoever asks."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._known: dict[str, Chain] = {}
        self._named: dict[tuple[str, str], dict[str, Json]] = {}

    def chain(self, obj: Json) -> Chain:
        """Up to the top, or to what cannot be told."""
        ref = controller(obj)
        if ref is None or group_kind(ref) in MAKERS:
            return Chain()
        key = str(ref.get("uid") or "")
        if key not in self._known:
            self._known[key] = self._above(ref, obj["metadata"].get("namespace", ""))
        return self._known[key]

    def _above(self, ref: Json, namespace: str) -> Chain:
        if group_kind(ref) in SINGLE:
            return Chain(single=True)
        kind = OWNERS.get(group_kind(ref))
        if kind is None:
            why = f"its owner {_title(ref)} ({ref.get('apiVersion')}) is of a kind that k8sai cannot stop"
            return Chain(lost=why, lost_uid=str(ref.get("uid")), hint=_GANG)
        found = self._find(kind, namespace, ref)
        if found is None:
            return Chain(lost=self._why(kind, ref), lost_uid=str(ref.get("uid")), hint=self._hint(kind, namespace))
        above = self.chain(found)
        return replace(above, objects=(found, *above.objects))

    def _find(self, kind: Kind, namespace: str, ref: Json) -> Json | None:
        """By its uid: another of the same name is not the owner. Asked for alone where it may not be listed."""
        known = self._named.setdefault((kind.full, namespace), {})
        if not known:
            known |= {uid(one): one for one in self._reading.list(kind.full, namespace)}
        found = known.get(str(ref.get("uid")))
        if found is None and self._reading.blind(kind.full):
            alone = self._reading.get(kind.full, namespace, str(ref["name"]))
            found = alone if alone is not None and uid(alone) == ref.get("uid") else None
        return found

    def _why(self, kind: Kind, ref: Json) -> str:
        refusal = self._reading.refusal(kind.full)
        if refusal is not None:
            return f"its owner {_title(ref)} may not be read: {refusal.message}"
        if not self._reading.served(kind.full):
            return f"its owner {_title(ref)} is of a kind that the server does not serve: {kind.full}"
        return f"its owner {_title(ref)} is gone"

    def _hint(self, kind: Kind, namespace: str) -> str:
        refusal = self._reading.refusal(kind.full)
        if refusal is None:
            return ""
        return refusal.hint or f"the right to get and list {kind.full} in namespace {namespace} is missing"


def _title(ref: Json) -> str:
    return f"{str(ref.get('kind') or '').lower()}/{ref.get('name')}"
