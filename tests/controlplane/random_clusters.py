"""Random little clusters, each with a gang that wants to start on it; many of them live side by side in one cluster.

A case has nodes, labels and names of its own, and its pods select its nodes: no case can help or harm another.
"""

import random

from tests.contract.api import Json
from tests.controlplane import dra
from tests.controlplane.gpu_nodes import GPU, gpu_node
from tests.controlplane.random_cases import (
    AMD,
    CASE,
    HOST,
    KINDS,
    MIG,
    ZONE,
    Case,
    asking,
    case_pod,
    class_for,
    required,
    term,
    use_claim,
)
from tests.controlplane.random_gangs import Gang


def case_of(seed: int, number: int) -> Case:
    """The same for the same seed and number."""
    rng = random.Random(f"{seed}/{number}")
    case = Case(f"c{number:03d}")
    devices = rng.choice(KINDS) if rng.random() < 0.3 else ""
    _Nodes(rng, case).draw(devices)
    _hold(rng, case)
    if devices:
        _fill(rng, case, devices)
    Gang(rng, case).draw(devices)
    return case


class _Nodes:
    def __init__(self, rng: random.Random, case: Case) -> None:
        self.rng, self.case = rng, case

    def draw(self, devices: str) -> None:
        rng, case = self.rng, self.case
        self.tight = rng.choice(("", "", "cpu", "memory", "pods"))
        self.vendor = rng.choice((GPU, GPU, GPU, AMD, MIG, "two"))
        self.zones = rng.randint(1, 3)
        case.said.append(f"tight={self.tight or 'nothing'} vendor={self.vendor} zones={self.zones}")
        for number in range(rng.randint(2, 7)):
            node = self._node(f"{case.name}-n{number}", number)
            case.nodes.append(node)
            if devices and rng.random() < 0.85:
                odd = rng.random() < 0.2
                case.slices += _slices(rng, node["metadata"]["name"], rng.choice(KINDS) if odd else devices)

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


def _slices(rng: random.Random, node: str, kind: str) -> list[Json]:
    if kind == "parts":
        return list(dra.partitionable(node, rng.choice(((1,) * 7, (2, 2, 2, 1), (3, 3, 1)))))
    cards = [dra.gpu(i) for i in range(rng.choice((1, 2, 4, 8)))]
    for index, card in enumerate(cards):
        card["attributes"]["numa"] = {"int": index % 2}
        if kind == "shared":
            card["allowMultipleAllocations"] = True
            policy = {"default": "10Gi", "validRange": {"min": "10Gi", "max": "40Gi", "step": "15Gi"}}
            if rng.random() < 0.5:
                card["capacity"] = {"memory": {"value": "80Gi", "requestPolicy": policy}}
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
        pod = case_pod(f"{case.name}-held-{number}", case, requests, {"role": rng.choice(("store", "web"))})
        pod["spec"]["nodeName"] = node["metadata"]["name"]
        pod["spec"]["tolerations"] = [{"operator": "Exists"}]
        if rng.random() < 0.15:
            pod["spec"]["containers"][0]["ports"] = [{"containerPort": 80, "hostPort": rng.choice((8080, 9090))}]
        if rng.random() < 0.1:
            key = rng.choice((ZONE, HOST))
            pod["spec"]["affinity"] = {"podAntiAffinity": required(term(case, key, {"role": "gang"}))}
        if rng.random() < 0.1:
            pod["spec"]["overhead"] = {}
            pod["spec"]["initContainers"] = [
                {**asking("proxy", {"cpu": "500m"}), "restartPolicy": "Always"},
                asking("check", requests),
            ]
            del pod["spec"]["overhead"]
        case.held.append(pod)


def _fill(rng: random.Random, case: Case, devices: str) -> None:
    """Pods that take devices before the gang comes."""
    for number in range(rng.randint(0, len(case.nodes))):
        name = f"{case.name}-fill-{number}"
        template = dra.claim_template(name, class_for(rng, devices), rng.choice((1, 1, 2)))
        if devices == "shared" and rng.random() < 0.7:
            exactly = template["spec"]["spec"]["devices"]["requests"][0]["exactly"]
            exactly["capacity"] = {"requests": {"memory": rng.choice(("20Gi", "40Gi"))}}
        case.templates.append(template)
        pod = case_pod(name, case, {"cpu": "100m"}, {"role": "filler"})
        pod["spec"]["tolerations"] = [{"operator": "Exists"}]
        use_claim(pod, name)
        case.fillers.append(pod)
