"""Manifests with what their pods bring along: claims for devices and volumes, made or shared."""

import yaml

from k8sai.fit.answer import Answer
from k8sai.fit.manifests import read
from k8sai.fit.say import sentence
from k8sai.scheduling.storage import Storage
from tests.fit.world import World, node
from tests.fleet.facts_by_hand import card, device_class, resource_slice

TEMPLATE = """
kind: ResourceClaimTemplate
metadata: {name: two}
spec: {spec: {devices: {requests: [{name: r, exactly: {deviceClassName: gpu.nvidia.com, count: 2}}]}}}
---
"""
JOB = """
kind: Job
metadata: {name: train}
spec:
  parallelism: %d
  template:
    spec:
      resourceClaims: [{name: g, %s}]
      containers: [{name: c, resources: {claims: [{name: g}]}}]
"""
CLAIM = """
kind: ResourceClaim
metadata: {name: shared}
spec: {devices: {requests: [{name: r, exactly: {deviceClassName: gpu.nvidia.com, count: 4}}]}}
---
"""
VOLUMES = """
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: 2
  template: {spec: {containers: [{name: c, resources: {limits: {nvidia.com/gpu: 1}}}]}}
  volumeClaimTemplates: [{metadata: {name: data}, spec: {storageClassName: %s, accessModes: [ReadWriteOnce]}}]
"""


def devices() -> World:
    cards = [resource_slice([card(n) for n in range(4)], node=name) for name in ("n1", "n2")]
    return World([node("n1", 0), node("n2", 0), *cards, device_class("gpu.nvidia.com")])


def fit(world: World, text: str) -> Answer:
    return world.fit_all(read(yaml.safe_load_all(text), "team-a", "x.yaml"))


def test_a_claim_for_each_pod() -> None:
    found = fit(devices(), TEMPLATE + JOB % (4, "resourceClaimTemplateName: two"))
    assert sentence(found) == "Yes: 4 pods start now on 2 nodes."
    found = fit(devices(), TEMPLATE + JOB % (5, "resourceClaimTemplateName: two"))
    assert (found.verdict, found.placed) == ("never", 4)
    assert [change.text for change in found.changes] == [
        "start 4 pods, 1 fewer",
        "ask for 1 GPU per pod instead of 2",
    ]


def test_a_claim_that_all_share_keeps_them_together() -> None:
    found = fit(devices(), CLAIM + JOB % (3, "resourceClaimName: shared"))
    assert sentence(found) == "Yes: 3 pods start now on 1 node."


def test_a_template_that_is_nowhere() -> None:
    found = fit(devices(), JOB % (1, "resourceClaimTemplateName: none"))
    assert (found.verdict, found.placed) == ("never", 0)
    assert [short.code for short in found.shorts] == ["Devices"]


def test_volumes_made_for_each_pod() -> None:
    delayed = {"provisioner": "x", "volumeBindingMode": "WaitForFirstConsumer", "metadata": {"name": "fast"}}
    here = {"topology.kubernetes.io/zone": "a"}
    term = {"matchLabelExpressions": [{"key": next(iter(here)), "values": ["a"]}]}
    world = World([node("n1", zone="a"), node("n2", zone="b")])
    world.board.use_storage(Storage({}, {}, {"fast": {**delayed, "allowedTopologies": [term]}}, frozenset()))
    found = fit(world, VOLUMES % "fast")
    assert [(one.node, one.pods) for one in found.placements] == [("n1", 2)]
