"""apply and delete on a real API server: conflicts, sets, what is interrupted, what is not allowed."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.api import Api, Json
from tests.controlplane.gpu_nodes import add_nodes, gpu_node
from tests.controlplane.namespaces import new_namespace
from tests.controlplane.ours import PROGRAM, Ended, k8sai
from tests.controlplane.server import ControlPlane

OK, DIFFERS, USAGE, NOT_FOUND, REFUSED, FAILED_SAFE, FORBIDDEN, TIMEOUT = 0, 1, 2, 4, 5, 12, 16, 124
RBAC = "/apis/rbac.authorization.k8s.io/v1"
IMAGE = '.spec.template.spec.containers[name="main"].image'


@pytest.fixture
def ns(plane: ControlPlane) -> str:
    return new_namespace(plane.api, "apply")


def deployment(name: str = "web", replicas: int = 2, image: str = "nginx:1", **pod: Any) -> Json:
    container = {"name": "main", "image": image, "ports": [{"containerPort": 80}], **pod}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def config(name: str = "conf", **data: str) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def secret(name: str, value: str) -> Json:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"token": value}}


def written(folder: Path, *objects: Json) -> Path:
    file = folder / "set.yaml"
    file.write_text(yaml.safe_dump_all(objects))
    return file


class Applied:
    """`k8sai apply -f …` into one namespace, as one user."""

    def __init__(self, plane: ControlPlane, namespace: str, folder: Path, user: str = "admin") -> None:
        self.plane, self.namespace, self.folder, self.user = plane, namespace, folder, user

    def __call__(self, *objects: Json, flags: tuple[str, ...] = (), command: str = "apply") -> Ended:
        file = written(self.folder, *objects)
        given = (command, "-f", str(file), "-n", self.namespace, *flags)
        return k8sai(*given, kubeconfig=self.plane.kubeconfig(self.user))

    def live(self, path: str) -> Json:
        return self.plane.api.get(f"{path.replace('NS', self.namespace)}").ok()

    def versions(self) -> dict[str, str]:
        """resourceVersions of what these tests write, by kind and name."""
        found = {}
        for kind in ("api/v1/namespaces/NS/configmaps", "api/v1/namespaces/NS/secrets"):
            for one in self.live(f"/{kind}")["items"]:
                found[f"{kind.rsplit('/', 1)[1]}/{one['metadata']['name']}"] = one["metadata"]["resourceVersion"]
        return found


@pytest.fixture
def apply(plane: ControlPlane, ns: str, tmp_path: Path) -> Applied:
    return Applied(plane, ns, tmp_path)


WEB = "/apis/apps/v1/namespaces/NS/deployments/web"


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


# --- conflicts --------------------------------------------------------------------------------------------------------


@pytest.fixture
def edited(apply: Applied) -> Applied:
    """Applied, then scaled and given another image by kubectl."""
    assert apply(deployment()).code == OK
    apply.plane.kubectl("scale", "deployment/web", "--replicas=5", "-n", apply.namespace)
    apply.plane.kubectl("set", "image", "deployment/web", "main=nginx:2", "-n", apply.namespace)
    return apply


def spec_of(apply: Applied) -> tuple[int, str]:
    spec = apply.live(WEB)["spec"]
    return spec["replicas"], spec["template"]["spec"]["containers"][0]["image"]


def test_a_conflict_is_told_field_by_field_and_nothing_is_written(edited: Applied) -> None:
    before = edited.live(WEB)["metadata"]["generation"]
    ended = edited(deployment(), config(a="1"))
    assert (ended.code, ended.out) == (REFUSED, "")
    rows = [line.split() for line in ended.err.splitlines()]
    assert ["deployment.apps/web", ".spec.replicas", "2", "5", "kubectl", "(scale)"] in rows
    (image,) = (row for row in rows if row[:2] == ["deployment.apps/web", IMAGE])
    assert image[2:5] == ['"nginx:1"', '"nginx:2"', "kubectl-set"] and image[-1] == "ago"
    assert "error: 2 fields belong to others: nothing was written" in ended.err
    assert all(flag in ended.err for flag in ("--leave", "--share", "--take"))
    assert edited.live(WEB)["metadata"]["generation"] == before and spec_of(edited) == (5, "nginx:2")
    assert "configmaps/conf" not in edited.versions()


def test_a_conflict_as_a_document(edited: Applied) -> None:
    document = edited(deployment(), flags=("-o", "json")).document(REFUSED)
    assert (document["kind"], [one["op"] for one in document["changes"]]) == ("Plan", ["conflict"])
    conflicts = {one["path"]: one for one in document["changes"][0]["conflicts"]}
    assert conflicts[".spec.replicas"] == {
        "path": ".spec.replicas",
        "owner": "kubectl",
        "subresource": "scale",
        "since": "",
        "theirs": 5,
        "mine": 2,
        "choice": "",
    }
    assert (conflicts[IMAGE]["owner"], conflicts[IMAGE]["since"][:2]) == ("kubectl-set", "20")


def test_one_field_is_given_up_one_shared_and_one_taken(edited: Applied) -> None:
    edited.plane.kubectl("annotate", "deployment/web", "example.com/a.b=theirs", "-n", edited.namespace)
    mine = deployment()
    mine["metadata"]["annotations"] = {"example.com/a.b": "mine"}
    choices = ("--leave", ".spec.replicas", "--share", IMAGE, "--take", ".metadata.annotations")
    refused = edited(mine, flags=choices)
    assert (refused.code, "and nobody can be asked" in refused.err) == (REFUSED, True)
    ended = edited(mine, flags=(*choices, "-y"))
    assert (ended.code, ended.out) == (OK, "deployment.apps/web configured\n")
    assert spec_of(edited) == (5, "nginx:2")
    live = edited.live(WEB)
    assert live["metadata"]["annotations"]["example.com/a.b"] == "mine"
    owners = {one["manager"]: json.dumps(one["fieldsV1"]) for one in live["metadata"]["managedFields"]}
    assert "f:replicas" not in owners["k8sai"] and "f:image" in owners["k8sai"]
    assert edited(mine, flags=choices[:4]).out == "deployment.apps/web unchanged\n"


def test_everything_is_taken_only_when_it_is_said(edited: Applied) -> None:
    assert edited(deployment(), flags=("--force-conflicts", "-y")).code == OK
    assert spec_of(edited) == (2, "nginx:1")


def test_a_dry_run_shows_what_taking_would_do_and_writes_nothing(edited: Applied) -> None:
    ended = edited(deployment(), flags=("--force-conflicts", "--diff"))
    assert (ended.code, "~ .spec.replicas: 5 → 2  (kubectl (scale))" in ended.out) == (DIFFERS, True)
    assert spec_of(edited) == (5, "nginx:2")


# --- sets -------------------------------------------------------------------------------------------------------------


def names(apply: Applied, kind: str) -> list[str]:
    found = apply.live(f"/api/v1/namespaces/NS/{kind}")["items"]
    return sorted(one["metadata"]["name"] for one in found if one["metadata"]["name"] != "kube-root-ca.crt")


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


# --- waiting ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def nodes(plane: ControlPlane, ns: str) -> dict[str, str]:
    label = {"test": ns}
    add_nodes(plane.api, [gpu_node(f"{ns}-{number}", 8, labels=label) for number in range(2)])
    return label


def placed(label: dict[str, str], **given: Any) -> Json:
    made = deployment(**given)
    made["spec"]["template"]["spec"]["nodeSelector"] = label
    return made


def test_it_is_waited_until_everything_is_ready(apply: Applied, nodes: dict[str, str]) -> None:
    ended = apply(placed(nodes), config(a="1"), flags=("--wait", "--timeout", "60s"))
    assert ended.code == OK, ended.err
    assert ended.err.splitlines()[-1] == "deployment.apps/web: ready"
    assert apply.live(WEB)["status"]["availableReplicas"] == 2


def test_what_does_not_get_ready_is_put_back_with_its_owners(apply: Applied, nodes: dict[str, str]) -> None:
    assert apply(placed(nodes), flags=("--wait", "--timeout", "60s")).code == OK
    before = apply.live(WEB)
    never = placed(nodes, image="nginx:2", resources={"requests": {"cpu": "9999"}})
    ended = apply(never, config(a="1"), flags=("--timeout", "2s", "--rollback-on-failure"))
    assert ended.code == TIMEOUT
    assert "not ready within 2 s" in ended.err
    assert f"deployment.apps/web in namespace {apply.namespace} restored" in ended.err
    assert f"configmap/conf in namespace {apply.namespace} deleted" in ended.err
    after = apply.live(WEB)
    assert after["spec"] == before["spec"]
    assert names(apply, "configmaps") == []

    def owners(obj: Json) -> list[Any]:
        entries = [one for one in obj["metadata"]["managedFields"] if one.get("subresource") != "status"]
        return sorted((one["manager"], one["operation"], json.dumps(one["fieldsV1"])) for one in entries)

    assert [one for one in owners(after) if one[0] == "k8sai"] == [one for one in owners(before) if one[0] == "k8sai"]
    assert apply(placed(nodes)).out == "deployment.apps/web unchanged\n"


def test_a_field_that_was_taken_goes_back_to_its_owner(apply: Applied, nodes: dict[str, str]) -> None:
    assert apply(placed(nodes), flags=("--wait", "--timeout", "60s")).code == OK
    apply.plane.kubectl("scale", "deployment/web", "--replicas=3", "-n", apply.namespace)
    never = placed(nodes, image="nginx:2", resources={"requests": {"cpu": "9999"}})
    ended = apply(never, flags=("--take", ".spec.replicas", "-y", "--timeout", "1s", "--rollback-on-failure"))
    assert ended.code == TIMEOUT, ended.err
    assert spec_of(apply) == (3, "nginx:1")
    again = apply(placed(nodes))
    assert again.code == REFUSED
    assert [line.split()[1:] for line in again.err.splitlines() if ".spec.replicas" in line] == [
        [".spec.replicas", "2", "3", "kubectl", "(scale)"]
    ]


def test_what_will_not_start_is_told_before(apply: Applied) -> None:
    big = deployment(resources={"limits": {"nvidia.com/gpu": 4096}})
    ended = apply(big, flags=("--dry-run=server",))
    assert (ended.code, ended.out) == (OK, "deployment.apps/web created (server dry run)\n")
    assert "warn  fit         No, and never as it is asked" in ended.err


def test_what_pods_name_is_looked_for_without_reading_secrets(apply: Applied, api: Api) -> None:
    made = deployment(env=[{"name": "T", "valueFrom": {"secretKeyRef": {"name": "token", "key": "t"}}}])
    missing = apply(made, flags=("--dry-run=server",))
    assert "deployment.apps/web names Secret token, and there is none" in missing.err
    with_it = apply(made, secret("token", "x"), flags=("--dry-run=server",))
    assert "names Secret" not in with_it.err
