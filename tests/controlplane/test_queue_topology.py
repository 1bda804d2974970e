"""Topology-aware scheduling against a real Kueue: whether a workload's pods find room, and how many of them.

Random racks of random nodes, some with pods of their own; workloads come one after the other and stay where they fit.
"""

import random
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from k8sai.cluster.connect import connect
from k8sai.cluster.objects import LiveObjects
from k8sai.cluster.options import Options
from k8sai.queues import parse_workload
from k8sai.queues.judging.judge import Judge
from k8sai.queues.judging.topology_nodes import survey
from k8sai.queues.setting import read
from k8sai.queues.verdict import Judgement
from tests.contract.api import Api, Json
from tests.controlplane.bulk import create_all
from tests.controlplane.gpu_nodes import GPU, add_nodes, gpu_node
from tests.controlplane.gpu_pods import container, pods_path
from tests.controlplane.random_queues import GROUP, pod_set, workload
from tests.controlplane.random_queues_outcome import condition
from tests.controlplane.random_queues_world import KUEUE
from tests.controlplane.random_world import Draw
from tests.controlplane.server import ControlPlane

DRAW = Draw.of(seed=3)
CASES, ROUNDS = 10, 6
BLOCK, RACK, HOST = "example.com/block", "example.com/rack", "kubernetes.io/hostname"
_LEVELS = {"deep": (BLOCK, RACK, HOST), "flat": (RACK, HOST), "racks": (BLOCK, RACK)}


def _object(kind: str, name: str, spec: Json) -> Json:
    return {"apiVersion": GROUP, "kind": kind, "metadata": {"name": name}, "spec": spec}


class Yard:
    """The nodes of one case, the queue that leads to them, and what is tried on it."""

    def __init__(self, number: int) -> None:
        self.rng, self.name = random.Random(f"{DRAW.seed}-{number}"), f"yard{number}"
        self.topology = self.rng.choice(sorted(_LEVELS))
        self.nodes = [self._node(block, rack, host) for block in "ab" for rack in "xy" for host in "12"]
        self.probes = [self._probe(f"{self.name}-{round_}") for round_ in range(ROUNDS)]

    def _node(self, block: str, rack: str, host: str) -> Json:
        labels = {"yard": self.name, BLOCK: block, RACK: f"{block}{rack}", "odd": str(host == "1")}
        taints = [{"key": "lab", "value": "x", "effect": "NoSchedule"}] if self.rng.random() < 0.15 else []
        name = f"{self.name}-{block}{rack}{host}"
        return gpu_node(name, self.rng.choice((2, 4, 4, 8)), labels=labels, taints=taints)

    def busy(self, namespace: str) -> list[Json]:
        """Pods that Kueue has nothing to do with, bound by hand."""
        chosen = self.rng.sample(self.nodes, 2)
        return [
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": f"busy-{node['metadata']['name']}", "namespace": namespace},
                "spec": {"nodeName": node["metadata"]["name"], "containers": [container(gpus=1)]},
            }
            for node in chosen
        ]

    def objects(self) -> dict[str, Json]:
        flavor = {"nodeLabels": {"yard": self.name}, "topologyName": self.topology}
        quota = {"name": self.name, "resources": [{"name": GPU, "nominalQuota": "100"}]}
        queue = {"namespaceSelector": {}, "resourceGroups": [{"coveredResources": [GPU], "flavors": [quota]}]}
        return {
            "resourceflavors": _object("ResourceFlavor", self.name, flavor),
            "clusterqueues": _object("ClusterQueue", self.name, queue),
            "localqueues": _object("LocalQueue", self.name, {"clusterQueue": self.name}),
        }

    def _probe(self, name: str) -> Json:
        rng = self.rng
        one = pod_set("main", rng.choice((1, 2, 3, 4, 6, 8, 12)), {GPU: str(rng.choice((1, 1, 2, 3, 4)))})
        level = rng.choice(_LEVELS[self.topology])
        wish: Json = rng.choice(
            ({"required": level}, {"required": level}, {"preferred": level}, {"unconstrained": True})
        )
        if rng.random() < 0.3 and one["count"] % 2 == 0 and "unconstrained" not in wish:
            inner = _LEVELS[self.topology][_LEVELS[self.topology].index(level) :]
            wish = {**wish, "podSetSliceRequiredTopology": rng.choice(inner), "podSetSliceSize": 2}
        if rng.random() < 0.9:
            one["topologyRequest"] = wish
        if rng.random() < 0.3:
            one["template"]["spec"]["tolerations"] = [{"key": "lab", "operator": "Exists"}]
        if rng.random() < 0.15:
            one["template"]["spec"]["nodeSelector"] = {"odd": "True"}
        sets = [one]
        if rng.random() < 0.25:
            second = pod_set("more", rng.choice((1, 2)), {GPU: "1"})
            sets.append({**second, "topologyRequest": {"required": level}})
        return workload(name, self.name, sets, 0)


@pytest.fixture(scope="module")
def yards(plane: ControlPlane, addon: Callable[..., None]) -> list[Yard]:
    addon("kueue")
    return [Yard(number) for number in range(CASES)]


def test_as_many_pods_find_room_as_kueue_says(plane: ControlPlane, api: Api, namespace: str, yards: list[Yard]) -> None:
    _build(api, namespace, yards)
    wrong, kinds = [], set()
    for round_ in range(ROUNDS):
        probes = [yard.probes[round_] for yard in yards]
        said = _predict(plane, namespace, probes)
        for name, theirs in _play(api, namespace, probes).items():
            kinds.add(theirs[0])
            if theirs != said[name]:
                wrong.append(f"seed {DRAW.seed}, {name}: we said {said[name]}, Kueue {theirs}")
    assert not wrong, "\n".join(wrong)
    assert kinds == {"fits", "lacks room"}


def _build(api: Api, namespace: str, yards: list[Yard]) -> None:
    topologies = [
        _object("Topology", name, {"levels": [{"nodeLabel": one} for one in levels]})
        for name, levels in _LEVELS.items()
    ]
    create_all(api, f"{KUEUE}/topologies", topologies)
    add_nodes(api, (node for yard in yards for node in yard.nodes))
    create_all(api, pods_path(namespace), (pod for yard in yards for pod in yard.busy(namespace)))
    for kind in ("resourceflavors", "clusterqueues", "localqueues"):
        path = f"{KUEUE}/namespaces/{namespace}/{kind}" if kind == "localqueues" else f"{KUEUE}/{kind}"
        create_all(api, path, (yard.objects()[kind] for yard in yards))
    mine = {yard.name for yard in yards}
    api.until(f"{KUEUE}/clusterqueues", lambda queues: all(_active(queues[name]) for name in mine))
    api.until_each(pods_path(namespace), lambda pod: pod["status"].get("phase") == "Running")


def _active(obj: Json) -> bool:
    return (condition(obj, "Active") or {}).get("status") == "True"


def _predict(plane: ControlPlane, namespace: str, probes: list[Json]) -> dict[str, tuple[str, str]]:
    connection = connect(Options(kubeconfig=str(plane.kubeconfig())))
    try:
        objects = LiveObjects(connection)
        here = read(objects)
        judge = Judge(here, rooms=survey(objects, here))
    finally:
        connection.close()
    wishes = [replace(parse_workload.workload(probe), namespace=namespace) for probe in probes]
    return {one.name: _ours(judge.of(one, here.cluster_queues[one.queue])) for one in wishes}


def _ours(found: Judgement) -> tuple[str, str]:
    if found.fits:
        return "fits", ""
    return "lacks room", found.options[-1].refusal


def _play(api: Api, namespace: str, probes: list[Json]) -> dict[str, tuple[str, str]]:
    """Create them; who does not fit is taken away again."""
    path = f"{KUEUE}/namespaces/{namespace}/workloads"
    create_all(api, path, probes)
    names = [probe["metadata"]["name"] for probe in probes]

    def decided(objects: dict[str, Json]) -> bool:
        return all(condition(objects[f"{namespace}/{name}"], "QuotaReserved") for name in names)

    objects = api.until(path, decided)
    found = {name: _theirs(objects[f"{namespace}/{name}"]) for name in names}
    for name in (name for name, (kind, _) in found.items() if kind != "fits"):
        api.delete(f"{path}/{name}").ok()
        api.until_gone(f"{path}/{name}")
    return found


def _theirs(obj: Json) -> tuple[str, str]:
    reserved = condition(obj, "QuotaReserved") or {}
    if reserved["status"] == "True":
        return "fits", ""
    said = re.search(r'topology "[^"]+" (?:allows|doesn\'t allow) .*?\(s\)', reserved["message"])
    return "lacks room", said.group() if said else reserved["message"]
