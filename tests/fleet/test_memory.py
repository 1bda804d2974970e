"""A node of a large fleet costs about a kibibyte, labels and all."""

import gc
import tracemalloc

import msgspec

from k8sai.facts import Node
from k8sai.fleet.index import Fleet
from tests.fleet.facts_by_hand import H100, node, pod

NODES = 2000
LIMIT = 1400  # bytes; 1,090 measured on CPython 3.11 with 100,000 nodes of 66 labels


def test_a_node_is_about_a_kibibyte() -> None:
    features = {f"feature.node.kubernetes.io/cpu-{at}": "true" for at in range(60)}
    labels = {
        "kubernetes.io/hostname": "gpu-000000",
        "nvidia.com/gpu.clique": "c0",
        "nvidia.com/gfd.timestamp": "000000",
    }
    template = msgspec.json.encode(node("gpu-000000", product=H100, labels={**features, **labels}))
    decoder = msgspec.json.Decoder(Node)
    fleet = Fleet()
    gc.collect()
    tracemalloc.start()
    try:
        for at in range(NODES):
            fleet.put("nodes", decoder.decode(template.replace(b"000000", b"%06d" % at)))
        gc.collect()
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert fleet.totals().capacity == NODES * 8
    assert dict(fleet.node("gpu-000007").labels)["kubernetes.io/hostname"] == "gpu-000007"
    assert kept / NODES < LIMIT


def test_pods_without_gpus_cost_nothing() -> None:
    fleet = Fleet()
    fleet.put("pods", pod("warm", 0, "n"))
    gc.collect()
    tracemalloc.start()
    try:
        for at in range(1000):
            fleet.put("pods", pod(f"web-{at}", 0, "n"))
        gc.collect()
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert kept < 20_000
