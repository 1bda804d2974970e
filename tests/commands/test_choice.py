"""Going to another context of the kubeconfig: two embedded clusters, real connections."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from k8sai.cluster.options import Options
from k8sai.commands._choice import Kubecontexts
from k8sai.errors import ClusterError, NotFound, Usage
from k8sai.fleet.query import NodeQuery
from k8sai.sim.cluster import Sim
from k8sai.tui.choice import Context

PLUGIN = """#!{python}
import os, sys
with open({said!r}, "w") as said:
    said.write("asked" if os.isatty(0) else "not asked")
sys.exit(1)
"""


@pytest.fixture(scope="module")
def clusters() -> Iterator[tuple[Sim, Sim]]:
    with Sim("demo") as demo, Sim("cpu-only") as other:
        yield demo, other


def kubeconfig(folder: Path, clusters: tuple[Sim, Sim]) -> Path:
    """Both clusters, one that is not there, and one whose plugin wants to ask."""
    merged: dict[str, list[object]] = {"clusters": [], "contexts": [], "users": []}
    for name, sim in zip(("demo", "other"), clusters, strict=True):
        one = yaml.safe_load(sim.kubeconfig_text(name))
        for plural in merged:
            (entry,) = one[plural]
            entry["name"] = name
            if plural == "contexts":
                entry["context"] |= {"cluster": name, "user": name, "namespace": "pretrain"}
            merged[plural].append(entry)
    said = folder / "said"
    plugin = folder / "plugin"
    plugin.write_text(PLUGIN.format(python=sys.executable, said=str(said)))
    plugin.chmod(0o755)
    asks = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin), "interactiveMode": "IfAvailable"}
    merged["clusters"].append({"name": "down", "cluster": {"server": "https://127.0.0.1:1"}})
    merged["users"].append({"name": "asks", "user": {"exec": asks}})
    merged["contexts"].append({"name": "down", "context": {"cluster": "down", "user": "demo"}})
    merged["contexts"].append({"name": "asks", "context": {"cluster": "down", "user": "asks"}})
    path = folder / "config"
    path.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "Config", "current-context": "demo", **merged}))
    return path


def test_contexts_are_those_of_the_kubeconfig(clusters: tuple[Sim, Sim], tmp_path: Path) -> None:
    choice = Kubecontexts(Options(kubeconfig=str(kubeconfig(tmp_path, clusters))))
    assert choice.contexts()[:2] == [
        Context("demo", "demo", "demo", "pretrain"),
        Context("other", "other", "other", "pretrain"),
    ]
    with pytest.raises(Usage):
        Kubecontexts(Options(kubeconfig=str(tmp_path / "nowhere"))).contexts()


def test_a_context_opens_as_itself_whatever_the_flags_say_of_the_first(
    clusters: tuple[Sim, Sim], tmp_path: Path
) -> None:
    path = str(kubeconfig(tmp_path, clusters))
    choice = Kubecontexts(Options(kubeconfig=path, context="demo", server="https://127.0.0.1:1", token="x"))
    fleet, feed = choice.open("other")
    feed.start()
    try:
        assert feed.context == "other"
        assert feed.wait_synced(20)  # type: ignore[attr-defined]  # of live feeds
        assert fleet.counts()["nodes"] > 0
        (name, *_) = fleet.node_names(NodeQuery(gpu_only=False))
        assert feed.objects is not None
        assert feed.objects.get("nodes", "", name)["kind"] == "Node"
    finally:
        feed.stop()


def test_what_does_not_answer_or_is_not_there_is_said(clusters: tuple[Sim, Sim], tmp_path: Path) -> None:
    choice = Kubecontexts(Options(kubeconfig=str(kubeconfig(tmp_path, clusters))))
    with pytest.raises(ClusterError):
        choice.open("down")
    with pytest.raises(NotFound):
        choice.open("nowhere")


def test_a_plugin_is_not_given_the_terminal_of_the_screen(
    clusters: tuple[Sim, Sim], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choice = Kubecontexts(Options(kubeconfig=str(kubeconfig(tmp_path, clusters))))
    ours, theirs = os.openpty()
    with os.fdopen(theirs) as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        with pytest.raises(ClusterError):
            choice.open("asks")
    os.close(ours)
    assert (tmp_path / "said").read_text() == "not asked"
