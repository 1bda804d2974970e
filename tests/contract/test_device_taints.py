"""One device is taken from its user: DeviceTaintRules, tried with effect None and meant with NoExecute."""

from collections.abc import Callable, Iterator

import pytest

from tests.contract.api import Api
from tests.contract.conftest import Nodes
from tests.contract.evicting import LINGERS
from tests.contract.queues import condition
from tests.controlplane import dra
from tests.controlplane.gpu_pods import add_pods, wait_placed

RULES = "/apis/resource.k8s.io/v1/devicetaintrules"
SAID = "EvictionInProgress"


@pytest.fixture
def held(api: Api, namespace: str, nodes: Callable[..., Nodes]) -> Iterator[str]:
    """The name of a node with two devices, of which pod p has one; a rule of that name goes with the test."""
    where = nodes(1, gpus=0)
    expression = f'device.driver == "{dra.DRIVER}"'
    published = [
        dra.device_class(f"gpu.{namespace}", expression),
        dra.resource_slice(where.names[0], [dra.gpu(0), dra.gpu(1)]),
    ]
    paths = [(dra.CLASSES, published[0]), (dra.SLICES, published[1])]
    for path, obj in paths:
        api.post(path, obj).ok()
    api.post(dra.templates_path(namespace), dra.claim_template("one", f"gpu.{namespace}")).ok()
    pod = dra.claiming_pod("p", template="one", nodeSelector=where.selector)
    pod["spec"]["tolerations"] = [{"operator": "Exists"}]
    pod["metadata"] |= {"annotations": LINGERS, "labels": {"app": "guarded"}}
    add_pods(api, namespace, [pod])
    wait_placed(api, namespace)
    yield where.names[0]
    api.delete(f"{RULES}/{where.names[0]}")
    for path, obj in paths:
        api.delete(f"{path}/{obj['metadata']['name']}")


def test_none_says_what_no_execute_then_does(api: Api, namespace: str, core: str, held: str) -> None:
    budgets = f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets"
    selector = {"matchLabels": {"app": "guarded"}}
    api.post(budgets, {"metadata": {"name": "guard"}, "spec": {"minAvailable": 1, "selector": selector}}).ok()
    taint = {"key": "k8sai.dev/drain", "value": "test", "effect": "None"}
    chosen = {"driver": dra.DRIVER, "pool": held}
    api.post(RULES, {"metadata": {"name": held}, "spec": {"deviceSelector": chosen, "taint": taint}}).ok()
    path = f"{RULES}/{held}"
    said = condition(api.until_object(path, lambda rule: bool(condition(rule, SAID))), SAID)
    assert (said["status"], said["reason"]) == ("False", "NoEffect")
    assert said["message"] == (
        "2 published devices selected. 1 allocated device selected. 1 pod would be evicted in 1 namespace if the "
        "effect was NoExecute. This information will not be updated again. Recreate the DeviceTaintRule to trigger an "
        "update."
    )
    assert "deletionTimestamp" not in api.get(f"{core}/pods/p").ok()["metadata"]
    api.patch(path, {"spec": {"taint": {"effect": "NoExecute"}}}).ok()
    leaving = api.until_object(f"{core}/pods/p", lambda pod: "deletionTimestamp" in pod["metadata"])
    assert condition(leaving, "DisruptionTarget")["reason"] == "DeletionByDeviceTaintManager"
    assert leaving["metadata"]["deletionGracePeriodSeconds"] == 30


def test_no_schedule_takes_nothing_away(api: Api, core: str, held: str) -> None:
    taint = {"key": "k8sai.dev/drain", "effect": "NoSchedule"}
    body = {"metadata": {"name": held}, "spec": {"deviceSelector": {"pool": held}, "taint": taint}}
    api.post(RULES, body).ok()
    said = condition(api.until_object(f"{RULES}/{held}", lambda rule: bool(condition(rule, SAID))), SAID)
    assert (said["status"], said["reason"]) == ("False", "OtherEffect")
    assert "deletionTimestamp" not in api.get(f"{core}/pods/p").ok()["metadata"]
