"""A cluster that ends and begins again at the same address: whoever followed it sees the new one, whole."""

from pathlib import Path

import pytest
import yaml

from k8sai.cluster.connect import connect
from k8sai.cluster.live import Live
from k8sai.cluster.options import Options
from k8sai.cluster.reflector import Pace
from k8sai.sim.cluster import Sim
from tests.cluster.scripted_api import Notebook

SOON = Pace(first=0.01, longest=0.05)


def _scenario(folder: Path, *names: str) -> Path:
    """A cluster of nothing but these nodes."""
    nodes = [{"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}} for name in names]
    path = folder / f"{names[0]}.yaml"
    path.write_text(yaml.safe_dump({"apiVersion": "k8sai.dev/v1alpha1", "kind": "Scenario", "objects": nodes}))
    return path


# As many objects, more, and fewer: versions that only count from one would each mislead in a way of its own.
@pytest.mark.parametrize("after", [("x", "y"), ("x", "y", "z", "w"), ("x",)], ids=len)
def test_a_follower_sees_the_new_cluster_whole(after: tuple[str, ...], tmp_path: Path) -> None:
    book = Notebook()
    with Sim(_scenario(tmp_path, "a", "b")) as first:
        port = int(first.server.rpartition(":")[2])
        kubeconfig = tmp_path / "config"
        first.write_kubeconfig(kubeconfig)
        connection = connect(Options(kubeconfig=str(kubeconfig)), environ={})
        live = Live(connection, book, kinds=("nodes",), pace=SOON)
        live.start()
        book.until(lambda: book.names("nodes") == {"a", "b"})
    try:
        with Sim(_scenario(tmp_path, *after), port=port):
            book.until(lambda: book.names("nodes") == set(after))
    finally:
        live.stop()
        connection.close()
