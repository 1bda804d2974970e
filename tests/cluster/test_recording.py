"""A cluster in one file: what is saved comes back, what kubectl prints is read, what is broken is named."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from shlex import quote
from typing import Any

import pytest
import yaml

from k8sai import facts
from k8sai.cluster.decode import decoder
from k8sai.cluster.recording import load, open_recording, save
from k8sai.cluster.sources import KINDS, Kind, Source
from k8sai.errors import NotFound, Refused, Usage
from k8sai.facts import Object
from tests.cluster.scripted_api import Notebook

WIRE = Path(__file__).parents[1] / "clusters/wire"


def recorded(kind: Kind) -> list[Object]:
    return decoder(kind).page((WIRE / f"{kind}.pb").read_bytes()).items


def everything() -> dict[Kind, list[Object]]:
    return {kind: recorded(kind) for kind in KINDS}


def node(name: str = "gpu-1", gpus: Any = "8") -> dict[str, Any]:
    status = {"allocatable": {"nvidia.com/gpu": gpus}}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": status}


def pod(name: str, phase: str = "Running") -> dict[str, Any]:
    metadata = {"name": name, "namespace": "ns", "creationTimestamp": "2026-11-21T10:00:00Z"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": {"phase": phase}}


def a_list(*items: dict[str, Any]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def written(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "cluster"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


# --- our own ----------------------------------------------------------------------------------------------------------


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "prod.k8sai"
    save(path, context="prod", at="2026-11-21T10:00:00Z", objects=everything(), server_version="v1.37.0")
    book = Notebook()
    found = load(path, book)
    assert (found.context, found.at, found.server_version) == ("prod", "2026-11-21T10:00:00Z", "v1.37.0")
    assert {kind: list(book.objects[kind].values()) for kind in KINDS} == everything()
    assert [(s.kind, s.state, s.count) for s in found.sources] == [(k, "once", len(recorded(k))) for k in KINDS]
    assert found.sources[0].at == 1795255200.0


def test_what_was_hidden_stays_hidden(tmp_path: Path) -> None:
    path = tmp_path / "prod.k8sai"
    hidden = [
        Source("nodes", "forbidden", message="ann may not list nodes", hint="ask"),
        Source("pods", "once", 1, namespace="mine"),
    ]
    save(path, context="prod", at="2026-11-21T10:00:00Z", objects={"pods": recorded("pods")[:1]}, hidden=hidden)
    nodes, pods, *_ = load(path, Notebook()).sources
    assert (nodes.state, nodes.message, nodes.hint) == ("forbidden", "ann may not list nodes", "ask")
    assert (pods.state, pods.namespace, pods.count) == ("once", "mine", 1)


def test_the_file_is_small_and_open_to_other_tools(tmp_path: Path) -> None:
    path = tmp_path / "prod.k8sai"
    save(path, context="prod", at="2026-11-21T10:00:00Z", objects={"nodes": recorded("nodes")})
    document = json.loads(gzip.decompress(path.read_bytes()))
    assert (document["apiVersion"], document["kind"]) == ("k8sai.dev/v1alpha1", "Recording")
    assert document["objects"]["nodes"][0]["status"]["allocatable"]["nvidia.com/gpu"] == "8"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(Usage, match=r"cannot write .*No such file"):
        save(tmp_path / "no" / "file", context="", at="2026-11-21T10:00:00Z", objects={})


# --- kubectl's --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [json.dumps, yaml.safe_dump], ids=["json", "yaml"])
def test_a_list_that_kubectl_printed(tmp_path: Path, form: Any) -> None:
    """The very same facts as over the wire; kinds we do not read, and Secrets with them, stay outside."""
    items: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"p": "x"}}
    ]
    for kind, version in (("nodes", "v1"), ("pods", "v1"), ("resourceslices", "resource.k8s.io/v1")):
        page = json.loads((WIRE / f"{kind}.json").read_bytes())
        items += [{"apiVersion": version, "kind": page["kind"].removesuffix("List"), **item} for item in page["items"]]
    path = written(tmp_path, form({"apiVersion": "v1", "kind": "List", "items": items}))
    book = Notebook()
    found = load(path, book)
    running = [
        p for p in recorded("pods") if isinstance(p, facts.Pod) and p.status.phase not in ("Failed", "Succeeded")
    ]
    assert list(book.objects["nodes"].values()) == recorded("nodes")
    assert list(book.objects["pods"].values()) == running
    assert list(book.objects["resourceslices"].values()) == recorded("resourceslices")
    assert found.context == "cluster" and found.at.endswith("Z")
    states = {source.kind: source.state for source in found.sources}
    assert (states["nodes"], states["pods"], states["deviceclasses"]) == ("once", "once", "absent")


@pytest.mark.parametrize("version", ["v1beta1", "v1beta2", "v1"])
def test_a_list_of_one_kind_in_an_older_version(tmp_path: Path, version: str) -> None:
    name = "resourceslices.json" if version == "v1" else f"resourceslices.{version}.json"
    book = Notebook()
    load(written(tmp_path, (WIRE / name).read_bytes()), book)
    assert list(book.objects["resourceslices"].values()) == recorded("resourceslices")


def test_finished_pods_hold_nothing(tmp_path: Path) -> None:
    book = Notebook()
    load(written(tmp_path, a_list(pod("a"), pod("b", "Succeeded"), pod("c", "Failed"), node())), book)
    assert book.names("pods") == {"a"}


def test_one_object_alone(tmp_path: Path) -> None:
    book = Notebook()
    sources = load(written(tmp_path, json.dumps(node())), book).sources
    assert book.names("nodes") == {"gpu-1"}
    assert sources[1].state == "failed" and "holds no pods" in sources[1].message


def test_a_kind_of_another_group_with_the_same_name_is_not_ours(tmp_path: Path) -> None:
    other = {"apiVersion": "example.com/v1", "kind": "Node", "metadata": {"name": "x"}}
    book = Notebook()
    load(written(tmp_path, a_list(other, pod("a"))), book)
    assert book.names("nodes") == set()


def test_times_without_quotes_are_texts(tmp_path: Path) -> None:
    text = yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": [pod("a")]}).replace("'", "")
    book = Notebook()
    load(written(tmp_path, text), book)
    assert book.objects["pods"]["a"].metadata.creation_timestamp == "2026-11-21T10:00:00Z"


# --- broken -----------------------------------------------------------------------------------------------------------


def test_no_such_file(tmp_path: Path) -> None:
    nowhere = tmp_path / "no such"
    with pytest.raises(NotFound, match="there is no file") as error:
        load(nowhere, Notebook())
    assert error.value.hint == f"`k8sai snapshot save -o {quote(str(nowhere))}` makes one"


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(Usage, match=r"cannot read .*Is a directory"):
        load(tmp_path, Notebook())


WHOLE = gzip.compress(a_list(node(), pod("a")).encode())
BROKEN: dict[str, tuple[bytes, str]] = {
    "cut gzip": (WHOLE[:-30], "is cut off: its gzip has no end"),
    "damaged gzip": (WHOLE[:40] + b"\xff" * 8 + WHOLE[48:], "is damaged: "),
    "cut json": (a_list(node())[:-9].encode(), "is not whole JSON: "),
    "bad yaml": (b"kind: List\nitems: [", "is neither JSON nor YAML: .* line 3"),
    "empty": (b"", "is neither a recording of k8sai nor a List of kubectl"),
    "a text": (b"hello\n", "is neither a recording of k8sai nor a List of kubectl"),
    "an array": (b"[1]", "is neither a recording of k8sai nor a List of kubectl"),
    "no kind": (b"{}", "is neither a recording of k8sai nor a List of kubectl"),
    "another kind": (b'{"apiVersion":"v1","kind":"Secret"}', "is neither a recording of k8sai nor a List of kubectl"),
    "an empty list": (a_list().encode(), "holds no nodes and no pods"),
    "newer": (
        b'{"apiVersion":"k8sai.dev/v1","kind":"Recording"}',
        r"is a recording of version k8sai.dev/v1, this k8sai reads k8sai.dev/v1alpha1",
    ),
    "wrong type": (
        b'{"apiVersion":"k8sai.dev/v1alpha1","kind":"Recording","at":"2026-11-21T10:00:00Z","objects":{"nodes":[1]}}',
        r"Expected `object`, got `int` - at `\$.objects.nodes\[0\]`",
    ),
    "no time": (
        b'{"apiVersion":"k8sai.dev/v1alpha1","kind":"Recording","at":"yesterday"}',
        "at: 'yesterday' is not an ISO time",
    ),
    "item of a wrong type": (
        a_list({**pod("a"), "spec": {"priority": "high"}}).encode(),
        r"pod ns/a: Expected `int \| null`, got `str` - at `\$.spec.priority`",
    ),
    "item that is none": (b'{"kind":"List","items":[3]}', "an item is no Kubernetes object"),
}


def test_a_list_of_other_kinds_is_enough_for_who_asks_for_their_group_only(tmp_path: Path) -> None:
    queue = {"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": "ClusterQueue", "metadata": {"name": "q"}}
    file = tmp_path / "queues.json"
    file.write_text(a_list(queue))
    objects = open_recording(file, groups={"kueue.x-k8s.io"}).objects
    assert [one["metadata"]["name"] for one in objects.list("clusterqueues.kueue.x-k8s.io")] == ["q"]
    for groups in (set[str](), {"ray.io"}):
        with pytest.raises(Usage, match="holds no nodes and no pods") as refused:
            open_recording(file, groups=groups)
        hint = "add them: kubectl get nodes,pods,clusterqueues.kueue.x-k8s.io -A -o json > FILE"
        assert refused.value.hint == hint


@pytest.mark.parametrize(("data", "sentence"), BROKEN.values(), ids=BROKEN)
def test_what_is_broken_is_named_and_nothing_is_shown(tmp_path: Path, data: bytes, sentence: str) -> None:
    path, book = written(tmp_path, data), Notebook()
    with pytest.raises(Usage, match=f"^{path}.*{sentence}"):
        load(path, book)
    assert book.calls == []


QUANTITIES: dict[str, tuple[dict[str, Any], str]] = {
    "node": (
        node(gpus="8GPUs"),
        """node gpu-1: status.allocatable["nvidia.com/gpu"]: '8GPUs' is not a Kubernetes quantity""",
    ),
    "container": (
        {**pod("a"), "spec": {"containers": [{}, {"resources": {"limits": {"cpu": "1 "}}}]}},
        """pod ns/a: spec.containers[1].resources.limits["cpu"]: '1 ' is not a Kubernetes quantity""",
    ),
    "status": (
        {**pod("a"), "status": {"containerStatuses": [{"allocatedResources": {"memory": "NaN"}}]}},
        """pod ns/a: status.containerStatuses[0].allocatedResources["memory"]: 'NaN' is not a Kubernetes quantity""",
    ),
    "device": (
        {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "ResourceSlice",
            "metadata": {"name": "s"},
            "spec": {"devices": [{"name": "d", "capacity": {"memory": {"value": "80GiB"}}}]},
        },
        """resourceslice s: spec.devices[0].capacity["memory"].value: '80GiB' is not a Kubernetes quantity""",
    ),
}


@pytest.mark.parametrize(("item", "sentence"), QUANTITIES.values(), ids=QUANTITIES)
def test_a_quantity_that_is_none_is_named_with_its_place(tmp_path: Path, item: dict[str, Any], sentence: str) -> None:
    book = Notebook()
    with pytest.raises(Usage) as error:
        load(written(tmp_path, a_list(pod("fine"), item)), book)
    assert sentence in error.value.message
    assert book.calls == []


# --- how it is written ------------------------------------------------------------------------------------------------


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "prod.k8sai"
    save(path, context="prod", at="2026-11-21T10:00:00Z", objects={})
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_is_there_is_kept_unless_told(tmp_path: Path) -> None:
    path = written(tmp_path, "mine")
    with pytest.raises(Refused, match="is there already") as error:
        save(path, context="prod", at="2026-11-21T10:00:00Z", objects={}, overwrite=False)
    assert "--force" in error.value.hint
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_it_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = written(tmp_path, "before")

    def broken() -> Iterator[dict[str, Any]]:
        yield {"kind": "Job"}
        raise NotFound("gone")

    with pytest.raises(NotFound):
        save(path, context="prod", at="2026-11-21T10:00:00Z", objects={}, others={"jobs.batch": broken()})
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]
