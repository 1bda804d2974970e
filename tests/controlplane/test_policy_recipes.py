"""The policies that recipes make for the API server alone, in force: what they let in, refuse and add."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from k8sai.cookbook.library import BUILT_IN, built_in
from k8sai.cookbook.recipe import load
from k8sai.cookbook.render import render
from tests.contract.api import APPLY, Answer, Api, Json

pytestmark = pytest.mark.controlplane

GROUP = "/apis/admissionregistration.k8s.io/v1"
PLURALS = {
    "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": "validatingadmissionpolicybindings",
    "MutatingAdmissionPolicy": "mutatingadmissionpolicies",
    "MutatingAdmissionPolicyBinding": "mutatingadmissionpolicybindings",
}
DRY = {"dryRun": "All"}
ENOUGH = 60  # seconds until a server has read a policy


def container(name: str = "main", image: str = "registry.example.com/a:1", gpus: int = 0, **more: Any) -> Json:
    limits = {"nvidia.com/gpu": gpus} if gpus else {"memory": "1Gi"}
    return {"name": name, "image": image, "resources": {"limits": limits}, **more}


def pod(*containers: Json, **spec: Any) -> Json:
    return {"metadata": {"name": "probe"}, "spec": {"containers": list(containers) or [container()], **spec}}


def job(pod_labels: Json, labels: Json, gpus: int = 1) -> Json:
    template = {
        "metadata": {"labels": pod_labels},
        "spec": {"restartPolicy": "Never", "containers": [container(gpus=gpus)]},
    }
    return {"metadata": {"name": "probe", "labels": labels}, "spec": {"template": template}}


@pytest.fixture
def enforce(api: Api, namespace: str) -> Callable[..., None]:
    """Makes a recipe's policy for the test's own namespace, under its name."""

    def enforced(recipe: str, **values: Any) -> None:
        made = render(load(built_in() / recipe, BUILT_IN), {"name": namespace, "namespaces": [namespace], **values})
        for manifest in made.manifests:
            path = f"{GROUP}/{PLURALS[manifest.kind]}/{manifest.name}"
            api.patch(path, manifest.object, APPLY, {"fieldManager": "test", "force": "true"}).ok()

    return enforced


@pytest.fixture
def asked(api: Api, namespace: str) -> Callable[[Json], Answer]:
    """What the server says to an object that is not kept."""

    def ask(obj: Json) -> Answer:
        where = (
            f"/apis/batch/v1/namespaces/{namespace}/jobs"
            if "template" in obj["spec"]
            else f"/api/v1/namespaces/{namespace}/pods"
        )
        return api.post(where, obj, DRY)

    return ask


def in_force(ask: Callable[[], bool]) -> None:
    """Waits until the server, which reads policies from a watch, goes by this one."""
    end = time.monotonic() + ENOUGH
    while not ask():
        assert time.monotonic() < end, "the policy never came into force"


def message(answer: Answer) -> str:
    return str(answer.body.get("message", "")) if answer.status >= 400 else ""


def test_gpus_of_a_pod_are_counted_as_the_scheduler_counts_them(
    enforce: Callable[..., None], asked: Callable[[Json], Answer]
) -> None:
    enforce("policy-gpu-limits", max_per_pod=4)
    sidecar = container("side", gpus=1, restartPolicy="Always")

    in_force(lambda: asked(pod(container(gpus=5))).status == 422)

    assert "a pod may have 4 of nvidia.com/gpu here" in message(asked(pod(container(gpus=5))))
    assert asked(pod()).status == 201
    assert asked(pod(container(gpus=4))).status == 201
    assert "a pod may have 4" in message(asked(pod(container(gpus=3), container("two", gpus=2))))
    assert asked(pod(container(gpus=3), initContainers=[sidecar])).status == 201
    assert "a pod may have 4" in message(asked(pod(container(gpus=4), initContainers=[sidecar])))
    assert asked(pod(container(gpus=4), initContainers=[container("early", gpus=4)])).status == 201
    assert "an init container may have 4" in message(asked(pod(initContainers=[container("early", gpus=5)])))
    assert "an init container may have 4" in message(asked(pod(initContainers=[sidecar, container("early", gpus=4)])))


def test_labels_are_asked_for_in_the_object_and_in_its_pods(
    enforce: Callable[..., None], asked: Callable[[Json], Answer]
) -> None:
    enforce("policy-require-labels", labels=["team", "example.com/cost-center"], gpu_only=True)
    both = {"team": "a", "example.com/cost-center": "b"}

    in_force(lambda: asked(job({}, {})).status == 422)

    assert "these labels are missing: team, example.com/cost-center" in message(asked(job({}, {})))
    assert "these labels are missing: example.com/cost-center" in message(asked(job(both, {"team": "a"})))
    assert asked(job(both, {})).status == 201  # a Job without labels gets those of its pods before it is judged
    assert "in the pod template: example.com/cost-center" in message(asked(job({"team": "a"}, both)))
    assert asked(job(both, both)).status == 201
    assert asked(job({}, {}, gpus=0)).status == 201


def test_labels_of_pods(enforce: Callable[..., None], asked: Callable[[Json], Answer]) -> None:
    enforce("policy-require-labels", labels=["team"], workloads="pods")

    in_force(lambda: asked(pod()).status == 422)

    assert "these labels are missing: team" in message(asked(pod()))
    assert asked({**pod(), "metadata": {"name": "probe", "labels": {"team": "a"}}}).status == 201


@pytest.mark.parametrize(
    ("image", "right"),
    [
        ("registry.example.com/a:1", True),
        ("registry.example.com.evil.net/a:1", False),
        ("registry.example.com:5000/a:1", False),
        ("nginx:1.29", True),
        ("library/nginx:1.29", True),
        ("docker.io/library/nginx:1.29", True),
        ("vllm/vllm-openai:v0.11.0", False),
        ("localhost/a:1", False),
    ],
)
def test_images_come_from_where_they_may(
    enforce: Callable[..., None], asked: Callable[[Json], Answer], image: str, right: bool
) -> None:
    enforce("policy-allowed-images", registries=["registry.example.com", "docker.io/library"])

    in_force(lambda: asked(pod(container(image="evil.example.net/a:1"))).status == 422)

    told = message(asked(pod(container(image=image))))
    assert (told == "") is right
    assert right or "these images come from elsewhere: " in told
    assert (asked(pod(initContainers=[container("early", image)])).status == 201) is right


def test_images_have_a_digest(enforce: Callable[..., None], asked: Callable[[Json], Answer]) -> None:
    enforce("policy-allowed-images", registries=["registry.example.com"], digests=True)

    in_force(lambda: asked(pod()).status == 422)

    assert "these images have no digest: registry.example.com/a:1" in message(asked(pod()))
    assert asked(pod(container(image=f"registry.example.com/a@sha256:{'0' * 64}"))).status == 201


def test_a_toleration_is_added_where_a_device_is_asked_for(
    enforce: Callable[..., None], asked: Callable[[Json], Answer]
) -> None:
    enforce("policy-add-toleration")

    def ours(obj: Json) -> list[Json]:
        found = asked(obj).ok()["spec"].get("tolerations") or []
        return [each for each in found if each.get("key") == "nvidia.com/gpu"]

    added = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
    own = {"key": "nvidia.com/gpu", "operator": "Equal", "value": "true", "effect": "NoSchedule"}
    in_force(lambda: ours(pod(container(gpus=1))) != [])

    assert ours(pod(container(gpus=1))) == [added]
    assert ours(pod(container(gpus=1), tolerations=[{"key": "other", "operator": "Exists"}])) == [added]
    assert ours(pod(initContainers=[container("early", gpus=1)])) == [added]
    assert ours(pod(container(gpus=1), tolerations=[own])) == [own]
    assert ours(pod(container(gpus=1), tolerations=[{"operator": "Exists"}])) == []
    assert ours(pod()) == []
