"""Argo CD: which of its settings leave the fields of a rollout alone."""

import re

import pytest

from k8sai.canary.checks import gitops_fields
from k8sai.canary.checks.gitops import insist
from k8sai.canary.checks.gitops_fields import covers, parts, pointer, pointer_parts
from tests.canary.kept_by_git import Json, application, reading, refused, tracked

IGNORES = {
    "group": "gateway.networking.k8s.io",
    "kind": "HTTPRoute",
    "jqPathExpressions": [".spec.rules[].backendRefs"],
}


def test_an_application_that_ignores_nothing_refuses_and_says_what_to_paste() -> None:
    error = refused(tracked(), reading(application()))
    assert error.message == (
        "httproute/chat is kept by Argo CD application chat (annotation argocd.argoproj.io/tracking-id), which would "
        "take the rollout's writes back: Argo CD application chat does not ignore .spec.rules[].backendRefs"
    )
    assert error.hint == (
        'give the Application spec.ignoreDifferences: [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", '
        '"name": "chat", "namespace": "prod", "jqPathExpressions": [".spec.rules[].backendRefs"]}] and the sync option '
        "RespectIgnoreDifferences=true; --emit-patch prints it, --allow-gitops insists"
    )


@pytest.mark.parametrize(
    "ignores",
    [
        IGNORES,
        {**IGNORES, "name": "chat", "namespace": "prod"},
        {"group": "*", "kind": "*", "jsonPointers": ["/spec/rules"]},
        {**IGNORES, "jqPathExpressions": ['.spec.rules[] | select(.name == "chat") | .backendRefs']},
        {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "managedFieldsManagers": ["k8sai"]},
    ],
)
def test_an_application_that_ignores_it_is_no_hindrance(ignores: Json) -> None:
    assert insist("httproute/chat", tracked(), "httproute", reading(application([ignores])))


@pytest.mark.parametrize(
    "ignores",
    [
        {**IGNORES, "name": "other"},
        {**IGNORES, "namespace": "dev"},
        {**IGNORES, "kind": "Service"},
        {**IGNORES, "group": ""},
        {**IGNORES, "jqPathExpressions": [".spec.rules[].backendRefs[].weight"]},  # a new reference is more than that
        {**IGNORES, "jqPathExpressions": [".spec.hostnames"]},
        {**IGNORES, "jqPathExpressions": ["..weight"]},
    ],
)
def test_an_application_that_ignores_something_else_refuses(ignores: Json) -> None:
    refused(tracked(), reading(application([ignores])))


@pytest.mark.parametrize(
    ("key", "text", "safe"),
    [
        ("gateway.networking.k8s.io_HTTPRoute", "jqPathExpressions: ['.spec.rules[].backendRefs']", True),
        ("all", "managedFieldsManagers: [k8sai]", True),
        ("gateway.networking.k8s.io_HTTPRoute", "jsonPointers: [/spec/hostnames]", False),
        ("apps_Deployment", "jsonPointers: [/spec]", False),
        ("all", "jsonPointers: [", False),
    ],
)
def test_what_argo_cd_ignores_for_all_applications(key: str, text: str, safe: bool) -> None:
    data = {f"resource.customizations.ignoreDifferences.{key}": text}
    meta = {"name": "argocd-cm", "namespace": "argocd"}
    read = reading(application(), {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data})
    if safe:
        assert insist("httproute/chat", tracked(), "httproute", read)
    else:
        refused(tracked(), read)


def test_ignored_in_the_diff_alone_is_not_enough() -> None:
    error = refused(tracked(), reading(application([IGNORES], options=())))
    assert error.message.endswith("ignores it in its diff, and a sync writes it all the same")


def test_applications_that_may_not_be_read_are_no_answer() -> None:
    read = reading(denied=("applications.argoproj.io",), served=("applications.argoproj.io",))
    error = refused(tracked(), read)
    assert error.message.endswith("is not known: applications.argoproj.io may not be read")


def test_an_application_of_another_cluster_is_no_answer() -> None:
    assert refused(tracked(), reading()).message.endswith("is not known: it is not found in this cluster")


@pytest.mark.parametrize(
    ("jq", "found"),
    [
        (".spec.rules[].backendRefs", ("spec", "rules", "[]", "backendRefs")),
        (".spec.rules[0].backendRefs[]?.weight", ("spec", "rules", "[]", "backendRefs", "[]", "weight")),
        ('.metadata.annotations["serving.kserve.io/stop"]', ("metadata", "annotations", "serving.kserve.io/stop")),
        ('.metadata.annotations."a/b"', ("metadata", "annotations", "a/b")),
        ('.spec.http[] | select(.name == "main") | .route', ("spec", "http", "[]", "route")),
        (".. | .weight", ()),
        ("walk(.)", ()),
        ("", ()),
    ],
)
def test_jq_paths(jq: str, found: tuple[str, ...]) -> None:
    assert parts(jq) == found


def test_pointers() -> None:
    assert pointer_parts("/spec/rules/0/backendRefs") == parts(".spec.rules[].backendRefs")
    assert pointer(".spec.rules[].backendRefs") == "/spec/rules"
    assert pointer('.metadata.annotations["serving.kserve.io/stop"]') == "/metadata/annotations/serving.kserve.io~1stop"
    assert covers(parts(".spec"), parts(".spec.canary"))
    assert not covers((), parts(".spec.canary"))


@pytest.mark.parametrize("backend", sorted(gitops_fields.FIELDS))
def test_every_field_is_a_path_that_argo_cd_can_leave_out(backend: str) -> None:
    """Argo CD runs `delpaths([path(EXPRESSION)])` over the object: anything else than a path is an error."""
    for one in gitops_fields.fields(backend):
        assert parts(one)
        assert re.fullmatch(r"(\.[A-Za-z]\w*|\[\]|\[\"[^\"]+\"\])+", one)
