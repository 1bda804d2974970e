"""Users with few rights or none: what they see, and what they are told."""

from collections.abc import Iterator

import pytest

from tests.controlplane.gpu_nodes import add_nodes, gpu_node, only_for, only_there
from tests.controlplane.gpu_pods import add_pods, gpu_pod, wait_placed
from tests.controlplane.namespaces import new_namespace
from tests.controlplane.ours import k8sai
from tests.controlplane.server import ControlPlane

RBAC = "/apis/rbac.authorization.k8s.io/v1"
READ = ["get", "list", "watch"]
PARTIAL, FORBIDDEN = 14, 16


@pytest.fixture
def held(plane: ControlPlane) -> str:
    """A namespace whose only pod holds three GPUs of a node of its own."""
    namespace = new_namespace(plane.api, "rights")
    add_nodes(plane.api, [gpu_node(f"{namespace}-0", 8, labels={"test": namespace}, taints=[only_for(namespace)])])
    add_pods(plane.api, namespace, [gpu_pod("p", 3, **only_there(namespace))])
    wait_placed(plane.api, namespace)
    return namespace


@pytest.fixture
def bob_reads_one_namespace(plane: ControlPlane, held: str) -> Iterator[str]:
    """bob may read the pods of that namespace, and nothing else."""
    role = {"metadata": {"name": "reader"}, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": READ}]}
    plane.api.post(f"{RBAC}/namespaces/{held}/roles", role).ok()
    plane.api.post(f"{RBAC}/namespaces/{held}/rolebindings", _binding("Role", "reader", "bob")).ok()
    yield held
    plane.api.delete(f"{RBAC}/namespaces/{held}/rolebindings/reader").ok()


@pytest.fixture
def bob_reads_nodes_and_pods(plane: ControlPlane, held: str) -> Iterator[str]:
    """bob may read what most users may: nodes and pods, but no devices."""
    rules = [{"apiGroups": [""], "resources": ["pods", "nodes"], "verbs": READ}]
    plane.api.post(f"{RBAC}/clusterroles", {"metadata": {"name": "looker"}, "rules": rules}).ok()
    plane.api.post(f"{RBAC}/clusterrolebindings", _binding("ClusterRole", "looker", "bob")).ok()
    yield held
    plane.api.delete(f"{RBAC}/clusterrolebindings/looker").ok()
    plane.api.delete(f"{RBAC}/clusterroles/looker").ok()


def _binding(kind: str, role: str, user: str) -> dict[str, object]:
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role}
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}
    return {"metadata": {"name": role}, "roleRef": reference, "subjects": [subject]}


@pytest.mark.parametrize("output", ["table", "json", "csv"])
def test_who_may_read_nothing_is_told_what_to_ask_for(plane: ControlPlane, output: str) -> None:
    ended = k8sai("top", "--once", "-o", output, kubeconfig=plane.kubeconfig("alice"))
    assert (ended.code, ended.out) == (FORBIDDEN, "")
    sentence, *hints = ended.err.splitlines()
    assert sentence.startswith("error: ")
    assert "alice" in sentence
    assert plane.url in sentence or "127.0.0.1" in sentence
    assert any("kubectl auth can-i list " in hint for hint in hints)
    assert "Traceback" not in ended.err


def test_who_may_read_one_namespace_sees_it(plane: ControlPlane, bob_reads_one_namespace: str) -> None:
    ended = k8sai("top", "--once", "-o", "json", "-n", bob_reads_one_namespace, kubeconfig=plane.kubeconfig("bob"))
    document = ended.document(PARTIAL)
    assert document["complete"] is False
    assert [(row["name"], sum(row["requests"].values())) for row in document["pods"]] == [("p", 3)]
    assert "nodes" in {gap["what"] for gap in document["hidden"]}


def test_without_rights_to_devices_the_rest_is_there(plane: ControlPlane, bob_reads_nodes_and_pods: str) -> None:
    document = k8sai("top", "--once", "-o", "json", kubeconfig=plane.kubeconfig("bob")).document(PARTIAL)
    (node,) = (node for node in document["nodes"] if node["name"] == f"{bob_reads_nodes_and_pods}-0")
    assert (node["totals"]["used"], node["totals"]["free"]) == (3, 5)
    assert document["complete"] is False
    hidden = {gap["what"] for gap in document["hidden"]}
    assert "resourceslices" in hidden
    assert not {"nodes", "pods"} & hidden


def test_impersonation_shows_another_users_rights(plane: ControlPlane) -> None:
    ended = k8sai("top", "--once", "--as", "alice", kubeconfig=plane.kubeconfig())
    assert (ended.code, ended.out) == (FORBIDDEN, "")
    assert "alice" in ended.err


def test_only_reads_are_asked_for(plane: ControlPlane, held: str) -> None:
    """The server's own record of a run: lists of the six kinds and discovery, and no Secret."""
    record = plane.folder / "audit.log"
    before = record.stat().st_size
    k8sai("top", "--once", "-o", "json", kubeconfig=plane.kubeconfig()).document()
    with record.open("rb") as log:
        log.seek(before)
        lines = log.read().decode().splitlines()
    ours = [line for line in lines if '"userAgent":"k8sai' in line]
    assert ours
    assert all('"verb":"list"' in line or '"verb":"get"' in line for line in ours)
    assert not any("secrets" in line for line in ours)
