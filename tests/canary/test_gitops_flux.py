"""Flux and Helm: which of their settings leave the fields of a rollout alone."""

import pytest

from k8sai.canary.checks.gitops import insist
from tests.canary.kept_by_git import Json, flux, reading, refused, route

KUSTOMIZED = route(
    {f"kustomize.toolkit.fluxcd.io/{key}": value for key, value in (("name", "models"), ("namespace", "flux-system"))}
)
RULE: Json = {"paths": ["/spec/rules"], "target": {"kind": "HTTPRoute", "name": "chat"}}


@pytest.mark.parametrize(
    ("spec", "safe"),
    [
        ({}, False),
        ({"ignore": [RULE]}, True),
        ({"ignore": [{"paths": ["/spec/rules"]}]}, True),
        ({"ignore": [{**RULE, "target": {"kind": "HTTP.*", "namespace": "prod"}}]}, True),
        ({"ignore": [{**RULE, "target": {"kind": "HTTP"}}]}, False),
        ({"ignore": [{**RULE, "target": {"labelSelector": "a=b"}}]}, False),
        ({"ignore": [{"paths": ["/spec/hostnames"]}]}, False),
        ({"suspend": True}, True),
    ],
)
def test_a_kustomization_of_flux(spec: Json, safe: bool) -> None:
    read = reading(flux("Kustomization", "kustomize.toolkit.fluxcd.io", spec))
    if safe:
        assert insist("httproute/chat", KUSTOMIZED, "httproute", read)
    else:
        assert refused(KUSTOMIZED, read).hint == (
            'give the Kustomization spec.ignore: [{"paths": ["/spec/rules"], '
            '"target": {"kind": "HTTPRoute", "name": "chat"}}] (Flux 2.9); '
            "--emit-patch prints it, --allow-gitops insists"
        )


def test_an_object_that_flux_is_told_to_leave_alone() -> None:
    target = route(KUSTOMIZED["metadata"]["labels"], {"kustomize.toolkit.fluxcd.io/reconcile": "disabled"})
    assert insist("httproute/chat", target, "httproute", reading()) == (
        "GitOps: Flux Kustomization flux-system/models leaves it alone "
        "(annotation kustomize.toolkit.fluxcd.io/reconcile: disabled) (ok)",
    )


@pytest.mark.parametrize(
    ("drift", "safe"),
    [
        ({}, True),
        ({"mode": "warn"}, True),
        ({"mode": "enabled"}, False),
        ({"mode": "enabled", "ignore": [RULE]}, True),
    ],
)
def test_a_helm_release_of_flux_corrects_drift_only_where_it_is_told_to(drift: Json, safe: bool) -> None:
    labels = {"helm.toolkit.fluxcd.io/name": "models", "helm.toolkit.fluxcd.io/namespace": "flux-system"}
    read = reading(flux("HelmRelease", "helm.toolkit.fluxcd.io", {"driftDetection": drift}))
    if safe:
        assert insist("httproute/chat", route(labels), "httproute", read)
    else:
        assert "give the HelmRelease spec.driftDetection.ignore: " in refused(route(labels), read).hint


def test_helm_alone_sets_nothing_back_by_itself() -> None:
    target = route({"app.kubernetes.io/managed-by": "Helm"}, {"meta.helm.sh/release-name": "chat"})
    assert insist("httproute/chat", target, "httproute", reading()) == (
        "httproute/chat belongs to Helm release chat: the next `helm upgrade` writes it as the chart has it",
    )
