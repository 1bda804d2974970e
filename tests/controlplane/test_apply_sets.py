"""Sets on a real API server: applied again, pruned, killed in the middle, with their own namespace or kind, deleted."""

import subprocess
from pathlib import Path

import pytest

from tests.controlplane.applied import (
    DIFFERS,
    NOT_FOUND,
    OK,
    REFUSED,
    Applied,
    config,
    deployment,
    names,
    secret,
    written,
)
from tests.controlplane.ours import PROGRAM, k8sai
from tests.controlplane.server import ControlPlane


def test_the_second_apply_writes_nothing(apply: Applied) -> None:
    objects = (deployment(), config(a="1"), secret("token", "hunter2"))
    first = apply(*objects, flags=("--set-name", "x"))
    assert (first.code, first.out.splitlines()) == (
        OK,
        ["configmap/conf created", "secret/token created", "deployment.apps/web created"],
    )
    before = apply.versions()
    again = apply(*objects, flags=("--set-name", "x", "--prune"))
    assert (again.code, again.out.splitlines()) == (
        OK,
        ["configmap/conf unchanged", "secret/token unchanged", "deployment.apps/web unchanged"],
    )
    assert apply.versions() == before
    assert apply(*objects, flags=("--set-name", "x", "--diff")).code == OK


def test_prune_removes_exactly_what_left_the_set(apply: Applied) -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    assert apply(config("alone", a="1")).code == OK
    assert apply(config("other", a="1"), flags=("--set-name", "other")).code == OK
    assert apply(config("a"), config("b"), secret("t", "x"), claim, flags=("--set-name", "mine")).code == OK
    pruned = apply(config("a"), flags=("--set-name", "mine", "--prune", "-y"))
    assert (pruned.code, pruned.out.splitlines()) == (
        OK,
        ["configmap/a unchanged", "configmap/b pruned", "secret/t pruned"],
    )
    assert "persistentvolumeclaim/data in namespace" in pruned.err and "--prune-also" in pruned.err
    assert names(apply, "configmaps") == ["a", "alone", "k8sai-apply-mine", "k8sai-apply-other", "other"]
    assert names(apply, "secrets") == [] and names(apply, "persistentvolumeclaims") == ["data"]
    assert apply(config("a"), flags=("--set-name", "mine", "--prune", "--prune-also", "pvc", "-y")).code == OK


def test_kubectl_names_a_set_as_we_do(apply: Applied, tmp_path: Path) -> None:
    """kubectl finds the id of our parent right, and leaves it alone because it is ours."""
    assert apply(config("a"), flags=("--set-name", "mine")).code == OK
    command = (str(apply.plane.binaries / "kubectl"), "apply", "--prune", "-n", apply.namespace)
    environment = {"KUBECONFIG": str(apply.plane.kubeconfig()), "KUBECTL_APPLYSET": "true", "HOME": str(tmp_path)}
    done = subprocess.run(
        [*command, "--applyset=configmaps/k8sai-apply-mine", "-f", written(tmp_path, config("a"))],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert 'already exists and is managed by tooling "k8sai"' in done.stderr


@pytest.mark.parametrize("lines", [1, 7, 19])
def test_killed_in_the_middle_the_next_apply_converges(apply: Applied, lines: int) -> None:
    """SIGKILL once so many objects have been told; then the set is another one, and is applied whole."""
    many = [config(f"c{number:02}", a="1") for number in range(20)]
    file = written(apply.folder, *many)
    command = [str(PROGRAM), "apply", "-f", str(file), "-n", apply.namespace, "--set-name", "many"]
    environment = {"KUBECONFIG": str(apply.plane.kubeconfig()), "NO_COLOR": "1", "PATH": "/usr/bin:/bin"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for _ in range(lines):
            assert process.stdout.readline()
        process.kill()
    left = names(apply, "configmaps")
    assert "k8sai-apply-many" in left and len(left) > lines
    keep = [*many[:3], config("new", a="1")]
    ended = apply(*keep, flags=("--set-name", "many", "--prune", "-y"))
    assert ended.code == OK, ended.err
    assert names(apply, "configmaps") == ["c00", "c01", "c02", "k8sai-apply-many", "new"]


def test_a_set_that_makes_its_own_namespace(plane: ControlPlane, ns: str, tmp_path: Path) -> None:
    own = f"{ns}-own"
    apply = Applied(plane, own, tmp_path)
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": own}}
    for flag in ("--dry-run=server", "--diff"):
        ended = apply(config(a="1"), made, flags=(flag,))
        assert ended.code == (DIFFERS if flag == "--diff" else OK), ended.err
        assert "is made by the set itself" in ended.err
    assert plane.api.get(f"/api/v1/namespaces/{own}").status == 404
    ended = apply(config(a="1"), made, flags=("--set-name", "x"))
    assert ended.out.splitlines() == [f"namespace/{own} created", "configmap/conf created"], ended.err
    assert names(apply, "configmaps") == ["conf", "k8sai-apply-x"]


def test_a_set_that_brings_its_own_kind(apply: Applied) -> None:
    plural = f"crontabs{apply.namespace.replace('-', '')}"
    kind = plural.capitalize()
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"n": {"type": "integer"}}}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": plural, "singular": plural, "kind": kind, "listKind": f"{kind}List"}
    spec = {"group": "example.com", "names": names, "scope": "Namespaced", "versions": [version]}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.example.com"},
        "spec": spec,
    }
    own = {"apiVersion": "example.com/v1", "kind": kind, "metadata": {"name": "c"}, "spec": {"n": 1}}
    preview = apply(own, definition, flags=("--diff",))
    assert (preview.code, "is defined by the set itself" in preview.err) == (DIFFERS, True)
    ended = apply(own, definition)
    assert ended.out.splitlines()[-1] == f"{kind.lower()}.example.com/c created", ended.err
    assert apply(own, definition).out.split()[1::2] == ["unchanged", "unchanged"]


# --- deleting ---------------------------------------------------------------------------------------------------------


def test_a_set_is_deleted_and_a_dry_run_deletes_nothing(plane: ControlPlane, apply: Applied) -> None:
    assert apply(config("a"), deployment(), flags=("--set-name", "mine")).code == OK
    where = ("-n", apply.namespace)
    kubeconfig = plane.kubeconfig()
    lines = ["deployment.apps/web deleted", "configmap/a deleted"]
    for dry, said in (("server", " (server dry run)"), ("client", " (dry run)")):
        ended = k8sai("delete", "--set-name", "mine", *where, f"--dry-run={dry}", kubeconfig=kubeconfig)
        assert (ended.code, ended.out.splitlines()) == (OK, [line + said for line in lines])
    assert k8sai("delete", "--set-name", "mine", *where, kubeconfig=kubeconfig).code == REFUSED
    assert names(apply, "configmaps") == ["a", "k8sai-apply-mine"]
    ended = k8sai("delete", "--set-name", "mine", *where, "-y", kubeconfig=kubeconfig)
    assert (ended.code, ended.out.splitlines()) == (OK, lines)
    assert names(apply, "configmaps") == []
    assert k8sai("delete", "--set-name", "mine", *where, "-y", kubeconfig=kubeconfig).code == NOT_FOUND


def test_what_files_name_is_deleted_and_namespaces_stay(apply: Applied) -> None:
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"{apply.namespace}-x"}}
    assert apply(config("a"), made).code == OK
    ended = apply(config("a"), config("never"), made, flags=("-y",), command="delete")
    assert (ended.code, ended.out) == (OK, "configmap/a deleted\n")
    assert "configmap/never is not there" in ended.err and "--delete-also" in ended.err
    assert apply.plane.api.get(f"/api/v1/namespaces/{apply.namespace}-x").status == 200
