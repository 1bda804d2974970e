"""What a real API server refuses: who may not, what is wrong, what an admission is against; and secrets stay unseen."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.controlplane.applied import DIFFERS, FORBIDDEN, OK, USAGE, Applied, config, deployment, names, secret
from tests.controlplane.server import ControlPlane

RBAC = "/apis/rbac.authorization.k8s.io/v1"


# --- rights -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def bob_reads(plane: ControlPlane, ns: str) -> Iterator[str]:
    """bob may read everything, in that namespace, and write nothing."""
    rule = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]}
    role = {"metadata": {"name": "reader"}, "rules": [rule]}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "bob"}
    binding = {"metadata": {"name": "reader"}, "roleRef": reference, "subjects": [subject]}
    plane.api.post(f"{RBAC}/namespaces/{ns}/roles", role).ok()
    plane.api.post(f"{RBAC}/namespaces/{ns}/rolebindings", binding).ok()
    yield ns
    plane.api.delete(f"{RBAC}/namespaces/{ns}/rolebindings/reader").ok()


def test_who_has_no_rights_is_told_which(plane: ControlPlane, ns: str, tmp_path: Path) -> None:
    ended = Applied(plane, ns, tmp_path, "alice")(deployment(), config(a="1"))
    assert (ended.code, ended.out) == (FORBIDDEN, "")
    for verb in ("get", "patch", "create"):
        for resource in ("deployments.apps", "configmaps"):
            assert f"you may not {verb} {resource} in namespace {ns}" in ended.err
    assert "kubectl auth can-i get configmaps" in ended.err and f"-n {ns}`" in ended.err


def test_who_may_only_read_sees_what_would_change(plane: ControlPlane, bob_reads: str, tmp_path: Path) -> None:
    assert Applied(plane, bob_reads, tmp_path)(config(a="1")).code == OK
    bob = Applied(plane, bob_reads, tmp_path, "bob")
    ended = bob(config(a="2"))
    assert (ended.code, ended.out) == (FORBIDDEN, "")
    assert "you may not patch configmaps" in ended.err and "you may not get" not in ended.err
    preview = bob(config(a="2"), flags=("--diff",))
    assert (preview.code, preview.out.splitlines()) == (
        DIFFERS,
        [f"~ configmap/conf in namespace {bob_reads}", '    ~ .data.a: "1" → "2"  (k8sai)'],
    )
    assert "a dry run is forbidden" in preview.err
    assert bob(config(a="1"), flags=("-y",), command="delete").code == FORBIDDEN
    assert plane.api.get(f"/api/v1/namespaces/{bob_reads}/configmaps/conf").ok()["data"] == {"a": "1"}


# --- what the server says ---------------------------------------------------------------------------------------------


def test_everything_that_is_wrong_is_said_at_once(apply: Applied) -> None:
    bad, worse = deployment(replicas="two"), deployment("worse", imag="x")  # type: ignore[arg-type]
    ended = apply(bad, config(a="1"), worse)
    assert (ended.code, ended.out) == (USAGE, "")
    assert "set.yaml:1: Deployment/web: .spec.replicas: expected numeric" in ended.err
    assert 'Deployment/worse: .spec.template.spec.containers[name="main"].imag: field not declared' in ended.err
    assert names(apply, "configmaps") == []


def test_what_cannot_be_changed_says_how_it_can(apply: Applied) -> None:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "a:1"}]}}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "train"}, "spec": {"template": template}}
    assert apply(job).code == OK
    template["spec"]["containers"] = [{"name": "main", "image": "a:2"}]
    ended = apply(job)
    assert (ended.code, ended.out) == (USAGE, "")
    assert "field is immutable" in ended.err and "`k8sai delete -f FILE`" in ended.err
    assert len(ended.err) < 500, "the value that is refused is not repeated"


def test_a_field_that_the_server_drops_is_told(apply: Applied) -> None:
    """Job's `scheduling` is alpha: known, and left out while its gate is off."""
    pod = {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "a:1"}]}}
    spec = {"template": pod, "scheduling": {"schedulingPolicy": {"basic": {}}}}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "train"}, "spec": spec}
    ended = apply(job)
    assert (ended.code, ended.out) == (OK, "job.batch/train created\n")
    assert f"job.batch/train in namespace {apply.namespace}: the server leaves out .spec.scheduling" in ended.err


def test_what_an_admission_refuses_midway_says_what_stands(apply: Applied) -> None:
    """A quota is full for the second of two: the server takes a dry run of each alone."""
    quota = {"metadata": {"name": "few"}, "spec": {"hard": {"count/secrets": "1"}}}
    path = f"/api/v1/namespaces/{apply.namespace}/resourcequotas"
    apply.plane.api.post(path, quota).ok()
    apply.plane.api.until_object(f"{path}/few", lambda one: bool(one.get("status", {}).get("used")))
    ended = apply(secret("a", "x"), secret("b", "x"), deployment())
    assert (ended.code, ended.out) == (14, "secret/a created\n")
    assert "secret/b in namespace" in ended.err and "exceeded quota: few" in ended.err
    assert "1 of 3 objects were written; not tried: deployment.apps/web in namespace" in ended.err


def test_no_secret_is_ever_shown(apply: Applied) -> None:
    assert apply(secret("t", "correct-horse")).code == OK
    shown = ""
    for flags in (("--diff",), ("-o", "json"), ("--dry-run=server", "-o", "yaml"), ()):
        ended = apply(secret("t", "battery-staple"), flags=flags)
        shown += ended.out + ended.err
    assert "***" in shown
    for word in ("correct-horse", "battery-staple", "Y29ycmVjdC1ob3JzZQ", "YmF0dGVyeS1zdGFwbGU"):
        assert word not in shown
