"""ResourceQuotas: what the pods and objects of a namespace use of them."""

from decimal import Decimal

from k8sai.quantity import binary, parse
from k8sai.scheduling.nodes import pod_info
from k8sai.sim import kinds
from k8sai.sim.controllers.desk import PODS, Desk, Key, finished, key_of
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj

QUOTAS = kinds.find("", "resourcequotas")


class Quotas:
    """One key per quota. Usage is shown; creating more than the quota allows is not refused."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._add = desk.queue("quotas", self.sync)

    def on_event(self, event: Event) -> None:
        if event.resource is QUOTAS:
            self._add(key_of(event.obj))
        elif event.resource is PODS and (event.old is None or event.type == "DELETED" or finished(event.obj)):
            for quota in self._desk.store.list(QUOTAS, event.obj["metadata"]["namespace"]):
                self._add(key_of(quota))

    def sync(self, key: Key) -> None:
        quota = self._desk.find(QUOTAS, key)
        if quota is None:
            return
        hard = quota["spec"].get("hard") or {}
        pods = [p for p in self._desk.store.list(PODS, key[0]) if not finished(p)]
        used = {name: self._used(name, pods, key[0]) for name in hard}
        self._desk.put_status(QUOTAS, quota, {"hard": hard, "used": used})

    def _used(self, name: str, pods: list[Obj], namespace: str) -> str:
        if name in ("pods", "count/pods"):
            return str(len(pods))
        if name.startswith("count/"):
            plural, _, group = name.removeprefix("count/").partition(".")
            resource = self._desk.store.catalog.get(group, plural)
            return str(len(self._desk.store.entries(resource, namespace))) if resource else "0"
        side, _, resource_name = name.partition(".")
        if side == "limits":
            return _text(resource_name, sum((_limit(p, resource_name) for p in pods), Decimal(0)))
        asked = resource_name if side == "requests" else name
        amounts = [Decimal(pod_info(p).requests.get(asked, 0)) for p in pods]
        total = sum(amounts, Decimal(0))
        return _text(asked, total / 1000 if asked == "cpu" else total)


def _limit(pod: Obj, resource: str) -> Decimal:
    limits = ((c.get("resources") or {}).get("limits") or {} for c in pod["spec"]["containers"])
    return sum((parse(found.get(resource, 0)) for found in limits), Decimal(0))


def _text(resource: str, amount: Decimal) -> str:
    """As quotas print it: thousandths of a core, binary suffixes of memory."""
    if resource == "cpu":
        return str(int(amount)) if amount == int(amount) else f"{int(amount * 1000)}m"
    return binary(int(amount)) if resource in ("memory", "ephemeral-storage") else str(int(amount))
