"""What fit needs to know beyond nodes, pods and devices; read only where the question depends on it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from k8sai.cluster.objects import Json, Objects
from k8sai.cluster.sources import Source
from k8sai.errors import ClusterError, Forbidden, NotFound
from k8sai.facts import Pod
from k8sai.fit.ask import Asked, Named
from k8sai.fit.quota import Usage
from k8sai.fit.scene import Rules, Where
from k8sai.fleet.index import Fleet
from k8sai.fleet.picture import Hidden, hidden
from k8sai.fleet.query import NodeQuery
from k8sai.fleet.requests import effective
from k8sai.quantity import BadQuantity
from k8sai.scheduling.board import Board
from k8sai.scheduling.storage import storage_of
from k8sai.scheduling.trial import Trial

_TEMPLATES = "resourceclaimtemplates.resource.k8s.io"
_UNWELL = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_MEANING = "{} were not read, so they may still forbid it"
_UNSURE = "{} were not read, so the answer may be another"
_NOT_SHOWN = "{} are not shown"
_FORBIDDING = ("resourcequotas", "limitranges")


@dataclass(slots=True)
class Reader:
    """Reads kinds from a server or a recording; what cannot be read is remembered in `hidden`."""

    objects: Objects | None
    hidden: list[Hidden] = field(default_factory=list)

    def all(self, kind: str, namespace: str = "") -> list[Json]:
        """The objects of the kind, none where they cannot be read."""
        if self.objects is None:
            return []
        try:
            return self.objects.list(kind, namespace)
        except NotFound:
            return []
        except (Forbidden, ClusterError) as error:
            self._miss(kind, error)
            return []

    def one(self, kind: str, namespace: str, name: str) -> Json | None:
        """One object, None where there is none or it cannot be read."""
        if self.objects is None:
            return None
        try:
            return self.objects.get(kind, namespace, name)
        except NotFound:
            return None
        except (Forbidden, ClusterError) as error:
            self._miss(kind, error)
            return None

    @property
    def doubtful(self) -> list[Hidden]:
        """What could turn a no into a yes: all that does not merely forbid."""
        return [gap for gap in self.hidden if gap.what not in _FORBIDDING]

    def blind(self, plural: str) -> bool:
        """Some of this kind could not be read."""
        return any(gap.what == plural for gap in self.hidden)

    def _miss(self, kind: str, error: Forbidden | ClusterError) -> None:
        if not self.blind(kind.partition(".")[0]):
            self.hidden.append(Hidden(kind.partition(".")[0], error.message, _MEANING, error.hint))

    def lacks_namespace(self, name: str) -> bool:
        """It is known that there is no such namespace; where they may not be read nobody knows."""
        if self.objects is None:
            return False
        try:
            self.objects.get("namespaces", "", name)
        except NotFound:
            return True
        except (Forbidden, ClusterError):
            pass
        return False

    def runtime(self, kind: str, namespace: str, name: str) -> Json | None:
        """A TrainJob's runtime."""
        cluster = kind == "ClusterTrainingRuntime"
        plural = "clustertrainingruntimes" if cluster else "trainingruntimes"
        return self.one(f"{plural}.trainer.kubeflow.org", "" if cluster else namespace, name)


def unread(sources: Iterable[Source]) -> list[Hidden]:
    """What of the cluster itself was not read, in words for a question of what fits."""
    return [
        replace(
            gap, meaning=_UNSURE if gap.meaning == _NOT_SHOWN else gap.meaning.replace("are not shown", "were not read")
        )
        for gap in hidden(sources)
    ]


def insist(sources: Iterable[Source]) -> None:
    """Without nodes there is no answer at all. Raises Forbidden, and ClusterError where no right is missing."""
    nodes = next((one for one in sources if one.kind == "nodes"), None)
    if nodes is not None and nodes.state in ("forbidden", "failed"):
        refusal = Forbidden if nodes.state == "forbidden" else ClusterError
        raise refusal(nodes.message or "nodes may not be read", nodes.hint)


def where_of(fleet: Fleet) -> dict[str, Where]:
    """Product, clique and zone of every node."""
    named: dict[str, dict[str, str]] = {}
    for by in ("product", "clique", "zone"):
        for group in fleet.chart(by, NodeQuery(gpu_only=False)):
            for node in group.nodes:
                named.setdefault(node, {})[by] = group.name
    return {node: Where(**said) for node, said in named.items()}


def left_out(fleet: Fleet, resource: str) -> frozenset[str]:
    """The nodes where a unit of the resource is not a card of its own: MIG slices, replicas of shared cards."""
    if not any(total.resource == resource and total.kind != "card" for total in fleet.products()):
        return frozenset()
    rows = (fleet.node(name) for name in fleet.node_names())
    return frozenset(
        row.name for row in rows if any(one.resource == resource and one.kind != "card" for one in row.resources)
    )


def trial_of(board: Board, unready: Iterable[str]) -> Trial:
    """A trial in which nodes that are not ready are tainted so, as a cluster taints them within seconds."""
    trial = Trial(board)
    for name in unready:
        node = trial.view.nodes.get(name)
        if node is not None and not any(taint["key"] in _UNWELL for taint in node.taints):
            tainted = replace(node.changed(), taints=(*node.taints, {"key": _UNWELL[0], "effect": "NoSchedule"}))
            trial.view.nodes[name] = tainted
    return trial


def drivers_of(board: Board) -> Callable[[str], bool]:
    """Whether a DRA driver publishes devices for a node; for all of them where some device is not bound to one."""
    named: set[str] = set()
    for one in board.supply.slices.values():
        devices = (device.node_name for device in one.spec.devices or ()) if one.spec.per_device_node_selection else ()
        places = (one.spec.node_name,) if one.spec.node_name else tuple(devices)
        if not places or not all(places):
            return lambda _: True
        named.update(filter(None, places))
    return named.__contains__


def claimed(board: Board) -> dict[str, int]:
    """How many devices pods (by uid) hold by claims; a shared claim counts for each of its users."""
    found: dict[str, int] = {}
    for one in board.supply.claims.values():
        if one.status.allocation is not None:
            devices = sum(not result.admin_access for result in one.status.allocation.devices.results or ())
            for user in one.status.reserved_for or ():
                found[user.uid] = found.get(user.uid, 0) + devices
    return found


def rules_of(reader: Reader, asked: Asked, finished: Iterable[Pod] = ()) -> Rules:
    """What admission knows of the namespaces asked about."""
    namespaces = sorted({group.namespace for group in asked.groups})
    specs = [group.pod["spec"] for group in asked.groups]
    named = {name for s in specs if (name := s.get("priorityClassName"))}
    classes = reader.all("priorityclasses.scheduling.k8s.io") if named else []
    priorities = {one["metadata"]["name"]: one.get("value") or 0 for one in classes}
    overheads = {
        one["metadata"]["name"]: one["overhead"]["podFixed"]
        for one in (reader.all("runtimeclasses.node.k8s.io") if any(s.get("runtimeClassName") for s in specs) else ())
        if (one.get("overhead") or {}).get("podFixed")
    }
    templates: dict[Named, Json | None] = {}

    def template(named: Named) -> Json | None:
        if named not in templates:
            templates[named] = reader.one(_TEMPLATES, *named)
        return templates[named]

    return Rules(
        quotas=[one for namespace in namespaces for one in reader.all("resourcequotas", namespace)],
        ranges=[one for namespace in namespaces for one in reader.all("limitranges", namespace)],
        priorities=priorities,
        unknown_priorities=frozenset() if reader.blind("priorityclasses") else frozenset(named - priorities.keys()),
        overheads=overheads,
        template=template,
        finished=_usage(finished),
    )


def furnish(reader: Reader, board: Board, asked: Asked, moving: Iterable[Pod]) -> None:
    """Give the board what the pods depend on: volumes where some are mounted, namespaces where affinity selects."""
    specs = [group.pod["spec"] for group in asked.groups]
    volumes = [volume for spec in specs for volume in spec.get("volumes") or ()]
    spaces = {group.namespace for group in asked.groups}
    mounted = any("persistentVolumeClaim" in volume or "ephemeral" in volume for volume in volumes)
    for pod in moving:
        if any(one.persistent_volume_claim or one.ephemeral for one in pod.spec.volumes or ()):
            spaces.add(pod.metadata.namespace)
            mounted = True
    if mounted and reader.objects is not None:
        storage = storage_of(reader.objects, sorted(spaces))
        board.use_storage(storage)
        for kind in sorted(storage.unread):
            reader.hidden.append(Hidden(kind.partition(".")[0], "they could not be read", _MEANING))
    if any("podAffinity" in (s.get("affinity") or {}) or "podAntiAffinity" in (s.get("affinity") or {}) for s in specs):
        named = reader.all("namespaces")
        board.use_namespaces({one["metadata"]["name"]: one["metadata"].get("labels") or {} for one in named})


def _usage(pods: Iterable[Pod]) -> dict[str, Usage]:
    """What these pods take of their namespaces' quotas, as far as requests say it."""
    found: dict[str, Usage] = {}
    for pod in pods:
        usage = found.setdefault(pod.metadata.namespace, {})
        try:
            amounts = effective(pod)
        except BadQuantity:
            continue
        for key in ("pods", "count/pods"):
            usage[key] = usage.get(key, Decimal(0)) + 1
        for name, amount in amounts.items():
            value = Decimal(amount) / 1000 if name == "cpu" else Decimal(amount)
            for key in (f"requests.{name}", name) if name in ("cpu", "memory") else (f"requests.{name}",):
                usage[key] = usage.get(key, Decimal(0)) + value
    return found
