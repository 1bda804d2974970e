"""What `run --detach` puts into a cluster: four objects, one of which owns the others, and no right too much."""

from typing import Any

import pytest

from k8sai.canary.checks.rights import needed, rules
from k8sai.canary.detached import Runner, address_inside, objects
from k8sai.canary.facts import Ref
from k8sai.commands._canary_detach import IMAGE, image
from k8sai.errors import Usage

Json = dict[str, Any]
REF = Ref("httproutes.gateway.networking.k8s.io", "prod", "chat", "u-1", "httproute")
NAME = "k8sai-canary-d48b71cd42d2-3f9a1c"
DRIVEN = {"deployments.apps": ("chat-v1", "chat-v2")}


def runner(**more: Any) -> Runner:
    flags = ("--prometheus", "http://prometheus.monitoring.svc:9090")
    return Runner(REF, "httproute", "01JD1", "registry/k8sai:1", 14400.0, "3f9a1c", flags, DRIVEN, **more)


def made(uid: str = "j-1") -> dict[str, Json]:
    return {one.body["kind"]: one.body for one in objects(runner(), uid)}


def test_the_job_comes_first_and_waits_for_its_rights() -> None:
    assert [one.body["kind"] for one in objects(runner())] == ["Job", "ServiceAccount", "Role", "RoleBinding"]
    assert {one.target.name for one in objects(runner())} == {NAME}
    assert objects(runner())[0].body["spec"]["suspend"] is True
    assert objects(runner(), "j-1", suspended=False)[0].body["spec"]["suspend"] is False


def test_the_job_owns_the_rest() -> None:
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": NAME, "uid": "j-1"}
    assert [body["metadata"].get("ownerReferences") for body in made().values()] == [None, [owner], [owner], [owner]]
    assert all("ownerReferences" not in one.body["metadata"] for one in objects(runner()))  # in a plan: no uid yet


def test_it_ends_by_itself() -> None:
    spec = made()["Job"]["spec"]
    assert (spec["activeDeadlineSeconds"], spec["backoffLimit"], spec["ttlSecondsAfterFinished"]) == (14400, 10, 86400)
    assert spec["template"]["spec"]["restartPolicy"] == "OnFailure"


def test_it_goes_on_with_the_rollout() -> None:
    (container,) = made()["Job"]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "registry/k8sai:1"
    assert " ".join(container["command"]) == (
        "k8sai canary run httproute/chat --namespace prod --backend httproute --max-duration 14400s --yes --exit-zero "
        "--prometheus http://prometheus.monitoring.svc:9090"
    )
    assert {one["name"]: one["value"] for one in container["env"]} == {"HOME": "/tmp", "LOGNAME": "job"}


def test_the_pod_may_run_where_pods_are_restricted() -> None:
    pod = made()["Job"]["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == NAME
    assert pod["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert container["resources"].keys() == {"requests", "limits"}  # a quota may insist


def test_the_role_is_what_the_rollout_needs_and_is_given_to_the_job_alone() -> None:
    found = made()
    assert found["Role"]["rules"] == rules(needed("httproute", REF, "01JD1", DRIVEN))
    assert found["RoleBinding"]["roleRef"]["name"] == found["Role"]["metadata"]["name"]
    assert found["RoleBinding"]["subjects"] == [{"kind": "ServiceAccount", "name": NAME, "namespace": "prod"}]


def test_all_of_it_is_found_by_the_labels_of_the_rollout() -> None:
    labels = {
        "k8sai.dev/canary": "1",
        "k8sai.dev/canary-of": "k8sai-canary-d48b71cd42d2",
        "k8sai.dev/canary-part": "runner",
    }
    assert all(body["metadata"]["labels"] == labels for body in made().values())
    assert made()["Job"]["spec"]["template"]["metadata"]["labels"] == labels


def test_a_name_fits_into_the_label_that_kubernetes_gives_its_pods() -> None:
    assert len(NAME) <= 63


@pytest.mark.parametrize(
    ("said", "inside"),
    [
        ("monitoring/prometheus:9090", "http://prometheus.monitoring.svc:9090"),
        ("https:monitoring/thanos:web/prefix", "https://thanos.monitoring.svc:web/prefix"),
        ("https://prometheus.example.com", "https://prometheus.example.com"),
    ],
)
def test_prometheus_is_asked_directly(said: str, inside: str) -> None:
    assert address_inside(said) == inside


@pytest.mark.parametrize("said", ["http://localhost:9090", "http://127.0.0.1:9090", "https://ana:secret@example.com"])
def test_what_no_pod_reaches_or_everybody_would_read(said: str) -> None:
    with pytest.raises(Usage) as caught:
        address_inside(said)
    assert "secret" not in str(caught.value)


def test_there_is_no_published_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(IMAGE, raising=False)
    with pytest.raises(Usage) as caught:
        image("")
    assert caught.value.message == "--detach needs an image with k8sai in it: there is no published one"
    monkeypatch.setenv(IMAGE, "registry/k8sai:2")
    assert (image(""), image("registry/k8sai:1")) == ("registry/k8sai:2", "registry/k8sai:1")
