"""What a random case is made of, and the pods and terms of which all of it consists."""

import random
from dataclasses import dataclass, field

from tests.contract.api import Json
from tests.controlplane import dra

CASE = "test.k8sai.dev/case"
ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
AMD, MIG, BRIDGED = "amd.com/gpu", "nvidia.com/mig-1g.10gb", "example.com/card"
KINDS = ("cards", "cards", "parts", "shared", "shared", "tainted", "incomplete")  # what a node's driver publishes
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


def case_pod(name: str, case: Case, requests: Json, labels: Json) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {CASE: case.name, **labels}},
        "spec": {
            "containers": [asking("main", requests)],
            "nodeSelector": {CASE: case.name},
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 0,
        },
    }


def asking(name: str, requests: Json) -> Json:
    limits = {k: v for k, v in requests.items() if "/" in k}
    return {"name": name, "image": "registry.example/x:1", "resources": {"requests": dict(requests), "limits": limits}}


def use_claim(pod: Json, name: str, *, shared: bool = False) -> None:
    source = {"resourceClaimName": name} if shared else {"resourceClaimTemplateName": name}
    pod["spec"]["resourceClaims"] = [{"name": "gpu", **source}]
    pod["spec"]["containers"][0]["resources"]["claims"] = [{"name": "gpu"}]


def required(what: Json) -> Json:
    return {"requiredDuringSchedulingIgnoredDuringExecution": what if "nodeSelectorTerms" in what else [what]}


def term(case: Case, key: str, labels: Json) -> Json:
    return {"topologyKey": key, "labelSelector": {"matchLabels": {CASE: case.name, **labels}}}


def class_for(rng: random.Random, devices: str) -> str:
    """A class that mostly selects what is there."""
    return rng.choice(("any", "parts", "parts", "cards") if devices == "parts" else ("any", "cards", "cards"))
