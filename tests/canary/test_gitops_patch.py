"""What `--emit-patch` prints: it is YAML, Argo CD and Flux take it, and kustomize carries the writes out."""

import yaml

from k8sai.canary.backend import Write, guards
from k8sai.canary.checks.gitops import insist
from k8sai.canary.checks.gitops_keeper import GitOps
from k8sai.canary.checks.gitops_patch import configuration, kustomization, text
from k8sai.canary.facts import Ref
from tests.canary.kept_by_git import application, reading, route, tracked

REF = Ref("httproutes.gateway.networking.k8s.io", "prod", "chat")
ARGO = GitOps("argocd", "chat", "argocd", "annotation")
WEIGHT = {"op": "replace", "path": "/spec/rules/0/backendRefs/1/weight", "value": 5}
SHIFT = Write("json-patch", REF, tracked(), [*guards(("/metadata/uid", "u-1")), WEIGHT], "5 % to svc/chat-v2")
MERGE = Write("merge", REF, tracked(), {"metadata": {"uid": "u"}, "spec": {"hostnames": ["a"]}}, "hosts")


def test_the_whole_text() -> None:
    assert text(ARGO, tracked(), "httproute", [SHIFT]) == (
        """\
# merge into the Argo CD application: it then leaves alone what a rollout writes
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: chat
  namespace: argocd
spec:
  ignoreDifferences:
  - group: gateway.networking.k8s.io
    kind: HTTPRoute
    name: chat
    namespace: prod
    jqPathExpressions:
    - ".spec.rules[].backendRefs"
  syncPolicy:
    syncOptions:
    - "RespectIgnoreDifferences=true"
---
# or commit the first write yourself, in kustomization.yaml
patches:
- target:
    group: gateway.networking.k8s.io
    version: v1
    kind: HTTPRoute
    name: chat
  patch: "- {\\"op\\": \\"replace\\", \\"path\\": \\"/spec/rules/0/backendRefs/1/weight\\", \\"value\\": 5}\\n"
"""
    )


def test_what_is_merged_is_what_is_asked_for() -> None:
    config = configuration(ARGO, tracked(), "httproute")
    assert config is not None
    merged = application(config["spec"]["ignoreDifferences"], tuple(config["spec"]["syncPolicy"]["syncOptions"]))
    assert insist("httproute/chat", tracked(), "httproute", reading(merged))


def test_flux() -> None:
    rule = {"paths": ["/spec/rules"], "target": {"kind": "HTTPRoute", "name": "chat"}}
    for tool, spec in (
        ("kustomize-controller", {"ignore": [rule]}),
        ("helm-controller", {"driftDetection": {"ignore": [rule]}}),
    ):
        config = configuration(GitOps(tool, "models", "flux-system", "label"), route(), "httproute")  # type: ignore[arg-type]
        assert config is not None
        assert config["spec"] == spec


def test_helm_alone_has_nothing_to_configure() -> None:
    assert configuration(GitOps("helm", "chat", "", "label"), route(), "httproute") is None


def test_patches_are_without_guards_and_without_what_they_were_bound_to() -> None:
    shift, merge = kustomization([SHIFT, MERGE])["patches"]
    assert yaml.safe_load(shift["patch"]) == [WEIGHT]
    assert yaml.safe_load(merge["patch"]) == {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "chat"},
        "spec": {"hostnames": ["a"]},
    }


def test_what_is_no_change_of_a_file_is_no_patch() -> None:
    status = Write("json-patch", REF, tracked(), [{"op": "remove", "path": "/status/x"}], "", subresource="status")
    assert kustomization([status, Write("delete", REF, tracked(), None, "")]) == {}
    assert text(None, route(), "httproute", []) == ""


def test_an_object_that_is_made_is_printed_as_it_is() -> None:
    made = Write("create", REF, None, route(), "the canary")
    (found,) = yaml.safe_load_all(text(None, route(), "httproute", [made]))
    assert found == route()
