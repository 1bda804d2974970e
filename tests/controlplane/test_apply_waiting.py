"""apply waits on a real cluster: until all is ready, or puts back what was; and what will not start is told before."""

import json
from typing import Any

import pytest

from tests.contract.api import Api, Json
from tests.controlplane.applied import (
    OK,
    REFUSED,
    TIMEOUT,
    WEB,
    Applied,
    config,
    deployment,
    names,
    secret,
    spec_of,
)
from tests.controlplane.gpu_nodes import add_nodes, gpu_node
from tests.controlplane.server import ControlPlane

IMAGE = '.spec.template.spec.containers[name="main"].image'


@pytest.fixture
def nodes(plane: ControlPlane, ns: str) -> dict[str, str]:
    label = {"test": ns}
    add_nodes(plane.api, [gpu_node(f"{ns}-{number}", 8, labels=label) for number in range(2)])
    return label


def placed(label: dict[str, str], **given: Any) -> Json:
    made = deployment(**given)
    made["spec"]["template"]["spec"]["nodeSelector"] = label
    return made


def test_it_is_waited_until_everything_is_ready(apply: Applied, nodes: dict[str, str]) -> None:
    ended = apply(placed(nodes), config(a="1"), flags=("--wait", "--timeout", "60s"))
    assert ended.code == OK, ended.err
    assert ended.err.splitlines()[-1] == "deployment.apps/web: ready"
    assert apply.live(WEB)["status"]["availableReplicas"] == 2


def test_what_does_not_get_ready_is_put_back_with_its_owners(apply: Applied, nodes: dict[str, str]) -> None:
    assert apply(placed(nodes), flags=("--wait", "--timeout", "60s")).code == OK
    before = apply.live(WEB)
    never = placed(nodes, image="nginx:2", resources={"requests": {"cpu": "9999"}})
    ended = apply(never, config(a="1"), flags=("--timeout", "2s", "--rollback-on-failure"))
    assert ended.code == TIMEOUT
    assert "not ready within 2 s" in ended.err
    assert f"deployment.apps/web in namespace {apply.namespace} restored" in ended.err
    assert f"configmap/conf in namespace {apply.namespace} deleted" in ended.err
    after = apply.live(WEB)
    assert after["spec"] == before["spec"]
    assert names(apply, "configmaps") == []

    def owners(obj: Json) -> list[Any]:
        entries = [one for one in obj["metadata"]["managedFields"] if one.get("subresource") != "status"]
        return sorted((one["manager"], one["operation"], json.dumps(one["fieldsV1"])) for one in entries)

    assert [one for one in owners(after) if one[0] == "k8sai"] == [one for one in owners(before) if one[0] == "k8sai"]
    assert apply(placed(nodes)).out == "deployment.apps/web unchanged\n"


def test_a_field_that_was_taken_goes_back_to_its_owner(apply: Applied, nodes: dict[str, str]) -> None:
    assert apply(placed(nodes), flags=("--wait", "--timeout", "60s")).code == OK
    apply.plane.kubectl("scale", "deployment/web", "--replicas=3", "-n", apply.namespace)
    never = placed(nodes, image="nginx:2", resources={"requests": {"cpu": "9999"}})
    ended = apply(never, flags=("--take", ".spec.replicas", "-y", "--timeout", "1s", "--rollback-on-failure"))
    assert ended.code == TIMEOUT, ended.err
    assert spec_of(apply) == (3, "nginx:1")
    again = apply(placed(nodes))
    assert again.code == REFUSED
    assert [line.split()[1:] for line in again.err.splitlines() if ".spec.replicas" in line] == [
        [".spec.replicas", "2", "3", "kubectl", "(scale)"]
    ]


def test_what_will_not_start_is_told_before(apply: Applied) -> None:
    big = deployment(resources={"limits": {"nvidia.com/gpu": 4096}})
    ended = apply(big, flags=("--dry-run=server",))
    assert (ended.code, ended.out) == (OK, "deployment.apps/web created (server dry run)\n")
    assert "warn  fit         No, and never as it is asked" in ended.err


def test_what_pods_name_is_looked_for_without_reading_secrets(apply: Applied, api: Api) -> None:
    made = deployment(env=[{"name": "T", "valueFrom": {"secretKeyRef": {"name": "token", "key": "t"}}}])
    missing = apply(made, flags=("--dry-run=server",))
    assert "deployment.apps/web names Secret token, and there is none" in missing.err
    with_it = apply(made, secret("token", "x"), flags=("--dry-run=server",))
    assert "names Secret" not in with_it.err
