"""The document of one small cluster: its names, its numbers, its scope, and what it says of what it does not know."""

import json
from typing import Any

import pytest

from k8sai.cluster.sources import Source
from k8sai.errors import Forbidden, NotFound
from k8sai.fleet import document, tables
from k8sai.fleet.numbers import number
from k8sai.fleet.picture import Scope
from k8sai.fleet.query import NodeQuery, PodQuery
from tests.fleet.small import AT, items, picture


def test_the_names_scripts_rely_on() -> None:
    view = document.document(picture())
    head = {key: view[key] for key in ("apiVersion", "kind", "at", "context", "complete", "hidden")}
    assert head == {
        "apiVersion": "k8sai.dev/v1alpha1",
        "kind": "GpuView",
        "at": AT,
        "context": "prod",
        "complete": True,
        "hidden": [],
    }
    figures = {"capacity", "allocatable", "used", "free", "unhealthy", "pending"}
    assert figures <= set(view["totals"])
    assert all(figures <= set(product) for product in view["products"])
    node = {"name", "ready", "schedulable", "product", "clique", "zone", "largestFree", "resources", "devices"}
    assert all(node <= set(one) for one in view["nodes"])
    resource = {"resource", "kind", "capacity", "allocatable", "used", "free", "unhealthy"}
    assert all(resource <= set(one) for entry in view["nodes"] for one in entry["resources"])
    pod = {"namespace", "name", "uid", "node", "phase", "terminating", "owner", "queue", "requests"}
    assert all(pod <= set(one) for one in view["pods"])
    assert all(pod | {"since", "reason"} <= set(one) for one in view["pending"])


def test_a_node_of_the_document() -> None:
    (node,) = (one for one in document.document(picture())["nodes"] if one["name"] == "gpu-h2")
    assert {key: node[key] for key in ("ready", "schedulable", "product", "clique", "zone", "taints", "gone")} == {
        "ready": True,
        "schedulable": True,
        "product": "NVIDIA-H100-80GB-HBM3",
        "clique": "c0.1",
        "zone": "eu-1a",
        "taints": ["nvidia.com/gpu=present:NoSchedule"],
        "gone": False,
    }
    assert node["resources"] == [
        {
            "resource": "nvidia.com/gpu",
            "kind": "card",
            "capacity": 8,
            "allocatable": 7,
            "used": 6,
            "free": 1,
            "unhealthy": 1,
            "reserved": 1,
            "family": "nvidia",
            "cardsEach": 1,
        }
    ]


def test_whole_numbers_are_integers_and_shares_are_decimals() -> None:
    text = json.dumps(document.document(picture()))
    assert ".0," not in text and ".0}" not in text
    assert number(8.0) == 8 and isinstance(number(8.0), int)
    assert number(1 / 7) == 0.142857
    assert number(float("nan")) is None


def test_pods_are_bound_and_pending_are_not() -> None:
    view = document.document(picture())
    assert all(pod["node"] for pod in view["pods"])
    assert {pod["name"] for pod in view["pending"]} == {"sweep-0", "sweep-1", "eval-0"}
    assert {pod["name"]: pod["reason"] for pod in view["pending"]}["sweep-1"] == "SchedulingGated"
    assert "web-0" not in json.dumps(view)


def test_a_namespace_narrows_the_pods_and_never_the_totals() -> None:
    everything, one = picture(), picture(scope=Scope(pods=PodQuery(namespace="team-llm")))
    assert {pod.namespace for pod in (*one.pods, *one.pending)} == {"team-llm"}
    assert one.totals == everything.totals and one.nodes == everything.nodes
    assert document.document(one)["scope"]["totals"] == "cluster"


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        (Scope(NodeQuery(labels="pool=train")), ["gpu-h1", "gpu-h2"]),
        (Scope(product="h100"), ["gpu-h1", "gpu-h2"]),
        (Scope(names=("gpu-h2", "gpu-a1")), ["gpu-a1", "gpu-h2"]),
        (Scope(NodeQuery(text="team-vision")), ["gpu-h1"]),
    ],
)
def test_totals_are_of_the_nodes_listed(scope: Scope, names: list[str]) -> None:
    narrowed = picture(scope=scope)
    assert [node.name for node in narrowed.nodes] == names
    assert narrowed.totals.capacity == sum(node.figures.capacity for node in narrowed.nodes)
    assert {pod.node for pod in narrowed.pods} <= set(names)
    assert document.document(narrowed)["scope"]["totals"] == "listed nodes"


@pytest.mark.parametrize(
    ("scope", "sentence", "hint"),
    [
        (Scope(names=("gpu-h3",)), "there is no node 'gpu-h3'", "did you mean 'gpu-h2'?"),
        (Scope(names=("moon",)), "there is no node 'moon'", "`k8sai top -o name` lists the nodes with GPUs"),
        (Scope(names=("cpu-1",)), "node 'cpu-1' has no GPUs", "`k8sai top cpu-1 --all-nodes`"),
    ],
)
def test_a_node_that_is_not_there(scope: Scope, sentence: str, hint: str) -> None:
    with pytest.raises(NotFound) as raised:
        picture(scope=scope)
    assert (raised.value.message, raised.value.hint) == (sentence, hint)


def test_flat_rows_for_a_spreadsheet() -> None:
    heading, rows = document.flat(document.document(picture()), "nodes")
    assert heading[:3] == ["node", "product", "ready"]
    assert len(rows) == 7, "a row per node and resource: the MIG node has two"
    assert rows[0][:4] == ["gpu-a1", "NVIDIA-A100-SXM4-80GB", "true", "false"]
    for key in ("products", "namespaces", "queues", "pods", "pending"):
        heading, rows = document.flat(document.document(picture()), key)
        assert rows and all(len(row) == len(heading) for row in rows)


def test_without_pods_nothing_is_called_free() -> None:
    objects = {name: item for name, item in items().items() if item["kind"] == "Node"}
    blind = picture(objects, Source("nodes", "once", 7), Source("pods", "forbidden", message="no", hint="ask"))
    assert not blind.complete
    view = document.document(blind)
    assert (view["totals"]["capacity"], view["totals"]["used"], view["totals"]["free"]) == (38, None, None)
    assert {one["free"] for node in view["nodes"] for one in node["resources"]} == {None}
    assert "38 cards, ? used, ? free, 1 unhealthy" in tables.totals(blind).cell.text
    assert {tables.bar(node.slots) for node in blind.nodes} == {"????????", "????", "??"}


def test_without_nodes_and_pods_there_is_nothing_to_say() -> None:
    denied = [Source(kind, "forbidden", message=f"no {kind}", hint="ask") for kind in ("nodes", "pods")]
    with pytest.raises(Forbidden) as raised:
        picture(items(), *denied)
    assert (raised.value.message, raised.value.hint) == ("no nodes", "ask")


@pytest.mark.parametrize(
    ("source", "what", "meaning"),
    [
        (Source("pods", "retrying", 3, message="refused"), "pods", "what is known of {} may be old"),
        (Source("resourceclaims", "failed", message="500"), "resourceclaims", "{} are not shown"),
        (Source("nodes", "once", 3, message="could not read node x"), "some nodes", "{} are not counted"),
        (
            Source("pods", "once", 3, namespace="team-a"),
            "pods outside namespace team-a",
            "{} are not shown, so less may be free than it seems",
        ),
    ],
)
def test_what_is_hidden(source: Source, what: str, meaning: str) -> None:
    shown = picture(items(), source)
    assert [(gap.what, gap.meaning) for gap in shown.hidden] == [(what, meaning)]
    assert not shown.complete


@pytest.mark.parametrize("state", ["live", "once", "absent"])
def test_what_is_not_hidden(state: Any) -> None:
    assert picture(items(), Source("resourceslices", state)).complete


def test_an_object_that_cannot_be_counted_makes_the_view_incomplete() -> None:
    objects = items()
    objects["gpu-h1"]["status"]["capacity"]["nvidia.com/gpu"] = "eight"
    shown = picture(objects)
    assert not shown.complete
    (gap,) = document.document(shown)["hidden"]
    assert gap["what"] == "node gpu-h1" and "'eight' is not a Kubernetes quantity" in gap["why"]
