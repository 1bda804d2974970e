"""Who keeps a target, whether it leaves a rollout's fields alone, and who wrote a field."""

import re
from typing import Any

import pytest

from k8sai.canary.checks import gitops_fields
from k8sai.canary.checks.gitops import GitOps, insist, managed_by
from k8sai.canary.checks.gitops_fields import covers, parts, pointer, pointer_parts
from k8sai.canary.checks.ownership import Owner, stranger, writer_of
from k8sai.cluster.reading import Reading
from k8sai.errors import Refused
from tests.why.cluster import Held

Json = dict[str, Any]
TRACKING = "argocd.argoproj.io/tracking-id"
IGNORES = {
    "group": "gateway.networking.k8s.io",
    "kind": "HTTPRoute",
    "jqPathExpressions": [".spec.rules[].backendRefs"],
}


def route(labels: Json | None = None, annotations: Json | None = None, fields: list[Json] | None = None) -> Json:
    refs = [{"name": "chat-v1", "weight": 90}, {"name": "chat-v2", "weight": 10}]
    meta = {"name": "chat", "namespace": "prod", "labels": labels or {}, "annotations": annotations or {}}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {**meta, "managedFields": fields or []},
        "spec": {"rules": [{"backendRefs": refs}]},
    }


def entry(manager: str, fields: Json, at: str = "2026-11-03T12:00:00Z", **more: str) -> Json:
    found = {"manager": manager, "operation": "Update", "time": at, "fieldsType": "FieldsV1", "fieldsV1": fields}
    return {**found, **more}


def tracked() -> Json:
    return route(annotations={TRACKING: "chat:gateway.networking.k8s.io/HTTPRoute:prod/chat"})


def application(ignores: list[Json] | None = None, options: tuple[str, ...] = (gitops_fields.RESPECT,)) -> Json:
    spec: Json = {"ignoreDifferences": ignores or [], "syncPolicy": {"syncOptions": list(options), "automated": {}}}
    meta = {"name": "chat", "namespace": "argocd"}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": meta, "spec": spec}


def flux(kind: str, group: str, spec: Json) -> Json:
    meta = {"name": "models", "namespace": "flux-system"}
    return {"apiVersion": f"{group}/v1", "kind": kind, "metadata": meta, "spec": spec}


def reading(*objects: Json, denied: tuple[str, ...] = (), served: tuple[str, ...] = ()) -> Reading:
    return Reading(Held(objects, denied, served))


# --- who keeps it -----------------------------------------------------------------------------------------------------


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


# --- refused or not ---------------------------------------------------------------------------------------------------


def refused(target: Json, read: Reading) -> Refused:
    with pytest.raises(Refused) as caught:
        insist("httproute/chat", target, "httproute", read)
    return caught.value


def test_nobody_keeps_it() -> None:
    assert insist("httproute/chat", route(), "httproute", reading()) == ()


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


def test_who_insists_is_told_what_will_happen() -> None:
    notes = insist("httproute/chat", tracked(), "httproute", reading(application()), allow=True)
    assert notes[0].endswith("if it sets one back, the rollout stops as Drifted and writes nothing more")


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


# --- paths ------------------------------------------------------------------------------------------------------------


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


# --- who wrote a field ------------------------------------------------------------------------------------------------

WEIGHT = "/spec/rules/0/backendRefs/1/weight"
RULES: Json = {"f:spec": {"f:rules": {}}}


def test_an_atomic_list_has_one_owner_for_all_that_is_in_it() -> None:
    obj = route(fields=[entry("kubectl-client-side-apply", {"f:metadata": {"f:labels": {}}}), entry("k8sai", RULES)])
    assert writer_of(obj, WEIGHT) == Owner("k8sai", "Update", "2026-11-03T12:00:00Z", "/spec/rules")


def test_the_smallest_part_counts_then_the_latest_write() -> None:
    obj = route(
        fields=[
            entry("whole", {"f:spec": {}}, "2026-11-03T12:09:00Z"),
            entry("early", RULES, "2026-11-03T12:00:00Z"),
            entry("late", RULES, "2026-11-03T12:05:00Z", operation="Apply"),
        ]
    )
    found = writer_of(obj, WEIGHT)
    assert found is not None
    assert (found.manager, found.path) == ("late", "/spec/rules")
    assert found.said(1793707560.0) == "late (Apply) 60s ago"


def test_items_of_a_list_are_found_by_their_keys() -> None:
    obj = {
        "metadata": {
            "managedFields": [
                entry("a", {"f:spec": {"f:containers": {'k:{"name":"main"}': {".": {}, "f:image": {}}}}}),
                entry("b", {"f:spec": {"f:containers": {'k:{"name":"side"}': {".": {}, "f:image": {}}}}}),
                entry("c", {"f:metadata": {"f:finalizers": {'v:"x"': {}}}}),
            ],
            "finalizers": ["x"],
        },
        "spec": {"containers": [{"name": "side", "image": "s"}, {"name": "main", "image": "m"}]},
    }
    assert getattr(writer_of(obj, "/spec/containers/1/image"), "manager", "") == "a"
    assert getattr(writer_of(obj, "/spec/containers/0/image"), "manager", "") == "b"
    assert getattr(writer_of(obj, "/metadata/finalizers/0"), "manager", "") == "c"
    assert writer_of(obj, "/spec/containers/0/command") is None
    assert writer_of(obj, "/spec/containers/7/image") is None


def test_whoever_owns_a_part_of_what_is_asked_for_owns_it() -> None:
    obj = route(fields=[entry("k8sai", {"f:spec": {"f:router": {"f:route": {"f:weight": {}}}}})])
    obj["spec"] = {"router": {"route": {"weight": 1}}}
    found = writer_of(obj, "/spec/router")
    assert found is not None
    assert found.path == "/spec/router"


def test_the_stranger_is_who_is_not_us() -> None:
    ours = route(fields=[entry("k8sai", RULES)])
    theirs = route(fields=[entry("argocd-controller", RULES, operation="Apply")])
    assert stranger(ours, WEIGHT) is None
    assert getattr(stranger(theirs, WEIGHT), "manager", "") == "argocd-controller"


def test_a_field_that_is_gone_was_taken_by_who_wrote_last() -> None:
    obj = route(
        fields=[
            entry("k8sai", {"f:spec": {"f:hostnames": {}}}, "2026-11-03T12:00:00Z"),
            entry("argocd-controller", {"f:spec": {"f:parentRefs": {}}}, "2026-11-03T12:05:00Z"),
            entry("gateway", {"f:status": {}}, "2026-11-03T12:09:00Z", subresource="status"),
        ]
    )
    found = stranger(obj, "/spec/canary")
    assert found is not None
    assert (found.manager, found.path) == ("argocd-controller", "")


def test_a_keeper_without_a_name() -> None:
    assert GitOps("argocd", "", "", "field manager argocd-controller").title == "Argo CD application"
