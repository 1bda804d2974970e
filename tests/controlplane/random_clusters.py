"""Random little clusters, each with a gang that wants to start on it; many of them live side by side in one cluster.

A case has nodes, labels and names of its own, and its pods select its nodes: no case can help or harm another.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.contract.api import Json
from tests.controlplane import dra
from tests.controlplane.gpu_nodes import GPU, gpu_node

CASE = "test.k8sai.dev/case"
ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
AMD, MIG, BRIDGED = "amd.com/gpu", "nvidia.com/mig-1g.10gb", "example.com/card"
GATE = {"name": "test.k8sai.dev/predict-first"}
CLASSES = [
    dra.device_class("cards", f"device.driver == '{dra.DRIVER}' && device.attributes['{dra.DRIVER}'].type == 'gpu'"),
    dra.device_class("parts", f"device.driver == '{dra.DRIVER}' && device.attributes['{dra.DRIVER}'].type == 'mig'"),
    dra.device_class("any", f"device.driver == '{dra.DRIVER}'"),
    dra.device_class("bridge", f"device.driver == '{dra.DRIVER}'", BRIDGED),
]
STORAGE_CLASSES = [
    {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "local"},
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer",
    }
]


@dataclass
class Case:
    """One cluster: what exists before the gang, and the gang. `said` tells what was drawn, for whoever debugs it."""

    name: str
    nodes: list[Json] = field(default_factory=list)
    slices: list[Json] = field(default_factory=list)
    held: list[Json] = field(default_factory=list)  # pods with a node
    fillers: list[Json] = field(default_factory=list)  # pods the scheduler places first: they take devices
    templates: list[Json] = field(default_factory=list)
    volumes: list[Json] = field(default_factory=list)
    volume_claims: list[Json] = field(default_factory=list)
    gang: list[Json] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


def case_of(seed: int, number: int) -> Case:
    """The same for the same seed and number."""
    rng = random.Random(f"{seed}/{number}")
    case = Case(f"c{number:03d}")
    devices = rng.random() < 0.25
    _Nodes(rng, case).draw(devices)
    _hold(rng, case)
    if devices:
        _fill(rng, case)
    _Gang(rng, case).draw(devices)
    return case


class _Nodes:
    def __init__(self, rng: random.Random, case: Case) -> None:
        self.rng, self.case = rng, case

    def draw(self, devices: bool) -> None:
        rng, case = self.rng, self.case
        self.tight = rng.choice(("", "", "cpu", "memory", "pods"))
        self.vendor = rng.choice((GPU, GPU, GPU, AMD, MIG, "two"))
        self.zones = rng.randint(1, 3)
        case.said.append(f"tight={self.tight or 'nothing'} vendor={self.vendor} zones={self.zones}")
        for number in range(rng.randint(2, 7)):
            node = self._node(f"{case.name}-n{number}", number)
            case.nodes.append(node)
            if devices and rng.random() < 0.85:
                case.slices += _slices(rng, node["metadata"]["name"])

    def _node(self, name: str, number: int) -> Json:
        rng = self.rng
        labels = {CASE: self.case.name, "pool": rng.choice(("a", "b")), "rack": str(rng.randint(1, 9))}
        if rng.random() < 0.9:
            labels[ZONE] = f"zone-{number % self.zones}"
        resources = {
            "cpu": str(rng.randint(4, 16)) if self.tight == "cpu" else "192",
            "memory": f"{rng.randint(8, 64)}Gi" if self.tight == "memory" else "2Ti",
            "pods": str(rng.randint(1, 6)) if self.tight == "pods" else "110",
        }
        cards = rng.choice((8, 8, 4, 2))
        if self.vendor in (AMD, "two"):
            resources[AMD] = str(cards)
        if self.vendor == MIG:
            resources[MIG] = str(rng.choice((7, 14)))
        healthy = cards - 1 if rng.random() < 0.15 else None
        product = rng.choice(("NVIDIA-H100-80GB-HBM3", "NVIDIA-A100-SXM4-80GB"))
        taints = [{"key": GPU, "value": "present", "effect": "NoSchedule"}] if rng.random() < 0.25 else []
        if rng.random() < 0.1:
            taints.append({"key": "spot", "value": rng.choice(("yes", "no")), "effect": "NoSchedule"})
        if rng.random() < 0.1:
            taints.append({"key": "old", "effect": "PreferNoSchedule"})
        gpus = cards if self.vendor in (GPU, "two") else 0
        node = gpu_node(name, gpus, healthy=healthy, product=product, labels=labels, taints=taints)
        node["status"]["capacity"] |= resources
        node["status"]["allocatable"] |= resources
        if rng.random() < 0.1:
            node["spec"]["unschedulable"] = True
        return node


def _slices(rng: random.Random, node: str) -> list[Json]:
    kind = rng.choice(("cards", "cards", "parts", "shared", "tainted", "incomplete"))
    if kind == "parts":
        return list(dra.partitionable(node, rng.choice(((1,) * 7, (2, 2, 2, 1), (3, 3, 1)))))
    cards = [dra.gpu(i) for i in range(rng.randint(1, 4))]
    for index, card in enumerate(cards):
        card["attributes"]["numa"] = {"int": index % 2}
        if kind == "shared":
            card["allowMultipleAllocations"] = True
        if kind == "tainted" and rng.random() < 0.5:
            card["taints"] = [{"key": "ecc", "effect": rng.choice(("NoSchedule", "None"))}]
    return [dra.resource_slice(node, cards, slices=2 if kind == "incomplete" else 1)]


def _hold(rng: random.Random, case: Case) -> None:
    """Pods that were bound without asking the scheduler, also more than a node has room for."""
    for number in range(rng.randint(0, 2 * len(case.nodes))):
        node = rng.choice(case.nodes)
        has = [k for k in (GPU, AMD, MIG) if node["status"]["allocatable"].get(k, "0") != "0"]
        resource = rng.choice(has) if has else ""
        amount = rng.choice((0, 1, 1, 2, 4))
        requests = {"cpu": f"{rng.choice((100, 1000, 3500))}m", "memory": f"{rng.randint(1, 6)}Gi"}
        if resource and amount:
            requests[resource] = str(amount)
        pod = _pod(f"{case.name}-held-{number}", case, requests, {"role": rng.choice(("store", "web"))})
        pod["spec"]["nodeName"] = node["metadata"]["name"]
        pod["spec"]["tolerations"] = [{"operator": "Exists"}]
        if rng.random() < 0.15:
            pod["spec"]["containers"][0]["ports"] = [{"containerPort": 80, "hostPort": rng.choice((8080, 9090))}]
        if rng.random() < 0.1:
            key = rng.choice((ZONE, HOST))
            pod["spec"]["affinity"] = {"podAntiAffinity": _required(_term(case, key, {"role": "gang"}))}
        if rng.random() < 0.1:
            pod["spec"]["overhead"] = {}
            pod["spec"]["initContainers"] = [
                {**_container("proxy", {"cpu": "500m"}), "restartPolicy": "Always"},
                _container("check", requests),
            ]
            del pod["spec"]["overhead"]
        case.held.append(pod)


def _fill(rng: random.Random, case: Case) -> None:
    """Pods that take devices before the gang comes."""
    for number in range(rng.randint(0, len(case.nodes))):
        name = f"{case.name}-fill-{number}"
        template = dra.claim_template(name, rng.choice(("any", "cards", "parts")), rng.choice((1, 1, 2)))
        if rng.random() < 0.5:
            exactly = template["spec"]["spec"]["devices"]["requests"][0]["exactly"]
            exactly["capacity"] = {"requests": {"memory": rng.choice(("20Gi", "40Gi"))}}
        case.templates.append(template)
        pod = _pod(name, case, {"cpu": "100m"}, {"role": "filler"})
        pod["spec"]["tolerations"] = [{"operator": "Exists"}]
        _claims(pod, name)
        case.fillers.append(pod)


class _Gang:
    def __init__(self, rng: random.Random, case: Case) -> None:
        self.rng, self.case = rng, case

    def draw(self, devices: bool) -> None:
        rng, case = self.rng, self.case
        pod = _pod("", case, self._requests(devices), {"role": "gang"})
        pod["spec"]["schedulingGates"] = [GATE]
        drawn = rng.sample(
            ("tolerate", "tolerate", "selector", "affinity", "port", "apart", "near", "spread", "init", "volume"),
            rng.choice((0, 1, 1, 2, 2, 3)),
        )
        if devices:
            self._claim(pod)
        for what in dict.fromkeys(drawn):
            getattr(self, f"_{what}")(pod)
        case.said.append(f"gang={drawn}")
        for number in range(rng.choice((1, 2, 3, 4, 6, 8))):
            case.gang.append({**pod, "metadata": {**pod["metadata"], "name": f"{case.name}-gang-{number}"}})

    def _requests(self, devices: bool) -> Json:
        rng = self.rng
        wanted = {"cpu": rng.choice(("500m", "1", "2", "4")), "memory": rng.choice(("1Gi", "4Gi", "16Gi"))}
        there = {k for n in self.case.nodes for k in n["status"]["allocatable"] if k in (GPU, AMD, MIG)}
        if there and not (devices and rng.random() < 0.8):
            wanted[rng.choice(sorted(there))] = str(rng.choice((1, 1, 2, 4, 8)))
        return wanted

    def _claim(self, pod: Json) -> None:
        rng, case = self.rng, self.case
        kind = rng.choice(
            ("count", "count", "selector", "all", "first", "match", "capacity", "tolerate", "bridge", "shared")
        )
        case.said.append(f"claim={kind}")
        if kind == "bridge":
            amount = {BRIDGED: str(rng.choice((1, 2)))}
            resources = pod["spec"]["containers"][0]["resources"]
            resources |= {"requests": resources["requests"] | amount, "limits": resources["limits"] | amount}
            return
        name = f"{case.name}-gang"
        template = dra.claim_template(name, rng.choice(("any", "cards", "parts")), rng.choice((1, 1, 2, 3)))
        spec = template["spec"]["spec"]["devices"]
        exactly = spec["requests"][0]["exactly"]
        if kind == "selector":
            memory = rng.choice((10, 20, 40, 80))
            expression = f"device.capacity['{dra.DRIVER}'].memory.compareTo(quantity('{memory}Gi')) >= 0"
            exactly["selectors"] = [{"cel": {"expression": expression}}]
        elif kind == "all":
            exactly.pop("count")
            exactly["allocationMode"] = "All"
        elif kind == "first":
            large = {**exactly, "name": "large", "deviceClassName": "cards", "count": 4}
            spec["requests"][0] = {"name": "cards", "firstAvailable": [large, {**exactly, "name": "small"}]}
        elif kind == "match":
            exactly |= {"deviceClassName": "cards", "count": 2}
            spec["constraints"] = [{"requests": ["cards"], "matchAttribute": f"{dra.DRIVER}/numa"}]
        elif kind == "capacity":
            exactly["capacity"] = {"requests": {"memory": rng.choice(("20Gi", "30Gi", "80Gi"))}}
        elif kind == "tolerate":
            exactly["tolerations"] = [{"key": "ecc", "operator": "Exists"}]
        elif kind == "shared":
            template |= {"kind": "ResourceClaim", "spec": template["spec"]["spec"]}
        case.templates.append(template)
        _claims(pod, name, shared=kind == "shared")

    def _tolerate(self, pod: Json) -> None:
        any_spot = {"key": "spot", "operator": "Equal", "value": "yes", "effect": "NoSchedule"}
        choices = ([{"key": GPU, "operator": "Exists"}], [{"operator": "Exists"}], [any_spot])
        pod["spec"]["tolerations"] = self.rng.choice(choices)

    def _selector(self, pod: Json) -> None:
        pod["spec"]["nodeSelector"] |= {"pool": self.rng.choice(("a", "b"))}

    def _affinity(self, pod: Json) -> None:
        expression = self.rng.choice(
            (
                {"key": "rack", "operator": "Gt", "values": ["4"]},
                {"key": "pool", "operator": "NotIn", "values": ["a"]},
                {"key": ZONE, "operator": "Exists"},
                {"key": f"{GPU}.product", "operator": "In", "values": ["NVIDIA-H100-80GB-HBM3"]},
            )
        )
        last = self.case.nodes[-1]["metadata"]["name"]
        terms = [{"matchExpressions": [expression]}]
        if self.rng.random() < 0.5:
            terms.append({"matchFields": [{"key": "metadata.name", "operator": "In", "values": [last]}]})
        self._affine(pod)["nodeAffinity"] = _required({"nodeSelectorTerms": terms})

    def _port(self, pod: Json) -> None:
        pod["spec"]["containers"][0]["ports"] = [{"containerPort": 80, "hostPort": self.rng.choice((8080, 9090))}]

    def _apart(self, pod: Json) -> None:
        term = _term(self.case, self.rng.choice((HOST, HOST, ZONE)), {"role": self.rng.choice(("gang", "gang", "web"))})
        self._affine(pod)["podAntiAffinity"] = _required(term)

    def _near(self, pod: Json) -> None:
        key = self.rng.choice((HOST, ZONE, ZONE))
        self._affine(pod)["podAffinity"] = _required(_term(self.case, key, {"role": self.rng.choice(("store", "web"))}))

    def _spread(self, pod: Json) -> None:
        constraint = {
            "maxSkew": self.rng.choice((1, 1, 2)),
            "topologyKey": self.rng.choice((ZONE, HOST)),
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": {CASE: self.case.name, "role": "gang"}},
        }
        by_key = {"matchLabelKeys": ["role"], "labelSelector": {"matchLabels": {CASE: self.case.name}}}
        extra: Sequence[Json] = ({}, {}, {"nodeTaintsPolicy": "Honor"}, {"minDomains": 3}, by_key)
        pod["spec"]["topologySpreadConstraints"] = [{**constraint, **self.rng.choice(extra)}]

    def _init(self, pod: Json) -> None:
        requests = pod["spec"]["containers"][0]["resources"]["requests"]
        more = {k: v if "/" in k else f"{self.rng.choice((100, 5000))}m" for k, v in requests.items() if k != "memory"}
        sidecar = {**_container("proxy", {"cpu": "250m"}), "restartPolicy": "Always"}
        pod["spec"]["initContainers"] = self.rng.sample([sidecar, _container("check", more)], self.rng.choice((1, 2)))

    def _volume(self, pod: Json) -> None:
        rng, case = self.rng, self.case
        name, kind = f"{case.name}-data", rng.choice(("missing", "bound", "once", "local"))
        case.said.append(f"volume={kind}")
        pod["spec"]["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": name}}]
        if kind == "missing":
            return
        spec: Json = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}}
        spec["storageClassName"] = "local" if kind == "local" else ""
        if kind == "once":
            spec["accessModes"] = ["ReadWriteOncePod"]
        if kind != "local":
            spec["volumeName"] = name
        claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": spec}
        case.volume_claims.append(claim)
        volume: Json = {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": name},
            "spec": {
                "capacity": {"storage": "2Gi"},
                "accessModes": spec["accessModes"],
                "storageClassName": spec["storageClassName"],
                "persistentVolumeReclaimPolicy": "Retain",
                "hostPath": {"path": "/data"},
            },
        }
        where = rng.choice(
            (
                [],
                [{"key": ZONE, "operator": "In", "values": ["zone-0"]}],
                [{"key": "pool", "operator": "In", "values": ["a"]}],
            )
        )
        where = [*where, {"key": CASE, "operator": "In", "values": [case.name]}]
        volume["spec"]["nodeAffinity"] = {"required": {"nodeSelectorTerms": [{"matchExpressions": where}]}}
        case.volumes.append(volume)

    def _affine(self, pod: Json) -> Json:
        found: Json = pod["spec"].setdefault("affinity", {})
        return found


def _pod(name: str, case: Case, requests: Json, labels: Json) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {CASE: case.name, **labels}},
        "spec": {
            "containers": [_container("main", requests)],
            "nodeSelector": {CASE: case.name},
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 0,
        },
    }


def _container(name: str, requests: Json) -> Json:
    limits = {k: v for k, v in requests.items() if "/" in k}
    return {"name": name, "image": "registry.example/x:1", "resources": {"requests": dict(requests), "limits": limits}}


def _claims(pod: Json, name: str, *, shared: bool = False) -> None:
    source = {"resourceClaimName": name} if shared else {"resourceClaimTemplateName": name}
    pod["spec"]["resourceClaims"] = [{"name": "gpu", **source}]
    pod["spec"]["containers"][0]["resources"]["claims"] = [{"name": "gpu"}]


def _required(what: Json) -> Json:
    return {"requiredDuringSchedulingIgnoredDuringExecution": what if "nodeSelectorTerms" in what else [what]}


def _term(case: Case, key: str, labels: Json) -> Json:
    return {"topologyKey": key, "labelSelector": {"matchLabels": {CASE: case.name, **labels}}}
