"""Recipes that change manifests: what they change, what they leave, and that doing it twice is doing it once."""

from copy import deepcopy
from typing import Any

import pytest

from k8sai.cookbook.library import BUILT_IN, built_in
from k8sai.cookbook.recipe import Recipe, load
from k8sai.cookbook.render import render

Json = dict[str, Any]

CHANGERS: dict[str, tuple[str, Json]] = {
    "dra-convert": ("file", {}),
    "harden": ("file", {"user": 1000, "read_only": True}),
    "kai-submit": ("file", {"queue": "team-a", "min_member": 2}),
    "checkpoint-on-evict": ("workload", {"pre_stop": ["save"], "grace_seconds": 600}),
}
IGNORED = {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]}


def recipe(name: str) -> Recipe:
    return load(built_in() / name, BUILT_IN, trusted=True)


def changed(name: str, *objects: Json, **values: Any) -> list[Json]:
    """What a recipe makes of objects, with the values of the table and those given."""
    parameter, usual = CHANGERS[name]
    made = render(recipe(name), {parameter: deepcopy(list(objects)), **usual, **values})
    return [each.object for each in made.manifests]


def job(**pod: Any) -> Json:
    spec = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "example.com/a:1"}], **pod}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "train"},
        "spec": {"template": {"spec": spec}},
    }


def claim(version: str, *requests: Json, **spec: Any) -> Json:
    return {
        "apiVersion": f"resource.k8s.io/{version}",
        "kind": "ResourceClaim",
        "metadata": {"name": "gpu", "labels": {"a": "b"}},
        "spec": {"devices": {"requests": list(requests)}, **spec},
    }


@pytest.mark.parametrize("name", CHANGERS)
def test_twice_is_once(name: str) -> None:
    made = recipe(name)
    parameter, _ = CHANGERS[name]
    for case in made.cases:
        if case.fails:
            continue
        values = {**case.values, "pdb_min_available": 1} if "pdb_min_available" in case.values else dict(case.values)
        once = [each.object for each in render(made, values).manifests]
        again = render(made, {**values, parameter: [each for each in once if each["kind"] != "PodDisruptionBudget"]})
        assert [each.object for each in again.manifests] == once


@pytest.mark.parametrize("name", CHANGERS)
def test_what_has_no_pods_comes_out_as_it_went_in(name: str) -> None:
    other = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "x", "annotations": {"a": "${name}"}},
        "data": {"text": "$${x} {$eval: y}\nno"},
    }
    assert changed(name, other, job())[0] == other


@pytest.mark.parametrize("version", ["v1alpha3", "v1beta1"])
def test_what_lay_in_a_request_lies_in_exactly(version: str) -> None:
    flat = {
        "name": "gpu",
        "deviceClassName": "gpu.nvidia.com",
        "count": 2,
        "selectors": [{"cel": {"expression": "true"}}],
    }
    (made,) = changed("dra-convert", {**claim(version, flat, controller="x"), "status": {"allocation": {}}})
    wanted = {"name": "gpu", "exactly": {key: value for key, value in flat.items() if key != "name"}}
    assert made == claim("v1", wanted)


def test_choices_and_what_is_new_already_stay_as_they_are() -> None:
    choices = {"name": "gpu", "firstAvailable": [{"name": "big", "deviceClassName": "gpu.nvidia.com"}]}
    exactly = {"name": "gpu", "exactly": {"deviceClassName": "gpu.nvidia.com"}}
    assert changed("dra-convert", claim("v1beta1", choices), claim("v1", exactly)) == [
        claim("v1", choices),
        claim("v1", exactly),
    ]


def test_the_oldest_claims_say_nothing_of_devices_and_stay() -> None:
    old = {
        "apiVersion": "resource.k8s.io/v1alpha2",
        "kind": "ResourceClaim",
        "metadata": {"name": "gpu"},
        "spec": {"resourceClassName": "gpu.example.com"},
    }
    assert changed("dra-convert", old) == [old]


def test_a_claim_of_a_pod_is_named_without_a_source() -> None:
    old = job(resourceClaims=[{"name": "gpu", "source": {"resourceClaimTemplateName": "gpu"}}])
    (made,) = changed("dra-convert", old)
    assert made == job(resourceClaims=[{"name": "gpu", "resourceClaimTemplateName": "gpu"}])


def test_hardening_wins_over_what_a_container_says() -> None:
    loose = {
        "privileged": True,
        "runAsUser": 0,
        "capabilities": {"add": ["SYS_ADMIN"]},
        "readOnlyRootFilesystem": False,
    }
    containers = [{"name": name, "image": "example.com/a:1", "securityContext": loose} for name in ("main", "side")]
    (made,) = changed(
        "harden", job(containers=containers, initContainers=containers[:1], securityContext={"fsGroup": 5})
    )
    pod = made["spec"]["template"]["spec"]
    assert pod["securityContext"] == {
        "fsGroup": 5,
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
        "runAsUser": 1000,
    }
    assert [each["securityContext"] for each in (*pod["containers"], *pod["initContainers"])] == 3 * [
        {
            "privileged": False,
            "runAsUser": 1000,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "allowPrivilegeEscalation": False,
        }
    ]
    assert pod["automountServiceAccountToken"] is False


def test_pods_name_the_scheduler_and_the_queue_of_kai() -> None:
    (made,) = changed("kai-submit", job(), topology="racks", topology_level="rack")
    assert made["metadata"] == {
        "name": "train",
        "labels": {"kai.scheduler/queue": "team-a", "priorityClassName": "train"},
        "annotations": {
            "kai.scheduler/batch-min-member": "2",
            "kai.scheduler/topology": "racks",
            "kai.scheduler/topology-required-placement": "rack",
        },
    }
    template = made["spec"]["template"]
    assert template["metadata"]["labels"] == {"kai.scheduler/queue": "team-a"}
    assert template["spec"]["schedulerName"] == "kai-scheduler"


def test_a_job_that_is_evicted_saves_and_has_not_failed() -> None:
    (made,) = changed("checkpoint-on-evict", job())
    template = made["spec"]["template"]
    assert made["spec"]["podFailurePolicy"] == IGNORED
    assert template["spec"]["terminationGracePeriodSeconds"] == 600
    assert template["spec"]["containers"][0]["lifecycle"] == {"preStop": {"exec": {"command": ["save"]}}}
    assert template["metadata"]["annotations"]["k8sai.dev/checkpoint-path"] == "/checkpoints"


def test_a_policy_that_is_there_stays_and_pods_restarted_in_place_get_none() -> None:
    own = {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}]}
    strict, loose = job(), job(restartPolicy="OnFailure")
    strict["spec"]["podFailurePolicy"] = own
    made = changed("checkpoint-on-evict", strict, loose)
    assert made[0]["spec"]["podFailurePolicy"] == own
    assert "podFailurePolicy" not in made[1]["spec"]


def test_a_budget_selects_the_pods_of_its_job() -> None:
    _, budget = changed("checkpoint-on-evict", job(), pdb_min_available=3)
    assert budget["spec"] == {
        "minAvailable": 3,
        "selector": {"matchLabels": {"batch.kubernetes.io/job-name": "train"}},
    }
