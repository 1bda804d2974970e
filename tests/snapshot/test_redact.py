"""Codes for names: no name is left, every reference still meets what it means, no figure changes."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from k8sai.cluster import recording
from k8sai.cluster.recording import open_recording
from k8sai.cluster.sources import KINDS, Source
from k8sai.fleet.document import document
from k8sai.fleet.index import Fleet
from k8sai.fleet.picture import take
from k8sai.snapshot.reading import Taken
from k8sai.snapshot.redact import Redactor, redacted

CLUSTERS = Path(__file__).parents[1] / "clusters"
FILES = ("demo.json.gz", "small.json", "fleet/device-plugins.json", "fleet/dra.json")
Json = dict[str, Any]


def taken(path: Path) -> Taken:
    opened = open_recording(path)
    facts = {kind: list(opened.feed.facts.get(kind, ())) for kind in KINDS}
    return Taken("prod", "2026-11-21T10:00:00Z", "v1.37.0", facts, {}, opened.recorded.sources)


def view(of: Taken) -> Json:
    fleet = Fleet()
    for kind in KINDS:
        fleet.replace(kind, of.facts.get(kind, ()))
    return document(take(fleet, context=of.context, at=of.at, sources=of.sources))


def nameless(entries: Iterable[Json], *names: str) -> list[str]:
    """What is left of entries without their names, in any order."""
    return sorted(json.dumps({k: v for k, v in entry.items() if k not in names}, sort_keys=True) for entry in entries)


@pytest.mark.parametrize("file", FILES)
def test_no_figure_changes(file: str) -> None:
    before = view(taken(CLUSTERS / file))
    after = view(redacted(taken(CLUSTERS / file)))
    for key in ("totals", "byKind", "complete"):
        assert after[key] == before[key], key
    assert nameless(after["products"]) == nameless(before["products"])
    for key in ("namespaces", "queues"):
        assert nameless(after[key], "name") == nameless(before[key], "name"), key
    names = ("name", "zone", "clique", "taints", "devices", "holders")
    assert nameless(after["nodes"], *names) == nameless(before["nodes"], *names)
    devices = [sorted((len(one["devices"]), len(one["holders"])) for one in v["nodes"]) for v in (before, after)]
    assert devices[0] == devices[1]
    for key in ("zone", "clique"):
        assert len({one[key] for one in after["nodes"]}) == len({one[key] for one in before["nodes"]}), key
    hidden = ("namespace", "name", "uid", "node", "owner", "queue", "nominated", "message", "requests")
    for key in ("pods", "pending"):
        assert nameless(after[key], *hidden) == nameless(before[key], *hidden), key
        for name in ("namespace", "owner", "queue", "node", "nominated"):
            assert len({one[name] for one in after[key]}) == len({one[name] for one in before[key]}), name
    assert len(after["problems"]) == len(before["problems"])


@pytest.mark.parametrize("file", FILES)
def test_no_name_is_left(file: str) -> None:
    before = view(taken(CLUSTERS / file))
    names = {one["name"] for one in before["nodes"]} | {one["zone"] for one in before["nodes"]}
    for pod in (*before["pods"], *before["pending"]):
        names |= {pod["namespace"], pod["name"], pod["owner"].partition("/")[2], pod["queue"]}
    text = json.dumps([json.loads(msgspec.json.encode(redacted(taken(CLUSTERS / file)).facts))])
    names -= {""}
    assert names
    assert [name for name in names if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)] == []


def redactor(**objects: Json) -> Redactor:
    found = Redactor()
    for kind, obj in objects.items():
        found.learn(kind.replace("_", "."), obj)
    return found


def named(name: str, namespace: str = "", **more: Any) -> Json:
    labels = {"labels": more.pop("labels")} if "labels" in more else {}
    return {"metadata": {"name": name, "namespace": namespace, **labels}, **more}


NODE = named(
    "gpu-1",
    labels={
        "topology.kubernetes.io/zone": "eu-1a",
        "nvidia.com/gpu.product": "NVIDIA-H100",
        "acme.example/team": "alice",
        "kubernetes.io/hostname": "gpu-1",
    },
    spec={"taints": [{"key": "acme", "value": "alice", "effect": "NoSchedule"}]},
    status={"allocatable": {"cpu": "96", "example.com/widget": "4"}},
)


def test_the_same_name_has_the_same_code_wherever_it_stands() -> None:
    found = redactor(nodes=NODE)
    node = found.redacted(NODE)
    code = node["metadata"]["name"]
    assert code.startswith("node-")
    assert node["metadata"]["labels"]["kubernetes.io/hostname"] == code
    pod = found.redacted({"spec": {"nodeName": "gpu-1", "nodeSelector": NODE["metadata"]["labels"]}})
    assert pod["spec"] == {"nodeName": code, "nodeSelector": node["metadata"]["labels"]}
    affinity = {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["eu-1a"]}
    zone = node["metadata"]["labels"]["topology.kubernetes.io/zone"]
    assert zone.startswith("zone-")
    assert found.redacted({"matchExpressions": [affinity]})["matchExpressions"] == [{**affinity, "values": [zone]}]
    assert found.redacted({"domains": [{"values": ["eu-1a"]}]})["domains"][0]["values"] == [zone]


def test_words_of_hardware_and_of_kubernetes_stay() -> None:
    node = redactor(nodes=NODE).redacted(NODE)
    assert node["metadata"]["labels"]["nvidia.com/gpu.product"] == "NVIDIA-H100"
    assert node["status"] == NODE["status"]
    taint = node["spec"]["taints"][0]
    assert (taint["key"], taint["effect"]) == ("acme", "NoSchedule")
    assert taint["value"] == next(v for k, v in node["metadata"]["labels"].items() if k.startswith("label-"))
    assert "alice" not in json.dumps(node) and "example/team" not in json.dumps(node)


def test_a_toleration_still_tolerates() -> None:
    found = redactor(nodes=NODE)
    taint = found.redacted(NODE)["spec"]["taints"][0]
    toleration = {"key": "acme", "operator": "Equal", "value": "alice", "effect": "NoSchedule"}
    assert found.redacted({"tolerations": [toleration]})["tolerations"] == [{**taint, "operator": "Equal"}]


def test_a_replica_set_is_called_after_its_deployment() -> None:
    replicaset = named("web-7c9f", "team", labels={"pod-template-hash": "7c9f"})
    deployment = named("web", "team")
    found = redactor(replicasets_apps=replicaset, deployments_apps=deployment)
    name = found.redacted(replicaset)["metadata"]
    base = found.redacted(deployment)["metadata"]["name"]
    assert name["name"] == f"{base}-{name['labels']['pod-template-hash']}"


def test_names_in_sentences_and_paths() -> None:
    found = redactor(nodes=NODE, pods=named("train-0", "team-a"))
    said = found.redacted(
        {"message": "0/12 nodes are available: team-a/train-0 does not fit gpu-1, 3 Insufficient cpu."}
    )
    codes = found.redacted({"a": "team-a", "b": "train-0", "c": "gpu-1"})
    expected = "0/12 nodes are available: {a}/{b} does not fit {c}, 3 Insufficient cpu."
    assert said["message"] == expected.format(**codes)
    device = found.redacted({"resourceID": "gpu.nvidia.com/gpu-1/gpu-0", "pool": {"name": "gpu-1"}, "device": "gpu-0"})
    assert device["resourceID"].split("/")[1:] == [device["pool"]["name"], device["device"]]


def test_an_unknown_name_in_a_sentence_is_a_name() -> None:
    said = Redactor().redacted({"message": 'pull "registry.acme.example/x:1" for bob-7 failed at 10.0.0.7'})["message"]
    assert said.startswith("pull ") and " failed at " in said
    assert not re.search(r"acme|bob|10\.0", said)


def test_gates_and_resources_are_words_and_registries_are_not() -> None:
    gates = {"schedulingGates": [{"name": "kueue.x-k8s.io/admission"}]}
    assert Redactor().redacted(gates) == gates
    pulled = "12345.dkr.ecr.eu-1.amazonaws.com/acme/llm:7 and registry.k8s.io/acme/llm:7"
    said = json.dumps(Redactor().redacted({"message": f"pulling {pulled}", "image": pulled.split()[0]}))
    assert "acme" not in said and "12345" not in said


def test_serial_numbers() -> None:
    uuid = "GPU-11111111-2222-3333-4444-555555555555"
    found = Redactor().redacted({"attributes": {"uuid": {"string": uuid}, "model": {"string": "H100"}}, "device": uuid})
    assert found["attributes"]["model"] == {"string": "H100"}
    assert found["attributes"]["uuid"]["string"] == found["device"]
    assert found["device"].startswith("GPU-") and found["device"] != uuid


def test_two_files_share_no_code() -> None:
    codes = {redactor(nodes=NODE).redacted(NODE)["metadata"]["name"] for _ in range(2)}
    assert len(codes) == 2


def test_who_may_not_read_is_not_told() -> None:
    one = taken(CLUSTERS / "small.json")
    said = 'User "ann" may not list resourcequotas'
    one.sources += (
        Source("resourcequotas", "forbidden", message=said),
        Source("limitranges", "once", namespace="mine"),
    )
    found = redacted(one)
    assert [(s.kind, s.state, s.message) for s in found.hidden if s.kind == "resourcequotas"] == [
        ("resourcequotas", "forbidden", "")
    ]
    assert found.sources[-1].namespace not in ("", "mine")
    assert found.context.startswith("cluster-")


def test_a_redacted_file_answers_for_whole_objects(tmp_path: Path) -> None:
    one = taken(CLUSTERS / "small.json")
    job = {"apiVersion": "batch/v1", "kind": "Job", **named("train", "team-llm", spec={"suspend": True})}
    one.others["jobs.batch"] = [msgspec.Raw(msgspec.json.encode(job))]
    found = redacted(one)
    path = tmp_path / "r.gz"
    recording.save(path, context=found.context, at=found.at, objects=found.facts, others=found.others, redacted=True)
    recorded, _, objects = open_recording(path)
    assert recorded.redacted
    (kept,) = objects.list("jobs.batch")
    namespaces = {pod["metadata"]["namespace"] for pod in objects.list("pods")}
    assert (kept["kind"], kept["spec"]) == ("Job", {"suspend": True})
    assert kept["metadata"]["namespace"] in namespaces
    assert kept["metadata"]["name"].startswith("job-")
