"""exec on a real API server needs get and create on pods/exec, and our error names the one that is missing."""

from collections.abc import Iterator, Sequence
from contextlib import closing

import pytest

from k8sai.cluster.api_errors import ApiForbidden, Unavailable
from k8sai.cluster.connect import connect
from k8sai.cluster.executing import run
from k8sai.cluster.options import Options
from tests.contract.api import Api
from tests.contract.objects import pod
from tests.controlplane.gpu_nodes import NODES, add_nodes, gpu_node
from tests.controlplane.server import ControlPlane


@pytest.fixture
def there(api: Api, namespace: str) -> Iterator[str]:
    """A pod that runs, on a node without a kubelet."""
    name = f"exec-{namespace}"
    add_nodes(api, [gpu_node(name, labels={"exec-rights": namespace})])
    path = f"/api/v1/namespaces/{namespace}/pods"
    api.post(path, pod("p", nodeSelector={"exec-rights": namespace})).ok()
    api.until_object(f"{path}/p", lambda one: one["status"]["phase"] == "Running")
    yield namespace
    api.delete(f"{path}/p", {"gracePeriodSeconds": 0})
    api.delete(f"{NODES}/{name}")


def allow(api: Api, namespace: str, user: str, verbs: Sequence[str]) -> None:
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    rules = [{"apiGroups": [""], "resources": ["pods/exec"], "verbs": list(verbs)}]
    api.post(f"{rbac}/roles", {"metadata": {"name": user}, "rules": rules}).ok()
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": user}
    subjects = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}]
    api.post(f"{rbac}/rolebindings", {"metadata": {"name": user}, "roleRef": role, "subjects": subjects}).ok()


def execute(plane: ControlPlane, namespace: str, user: str) -> None:
    with closing(connect(Options(kubeconfig=str(plane.kubeconfig()), as_user=user))) as connection:
        run(connection, namespace, "p", "main", ["true"], timeout=20)


@pytest.mark.parametrize(("verbs", "missing"), [((), "get"), (("create",), "get"), (("get",), "create")])
def test_the_missing_right_is_named(
    plane: ControlPlane, api: Api, there: str, verbs: tuple[str, ...], missing: str
) -> None:
    user = f"user-{there}"
    if verbs:
        allow(api, there, user, verbs)
    with pytest.raises(ApiForbidden) as caught:
        execute(plane, there, user)
    assert (caught.value.verb, caught.value.resource, caught.value.namespace) == (missing, "pods/exec", there)


def test_with_both_the_node_is_asked(plane: ControlPlane, api: Api, there: str) -> None:
    user = f"user-{there}"
    allow(api, there, user, ("get", "create"))
    with pytest.raises(Unavailable):  # nobody is a kubelet here
        execute(plane, there, user)
