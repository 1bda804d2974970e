"""What a server makes of a pod: defaults, priorities, and what it refuses."""

from typing import Any

import pytest

from tests.contract.api import Api, Json
from tests.contract.objects import IMAGE, pod

PRIORITIES = "/apis/scheduling.k8s.io/v1/priorityclasses"


def test_defaults(api: Api, core: str) -> None:
    made = api.post(f"{core}/pods", pod()).ok()
    spec, (container,) = made["spec"], made["spec"]["containers"]
    assert (spec["restartPolicy"], spec["dnsPolicy"], spec["schedulerName"]) == (
        "Always",
        "ClusterFirst",
        "default-scheduler",
    )
    assert (spec["terminationGracePeriodSeconds"], spec["enableServiceLinks"], spec["securityContext"]) == (
        30,
        True,
        {},
    )
    assert (spec["priority"], spec["preemptionPolicy"]) == (0, "PreemptLowerPriority")
    assert (spec["serviceAccountName"], spec["serviceAccount"]) == ("default", "default")
    assert (container["imagePullPolicy"], container["resources"]) == ("IfNotPresent", {})
    assert (container["terminationMessagePath"], container["terminationMessagePolicy"]) == (
        "/dev/termination-log",
        "File",
    )
    assert (made["status"]["phase"], made["status"]["qosClass"]) == ("Pending", "BestEffort")
    assert made["metadata"]["generation"] == 1


def test_every_pod_tolerates_a_node_that_is_away_for_a_while(api: Api, core: str) -> None:
    made = api.post(f"{core}/pods", pod()).ok()
    tolerations = {t["key"]: t for t in made["spec"]["tolerations"]}
    for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
        toleration = tolerations[key]
        assert (toleration["operator"], toleration["effect"], toleration["tolerationSeconds"]) == (
            "Exists",
            "NoExecute",
            300,
        )


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("train", "Always"),
        ("train:latest", "Always"),
        ("host:5000/train", "Always"),
        ("host:5000/train:2", "IfNotPresent"),
    ],
)
def test_images_are_pulled_by_their_tag(api: Api, core: str, image: str, policy: str) -> None:
    made = api.post(f"{core}/pods", pod(containers=[{"name": "main", "image": image}])).ok()
    assert made["spec"]["containers"][0]["imagePullPolicy"] == policy


def test_limits_become_requests(api: Api, core: str) -> None:
    container = _container(limits={"nvidia.com/gpu": "2", "cpu": "1500m", "memory": "1024Mi"}, requests={"cpu": 1})
    made = api.post(f"{core}/pods", pod(containers=[container])).ok()
    requests = made["spec"]["containers"][0]["resources"]["requests"]
    assert requests == {"nvidia.com/gpu": "2", "cpu": "1", "memory": "1Gi"}
    assert made["status"]["qosClass"] == "Burstable"


def test_a_grace_below_zero_is_one_second(api: Api, core: str) -> None:
    assert (
        api.post(f"{core}/pods", pod(terminationGracePeriodSeconds=-1)).ok()["spec"]["terminationGracePeriodSeconds"]
        == 1
    )


def test_priority_comes_from_its_class(api: Api, core: str, namespace: str) -> None:
    name = f"high-{namespace}"
    api.post(PRIORITIES, {"metadata": {"name": name}, "value": 1000, "preemptionPolicy": "Never"}).ok()
    try:
        made = api.post(f"{core}/pods", pod(priorityClassName=name)).ok()
        assert (made["spec"]["priority"], made["spec"]["preemptionPolicy"]) == (1000, "Never")
        refused = api.post(f"{core}/pods", pod("other", priorityClassName="no-such")).refused(403, "Forbidden")
        assert "no PriorityClass with name no-such was found" in refused["message"]
        api.post(f"{core}/pods", pod("other", priorityClassName=name, priority=5)).refused(403, "Forbidden")
    finally:
        api.delete(f"{PRIORITIES}/{name}")


def test_a_default_priority_class(api: Api, core: str, namespace: str) -> None:
    name = f"usual-{namespace}"
    api.post(PRIORITIES, {"metadata": {"name": name}, "value": 7, "globalDefault": True}).ok()
    try:
        made = api.post(f"{core}/pods", pod()).ok()
        assert (made["spec"]["priority"], made["spec"]["priorityClassName"]) == (7, name)
    finally:
        api.delete(f"{PRIORITIES}/{name}").ok()


def test_a_service_account_must_exist(api: Api, core: str) -> None:
    refused = api.post(f"{core}/pods", pod(serviceAccountName="no-such")).refused(403, "Forbidden")
    assert 'serviceaccount "no-such" not found' in refused["message"]


def _container(**resources: Json) -> Json:
    return {"name": "main", "image": IMAGE, "resources": resources}


INVALID: list[tuple[dict[str, Any], str, str]] = [
    ({"containers": []}, "spec.containers", "FieldValueRequired"),
    ({"containers": [{"name": "main"}]}, "spec.containers[0].image", "FieldValueRequired"),
    ({"containers": [{"image": IMAGE}]}, "spec.containers[0].name", "FieldValueRequired"),
    ({"containers": [{"name": "Bad Name", "image": IMAGE}]}, "spec.containers[0].name", "FieldValueInvalid"),
    ({"containers": [_container(), _container()]}, "spec.containers[1].name", "FieldValueDuplicate"),
    ({"restartPolicy": "Sometimes"}, "spec.restartPolicy", "FieldValueNotSupported"),
    (
        {"containers": [_container(requests={"cpu": "2"}, limits={"cpu": "1"})]},
        "spec.containers[0].resources.requests",
        "FieldValueInvalid",
    ),
    (
        {"containers": [_container(requests={"nvidia.com/gpu": "1"})]},
        "spec.containers[0].resources.limits",
        "FieldValueRequired",
    ),
    (
        {"containers": [_container(requests={"nvidia.com/gpu": "1"}, limits={"nvidia.com/gpu": "2"})]},
        "spec.containers[0].resources.requests",
        "FieldValueInvalid",
    ),
    (
        {"containers": [_container(limits={"nvidia.com/gpu": "500m"})]},
        "spec.containers[0].resources.limits[nvidia.com/gpu]",
        "FieldValueInvalid",
    ),
    ({"nodeSelector": {"bad key!": "x"}}, "spec.nodeSelector", "FieldValueInvalid"),
    ({"tolerations": [{"operator": "Near", "key": "x"}]}, "spec.tolerations[0].operator", "FieldValueNotSupported"),
]


@pytest.mark.parametrize(("spec", "field", "reason"), INVALID, ids=[case[1] for case in INVALID])
def test_refused_pods_name_the_field(api: Api, core: str, spec: dict[str, Any], field: str, reason: str) -> None:
    body = api.post(f"{core}/pods", pod(**spec)).refused(422, "Invalid")
    assert (body["details"]["kind"], body["details"]["name"]) == ("Pod", "p")
    assert (field, reason) in {(cause["field"], cause["reason"]) for cause in body["details"]["causes"]}


def test_a_quantity_that_is_none(api: Api, core: str) -> None:
    container = _container(limits={"cpu": "a lot"})
    api.post(f"{core}/pods", pod(containers=[container])).refused(400, "BadRequest")


def test_most_of_a_spec_is_fixed(api: Api, core: str) -> None:
    made = api.post(f"{core}/pods", pod(nodeSelector={"no.such/label": "x"})).ok()
    made["spec"]["containers"][0]["resources"] = {"limits": {"nvidia.com/gpu": "1"}}
    del made["metadata"]["resourceVersion"]
    body = api.put(f"{core}/pods/p", made).refused(422, "Invalid")
    assert body["details"]["causes"][0]["reason"] == "FieldValueForbidden"
    image = {"spec": {"containers": [{"name": "main", "image": "registry.example/train:2"}]}}
    patched = api.patch(f"{core}/pods/p", image, "application/strategic-merge-patch+json").ok()
    assert patched["spec"]["containers"][0]["image"] == "registry.example/train:2"
    assert patched["metadata"]["generation"] == 2
