"""`canary run --detach`, `canary start --emit-patch`, and what stops a start: the whole output."""

import re

import pytest
import yaml

from k8sai.errors import Exit
from tests.commands.canary_route_site import QUICK, Site
from tests.contract.api import Json

TO = ("--to", "svc/chat-v2")
IMAGE = ("--runner-image", "registry.example.com/k8sai:1")


@pytest.fixture
def begun(chat: Site) -> Site:
    chat.started()
    return chat


def jobs(chat: Site) -> list[Json]:
    found: list[Json] = chat.api.get(f"/apis/batch/v1/namespaces/{chat.namespace}/jobs").ok()["items"]
    return found


def test_it_goes_on_in_the_cluster(begun: Site) -> None:
    ran = begun("run", "--detach", *IMAGE)
    (job,) = jobs(begun)
    name = job["metadata"]["name"]
    assert (ran.code, ran.err) == (Exit.OK, "")
    assert ran.out == (
        f"job/{name} runs the canary of httproute/chat, at most 4h\n"
        "`kubectl ai-canary status httproute/chat -n site`\n"
        f"`kubectl logs -f job/{name} -n site`\n"
    )
    assert re.fullmatch("k8sai-canary-d48b71cd42d2-[0-9a-f]{6}", name)
    assert not job["spec"].get("suspend")
    again = begun("run", "--detach", *IMAGE)
    assert (again.code, again.out) == (Exit.LOCKED, "")
    assert again.err.startswith(f"error: job/{name} runs the canary of httproute/chat already\n")
    assert len(jobs(begun)) == 1


def test_a_plan_is_what_would_be_applied(begun: Site) -> None:
    ran = begun("run", "--detach", *IMAGE, "--max-duration", "90m", "--plan")
    job, account, role, binding = yaml.safe_load_all(ran.out)
    assert (ran.code, ran.err, jobs(begun)) == (Exit.OK, "", [])
    assert [one["kind"] for one in (job, account, role, binding)] == ["Job", "ServiceAccount", "Role", "RoleBinding"]
    assert job["spec"]["activeDeadlineSeconds"] == 5400
    assert {"resourceNames": ["chat-v2"]}.items() <= role["rules"][-1].items()


def test_a_server_dry_run_leaves_nothing(begun: Site) -> None:
    document = begun.document("run", "--detach", *IMAGE, "--dry-run", "server")
    assert (document["kind"], document["dryRun"], jobs(begun)) == ("Plan", "server", [])
    assert [one["op"] for one in document["changes"]] == ["create"] * 4


def test_without_an_image(begun: Site) -> None:
    ran = begun("run", "--detach")
    assert (ran.code, ran.out) == (Exit.USAGE, "")
    assert ran.err == (
        "error: --detach needs an image with k8sai in it: there is no published one\n"
        "  → --runner-image REGISTRY/IMAGE:TAG, or K8SAI_RUNNER_IMAGE for always; docs/canary.md has its Dockerfile\n"
    )


def test_there_is_nothing_to_go_on_with(chat: Site) -> None:
    ran = chat("run", "--detach", *IMAGE)
    assert (ran.code, ran.out, jobs(chat)) == (Exit.NOT_FOUND, "", [])


def test_what_to_put_into_git(chat: Site) -> None:
    chat.api.patch(chat.route, {"metadata": {"labels": {"argocd.argoproj.io/instance": "chat"}}}).ok()
    ran = chat("start", *TO, "--emit-patch")
    (config,) = yaml.safe_load_all(ran.out)  # both backends are there already: there is no first write
    assert (ran.code, chat.ours) == (Exit.OK, [])
    assert config["spec"]["ignoreDifferences"][0]["jqPathExpressions"] == [".spec.rules[].backendRefs"]
    assert ran.err == "note: httproute/chat is kept by Argo CD application chat\n"


def test_a_quota_that_is_used_up(chat: Site) -> None:
    """Nothing is created, and what is lacking is said."""
    quota = {"metadata": {"name": "pods"}, "spec": {"hard": {"pods": "4"}}}
    place = f"/api/v1/namespaces/{chat.namespace}/resourcequotas"
    chat.api.post(place, quota).ok()
    chat.until(lambda: (chat.api.get(f"{place}/pods").ok().get("status") or {}).get("used", {}).get("pods") == "4")
    ran = chat("start", *TO, *QUICK, "--warm-replicas", "3")
    assert (ran.code, ran.out, chat.ours, chat.weights) == (Exit.NO_CAPACITY, "", [], (1, 0))
    assert (
        "finds no room (lacking 1 pods): the nodes have room, but ResourceQuota site/pods leaves 0 of 4 pods" in ran.err
    )
