"""Who keeps an object from Git, and whether what a rollout writes would be set back."""

import pytest

from k8sai.canary.checks.gitops import insist
from k8sai.canary.checks.gitops_keeper import GitOps, managed_by
from tests.canary.kept_by_git import TRACKING, Json, application, entry, reading, route, tracked


@pytest.mark.parametrize(
    ("obj", "title"),
    [
        (tracked(), "Argo CD application chat"),
        (
            route(annotations={TRACKING: "team-a_chat:gateway.networking.k8s.io/HTTPRoute:prod/chat"}),
            "Argo CD application team-a/chat",
        ),
        (route(labels={"argocd.argoproj.io/instance": "chat"}), "Argo CD application chat"),
        (
            route({"app.kubernetes.io/instance": "chat"}, fields=[entry("argocd-controller", {"f:spec": {}})]),
            "Argo CD application chat",
        ),
        (
            route(
                {"kustomize.toolkit.fluxcd.io/name": "models", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}
            ),
            "Flux Kustomization flux-system/models",
        ),
        (
            route({"helm.toolkit.fluxcd.io/name": "models", "helm.toolkit.fluxcd.io/namespace": "flux-system"}),
            "Flux HelmRelease flux-system/models",
        ),
        (route(fields=[entry("kustomize-controller", {"f:spec": {}}, operation="Apply")]), "Flux Kustomization"),
        (route(fields=[entry("helm-controller", {"f:spec": {}})]), "Flux HelmRelease"),
        (
            route({"app.kubernetes.io/managed-by": "Helm"}, {"meta.helm.sh/release-name": "chat"}),
            "Helm release chat",
        ),
    ],
)
def test_a_keeper_is_known_by_any_of_its_signs(obj: Json, title: str) -> None:
    found = managed_by(obj)
    assert found is not None
    assert found.title == title


@pytest.mark.parametrize(
    "obj",
    [
        route(),
        route({"app.kubernetes.io/instance": "chat"}),  # charts write it too
        route(annotations={TRACKING: "chat:gateway.networking.k8s.io/HTTPRoute:prod/other"}),  # copied from another
        route(fields=[entry("kubectl-edit", {"f:spec": {}})]),
    ],
)
def test_what_others_write_too_is_no_sign(obj: Json) -> None:
    assert managed_by(obj) is None


def test_a_chart_that_argo_cd_renders_is_argo_cds() -> None:
    obj = tracked()
    obj["metadata"]["labels"] = {"app.kubernetes.io/managed-by": "Helm"}
    found = managed_by(obj)
    assert found is not None
    assert found.tool == "argocd"


def test_nobody_keeps_it() -> None:
    assert insist("httproute/chat", route(), "httproute", reading()) == ()


def test_who_insists_is_told_what_will_happen() -> None:
    notes = insist("httproute/chat", tracked(), "httproute", reading(application()), allow=True)
    assert notes[0].endswith("if it sets one back, the rollout stops as Drifted and writes nothing more")


def test_a_keeper_without_a_name() -> None:
    assert GitOps("argocd", "", "", "field manager argocd-controller").title == "Argo CD application"
