"""The objects that `queue init` proposes, and what is said beside their fields."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from k8sai.queues.setup.flavors import Pool
from k8sai.queues.setup.from_nodes import countable
from k8sai.queues.setup.quota import Supply, split
from k8sai.queues.setup.topology import Topologies
from k8sai.queues.setup.wish import Team
from k8sai.queues.setup.yaml import Flow, FlowList, Path, Piece
from k8sai.queues.words import amount, gpu

Json = dict[str, Any]
VERSION = "kueue.x-k8s.io/v1beta2"
LOCAL = "default"
NAME = "kubernetes.io/metadata.name"  # a label that the API server sets on every namespace
_CLASSES = (
    ("production", 1000, "Serves people. Takes quota back from research and spare of its own queue."),
    ("research", 100, "What people wait for."),
    ("spare", 10, "Fills what is idle and gives way to everybody."),
)


@dataclass(frozen=True, slots=True)
class Shared:
    """What there is to give, and how: supplies by flavor, in the order that Kueue tries them."""

    pools: tuple[Pool, ...]
    supplies: Mapping[str, Mapping[str, Supply]]
    resources: tuple[str, ...]
    teams: tuple[Team, ...]
    cohort: str

    def parts(self, flavor: str, resource: str) -> tuple[int, ...]:
        """Of each team."""
        supply = self.supplies[flavor].get(resource)
        weights = [team.weight for team in self.teams]
        return split(supply.nominal, weights, supply.unit) if supply else (0,) * len(weights)


def namespaces(names: Sequence[str]) -> Iterator[Piece]:
    """Those that are not there yet."""
    for name in names:
        metadata = {"name": name, "labels": {"app.kubernetes.io/managed-by": "k8sai"}}
        above = ("It was not there before. To delete it, `kubectl delete -f` too, is to delete all that is in it.",)
        yield Piece({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}, above)


def topologies(found: Topologies) -> Iterator[Piece]:
    for name, levels in sorted(found.levels.items()):
        spec = {"levels": [Flow(nodeLabel=level) for level in levels]}
        above = (
            "From wide to narrow. Kueue counts what is free per domain, so that what it admits has a place; a job asks "
            f"for closeness with the annotation kueue.x-k8s.io/podset-required-topology: {levels[0]}",
        )
        yield Piece(_object("Topology", name, spec), above)


def flavor(pool: Pool, supplies: Mapping[str, Supply], topology: str) -> Piece:
    """`topology` "" for none."""
    spec: Json = {"nodeLabels": dict(pool.labels)}
    comments: dict[Path, str] = {}
    if pool.taints:
        spec["nodeTaints"] = [Flow(key=key, value=value, effect=effect) for key, value, effect in pool.taints]
        comments["spec", "nodeTaints"] = "Only jobs that tolerate it themselves get this flavor."
    if pool.tolerated:
        pairs = dict.fromkeys((key, effect) for key, _, effect in pool.tolerated)
        spec["tolerations"] = [Flow(key=key, operator="Exists", effect=effect) for key, effect in pairs]
        comments["spec", "tolerations"] = "Kueue adds it to the pods it admits here: jobs need not know of the taint."
    if topology:
        spec["topologyName"] = topology
    return Piece(_object("ResourceFlavor", pool.name, spec), tuple(_about(pool, supplies)), comments)


def _about(pool: Pool, supplies: Mapping[str, Supply]) -> Iterator[str]:
    """Which nodes it is, and the sums that its quota comes from."""
    names = [node.name for node in pool.nodes]
    few = ", ".join(names) if len(names) <= 4 else f"{names[0]} … {names[-1]}"
    yield f"{len(names)} {'node' if len(names) == 1 else 'nodes'}: {few}"
    for what, some in (
        ("cordoned", [node.name for node in pool.nodes if node.ready and node.cordoned]),
        ("not ready", [node.name for node in pool.nodes if not node.ready]),
    ):
        if some:
            yield f"not counted, {what}: {', '.join(some)}"
    for supply in supplies.values():
        if supply.resource in ("cpu", "memory") or countable(supply.resource):
            yield _sum(supply)
    drivers = sorted({driver for node in pool.nodes for driver in node.drivers})
    for driver in drivers:
        count = sum(node.drivers.get(driver, 0) for node in pool.nodes)
        yield f"{count} devices of {driver} are given out by DRA: no quota counts them, see the end of this file"


def _sum(supply: Supply) -> str:
    resource = supply.resource
    words = [f"{amount(resource, supply.allocatable)} allocatable", f"- {amount(resource, supply.headroom)} headroom"]
    if supply.own:
        words.append(f"- {amount(resource, supply.own)} of pods of the nodes themselves")
    return f"{resource}: {' '.join(words)} = {amount(resource, supply.nominal)}"


def classes() -> Iterator[Piece]:
    for name, value, description in _CLASSES:
        object = {"apiVersion": VERSION, "kind": "WorkloadPriorityClass", "metadata": {"name": name}}
        above = ("A job asks for one with the label kueue.x-k8s.io/priority-class.",) if name == _CLASSES[0][0] else ()
        yield Piece({**object, "value": value, "description": description}, above)


def cohort(name: str) -> Piece:
    return Piece(
        _object("Cohort", name, {}),
        ("Queues of one cohort lend each other what they do not use. It has none of its own.",),
    )


def cluster_queue(shared: Shared, place: int) -> Piece:
    """The team's at that place."""
    team = shared.teams[place]
    spec: Json = {"namespaceSelector": _selector(team)}
    comments: dict[Path, str] = {("spec", "namespaceSelector"): _WHO if team.namespaces else _EVERYBODY}
    if shared.cohort:
        spec["cohortName"] = shared.cohort
    spec["queueingStrategy"] = "BestEffortFIFO"
    comments["spec", "queueingStrategy"] = _STRATEGY
    spec["flavorFungibility"] = {"whenCanBorrow": "TryNextFlavor", "whenCanPreempt": "TryNextFlavor"}
    comments["spec", "flavorFungibility"] = _FUNGIBILITY
    spec["preemption"] = {"withinClusterQueue": "LowerPriority"}
    comments["spec", "preemption", "withinClusterQueue"] = _WITHIN
    if shared.cohort:
        spec["preemption"]["reclaimWithinCohort"] = "Any"
        comments["spec", "preemption", "reclaimWithinCohort"] = _RECLAIM
    flavors = [{"name": pool.name, "resources": _quotas(shared, pool.name, place)} for pool in shared.pools]
    spec["resourceGroups"] = [{"coveredResources": FlowList(shared.resources), "flavors": flavors}]
    comments["spec", "resourceGroups"] = _GROUPS + (_LIMITS if shared.cohort else "")
    return Piece(_object("ClusterQueue", team.name, spec), (_share(shared, team),), comments)


def _selector(team: Team) -> Json:
    if not team.namespaces:
        return {}
    if len(team.namespaces) == 1:
        return {"matchLabels": {NAME: team.namespaces[0]}}
    return {"matchExpressions": [{"key": NAME, "operator": "In", "values": FlowList(team.namespaces)}]}


def _share(shared: Shared, team: Team) -> str:
    whole = sum(each.weight for each in shared.teams)
    if len(shared.teams) == 1:
        return "Everything there is."
    return f"{team.name}: {float(team.weight):g} of {float(whole):g} parts."


def _quotas(shared: Shared, flavor: str, place: int) -> list[Json]:
    found: list[Json] = []
    for resource in shared.resources:
        parts = shared.parts(flavor, resource)
        quota = Flow(name=resource, nominalQuota=_written(resource, parts[place]))
        others = sum(parts) - parts[place]
        if shared.cohort and gpu(resource) and others:
            quota["borrowingLimit"] = _written(resource, others)
        found.append(quota)
    return found


def _written(resource: str, value: int) -> int | str:
    text = amount(resource, value)
    return int(text) if text.isdigit() else text


def local_queues(shared: Shared, local: Sequence[str]) -> Iterator[Piece]:
    """`local` are the namespaces of a queue that is for everybody."""
    first = True
    for team in shared.teams:
        for namespace in team.namespaces or local:
            object = _object("LocalQueue", LOCAL, {"clusterQueue": team.name})
            object["metadata"]["namespace"] = namespace
            yield Piece(object, (_LOCAL,) if first else ())
            first = False


def _object(kind: str, name: str, spec: Json) -> Json:
    return {"apiVersion": VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}


_WHO = "Left out, nobody may use the queue."
_EVERYBODY = "{} is every namespace; left out, nobody may use the queue."
_STRATEGY = (
    "A job that does not fit now lets smaller ones pass; with StrictFIFO none passes, and large jobs do not starve."
)
_FUNGIBILITY = "Own quota of a later flavor before borrowing or evicting in an earlier one."
_WITHIN = "A job may evict those of lower priority in this queue."
_RECLAIM = "What others borrowed comes back at once, whatever their priority. With Never it could not be taken back."
_GROUPS = (
    "Every resource that a job may ask for is here: one that is missing keeps the job waiting for ever. Flavors are "
    "tried from the top; each names all resources, 0 where its nodes have none."
)
_LIMITS = " borrowingLimit is all that the others have: lower it to keep a team from taking everything that is idle."
_LOCAL = "Jobs name it with the label kueue.x-k8s.io/queue-name; Kueue gives `default` to those that name none."
